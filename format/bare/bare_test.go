package bare

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"testing"

	"github.com/HugoSmits86/nativewebp"
	"golang.org/x/image/webp"

	"tutela/fault"
)

const canary = "CANARY-7f3e"

// zipped is the canary as a compressed text chunk holds it.
func zipped() string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, canary)
	w.Close()
	return b.String()
}

func drawing() *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, 40, 30), palette.Plan9)
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	return m
}

// sample is a picture of one kind with a canary wherever it can carry one.
type sample struct {
	name   string
	data   []byte
	decode func([]byte) (image.Image, error)
}

func segment(marker byte, body string) string {
	return string([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

func jpegSample(t testing.TB, progressiveLike bool) sample {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, drawing(), nil); err != nil {
		t.Fatal(err)
	}
	s := b.String()
	extra := segment(0xe0, "JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x01\x01"+canary[:3]) + segment(0xe1, "Exif\x00\x00MM\x00*"+canary) +
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>"+canary) + segment(0xe2, "ICC_PROFILE\x00\x01\x01"+canary) +
		segment(0xe2, "MPF\x00"+canary) + segment(0xed, "Photoshop 3.0\x00"+canary) + segment(0xfe, canary)
	if progressiveLike {
		extra += segment(0xee, "Adobe\x00\x64CANA\x01")
	}
	return sample{"jpeg", []byte(s[:2] + extra + "\xff\xff" + s[2:] + canary), func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) }}
}

func chunk(kind, body string) string {
	n := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(kind+body)))
	return string(n) + kind + body + string(sum)
}

func pngSample(t testing.TB) sample {
	var b bytes.Buffer
	if err := png.Encode(&b, drawing()); err != nil {
		t.Fatal(err)
	}
	s := b.String()
	at := 8 + 25 // behind the header
	extra := chunk("tEXt", "Comment\x00"+canary) + chunk("zTXt", "Comment\x00\x00"+zipped()) + chunk("iTXt", "x\x00\x01\x00\x00\x00"+zipped()) +
		chunk("eXIf", "MM\x00*"+canary) + chunk("iCCP", "p\x00\x00"+zipped()) + chunk("tIME", "\x07\xe9\x03\x0e\x08\x00\x00") + chunk("prVt", canary) +
		chunk("gAMA", "\x00\x00\xb1\x8f")
	return sample{"png", []byte(s[:at] + extra + s[at:] + canary), func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) }}
}

func gifSample(t testing.TB) sample {
	var b bytes.Buffer
	anim := &gif.GIF{Image: []*image.Paletted{drawing(), drawing()}, Delay: []int{5, 7}, LoopCount: 3}
	if err := gif.EncodeAll(&b, anim); err != nil {
		t.Fatal(err)
	}
	s := b.String()
	at := 13 + 768
	if s[10]&0x80 == 0 {
		at = 13
	}
	extra := "!\xfe\x0b" + canary + "\x00" + "!\xff\x0bXMP DataXMP" + "\x0b" + canary + "\x00"
	return sample{"gif", []byte(s[:at] + extra + s[at:] + canary), func(b []byte) (image.Image, error) {
		all, err := gif.DecodeAll(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		if len(all.Image) != 2 || all.LoopCount != 3 || !slices.Equal(all.Delay, []int{5, 7}) {
			t.Errorf("animation: %d frames, loop %d, delays %v", len(all.Image), all.LoopCount, all.Delay)
		}
		return all.Image[1], nil
	}}
}

func webpSample(t testing.TB) sample {
	var b bytes.Buffer
	if err := nativewebp.Encode(&b, drawing(), nil); err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	put(&body, "VP8X", []byte{0x2c | 0x10, 0, 0, 0, 39, 0, 0, 29, 0, 0})
	put(&body, "ICCP", []byte(canary))
	for at := 12; at < b.Len(); { // the pixels, without a header of their own
		n := int(binary.LittleEndian.Uint32(b.Bytes()[at+4:]))
		if kind := string(b.Bytes()[at : at+4]); kind == "VP8L" {
			put(&body, kind, b.Bytes()[at+8:at+8+n])
		}
		at += 8 + n + n%2
	}
	put(&body, "EXIF", []byte("sticker-pack-id "+canary))
	put(&body, "XMP ", []byte(canary))
	put(&body, "priv", []byte(canary))
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+body.Len()))
	out = append(append(out, "WEBP"...), body.Bytes()...)
	return sample{"webp", append(out, canary...), func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) }}
}

