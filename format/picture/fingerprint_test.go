package picture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/hash/pdq"
)

func TestFingerprint(t *testing.T) {
	b := pngOf(t, hills(600, 300))
	out, err := Fingerprint(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var p Print
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Variants) != 2 || p.Variants[0].Label != "ref512" || p.Variants[1].Label != "full" || len(p.PixelDigest) != 64 || p.Width != 600 {
		t.Errorf("%s", out)
	}
	for _, v := range p.Variants {
		if _, err := pdq.Parse(v.Hash); err != nil {
			t.Errorf("%+v: %v", v, err)
		}
	}
	again, _ := Fingerprint(bytes.NewReader(b), int64(len(b)), []byte(`{"Pixels":1000000}`))
	if !bytes.Equal(out, again) {
		t.Error("the same file gave two answers")
	}
	if _, err := Fingerprint(bytes.NewReader(b), int64(len(b)), []byte("{")); err == nil {
		t.Error("malformed limits were accepted")
	}
	out, err = Fingerprint(bytes.NewReader([]byte("plain text")), 10, nil)
	if err != nil || json.Unmarshal(out, &p) != nil || p.Findings[0].Code != Unsupported {
		t.Errorf("text gave %s, %v", out, err)
	}
}

func printed(t testing.TB, b []byte) Print {
	t.Helper()
	out, err := Fingerprint(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var p Print
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func labels(p Print) []string {
	var out []string
	for _, v := range p.Variants {
		out = append(out, v.Label)
	}
	return out
}

// cutOut makes everything transparent outside of a box.
func cutOut(m *image.NRGBA, box image.Rectangle) *image.NRGBA {
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if !(image.Point{x, y}).In(box) {
				m.SetNRGBA(x, y, color.NRGBA{200, 0, 0, 0})
			}
		}
	}
	return m
}

func TestVariants(t *testing.T) {
	for name, c := range map[string]struct {
		file  []byte
		want  []string
		floor string
	}{
		"large":       {pngOf(t, hills(513, 40)), []string{"ref512", "full"}, ""},
		"middle":      {pngOf(t, hills(257, 40)), []string{"ref512"}, ""},
		"small":       {pngOf(t, hills(256, 40)), []string{"ref512", "up512"}, ""},
		"weak":        {pngOf(t, hills(40, 31)), []string{"ref512", "up512"}, Weak},
		"least":       {pngOf(t, hills(40, 24)), []string{"ref512", "up512"}, Weak},
		"tiny":        {pngOf(t, hills(400, 23)), nil, NoHash},
		"sticker":     {pngOf(t, cutOut(hills(512, 512), image.Rect(0, 0, 300, 400))), []string{"white-ref512", "white-crop-ref512"}, ""},
		"small crop":  {pngOf(t, cutOut(hills(512, 512), image.Rect(9, 9, 109, 99))), []string{"white-ref512", "white-crop-ref512", "white-crop-up512"}, ""},
		"tiny crop":   {pngOf(t, cutOut(hills(512, 512), image.Rect(9, 9, 40, 99))), []string{"white-ref512"}, ""},
		"nothing":     {pngOf(t, cutOut(hills(512, 512), image.Rectangle{})), nil, ""},
		"turned":      {turnedJPEG(t, hills(300, 200), 6), []string{"ref512", "upright-ref512"}, ""},
		"turned huge": {turnedJPEG(t, hills(600, 200), 3), []string{"ref512", "full", "upright-ref512", "upright-full"}, ""},
	} {
		p := printed(t, c.file)
		if diff := cmp.Diff(c.want, labels(p)); diff != "" && name != "nothing" || p.Floor != c.floor || len(p.PixelDigest) != 64 {
			t.Errorf("%s: floor %q, %v %s", name, p.Floor, p.Findings, diff)
		}
		if name == "nothing" && strings.Contains(strings.Join(labels(p), " "), "crop") {
			t.Errorf("a picture that cannot be seen has a crop: %v", labels(p))
		}
	}
}

// turnedJPEG is a JPEG with an EXIF orientation.
func turnedJPEG(t testing.TB, m image.Image, o byte) []byte {
	b := jpegOf(t, m)
	exif := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), o, 0, 0, 0, 0, 0, 0)
	return bytes.Join([][]byte{b[:2], {0xff, 0xe1, 0, byte(len(exif) + 2)}, exif, b[2:]}, nil)
}

// TestPixelDigestIgnoresMetadata adds a comment to a JPEG.
func TestPixelDigestIgnoresMetadata(t *testing.T) {
	b := jpegOf(t, hills(90, 70))
	other := bytes.Join([][]byte{b[:2], []byte("\xff\xfe\x00\x07hello"), b[2:]}, nil)
	if a, c := printed(t, b), printed(t, other); a.PixelDigest != c.PixelDigest || a.PixelDigest == "" {
		t.Errorf("%s and %s", a.PixelDigest, c.PixelDigest)
	}
}

// moving is an animation in which a square walks from left to right and then
// stands still.
func moving(t testing.TB, frames int, still int) []byte {
	g := &gif.GIF{Config: image.Config{Width: 320, Height: 300, ColorModel: color.Palette{color.White, color.Black}}}
	for i := range frames {
		m := image.NewPaletted(image.Rect(0, 0, 320, 300), color.Palette{color.White, color.Black})
		for y := 100; y < 180; y++ {
			for x := range 60 {
				m.SetColorIndex(min(i, still)*3+x, y-min(i, still), 1)
			}
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 5)
	}
	return encoded(t, func(b *bytes.Buffer) error { return gif.EncodeAll(b, g) })
}

