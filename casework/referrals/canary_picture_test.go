package referrals_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"

	"github.com/HugoSmits86/nativewebp"
)

// picture makes a small picture of colours whose metadata are full of canaries,
// and says the ending of its name and its type.
func (w *world) picture() (ending, mime string, data []byte) {
	img := image.NewPaletted(image.Rect(0, 0, 24, 16), color.Palette{color.RGBA{20, 60, 90, 255}, color.RGBA{200, 180, 40, 255},
		color.RGBA{90, 160, 70, 255}, color.RGBA{240, 240, 250, 255}})
	for i := range img.Pix {
		img.Pix[i] = uint8(w.r.IntN(4))
	}
	var b bytes.Buffer
	var err error
	switch w.r.IntN(4) {
	case 0:
		err = jpeg.Encode(&b, img, nil)
		ending, mime, data = ".jpg", "image/jpeg", w.stuffJPEG(b.Bytes())
	case 1:
		err = png.Encode(&b, img)
		ending, mime, data = ".png", "image/png", w.stuffPNG(b.Bytes())
	case 2:
		err = gif.Encode(&b, img, nil)
		ending, mime, data = ".gif", "image/gif", w.stuffGIF(b.Bytes())
	default:
		err = nativewebp.Encode(&b, img, nil)
		ending, mime, data = ".webp", "image/webp", w.stuffWebP(b.Bytes())
	}
	if err != nil {
		panic(err) // encoding into memory
	}
	if w.r.IntN(3) == 0 { // after the end
		data = append(data, w.meta(w.r.IntN(metaForms))...)
	}
	return ending, mime, data
}

const metaForms = 7

// meta is a piece of metadata with a canary, plain or hidden.
func (w *world) meta(form int) []byte {
	s := w.secret("metadata of a picture")
	switch form % metaForms {
	case 0:
		return []byte(s)
	case 1:
		return utf16Bytes(s, binary.LittleEndian)
	case 2:
		return []byte(base64.StdEncoding.EncodeToString([]byte(s)))
	case 3:
		return deflated([]byte(s))
	case 4:
		return []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>` + s + `</dc:creator></x:xmpmeta>`)
	case 5:
		return w.exif(s)
	}
	return deflated(w.exif(s))
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b) // into memory
	z.Close()
	return out.Bytes()
}

// exif is a TIFF structure with an artist and a comment for Windows, which is
// UTF-16.
func (w *world) exif(s string) []byte {
	text, wide := append([]byte(s), 0), append(utf16Bytes(w.secret("comment in Exif"), binary.LittleEndian), 0, 0)
	b := []byte("II*\x00\x08\x00\x00\x00\x02\x00")
	at := uint32(8 + 2 + 24 + 4)
	add := func(tag, kind uint16, v []byte) {
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, kind)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = binary.LittleEndian.AppendUint32(b, at)
		at += uint32(len(v))
	}
	add(0x013b, 2, text) // Artist
	add(0x9c9c, 1, wide) // XPComment
	b = append(b, 0, 0, 0, 0)
	return append(append(b, text...), wide...)
}

// stuffJPEG puts segments behind the first marker.
func (w *world) stuffJPEG(in []byte) []byte {
	out := append([]byte{}, in[:2]...)
	segment := func(marker byte, body ...[]byte) {
		all := bytes.Join(body, nil)
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(all)+2))
		out = append(out, all...)
	}
	segment(0xe0, []byte("JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"))
	segment(0xe1, []byte("Exif\x00\x00"), w.exif(w.secret("artist in Exif")))
	segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00"), w.meta(4))
	segment(0xe2, []byte("ICC_PROFILE\x00\x01\x01"), w.meta(0))
	segment(0xed, []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00"), w.meta(0))
	for range 1 + w.r.IntN(3) {
		segment([]byte{0xfe, 0xe5, 0xec, 0xef, 0xe1}[w.r.IntN(5)], w.meta(w.r.IntN(metaForms)))
	}
	return append(out, in[2:]...)
}

// stuffPNG puts chunks before the pixels and before the end.
func (w *world) stuffPNG(in []byte) []byte {
	chunk := func(kind string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		b = append(append(b, kind...), body...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	early := join(
		chunk("iCCP", join([]byte("profile\x00\x00"), deflated(w.meta(0)))),
		chunk("tEXt", join([]byte("Author\x00"), w.meta(0))),
		chunk("zTXt", join([]byte("Comment\x00\x00"), deflated(w.meta(0)))))
	late := join(
		chunk("iTXt", join([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), deflated(w.meta(4)))),
		chunk("eXIf", w.exif(w.secret("artist in Exif"))),
		chunk("prVt", w.meta(w.r.IntN(metaForms))))
	const header = 8 + 25
	end := len(in) - 12
	return join(in[:header], early, in[header:end], late, in[end:])
}

// stuffGIF puts extensions before the first picture, and more before the end.
func (w *world) stuffGIF(in []byte) []byte {
	blocks := func(body []byte) []byte {
		var b []byte
		for len(body) > 0 {
			n := min(len(body), 255)
			b = append(append(b, byte(n)), body[:n]...)
			body = body[n:]
		}
		return append(b, 0)
	}
	comment := func(form int) []byte { return append([]byte{0x21, 0xfe}, blocks(w.meta(form))...) }
	app := append([]byte("\x21\xff\x0bXMP DataXMP"), blocks(w.meta(4))...)
	plain := append([]byte("\x21\x01\x0c\x00\x00\x00\x00\x01\x00\x01\x00\x01\x01\x00\x01"), blocks(w.meta(0))...)
	at := 13
	if in[10]&0x80 != 0 {
		at += 3 << (in[10]&7 + 1)
	}
	end := len(in) - 1
	return bytes.Join([][]byte{in[:at], comment(w.r.IntN(metaForms)), app, plain, in[at:end], comment(0), in[end:]}, nil)
}

// stuffWebP makes the extended form with metadata chunks.
func (w *world) stuffWebP(in []byte) []byte {
	chunk := func(kind string, body []byte) []byte {
		b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
		b = append(b, body...)
		if len(body)%2 == 1 {
			b = append(b, 0)
		}
		return b
	}
	pixels := in[12:]
	if string(pixels[:4]) == "VP8X" {
		pixels = pixels[18:]
	}
	body := bytes.Join([][]byte{
		[]byte("WEBP"),
		chunk("VP8X", []byte{0x3c, 0, 0, 0, 23, 0, 0, 15, 0, 0}), // profile, alpha, Exif, XMP
		chunk("ICCP", w.meta(0)), pixels, chunk("EXIF", w.exif(w.secret("artist in Exif"))), chunk("XMP ", w.meta(4)),
		chunk("prVt", w.meta(w.r.IntN(metaForms)))}, nil)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	return append(out, body...)
}
