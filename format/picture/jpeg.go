package picture

import (
	"bufio"
	"errors"
	"image"
	"image/jpeg"
	"io"
)

// decodeJPEG decodes; of a file that ends early it decodes what is there, with
// zero bits in place of the rest.
func decodeJPEG(s source) (canvas, error) {
	img, err := jpeg.Decode(s.reader())
	if err == nil {
		return canvas{pixels: normal(img), frames: 1}, nil
	}
	if !endsEarly(s) || errors.As(err, new(jpeg.UnsupportedError)) {
		return canvas{}, err
	}
	zeros := int64(s.config.Width)*int64(s.config.Height)*3 + 4096
	filled := io.MultiReader(io.NewSectionReader(s.in, 0, s.size), io.LimitReader(nothing{}, zeros),
		io.NewSectionReader(endOfImage{}, 0, 2))
	img, again := jpeg.Decode(bufio.NewReader(filled))
	if again != nil {
		return canvas{}, err
	}
	return canvas{pixels: normal(img), frames: 1, truncated: true}, nil
}

// endsEarly reports whether the end-of-image marker is missing from the tail.
func endsEarly(s source) bool {
	tail := make([]byte, min(s.size, 64))
	if _, err := s.in.ReadAt(tail, s.size-int64(len(tail))); err != nil && err != io.EOF {
		return true
	}
	for i := len(tail) - 2; i >= 0; i-- {
		if tail[i] == 0xff && tail[i+1] == 0xd9 {
			return false
		}
	}
	return true
}

type nothing struct{}

func (nothing) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type endOfImage struct{}

// ReadAt serves the two bytes of the marker.
func (endOfImage) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, []byte{0xff, 0xd9}[off:])
	return n, nil
}

// fancy turns the planes of a JPEG into red, green, blue as libjpeg-turbo does by
// default (jdsample.c and jdcolor.c): chroma halved in a direction is brought
// back by a triangle filter of weights 3 and 1, and the colour conversion works
// in 16-bit fixed point.
func fancy(m *image.YCbCr) pixels {
	out := newPixels(m.Rect.Dx(), m.Rect.Dy(), 3)
	if out.w == 0 || out.h == 0 {
		return out
	}
	ratio := m.SubsampleRatio
	cb, cr := make([]byte, out.w+3), make([]byte, out.w+3)
	for y := range out.h {
		upsample(cb, m.Cb, m.CStride, ratio, out.w, out.h, y)
		upsample(cr, m.Cr, m.CStride, ratio, out.w, out.h, y)
		luma, to := m.Y[y*m.YStride:][:out.w], out.pix[y*out.w*3:][:out.w*3]
		for x, l := range luma {
			ycc(to[x*3:x*3+3:x*3+3], int32(l), int32(cb[x])-128, int32(cr[x])-128)
		}
	}
	return out
}

// ycc is the conversion of JFIF with the constants of jdcolor.c, scaled by 2^16.
func ycc(to []byte, y, cb, cr int32) {
	const half = 1 << 15
	to[0] = clip(y + (91881*cr+half)>>16)
	to[1] = clip(y + (-22554*cb-46802*cr+half)>>16)
	to[2] = clip(y + (116130*cb+half)>>16)
}

func clip(v int32) byte { return byte(max(0, min(v, 255))) }

// upsample writes row y of a chroma plane in full width.
func upsample(to, plane []byte, stride int, ratio image.YCbCrSubsampleRatio, w, h, y int) {
	switch ratio {
	case image.YCbCrSubsampleRatio444:
		copy(to[:w], plane[y*stride:])
	case image.YCbCrSubsampleRatio422:
		half := (w + 1) / 2
		across(to, plane[y*stride:][:half])
	case image.YCbCrSubsampleRatio420:
		half := (w + 1) / 2
		near, far := neighbours(y, (h+1)/2)
		both(to, plane[near*stride:][:half], plane[far*stride:][:half])
	case image.YCbCrSubsampleRatio440:
		near, far := neighbours(y, (h+1)/2)
		a, b := plane[near*stride:], plane[far*stride:]
		for x := range w {
			to[x] = byte((3*int(a[x]) + int(b[x]) + 1 + y&1) >> 2)
		}
	case image.YCbCrSubsampleRatio411:
		repeat(to, plane[y*stride:], w)
	default: // 410
		repeat(to, plane[y/2*stride:], w)
	}
}

func repeat(to, from []byte, w int) {
	for x := range w {
		to[x] = from[x/4]
	}
}

// neighbours returns the chroma row that row y lies in and the next nearest one.
func neighbours(y, rows int) (near, far int) {
	near = y / 2
	if y%2 == 0 {
		return near, max(near-1, 0)
	}
	return near, min(near+1, rows-1)
}

// across doubles a row in width. Rows of one or two values are repeated.
func across(to, in []byte) {
	last := len(in) - 1
	if last < 2 {
		for x := range to[:2*len(in)] {
			to[x] = in[x/2]
		}
		return
	}
	to[0], to[1] = in[0], byte((3*int(in[0])+int(in[1])+2)>>2)
	for x := 1; x < last; x++ {
		c := 3 * int(in[x])
		to[2*x] = byte((c + int(in[x-1]) + 1) >> 2)
		to[2*x+1] = byte((c + int(in[x+1]) + 2) >> 2)
	}
	to[2*last], to[2*last+1] = byte((3*int(in[last])+int(in[last-1])+1)>>2), in[last]
}

// both doubles in width and height: a row between near and far.
func both(to, near, far []byte) {
	last := len(near) - 1
	if last < 2 {
		for x := range to[:2*len(near)] {
			to[x] = near[x/2]
		}
		return
	}
	sum := func(x int) int { return 3*int(near[x]) + int(far[x]) }
	before, now, after := 0, sum(0), sum(1)
	to[0], to[1] = byte((now*4+8)>>4), byte((now*3+after+7)>>4)
	for x := 1; x < last; x++ {
		before, now, after = now, after, sum(x+1)
		to[2*x] = byte((now*3 + before + 8) >> 4)
		to[2*x+1] = byte((now*3 + after + 7) >> 4)
	}
	before, now = now, after
	to[2*last], to[2*last+1] = byte((now*3+before+8)>>4), byte((now*4+7)>>4)
}