func TestVariantsOfAnimations(t *testing.T) {
	p := printed(t, moving(t, 6, 3))
	if diff := cmp.Diff([]string{"ref512", "frame1-ref512", "frame2-ref512", "frame3-ref512"}, labels(p)); diff != "" || p.Frames != 6 || len(p.Findings) != 0 {
		t.Errorf("%d frames, %v %s", p.Frames, p.Findings, diff)
	}
	if other := printed(t, moving(t, 5, 3)); other.PixelDigest == p.PixelDigest {
		t.Error("animations of five and of six frames have one digest")
	}
	long := printed(t, moving(t, 200, 80))
	if len(long.Findings) != 1 || long.Findings[0].Code != FramesLeft || long.Findings[0].Detail != "64 of 200 frames" {
		t.Errorf("200 frames: %v", long.Findings)
	}
}

func TestChosen(t *testing.T) {
	for n := 1; n < 700; n++ {
		count := 1
		for i := 1; i < n; i++ {
			if chosen(i, n) {
				count++
			}
		}
		if count != min(n, MaxFrames) {
			t.Errorf("%d of %d frames are chosen", count, n)
		}
	}
}

// TestCatmullRom holds for every processor: the sums are of integers.
func TestCatmullRom(t *testing.T) {
	for _, m := range []int{1, 2, 24, 100, 511} {
		for i, p := range catmullRom(m, 512) {
			if s := p.w[0] + p.w[1] + p.w[2] + p.w[3]; s != 1<<weightBits {
				t.Fatalf("%d to 512, value %d: weights add up to %d", m, i, s)
			}
		}
	}
	ramp := Picture{Width: 64, Height: 32, Channels: 1, Pix: make([]byte, 64*32)}
	for i := range ramp.Pix {
		ramp.Pix[i] = byte(i % 64 * 4)
	}
	up := ramp.upscaled()
	if up.Width != 512 || up.Height != 256 {
		t.Fatalf("%d×%d", up.Width, up.Height)
	}
	for x := 16; x < 496; x++ { // a straight line stays one: (x+1/2)/8 - 1/2, times four
		if want := (x - 3) / 2; int(up.Pix[100*512+x])-want > 1 || want-int(up.Pix[100*512+x]) > 1 {
			t.Fatalf("value %d: %d, want %d", x, up.Pix[100*512+x], want)
		}
	}
	step := Picture{Width: 2, Height: 1, Channels: 1, Pix: []byte{0, 255}}.upscaled()
	if step.Pix[0] != 0 || step.Pix[511] != 255 || step.Width != 512 || step.Height != 256 {
		t.Errorf("%d×%d from %d to %d", step.Width, step.Height, step.Pix[0], step.Pix[511])
	}
}

// TestUpscaledVector pins the result, so that a run on another processor shows
// whether it is the same there.
func TestUpscaledVector(t *testing.T) {
	p, _ := decode(pngOf(t, hills(61, 37)))
	sum := p.upscaled().Digest()
	if got := hashOfFull(t, p.upscaled()).String(); got != "59a0a243a4d32863a7fe6655b6530898bd7137753c9882cf5d775d7503881db5" || sum[0] != 0x99 {
		t.Errorf("hash %s, digest begins with %#02x", got, sum[0])
	}
}

func hashOfFull(t testing.TB, p Picture) pdq.Hash {
	h, _ := hashOf(t, p, "full")
	return h
}

// TestConformanceStickerCopies compares transparent stickers of 512 pixels with
// their lossy copies of the same size and of 96 pixels, each hash of the one with
// each of the other, as matching does.
func TestConformanceStickerCopies(t *testing.T) {
	read := func(name string) Print {
		b, err := os.ReadFile(conformance(t, "pdq/synthetic/alpha/"+name))
		if err != nil {
			t.Fatal(err)
		}
		return printed(t, b)
	}
	for i := range 6 {
		original := read(fmt.Sprintf("sticker-%d.png", i))
		for suffix, limit := range map[string]int{".webp": 6, "-96.webp": 20} {
			name := fmt.Sprintf("sticker-%d%s", i, suffix)
			d, how := nearest(t, original, read(name))
			t.Logf("%-18s %2d bits, %s", name, d, how)
			if d > limit {
				t.Errorf("%s: %d bits off at best", name, d)
			}
		}
		if d, how := nearest(t, original, read(fmt.Sprintf("sticker-%d.png", (i+1)%6))); d <= 31 {
			t.Errorf("stickers %d and %d are %d bits apart by %s", i, (i+1)%6, d, how)
		}
	}
}

// nearest returns the smallest distance between two prints, and by which variants.
func nearest(t testing.TB, a, b Print) (best int, how string) {
	best = 256
	for _, v := range a.Variants {
		x, _ := pdq.Parse(v.Hash)
		for _, w := range b.Variants {
			if d := away(t, x, w.Hash); d < best {
				best, how = d, v.Label+" and "+w.Label
			}
		}
	}
	return best, how
}
