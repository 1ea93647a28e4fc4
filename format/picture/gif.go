package picture

import (
	"bufio"
	"compress/lzw"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
)

var errGIF = errors.New("gif: damaged")

// gifReader walks over the blocks of a GIF (GIF89a specification, CompuServe).
type gifReader struct {
	in      *bufio.Reader
	w, h    int
	palette []byte // global: red, green, blue of each
	control struct {
		dispose     int
		transparent int // index, or -1
	}
}

func gifConfig(r io.Reader) (image.Config, error) {
	g, err := newGIF(r)
	return image.Config{Width: g.w, Height: g.h}, err
}

func newGIF(r io.Reader) (gifReader, error) {
	g := gifReader{in: bufio.NewReader(r)}
	g.control.transparent = -1
	var b [13]byte
	if _, err := io.ReadFull(g.in, b[:]); err != nil {
		return g, fmt.Errorf("gif: header: %w", err)
	}
	g.w, g.h = int(b[6])|int(b[7])<<8, int(b[8])|int(b[9])<<8
	var err error
	g.palette, err = g.table(b[10])
	return g, err
}

// table reads the colours that a flags byte announces; nil where it does not.
func (g *gifReader) table(flags byte) ([]byte, error) {
	if flags&0x80 == 0 {
		return nil, nil
	}
	t := make([]byte, 3<<(flags&7+1))
	_, err := io.ReadFull(g.in, t)
	return t, err
}

// next goes to the next frame and returns its place, its flags and its colours;
// io.EOF where there is none. The data of the frame must be read or skipped.
func (g *gifReader) next() (at image.Rectangle, flags byte, palette []byte, err error) {
	for {
		kind, err := g.in.ReadByte()
		if err != nil {
			return at, 0, nil, io.EOF
		}
		switch kind {
		case 0x21:
			if err := g.extension(); err != nil {
				return at, 0, nil, io.EOF
			}
		case 0x2c:
			var b [9]byte
			if _, err := io.ReadFull(g.in, b[:]); err != nil {
				return at, 0, nil, io.EOF
			}
			le := func(i int) int { return int(b[i]) | int(b[i+1])<<8 }
			at = image.Rect(le(0), le(2), le(0)+le(4), le(2)+le(6))
			palette, err := g.table(b[8])
			if palette == nil {
				palette = g.palette
			}
			return at, b[8], palette, err
		case 0:
		default: // the trailer, or nonsense
			return at, 0, nil, io.EOF
		}
	}
}

// extension reads a graphic control, and skips any other.
func (g *gifReader) extension() error {
	label, err := g.in.ReadByte()
	if err != nil {
		return err
	}
	b := blocks{in: g.in}
	if label == 0xf9 {
		var c [4]byte
		if _, err := io.ReadFull(&b, c[:]); err == nil {
			g.control.dispose, g.control.transparent = leave, -1
			switch c[0] >> 2 & 7 {
			case 2:
				g.control.dispose = clearIt
			case 3:
				g.control.dispose = restore
			}
			if c[0]&1 != 0 {
				g.control.transparent = int(c[3])
			}
		}
	}
	_, err = io.Copy(io.Discard, &b)
	return err
}

// blocks reads data that is cut into blocks of up to 255 bytes.
type blocks struct {
	in   *bufio.Reader
	left int
	done bool
}

// ReadByte makes lzw read no further than it must.
func (b *blocks) ReadByte() (byte, error) {
	for b.left == 0 {
		if b.done {
			return 0, io.EOF
		}
		n, err := b.in.ReadByte()
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		b.left, b.done = int(n), n == 0
	}
	b.left--
	c, err := b.in.ReadByte()
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	return c, nil
}

// Read reads what one call can give.
func (b *blocks) Read(p []byte) (int, error) {
	for i := range p {
		c, err := b.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = c
	}
	return len(p), nil
}

// skip passes by a frame's data and reports whether all of it is there.
func (g *gifReader) skip() bool {
	if _, err := g.in.ReadByte(); err != nil {
		return false
	}
	_, err := io.Copy(io.Discard, &blocks{in: g.in})
	return err == nil
}

// indices decodes a frame's data. Of a frame that ends early, have says how
// many are there.
func (g *gifReader) indices(n int) (out []byte, have int, err error) {
	width, err := g.in.ReadByte()
	if err != nil || width < 1 || width > 8 {
		return nil, 0, errGIF
	}
	b := &blocks{in: g.in}
	z := lzw.NewReader(b, lzw.LSB, int(width))
	out = make([]byte, n)
	have, _ = io.ReadFull(z, out)
	z.Close()
	io.Copy(io.Discard, b)
	return out, have, nil
}

// draw makes straight colour of indices; what is missing stays transparent.
func (g *gifReader) draw(at image.Rectangle, flags byte, palette []byte) (frame, error) {
	f := frame{x: at.Min.X, y: at.Min.Y, over: true, dispose: g.control.dispose, pixels: newPixels(at.Dx(), at.Dy(), 4)}
	out, have, err := g.indices(f.w * f.h)
	if err != nil {
		return f, err
	}
	f.cut = have < len(out)
	row, y := 0, 0
	for ; row < f.h; row++ {
		if y = row; flags&0x40 != 0 {
			y = interlaced(row, f.h)
		}
		for x := range f.w {
			i := row*f.w + x
			if i >= have {
				break
			}
			if c := int(out[i]); c != g.control.transparent && 3*c+3 <= len(palette) {
				copy(f.pix[(y*f.w+x)*4:], palette[3*c:3*c+3])
				f.pix[(y*f.w+x)*4+3] = 255
			}
		}
	}
	g.control.dispose, g.control.transparent = leave, -1
	return f, nil
}

// interlaced returns where the n-th stored row of h belongs.
func interlaced(n, h int) int {
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		rows := (h - pass[0] + pass[1] - 1) / pass[1]
		if n < rows {
			return pass[0] + n*pass[1]
		}
		n -= rows
	}
	return 0
}

// decodeGIF composes the first frame on its canvas and counts the others.
func decodeGIF(s source) (canvas, error) {
	p, cut, err := firstOf(s, gifFrames(s))
	return canvas{pixels: p, frames: countGIF(s), truncated: cut}, err
}

// gifFrames decodes frame after frame.
func gifFrames(s source) iter.Seq2[frame, error] {
	return func(yield func(frame, error) bool) {
		g, err := newGIF(s.reader())
		if err != nil {
			yield(frame{}, err)
			return
		}
		for {
			at, flags, palette, err := g.next()
			if err == io.EOF {
				return
			}
			if err == nil {
				err = fits(at.Dx(), at.Dy(), s.limits)
			}
			var f frame
			if err == nil {
				f, err = g.draw(at, flags, palette)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// countGIF counts the frames without decoding any.
func countGIF(s source) int {
	g, err := newGIF(s.reader())
	n := 0
	for err == nil && n < s.limits.Items {
		if _, _, _, err = g.next(); err == nil {
			n++
			if !g.skip() {
				return n
			}
		}
	}
	return n
}
