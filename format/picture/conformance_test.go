package picture

import (
	"encoding/csv"
	"encoding/hex"
	"os"
	"path/filepath"
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

// TestConformanceJPEG keeps the tolerances of the conformance data, and for the
// usual qualities a narrower one that the fancy upsampling reaches.
func TestConformanceJPEG(t *testing.T) {
	var worst, pictures int
	cache := map[string]Picture{}
	for _, r := range table(t, "pdq/expected.csv") {
		if !strings.HasSuffix(r["file"], ".jpg") || strings.Contains(r["file"], "/modes/") {
			continue
		}
		p, ok := cache[r["file"]]
		if !ok {
			p, _ = decodeFile(t, conformance(t, "pdq/"+r["file"]))
			cache[r["file"]] = p
		}
		h, _ := hashOf(t, p, r["pipeline"])
		quality, _ := strconv.Atoi(r["quality"])
		limit := 10
		if strings.Contains(r["file"], "q03") || strings.Contains(r["file"], "q05") {
			limit = 16
		}
		if quality < 80 {
			continue
		}
		pictures++
		d := away(t, h, r["hash"])
		worst = max(worst, d)
		if d > limit {
			t.Errorf("%s %s: distance %d", r["file"], r["pipeline"], d)
		}
	}
	if worst > 6 || pictures < 60 {
		t.Errorf("worst distance %d over %d hashes", worst, pictures)
	}
	t.Logf("worst distance %d over %d hashes", worst, pictures)
}

func TestConformancePixels(t *testing.T) {
	equal, all := 0, 0
	for _, r := range table(t, "pdq/pixels.csv") {
		if strings.Contains(r["file"], "12mp") {
			continue
		}
		p, findings := decodeFile(t, conformance(t, "pdq/"+r["file"]))
		if strconv.Itoa(p.Width) != r["width"] || strconv.Itoa(p.Height) != r["height"] {
			t.Errorf("%s: %d×%d, %v", r["file"], p.Width, p.Height, findings)
			continue
		}
		all++
		sum := p.Digest()
		same := hex.EncodeToString(sum[:]) == r["rgb_sha256"]
		if same {
			equal++
		}
		if !same && strings.HasSuffix(r["file"], ".png") && !p.Transparent {
			t.Errorf("%s: pixels of a loss-free file differ", r["file"])
		}
	}
	t.Logf("%d of %d files give the very same pixels", equal, all)
	if equal*2 < all {
		t.Errorf("only %d of %d files give the same pixels", equal, all)
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
