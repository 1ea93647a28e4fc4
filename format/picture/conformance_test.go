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

func TestConformanceModes(t *testing.T) {
	seen := 0
	for _, r := range table(t, "pdq/modes.csv") {
		if r["frame"] != "0" {
			continue
		}
		seen++
		p, findings := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		if len(p.Pix) == 0 {
			t.Errorf("%s: %v", r["file"], findings)
			continue
		}
		h, _ := hashOf(t, p, r["pipeline"])
		limit := 2
		if strings.HasSuffix(r["file"], ".webp") || strings.Contains(strings.ToLower(r["file"]), "cmyk") || strings.HasSuffix(r["file"], ".jpg") {
			limit = 6
		}
		if d := away(t, h, r["hash"]); d > limit {
			t.Errorf("%s %s: distance %d", r["file"], r["pipeline"], d)
		}
		if strings.Contains(r["file"], "animated-4") && (p.Frames != 4 || findings[0].Code != Animated) {
			t.Errorf("%s: %d frames, %v", r["file"], p.Frames, findings)
		}
	}
	if seen < 50 {
		t.Errorf("only %d rows", seen)
	}
}

func TestConformanceAlpha(t *testing.T) {
	for _, r := range table(t, "pdq/alpha.csv") {
		if r["background"] != "white" {
			continue
		}
		p, _ := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		h, _ := hashOf(t, p, "full")
		if d := away(t, h, r["hash"]); d > 2 || !p.Transparent {
			t.Errorf("%s: distance %d, transparent %v", r["file"], d, p.Transparent)
		}
	}
}

func TestConformanceOrientation(t *testing.T) {
	for _, r := range table(t, "pdq/exif.csv") {
		p, _ := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		if strconv.Itoa(p.Orientation) != r["orientation"] {
			t.Errorf("%s: orientation %d", r["file"], p.Orientation)
		}
		if r["view"] == "upright" {
			p = p.Upright()
		}
		h, _ := hashOf(t, p, "ref512")
		if d := away(t, h, r["hash"]); d > 4 || strconv.Itoa(p.Width) != r["width"] || strconv.Itoa(p.Height) != r["height"] {
			t.Errorf("%s %s: distance %d, %d×%d", r["file"], r["view"], d, p.Width, p.Height)
		}
	}
}

func TestConformanceStickers(t *testing.T) {
	equal, all := 0, 0
	for _, r := range table(t, "whatsapp/stickers/pdq.csv") {
		if r["frame"] != "0" {
			continue
		}
		p, findings := decodeFile(t, conformance(t, "whatsapp/stickers/"+r["file"]))
		if len(p.Pix) == 0 {
			t.Errorf("%s: %v", r["file"], findings)
			continue
		}
		all++
		sum := p.Digest()
		if hex.EncodeToString(sum[:]) == r["rgb_on_white_sha256"] {
			equal++
		}
		h, _ := hashOf(t, p, "full")
		if d := away(t, h, r["pdq_full_on_white"]); d > 4 {
			t.Errorf("%s: distance %d", r["file"], d)
		}
	}
	t.Logf("%d of %d stickers give the very same pixels", equal, all)
	if all < 40 || equal < all {
		t.Errorf("%d of %d stickers give the same pixels", equal, all)
	}
}
