package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"tutela/format"
)

// hills draws an opaque picture of colour ramps.
func hills(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{byte(x * 255 / w), byte(y * 255 / h), byte((x*x + y*y) * 127 / (w*w + h*h)), 255})
		}
	}
	return m
}

func encoded(t testing.TB, fn func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := fn(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

func jpegOf(t testing.TB, m image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 90}) })
}

func decode(b []byte) (Picture, []format.Finding) {
	return Decode(bytes.NewReader(b), int64(len(b)), format.Limits{})
}

func TestLosslessFormatsAgree(t *testing.T) {
	m := hills(70, 50)
	want, _ := decode(pngOf(t, m))
	for name, b := range map[string][]byte{
		"bmp":  encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) }),
		"tiff": encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) }),
	} {
		got, findings := decode(b)
		if len(findings) > 0 || got.Format != name || got.Digest() != want.Digest() || got.Orientation != 1 {
			t.Errorf("%s: %d×%d %v, pixels differ", name, got.Width, got.Height, findings)
		}
	}
	if len(want.Pix) != 70*50*3 || want.Transparent || want.Frames != 1 {
		t.Errorf("png: %d bytes, %+v", len(want.Pix), want.Transparent)
	}
}

func TestGreyDigestIsThatOfItsColours(t *testing.T) {
	g := image.NewGray(image.Rect(0, 0, 9, 7))
	c := image.NewNRGBA(g.Rect)
	for i := range g.Pix {
		v := byte(i * 4)
		g.Pix[i] = v
		copy(c.Pix[4*i:], []byte{v, v, v, 255})
	}
	a, _ := decode(pngOf(t, g))
	b, _ := decode(pngOf(t, c))
	if a.Channels != 1 || b.Channels != 3 || a.Digest() != b.Digest() {
		t.Errorf("channels %d and %d, digests equal %v", a.Channels, b.Channels, a.Digest() == b.Digest())
	}
}

func TestModes(t *testing.T) {
	grey16 := image.NewGray16(image.Rect(0, 0, 1, 1))
	grey16.SetGray16(0, 0, color.Gray16{0x80ff})
	deep := image.NewNRGBA64(image.Rect(0, 0, 1, 1))
	deep.SetNRGBA64(0, 0, color.NRGBA64{0x01ff, 0x02ff, 0x03ff, 0xffff})
	palette := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.NRGBA{9, 8, 7, 255}, color.NRGBA{200, 100, 0, 0}})
	palette.Pix[1] = 1
	half := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	half.SetNRGBA(0, 0, color.NRGBA{100, 0, 255, 128})
	for name, c := range map[string]struct {
		m    image.Image
		want []byte
		see  bool
	}{
		"grey16":  {grey16, []byte{0x80}, false},
		"deep":    {deep, []byte{1, 2, 3}, false},
		"palette": {palette, []byte{9, 8, 7, 255, 255, 255}, true},
		"half":    {half, []byte{177, 127, 255}, true},
	} {
		p, findings := decode(pngOf(t, c.m))
		if diff := cmp.Diff(c.want, p.Pix); diff != "" || p.Transparent != c.see {
			t.Errorf("%s: %v %s", name, findings, diff)
		}
	}
}

func TestFourInks(t *testing.T) {
	m := image.NewCMYK(image.Rect(0, 0, 3, 1))
	copy(m.Pix, []byte{0, 0, 0, 0, 255, 0, 0, 0, 0, 128, 0, 255})
	if diff := cmp.Diff([]byte{255, 255, 255, 0, 255, 255, 0, 0, 0}, normal(m, 3).pix); diff != "" {
		t.Error(diff)
	}
}

func TestGIFOnItsCanvas(t *testing.T) {
	palette := color.Palette{color.Black, color.White}
	frame := image.NewPaletted(image.Rect(2, 1, 4, 3), palette)
	b := encoded(t, func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{frame, frame, frame}, Delay: []int{1, 1, 1},
			Config: image.Config{Width: 5, Height: 4, ColorModel: palette}})
	})
	p, findings := decode(b)
	if p.Width != 5 || p.Height != 4 || p.Frames != 3 || !p.Transparent || len(findings) != 0 {
		t.Fatalf("%d×%d, %d frames, %v", p.Width, p.Height, p.Frames, findings)
	}
	for y := range 4 {
		for x := range 5 {
			inside := x >= 2 && x < 4 && y >= 1 && y < 3
			if black := p.Pix[(y*5+x)*3] == 0; black != inside {
				t.Errorf("pixel %d,%d: black %v", x, y, black)
			}
		}
	}
}

