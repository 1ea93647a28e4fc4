package picture

import "image"

// What becomes of a frame's place once it was shown.
const (
	leave = iota
	clearIt
	restore
)

// frame is one picture of an animation and its place on the canvas.
type frame struct {
	pixels  // four channels, straight colour
	x, y    int
	over    bool // blended over what is there; otherwise it takes its place
	dispose int  // leave, clearIt, restore
	cut     bool // data are missing
}

func (f frame) place() image.Rectangle { return image.Rect(f.x, f.y, f.x+f.w, f.y+f.h) }

// stage is the canvas of an animation, transparent at first.
type stage struct {
	pixels
	saved  []byte          // before the last frame, if that one is to be undone
	clean  image.Rectangle // was cleared after the last frame: not blended with
	bounds image.Rectangle
	last   *frame
}

func newStage(w, h int) *stage {
	return &stage{pixels: newPixels(w, h, 4), bounds: image.Rect(0, 0, w, h)}
}

// show puts the next frame on the canvas, after what the last one left was
// disposed of. What lies outside of the canvas is cut off.
func (s *stage) show(f frame) {
	s.leaveLast()
	if f.dispose == restore {
		s.saved = append(s.saved[:0], s.pix...)
	}
	to := f.place().Intersect(s.bounds)
	n := 4 * to.Dx()
	for y := to.Min.Y; y < to.Max.Y; y++ {
		from := f.pix[((y-f.y)*f.w+to.Min.X-f.x)*4:][:n]
		on := s.pix[(y*s.w+to.Min.X)*4:][:n]
		if !f.over {
			copy(on, from)
			continue
		}
		for i := 0; i < n; i += 4 {
			fresh := (image.Point{to.Min.X + i/4, y}).In(s.clean)
			blend(on[i:i+4:i+4], from[i:i+4:i+4], fresh)
		}
	}
	f.pix = nil
	s.last = &f
}

// leaveLast does what the last frame wants done after it.
func (s *stage) leaveLast() {
	s.clean = image.Rectangle{}
	if s.last == nil {
		s.clean = s.bounds
		return
	}
	switch s.last.dispose {
	case clearIt:
		s.clean = s.last.place().Intersect(s.bounds)
		for y := s.clean.Min.Y; y < s.clean.Max.Y; y++ {
			clear(s.pix[(y*s.w+s.clean.Min.X)*4:][:4*s.clean.Dx()])
		}
	case restore:
		copy(s.pix, s.saved)
	}
}

// blend puts one pixel over another, both in straight colour, by the integer
// formula of libwebp (demux/anim_decode.c), whose rounding a digest of the pixels
// shows. On a fresh place the pixel stays as it is.
func blend(on, from []byte, fresh bool) {
	a := uint32(from[3])
	if a == 255 || fresh {
		copy(on, from)
		return
	}
	if a == 0 {
		return
	}
	under := uint32(on[3]) * (256 - a) >> 8
	scale := uint32(1<<24) / (a + under)
	for i := range 3 {
		on[i] = byte((uint32(from[i])*a + uint32(on[i])*under) * scale >> 24)
	}
	on[3] = byte(a + under)
}

// flattened composites straight colour on white.
func flattened(p pixels) pixels {
	out := newPixels(p.w, p.h, 3)
	for i := range p.w * p.h {
		c := p.pix[4*i : 4*i+4 : 4*i+4]
		out.set(out.pix[3*i:3*i+3:3*i+3], c[0], c[1], c[2], c[3])
	}
	out.findBox(func(x, y int) byte { return p.pix[(y*p.w+x)*4+3] })
	return out
}

// faint is the largest alpha that counts as nothing where the edge of a
// cut-out is looked for: a stray pixel must not widen it.
const faint = 16

// findBox sets the smallest box that holds all that can be seen. It reads alpha
// from the edges inwards, and only where something is transparent.
func (p *pixels) findBox(alpha func(x, y int) byte) {
	p.box = image.Rect(0, 0, p.w, p.h)
	if !p.transparent {
		return
	}
	row := func(y int) bool {
		for x := p.box.Min.X; x < p.box.Max.X; x++ {
			if alpha(x, y) > faint {
				return true
			}
		}
		return false
	}
	column := func(x int) bool {
		for y := p.box.Min.Y; y < p.box.Max.Y; y++ {
			if alpha(x, y) > faint {
				return true
			}
		}
		return false
	}
	for ; p.box.Min.Y < p.box.Max.Y && !row(p.box.Min.Y); p.box.Min.Y++ {
	}
	for ; p.box.Max.Y > p.box.Min.Y && !row(p.box.Max.Y-1); p.box.Max.Y-- {
	}
	for ; p.box.Min.X < p.box.Max.X && !column(p.box.Min.X); p.box.Min.X++ {
	}
	for ; p.box.Max.X > p.box.Min.X && !column(p.box.Max.X-1); p.box.Max.X-- {
	}
}
