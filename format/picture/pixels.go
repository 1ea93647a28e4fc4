package picture

import (
	"image"
	"image/color"
)

// pixels is a picture in normal form: one channel (grey), three (red, green,
// blue, composited on white) or, on the way there, four (straight colour and
// alpha).
type pixels struct {
	w, h, channels int
	pix            []byte
	transparent    bool
	box            image.Rectangle // holds all that can be seen; set where transparent is
}

func newPixels(w, h, channels int) pixels {
	return pixels{w: w, h: h, channels: channels, pix: make([]byte, w*h*channels)}
}

// normal brings what a decoder returned into normal form of three channels (one
// for grey), or into straight colour of four. Pictures made of luminance and chroma planes are for the formats' own files, which know how
// the planes are meant.
func normal(img image.Image, channels int) pixels {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.Gray:
		if channels == 3 {
			return copied(b, m.Pix, m.Stride, 1)
		}
	case *image.Gray16:
		if channels == 3 {
			return copied(b, m.Pix, m.Stride, 2)
		}
	case *image.NRGBA:
		return straight(b, m.Pix, m.Stride, 1, channels)
	case *image.NRGBA64:
		return straight(b, m.Pix, m.Stride, 2, channels)
	case *image.RGBA:
		if m.Opaque() {
			return straight(b, m.Pix, m.Stride, 1, channels)
		}
	case *image.RGBA64:
		if m.Opaque() {
			return straight(b, m.Pix, m.Stride, 2, channels)
		}
	case *image.Paletted:
		return indexed(m, channels)
	case *image.CMYK:
		return fourInks(b.Dx(), b.Dy(), m.Stride, m.Pix)
	}
	return anyColour(img, channels)
}

// copied takes grey of the given number of bytes a pixel, the high one first.
func copied(b image.Rectangle, pix []byte, stride, size int) pixels {
	out := newPixels(b.Dx(), b.Dy(), 1)
	for y := range out.h {
		row, to := pix[y*stride:], out.pix[y*out.w:][:out.w]
		for x := range to {
			to[x] = row[x*size]
		}
	}
	return out
}

// straight takes red, green, blue, alpha of size bytes each, not premultiplied.
func straight(b image.Rectangle, pix []byte, stride, size, channels int) pixels {
	out := newPixels(b.Dx(), b.Dy(), channels)
	for y := range out.h {
		row, to := pix[y*stride:], out.row(y)
		for x := range out.w {
			p := row[x*4*size:]
			out.set(to[x*channels:], p[0], p[size], p[2*size], p[3*size])
		}
	}
	out.findBox(func(x, y int) byte { return pix[y*stride+x*4*size+3*size] })
	return out
}

func (p *pixels) row(y int) []byte { return p.pix[y*p.w*p.channels:][:p.w*p.channels] }

// set writes one pixel: as it is into four channels, composited on white into
// three.
func (p *pixels) set(to []byte, r, g, b, a byte) {
	if a != 255 {
		p.transparent = true
		if p.channels == 3 {
			r, g, b = onWhite(r, a), onWhite(g, a), onWhite(b, a)
		}
	}
	to[0], to[1], to[2] = r, g, b
	if p.channels == 4 {
		to[3] = a
	}
}

func onWhite(c, a byte) byte {
	return byte((int(c)*int(a) + 255*(255-int(a)) + 127) / 255)
}

func indexed(m *image.Paletted, channels int) pixels {
	var table [256][4]byte
	for i, c := range m.Palette {
		if i < len(table) {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			table[i] = [4]byte{n.R, n.G, n.B, n.A}
		}
	}
	out := newPixels(m.Rect.Dx(), m.Rect.Dy(), channels)
	for y := range out.h {
		row, to := m.Pix[y*m.Stride:], out.row(y)
		for x := range out.w {
			c := &table[row[x]]
			out.set(to[x*channels:], c[0], c[1], c[2], c[3])
		}
	}
	out.findBox(func(x, y int) byte { return table[m.Pix[y*m.Stride+x]][3] })
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

func anyColour(img image.Image, channels int) pixels {
	b := img.Bounds()
	at := func(x, y int) color.NRGBA {
		return color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
	}
	out := newPixels(b.Dx(), b.Dy(), channels)
	for y := range out.h {
		to := out.row(y)
		for x := range out.w {
			c := at(x, y)
			out.set(to[x*channels:], c.R, c.G, c.B, c.A)
		}
	}
	out.findBox(func(x, y int) byte { return at(x, y).A })
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