// header is a PNG that claims the given sides and ends after its header.
func header(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	b = binary.BigEndian.AppendUint32(b, w)
	b = binary.BigEndian.AppendUint32(b, h)
	b = append(b, 8, 2, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

func TestHugeHeaderIsRefusedAtOnce(t *testing.T) {
	for _, s := range [][2]uint32{{65536, 65536}, {1 << 30, 1 << 30}, {100_000_001, 1}} {
		b := header(s[0], s[1])
		n := testing.AllocsPerRun(1, func() { decode(b) })
		p, findings := decode(b)
		if len(p.Pix) != 0 || len(findings) != 1 || (findings[0].Code != TooLarge && findings[0].Code != Unsupported) || n > 200 {
			t.Errorf("%v: %v after %v allocations", s, findings, n)
		}
	}
	if p, findings := Decode(bytes.NewReader(header(20, 20)), 33, format.Limits{Pixels: 399}); findings[0].Code != TooLarge || p.Width != 20 {
		t.Errorf("limit of 399 pixels: %v, width %d", findings, p.Width)
	}
}

func TestTruncatedJPEG(t *testing.T) {
	whole := jpegOf(t, hills(200, 160))
	full, _ := decode(whole)
	cut := whole[:len(whole)*3/4]
	p, findings := decode(cut)
	if len(findings) != 1 || findings[0].Code != Truncated || p.Width != 200 || p.Height != 160 {
		t.Fatalf("%d×%d, %v", p.Width, p.Height, findings)
	}
	if top := 200 * 3 * 48; !bytes.Equal(p.Pix[:top], full.Pix[:top]) {
		t.Error("the part that is there differs from the whole picture")
	}
}

func TestUprightIsItsOwnInverse(t *testing.T) {
	back := map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
	p, _ := decode(pngOf(t, hills(12, 7)))
	for o, inverse := range back {
		q := p
		q.Orientation = o
		q = q.Upright()
		if (o >= 5) != (q.Width == 7) || q.Orientation != 1 {
			t.Errorf("orientation %d: %d×%d", o, q.Width, q.Height)
		}
		q.Orientation = inverse
		if q = q.Upright(); !bytes.Equal(q.Pix, p.Pix) {
			t.Errorf("orientation %d and back: pixels differ", o)
		}
	}
}

// TestCutAnywhere cuts small files of each format at every length.
func TestCutAnywhere(t *testing.T) {
	m := hills(24, 17)
	files := map[string][]byte{
		"png": pngOf(t, m), "jpeg": jpegOf(t, m),
		"bmp":  encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) })[:600],
		"tiff": encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) }),
		"gif":  encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) }),
	}
	for name, b := range files {
		for n := range len(b) {
			p, findings := decode(b[:n])
			if len(p.Pix) == 0 && len(findings) == 0 {
				t.Errorf("%s cut to %d bytes: nothing and no finding", name, n)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	m := hills(20, 12)
	f.Add(pngOf(f, m))
	f.Add(jpegOf(f, m))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) }))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) }))
	f.Add([]byte("RIFF\x20\x00\x00\x00WEBPANMF\x18\x00\x00\x00"))
	f.Add(header(60000, 60000))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, findings := Decode(bytes.NewReader(b), int64(len(b)), format.Limits{Pixels: 1 << 16})
		if len(p.Pix) == 0 {
			if len(findings) == 0 {
				t.Fatal("nothing and no finding")
			}
			return
		}
		if len(p.Pix) != p.Width*p.Height*p.Channels || p.Frames < 1 || p.Orientation < 1 || p.Orientation > 8 {
			t.Fatalf("%d×%d×%d with %d bytes, %d frames", p.Width, p.Height, p.Channels, len(p.Pix), p.Frames)
		}
		p.Upright().Digest()
	})
}
