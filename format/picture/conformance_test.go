package picture

import (
	"encoding/csv"
	"encoding/hex"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tutela/format"
	"tutela/hash/pdq"
)

// conformance returns the path of a file of the conformance data, or skips.
func conformance(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	return filepath.Join(dir, name)
}

func table(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(conformance(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = r[i]
		}
		out = append(out, m)
	}
	return out
}

func decodeFile(t testing.TB, name string) (Picture, []format.Finding) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Decode(f, info.Size(), format.Limits{})
}

func hashOf(t testing.TB, p Picture, pipe string) (pdq.Hash, int) {
	t.Helper()
	h, q, err := pdq.New().Hash(pdq.Image{W: p.Width, H: p.Height, Channels: p.Channels, Pix: p.Pix}, pdq.Pipeline(pipe))
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return h, q
}

// away returns the distance to a hash in text form.
func away(t testing.TB, h pdq.Hash, text string) int {
	t.Helper()
	want, err := pdq.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return h.Distance(want)
}

// TestConformanceHashes compares the hashes of every decoded file with those of
// the reference. The goal is narrower than the tolerances of the data: equal
// pixels give equal hashes, on every file.
func TestConformanceHashes(t *testing.T) {
	cache := map[string]Picture{}
	off := map[string]map[int]int{} // kind of file, bits off, how many
	for _, r := range table(t, "pdq/expected.csv") {
		p, ok := cache[r["file"]]
		if !ok {
			p, _ = decodeFile(t, conformance(t, "pdq/"+r["file"]))
			cache = map[string]Picture{r["file"]: p}
		}
		h, quality := hashOf(t, p, r["pipeline"])
		d := away(t, h, r["hash"])
		kind := path.Dir(r["file"]) + "/*" + path.Ext(r["file"])
		if off[kind] == nil {
			off[kind] = map[int]int{}
		}
		off[kind][d]++
		if d != 0 || strconv.Itoa(quality) != r["quality"] {
			t.Errorf("%s %s: %d bits off, quality %d instead of %s", r["file"], r["pipeline"], d, quality, r["quality"])
		}
	}
	hashes := 0
	for _, kind := range slices.Sorted(maps.Keys(off)) {
		t.Logf("%-45s bits off: count %v", kind, off[kind])
		hashes += off[kind][0]
	}
	if hashes < 180 {
		t.Errorf("only %d hashes were compared", hashes)
	}
}

// TestConformancePixels demands the very pixels of the reference's decoders.
func TestConformancePixels(t *testing.T) {
	equal, all := map[string]int{}, map[string]int{}
	for _, r := range table(t, "pdq/pixels.csv") {
		p, findings := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		kind := path.Dir(r["file"]) + "/*" + path.Ext(r["file"])
		all[kind]++
		sum := p.Digest()
		if hex.EncodeToString(sum[:]) != r["rgb_sha256"] || strconv.Itoa(p.Width) != r["width"] || strconv.Itoa(p.Height) != r["height"] {
			t.Errorf("%s: %d×%d, other pixels, %v", r["file"], p.Width, p.Height, findings)
			continue
		}
		equal[kind]++
	}
	if len(all) < 5 {
		t.Errorf("only %v were compared", all)
	}
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		t.Logf("%-45s equal pixels: %d of %d", kind, equal[kind], all[kind])
	}
}

// framesFile decodes every frame of a file.
func framesFile(t testing.TB, name string) []Picture {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return framesOf(t, b)
}

func TestConformanceModes(t *testing.T) {
	off, name := map[int]int{}, ""
	var frames []Picture
	for _, r := range table(t, "pdq/modes.csv") {
		if r["file"] != name {
			name = r["file"]
			frames = framesFile(t, conformance(t, "pdq/"+name))
		}
		n, _ := strconv.Atoi(r["frame"])
		if n >= len(frames) || len(frames[n].Pix) == 0 {
			t.Errorf("%s has no frame %d", name, n)
			continue
		}
		h, _ := hashOf(t, frames[n], r["pipeline"])
		limit := 2
		if strings.HasSuffix(name, ".webp") || strings.Contains(strings.ToLower(name), "cmyk") {
			limit = 6
		}
		d := away(t, h, r["hash"])
		off[d]++
		if d > limit {
			t.Errorf("%s, frame %d, %s: %d bits off", name, n, r["pipeline"], d)
		}
		if strings.Contains(name, "animated-4") && len(frames) != 4 {
			t.Errorf("%s: %d frames", name, len(frames))
		}
	}
	t.Logf("bits off: count %v", off)
	if off[0] < 70 {
		t.Errorf("only %d hashes are equal", off[0])
	}
}

func TestConformanceAlpha(t *testing.T) {
	off := map[int]int{}
	for _, r := range table(t, "pdq/alpha.csv") {
		if r["background"] != "white" {
			continue
		}
		p, _ := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		h, _ := hashOf(t, p, "full")
		d := away(t, h, r["hash"])
		if off[d]++; d > 2 || !p.Transparent {
			t.Errorf("%s: %d bits off, transparent %v", r["file"], d, p.Transparent)
		}
	}
	t.Logf("bits off: count %v", off)
}

func TestConformanceOrientation(t *testing.T) {
	off := map[string]map[int]int{"stored": {}, "upright": {}}
	for _, r := range table(t, "pdq/exif.csv") {
		p, _ := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		if strconv.Itoa(p.Orientation) != r["orientation"] {
			t.Errorf("%s: orientation %d", r["file"], p.Orientation)
		}
		if r["view"] == "upright" {
			p = p.Upright()
		}
		h, _ := hashOf(t, p, "ref512")
		d := away(t, h, r["hash"])
		if off[r["view"]][d]++; d > 4 || strconv.Itoa(p.Width) != r["width"] || strconv.Itoa(p.Height) != r["height"] {
			t.Errorf("%s %s: %d bits off, %d×%d", r["file"], r["view"], d, p.Width, p.Height)
		}
	}
	t.Logf("bits off: count %v", off)
}

// TestConformanceStickers compares every frame of every sticker.
func TestConformanceStickers(t *testing.T) {
	equal, all, off, name := 0, 0, map[int]int{}, ""
	var frames []Picture
	for _, r := range table(t, "whatsapp/stickers/pdq.csv") {
		if r["file"] != name {
			name = r["file"]
			frames = framesFile(t, conformance(t, "whatsapp/stickers/"+name))
		}
		n, _ := strconv.Atoi(r["frame"])
		if n >= len(frames) {
			t.Errorf("%s has no frame %d", name, n)
			continue
		}
		all++
		sum := frames[n].Digest()
		if hex.EncodeToString(sum[:]) == r["rgb_on_white_sha256"] {
			equal++
		}
		h, _ := hashOf(t, frames[n], "full")
		d := away(t, h, r["pdq_full_on_white"])
		if off[d]++; d > 4 {
			t.Errorf("%s, frame %d: %d bits off", name, n, d)
		}
	}
	t.Logf("%d of %d frames give the very same pixels; bits off: count %v", equal, all, off)
	if all < 436 || equal < all {
		t.Errorf("%d of %d frames give the same pixels", equal, all)
	}
}