func samples(t testing.TB) []sample {
	return []sample{jpegSample(t, false), jpegSample(t, true), pngSample(t), gifSample(t), webpSample(t)}
}

// same compares pixels.
func same(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if color.RGBA64Model.Convert(a.At(x, y)) != color.RGBA64Model.Convert(b.At(x, y)) {
				return false
			}
		}
	}
	return true
}

func TestPixelsStayAndNothingElse(t *testing.T) {
	for _, s := range samples(t) {
		clean, err := Picture(s.data)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if !bytes.Contains(s.data, []byte(canary)) {
			t.Fatalf("%s carries no canary", s.name)
		}
		for _, trace := range []string{canary, canary[:4], zipped()[:12], "Exif", "ICC", "XMP", "EXIF", "tIME"} {
			if bytes.Contains(clean, []byte(trace)) {
				t.Errorf("%s: %q went through", s.name, trace)
			}
		}
		before, err := s.decode(s.data)
		if err != nil {
			t.Fatalf("%s: the sample: %v", s.name, err)
		}
		after, err := s.decode(clean)
		if err != nil || !same(before, after) {
			t.Errorf("%s: the picture changed (%v)", s.name, err)
		}
		again, err := Picture(clean)
		if err != nil || !bytes.Equal(again, clean) {
			t.Errorf("%s: a bare picture is not left as it is: %v", s.name, err)
		}
	}
}

// TestDamaged cuts off each sample at every length and refuses the rest.
func TestDamaged(t *testing.T) {
	for _, s := range samples(t) {
		end := len(s.data) - len(canary)
		for n := range end {
			if _, err := Picture(s.data[:n]); fault.KindOf(err) != fault.Refused {
				t.Fatalf("%s, first %d bytes: %v", s.name, n, err)
			}
		}
	}
	good := pngSample(t).data
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "pdf": []byte("%PDF-1.7"), "riff": []byte("RIFF\x04\x00\x00\x00WAVE"),
		"webp without picture": []byte("RIFF\x04\x00\x00\x00WEBP"),
		"png checksum":         bytes.Replace(good, []byte("Comment"), []byte("comment"), 1),
		"png critical":         append(bytes.Clone(good[:33]), append([]byte(chunk("ABCD", "x")), good[33:]...)...),
		"jpeg hierarchical":    []byte("\xff\xd8" + segment(0xde, "\x08\x00\x10\x00\x10\x01\x01\x11\x00") + "\xff\xd9"),
		"jpeg table":           []byte("\xff\xd8" + segment(0xdb, "\x00short") + "\xff\xd9"),
		"gif block":            []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00Z;"),
	} {
		if _, err := Picture(data); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBehindThePixels hides bytes behind the compressed pixels.
func TestBehindThePixels(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, drawing()); err != nil {
		t.Fatal(err)
	}
	s := b.String()
	at := bytes.Index(b.Bytes(), []byte("IEND")) - 4
	if _, err := Picture([]byte(s[:at] + chunk("IDAT", canary) + s[at:])); fault.KindOf(err) != fault.Refused {
		t.Errorf("png with bytes behind the pixels: %v", err)
	}
	b.Reset()
	if err := gif.Encode(&b, drawing(), nil); err != nil {
		t.Fatal(err)
	}
	s = b.String()
	hidden := s[:len(s)-2] + "\x0b" + canary + "\x00;"
	clean, err := Picture([]byte(hidden))
	if err != nil || bytes.Contains(clean, []byte(canary)) {
		t.Errorf("gif with bytes behind the pixels: %v", err)
	}
}

// FuzzPicture wants that what comes out is a fixed point and decodes to what
// went in.
func FuzzPicture(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		clean, err := Picture(data)
		if err != nil {
			return
		}
		if len(clean) > len(data)+len(jfif) {
			t.Errorf("%d bytes became %d", len(data), len(clean))
		}
		again, err := Picture(clean)
		if err != nil || !bytes.Equal(again, clean) {
			t.Errorf("a bare picture is not left as it is: %v", err)
		}
	})
}
