package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"iter"

	"golang.org/x/image/webp"
)

var errNoFrame = errors.New("webp: no frame")

// maxChunk bounds the bytes of one frame that are held in memory.
const maxChunk = 64 << 20

// decodeWebP decodes a still picture; of an animation, the first frame.
func decodeWebP(s source) (canvas, error) {
	frames, err := countWebP(s)
	if err != nil {
		return canvas{}, err
	}
	if frames > 0 {
		p, cut, err := firstOf(s, webpFrames(s))
		return canvas{pixels: p, frames: frames, truncated: cut}, err
	}
	img, err := webp.Decode(s.reader())
	if err != nil {
		return canvas{}, err
	}
	return canvas{pixels: planes(img, 3), frames: 1}, nil
}

// countWebP counts the frames of an animation: 0 for a still picture.
func countWebP(s source) (int, error) {
	frames := 0
	err := riffChunks(s, func(id string, at, size int64) error {
		if id == "ANMF" && frames < s.limits.Items {
			frames++
		}
		return nil
	})
	return frames, err
}

// webpFrames decodes the frames of an animation.
func webpFrames(s source) iter.Seq2[frame, error] {
	return func(yield func(frame, error) bool) {
		riffChunks(s, func(id string, at, size int64) error {
			if id != "ANMF" {
				return nil
			}
			f, err := webpFrame(s, at, size)
			if !yield(f, err) || err != nil {
				return errNoFrame // any error ends the walk
			}
			return nil
		})
	}
}

// webpFrame decodes the data of an ANMF chunk (WebP container specification).
func webpFrame(s source, at, size int64) (frame, error) {
	if size < 16 || size > maxChunk {
		return frame{}, errNoFrame
	}
	data := make([]byte, size)
	if _, err := s.in.ReadAt(data, at); err != nil {
		return frame{}, err
	}
	f := frame{x: 2 * int(uint24(data)), y: 2 * int(uint24(data[3:])), over: data[15]&2 == 0}
	if data[15]&1 != 0 {
		f.dispose = clearIt
	}
	file, err := loneFrame(data)
	if err != nil {
		return f, err
	}
	cfg, err := webp.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return f, err
	}
	if cfg.Width > s.config.Width || cfg.Height > s.config.Height {
		return f, errNoFrame
	}
	img, err := webp.Decode(bytes.NewReader(file))
	if err != nil {
		return f, err
	}
	f.pixels = planes(img, 4)
	return f, nil
}

// riffChunks calls fn with the name, place and length of each chunk of the file.
func riffChunks(s source, fn func(id string, at, size int64) error) error {
	var h [8]byte
	for at := int64(12); at+8 <= s.size; {
		if _, err := s.in.ReadAt(h[:], at); err != nil {
			return err
		}
		size := int64(binary.LittleEndian.Uint32(h[4:]))
		if at+8+size > s.size {
			return nil // the decoder will say that the file ends early
		}
		if err := fn(string(h[:4]), at+8, size); err != nil {
			return err
		}
		at += 8 + size + size%2
	}
	return nil
}

// loneFrame makes a still file of an ANMF chunk's data.
func loneFrame(data []byte) ([]byte, error) {
	w, h := data[6:9], data[9:12]
	var body []byte
	alpha := false
	for rest := data[16:]; len(rest) >= 8; {
		size := int64(binary.LittleEndian.Uint32(rest[4:8]))
		if 8+size > int64(len(rest)) {
			return nil, errNoFrame
		}
		chunk := rest[:8+size]
		rest = rest[min(8+size+size%2, int64(len(rest))):]
		switch id := string(chunk[:4]); id {
		case "ALPH":
			alpha = true
			body = appendChunk(body, chunk)
		case "VP8 ", "VP8L":
			body = appendChunk(body, chunk)
			if alpha && id == "VP8 " {
				x := append([]byte("VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"), w...)
				body = append(append(x, h...), body...)
			} else {
				body = appendChunk(nil, chunk)
			}
			file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
			return append(append(file, "WEBP"...), body...), nil
		}
	}
	return nil, errNoFrame
}

func appendChunk(to, chunk []byte) []byte {
	to = append(to, chunk...)
	if len(chunk)%2 == 1 {
		to = append(to, 0)
	}
	return to
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// planes turns what the WebP decoder returns into normal form. Its planes have
// the narrow range of ITU-R BT.601, which the standard library would take for
// the full range of JPEG.
func planes(img image.Image, channels int) pixels {
	switch m := img.(type) {
	case *image.YCbCr:
		return narrow(m, nil, 0, channels)
	case *image.NYCbCrA:
		return narrow(&m.YCbCr, m.A, m.AStride, channels)
	}
	return normal(img, channels)
}

// narrow converts as libwebp does: chroma by the weights 9, 3, 3, 1 of the four
// nearest values (dsp/upsampling.c) and the integer formula of dsp/yuv.h.
func narrow(m *image.YCbCr, alpha []byte, alphaStride, channels int) pixels {
	out := newPixels(m.Rect.Dx(), m.Rect.Dy(), channels)
	rows := (out.h + 1) / 2
	for y := range out.h {
		near, far := neighbours(y, rows)
		to := out.row(y)
		for x := range out.w {
			l := int32(m.Y[y*m.YStride+x])
			u, v := diamond(m.Cb, m.CStride, x, out.w, near, far), diamond(m.Cr, m.CStride, x, out.w, near, far)
			r, g, b := narrowRGB(l, u, v)
			a := byte(255)
			if alpha != nil {
				a = alpha[y*alphaStride+x]
			}
			out.set(to[x*channels:], r, g, b, a)
		}
	}
	if alpha != nil {
		out.findBox(func(x, y int) byte { return alpha[y*alphaStride+x] })
	}
	return out
}

// diamond returns the chroma of pixel x in a row between near and far. The
// roundings are those of the reference: two diagonal means, then a half of each.
func diamond(p []byte, stride, x, w, near, far int) int32 {
	n, f := p[near*stride:], p[far*stride:]
	col := (x + 1) / 2 // the right one of the two columns around x
	if x == 0 || (x == w-1 && w%2 == 0) {
		c := x / 2
		return (3*int32(n[c]) + int32(f[c]) + 2) >> 2
	}
	left, right := col-1, col
	if x%2 == 0 { // pixel 2c lies in column c, to the right of the gap
		left, right = x/2-1, x/2
	}
	nl, nr, fl, fr := int32(n[left]), int32(n[right]), int32(f[left]), int32(f[right])
	avg := nl + nr + fl + fr + 8
	if x%2 == 1 { // nearest is the left one
		return ((avg+2*(nr+fl))>>3 + nl) >> 1
	}
	return ((avg+2*(nl+fr))>>3 + nr) >> 1
}

func narrowRGB(y, u, v int32) (r, g, b byte) {
	scale := func(c, k int32) int32 { return c * k >> 8 }
	l := scale(y, 19077)
	return clip((l + scale(v, 26149) - 14234) >> 6),
		clip((l - scale(u, 6419) - scale(v, 13320) + 8708) >> 6),
		clip((l + scale(u, 33050) - 17685) >> 6)
}
