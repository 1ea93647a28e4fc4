package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"os"
	"testing"

	"github.com/HugoSmits86/nativewebp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// seed is a small file of some format.
type seed struct {
	name string
	file []byte
}

// seeds are files of every format and of most kinds of each.
func seeds(t testing.TB) []seed {
	m, cut := hills(61, 37), cutOut(hills(61, 37), image.Rect(5, 9, 50, 30))
	palette := image.NewPaletted(m.Rect, color.Palette{color.Black, color.White, color.NRGBA{9, 200, 9, 255}, color.NRGBA{}})
	grey, grey16 := image.NewGray(m.Rect), image.NewGray16(m.Rect)
	for i := range palette.Pix {
		palette.Pix[i], grey.Pix[i], grey16.Pix[2*i] = byte(i%7%4), byte(i), byte(3*i)
	}
	out := []seed{
		{"jpeg", jpegOf(t, m)}, {"jpeg grey", jpegOf(t, grey)}, {"jpeg turned", turnedJPEG(t, m, 6)},
		{"png", pngOf(t, m)}, {"png transparent", pngOf(t, cut)}, {"png palette", pngOf(t, palette)},
		{"png grey", pngOf(t, grey)}, {"png 16 bits", pngOf(t, grey16)}, {"png animation", animatedPNG(t)},
		{"gif", encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) })}, {"gif animation", walking(t, 5)},
		{"bmp", encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) })},
		{"bmp palette", encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, palette) })},
		{"tiff", encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) })},
		{"tiff deflate", encoded(t, func(b *bytes.Buffer) error {
			return tiff.Encode(b, grey16, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		})},
		{"webp", encoded(t, func(b *bytes.Buffer) error { return nativewebp.Encode(b, cut, nil) })},
		{"webp animation", animatedWebP(t)}, {"tiff pages", pagedTIFF(1, 2, 3)},
		{"raw", directory(true, [][3]uint32{{256, 3, 4}}, [][3]uint32{{tagDNGVersion, 1, 0x0401}})},
	}
	dir := os.Getenv("TUTELA_CONFORMANCE")
	for _, name := range []string{"pdq/synthetic/jpeg/land-q10-420.jpg", "pdq/synthetic/jpeg/land-q80-420-progressive.jpg",
		"pdq/synthetic/jpeg/land-q80-422.jpg", "pdq/synthetic/modes/cmyk.jpg", "pdq/synthetic/modes/rgb.webp",
		"pdq/synthetic/modes/palette16.png", "pdq/synthetic/alpha/sticker-3-96.webp"} {
		if b, err := os.ReadFile(dir + "/" + name); err == nil {
			out = append(out, seed{name, b})
		}
	}
	return out
}

// walking is a small animation with frames of many places and disposals.
func walking(t testing.TB, frames int) []byte {
	palette := color.Palette{color.White, color.Black, color.NRGBA{200, 0, 0, 255}, color.NRGBA{}}
	g := &gif.GIF{Config: image.Config{Width: 40, Height: 30, ColorModel: palette}}
	for i := range frames {
		m := image.NewPaletted(image.Rect(2*i, i, 2*i+20, i+15), palette)
		for k := range m.Pix {
			m.Pix[k] = byte((k + i) % 4)
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, m), append(g.Delay, 5), append(g.Disposal, byte(i%4))
	}
	return encoded(t, func(b *bytes.Buffer) error { return gif.EncodeAll(b, g) })
}

// chunksOf returns the data of the first chunk of a name of a PNG.
func chunksOf(b []byte, id string) (data []byte) {
	pngChunks(bytes.NewReader(b), int64(len(b)), func(name string, at, n int64) bool {
		if name == id && data == nil {
			data = b[at : at+n]
		}
		return true
	})
	return data
}

// fcTL is the control of a frame of an animated PNG.
func fcTL(r image.Rectangle, dispose, blend byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0)
	for _, v := range []int{r.Dx(), r.Dy(), r.Min.X, r.Min.Y} {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return append(b, 0, 1, 0, 10, dispose, blend)
}

// animatedPNG has three frames: the whole, one that covers a part, one that is
// blended over a part.
func animatedPNG(t testing.TB) []byte {
	whole, part := pngOf(t, cutOut(hills(40, 30), image.Rect(0, 0, 30, 30))), pngOf(t, cutOut(hills(20, 10), image.Rect(3, 3, 20, 10)))
	b := pngChunk([]byte(pngMagic), "IHDR", chunksOf(whole, "IHDR"))
	b = pngChunk(b, "acTL", []byte{0, 0, 0, 3, 0, 0, 0, 0})
	b = pngChunk(b, "fcTL", fcTL(image.Rect(0, 0, 40, 30), 0, 0))
	b = pngChunk(b, "IDAT", chunksOf(whole, "IDAT"))
	for i, at := range []image.Rectangle{image.Rect(10, 5, 30, 15), image.Rect(15, 12, 35, 22)} {
		b = pngChunk(b, "fcTL", fcTL(at, byte(2-i), byte(i)))
		b = pngChunk(b, "fdAT", append([]byte{0, 0, 0, 9}, chunksOf(part, "IDAT")...))
	}
	return pngChunk(b, "IEND", nil)
}

// animatedWebP puts three frames around the lossless picture that the encoder
// writes, the last one blended and cleared.
func animatedWebP(t testing.TB) []byte {
	still := encoded(t, func(b *bytes.Buffer) error {
		return nativewebp.Encode(b, cutOut(hills(20, 16), image.Rect(5, 5, 18, 16)), nil)
	})
	uint24 := func(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }
	body := []byte("WEBPVP8X\x0a\x00\x00\x00\x12\x00\x00\x00")
	body = uint24(uint24(body, 39), 29)
	body = append(body, "ANIM\x06\x00\x00\x00\xff\xff\xff\xff\x00\x00"...)
	for i := range 3 {
		data := uint24(uint24(uint24(uint24(uint24(nil, 3*i), 2*i), 19), 15), 50)
		data = append(append(data, []byte{2, 0, 1}[i]), still[12:]...)
		body = binary.LittleEndian.AppendUint32(append(body, "ANMF"...), uint32(len(data)))
		body = append(body, data...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}
