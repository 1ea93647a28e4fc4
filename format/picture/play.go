package picture

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"tutela/format"
)

// Bounds of animations.
const (
	MaxFrames  = 64      // frames that are shown of one file, evenly spread
	maxCanvas  = 1 << 24 // pixels of an animation's canvas
	maxPlayed  = 1 << 28 // pixels of all its canvases together: about 1,000 of 512×512, some ten seconds of WebP
	errorFrame = "frame %d: %w"
)

var errNothing = errors.New("no frame")

// firstOf composes the first frame on its canvas.
func firstOf(s source, frames iter.Seq2[frame, error]) (pixels, bool, error) {
	if err := stageFits(s); err != nil {
		return pixels{}, false, err
	}
	for f, err := range frames {
		if err != nil {
			return pixels{}, false, err
		}
		st := newStage(s.config.Width, s.config.Height)
		st.show(f)
		return flattened(st.pixels), f.cut, nil
	}
	return pixels{}, false, errNothing
}

func stageFits(s source) error {
	if int64(s.config.Width)*int64(s.config.Height) > maxCanvas {
		return fmt.Errorf("%w: an animation of %d×%d", errTooLarge, s.config.Width, s.config.Height)
	}
	return nil
}

// play decodes an animation and hands frames after the first to see, counted
// from 1: all, or MaxFrames of many. The findings say what was left out.
func play(in io.ReaderAt, size int64, limits format.Limits, first Picture, see func(n int, p Picture)) []format.Finding {
	limits = limits.OrDefault()
	c, ok := codecFor(readSome(in, 0, int(min(size, 16))))
	if !ok || c.pictures == nil || first.Frames < 2 {
		return nil
	}
	src := source{in: in, size: size, limits: limits}
	seen, done := 1, 0
	err := guarded(func() (err error) {
		if src.config, err = c.config(src.reader()); err != nil {
			return err
		}
		room := int64(maxPlayed)
		for picture, err := range c.pictures(src) {
			if err != nil {
				return err
			}
			if room -= int64(src.config.Width) * int64(src.config.Height); room < 0 {
				return nil
			}
			if done > 0 && chosen(done, first.Frames) {
				see(done, first.framed(picture()))
				seen++
			}
			done++
		}
		return nil
	})
	var out []format.Finding
	if err != nil {
		out = one(code(err), reason(fmt.Errorf(errorFrame, done, err)))
	}
	if seen < first.Frames {
		out = append(out, one(FramesLeft, fmt.Sprintf("%d of %d frames", seen, first.Frames))...)
	}
	return out
}

// composed puts frame after frame on a canvas. Each can be taken from it until
// the next one comes.
func composed(frames func(source) iter.Seq2[frame, error]) func(source) iter.Seq2[func() pixels, error] {
	return func(s source) iter.Seq2[func() pixels, error] {
		return func(yield func(func() pixels, error) bool) {
			if err := stageFits(s); err != nil {
				yield(nil, err)
				return
			}
			st := newStage(s.config.Width, s.config.Height)
			for f, err := range frames(s) {
				if err == nil {
					st.show(f)
				}
				if !yield(func() pixels { return flattened(st.pixels) }, err) || err != nil {
					return
				}
			}
		}
	}
}

// chosen picks MaxFrames of n frames, evenly spread, the first among them.
func chosen(i, n int) bool {
	return n <= MaxFrames || i*MaxFrames/n != (i-1)*MaxFrames/n
}

// framed is another frame of the same file.
func (p Picture) framed(c pixels) Picture {
	p.Width, p.Height, p.Channels, p.Pix, p.Transparent, p.box = c.w, c.h, c.channels, c.pix, c.transparent, c.box
	return p
}
