package picture

import (
	"image"
	"image/color"
)

// pixels is a picture in normal form.
type pixels struct {
	w, h, channels int
	pix            []byte
	transparent    bool
}

func newPixels(w, h, channels int) pixels {
	return pixels{w: w, h: h, channels: channels, pix: make([]byte, w*h*channels)}
}

// normal brings what a decoder returned into normal form. Pictures made of
// luminance and chroma planes are for the formats' own files, which know how
// the planes are meant.
func normal(img image.Image) pixels {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.Gray:
		return copied(b, m.Pix, m.Stride, 1, 1)
	case *image.Gray16:
		return copied(b, m.Pix, m.Stride, 2, 1)
	case *image.NRGBA:
		return straight(b, m.Pix, m.Stride, 1)
	case *image.NRGBA64:
		return straight(b, m.Pix, m.Stride, 2)
	case *image.RGBA:
		if m.Opaque() {
			return straight(b, m.Pix, m.Stride, 1)
		}
	case *image.RGBA64:
		if m.Opaque() {
			return straight(b, m.Pix, m.Stride, 2)
		}
	case *image.Paletted:
		return indexed(m)
	case *image.CMYK:
		return fourInks(b.Dx(), b.Dy(), m.Stride, m.Pix)
	}
	return anyColour(img)
}

// copied takes grey of the given number of bytes a pixel, the high one first.
func copied(b image.Rectangle, pix []byte, stride, size, channels int) pixels {
	out := newPixels(b.Dx(), b.Dy(), channels)
	for y := range out.h {
		row, to := pix[y*stride:], out.pix[y*out.w:][:out.w]
		for x := range to {
			to[x] = row[x*size]
		}
	}
	return out
}

// straight takes red, green, blue, alpha of size bytes each, not premultiplied.
func straight(b image.Rectangle, pix []byte, stride, size int) pixels {
	out := newPixels(b.Dx(), b.Dy(), 3)
	for y := range out.h {
		row, to := pix[y*stride:], out.pix[y*out.w*3:][:out.w*3]
		for x := range out.w {
			p := row[x*4*size:]
			out.set(to[x*3:x*3+3], p[0], p[size], p[2*size], p[3*size])
		}
	}
	return out
}

// set writes one pixel composited on white.
func (p *pixels) set(to []byte, r, g, b, a byte) {
	if a == 255 {
		to[0], to[1], to[2] = r, g, b
		return
	}
	p.transparent = true
	to[0], to[1], to[2] = onWhite(r, a), onWhite(g, a), onWhite(b, a)
}

func onWhite(c, a byte) byte {
	return byte((int(c)*int(a) + 255*(255-int(a)) + 127) / 255)
}

func indexed(m *image.Paletted) pixels {
	var table [256][4]byte
	for i, c := range m.Palette {
		if i < len(table) {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			table[i] = [4]byte{n.R, n.G, n.B, n.A}
		}
	}
	out := newPixels(m.Rect.Dx(), m.Rect.Dy(), 3)
	for y := range out.h {
		row, to := m.Pix[y*m.Stride:], out.pix[y*out.w*3:][:out.w*3]
		for x := range out.w {
			c := &table[row[x]]
			out.set(to[x*3:x*3+3], c[0], c[1], c[2], c[3])
		}
	}
	return out
}

// fourInks converts by the plain formula, without a colour profile.
func fourInks(w, h, stride int, inks []byte) pixels {
	out := newPixels(w, h, 3)
	for y := range out.h {
		row, to := inks[y*stride:], out.pix[y*out.w*3:][:out.w*3]
		for x := range out.w {
			p := row[x*4 : x*4+4]
			light := 255 - int(p[3])
			for i := range 3 {
				t := int(p[i])*light + 128
				to[x*3+i] = byte(light - (t>>8+t)>>8)
			}
		}
	}
	return out
}

func anyColour(img image.Image) pixels {
	b := img.Bounds()
	out := newPixels(b.Dx(), b.Dy(), 3)
	for y := range out.h {
		for x := range out.w {
			c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			out.set(out.pix[(y*out.w+x)*3:][:3], c.R, c.G, c.B, c.A)
		}
	}
	return out
}

// placed puts a first frame on a white canvas; what lies outside is cut off.
func placed(f pixels, x0, y0, w, h int) pixels {
	if x0 == 0 && y0 == 0 && f.w == w && f.h == h {
		return f
	}
	out := newPixels(w, h, f.channels)
	out.transparent = true
	for i := range out.pix {
		out.pix[i] = 255
	}
	n := f.channels
	for y := max(0, -y0); y < f.h && y0+y < h; y++ {
		x := max(0, -x0)
		width := min(f.w, w-x0) - x
		if width > 0 {
			copy(out.pix[((y0+y)*w+x0+x)*n:][:width*n], f.pix[(y*f.w+x)*n:])
		}
	}
	return out
}

func clip(v int32) byte { return byte(max(0, min(v, 255))) }

// neighbours returns the chroma row that row y lies in and the next nearest one.
func neighbours(y, rows int) (near, far int) {
	near = y / 2
	if y%2 == 0 {
		return near, max(near-1, 0)
	}
	return near, min(near+1, rows-1)
}
