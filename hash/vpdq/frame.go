package vpdq

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"tutela/hash/pdq"
)

// Frame is one frame of a film that was hashed, by the pipeline pdq.Full.
type Frame struct {
	Number  int // of the film's frames, from 0; -1 where it is not known
	Quality int // 0 to 100
	Hash    pdq.Hash
	Seconds float64 // from the start of the film
}

// MaxFrames is how many frames of one film are read: 55 hours at one a second.
// Comparing two films that are as long, with no two frames alike, takes minutes.
const MaxFrames = 200_000

// Every returns which frames of a film are hashed: those whose number is a
// multiple of it. It is the rule of the reference (vpdq/cpp, vpdqHasher), at
// least 1; a rate that is not known counts as one frame a second.
func Every(secondsPerHash, framesPerSecond float64) int {
	n := secondsPerHash * framesPerSecond
	if !(n >= 1) {
		return 1
	}
	return int(min(n, 1<<30))
}

// Thin returns the frames of a film that a sparser sampling has: those whose
// number is a multiple of every.
func Thin(fs []Frame, every int) []Frame {
	var out []Frame
	for _, f := range fs {
		if f.Number >= 0 && f.Number%max(every, 1) == 0 {
			out = append(out, f)
		}
	}
	return out
}

// ErrStream says that a stream of frames is not in the form that was asked for.
var ErrStream = errors.New("vpdq: not a stream of frames")

// MaxPixels bounds a frame of a stream: 8192×4320 and the same upright.
const MaxPixels = 8192 * 4320

// Hasher hashes frames as they come. It is not safe for concurrent use.
type Hasher struct {
	pdq  *pdq.Hasher
	pix  []byte
	W, H int // sides of the last frame
}

// NewHasher returns a Hasher.
func NewHasher() *Hasher { return &Hasher{pdq: pdq.New()} }

// Next reads one frame and hashes it. The form is that of a binary PPM picture of
// 8 bits a channel ("P6", width, height, 255), red, green and blue row by row;
// a stream is any number of them, one after the other. io.EOF says that the
// stream ended after a whole frame; io.ErrUnexpectedEOF that it ended within one.
func (h *Hasher) Next(r io.Reader) (pdq.Hash, int, error) {
	w, height, err := header(r)
	if err != nil {
		return pdq.Hash{}, 0, err
	}
	h.W, h.H = w, height
	n := w * height * 3
	h.pix = slices.Grow(h.pix[:0], n)[:n]
	if _, err := io.ReadFull(r, h.pix); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return pdq.Hash{}, 0, err
	}
	return h.pdq.Hash(pdq.Image{W: w, H: height, Channels: 3, Pix: h.pix}, pdq.Full)
}

// Pixels returns those of the last frame; Next overwrites them.
func (h *Hasher) Pixels() []byte { return h.pix }

// header reads "P6", three numbers and the white space after each, byte by byte:
// r should be buffered.
func header(r io.Reader) (w, h int, err error) {
	var b [1]byte
	word := func() (string, error) {
		var s []byte
		for len(s) < 8 {
			if _, err := io.ReadFull(r, b[:]); err != nil {
				if len(s) > 0 {
					err = io.ErrUnexpectedEOF
				}
				return "", err
			}
			if b[0] == ' ' || b[0] == '\n' {
				return string(s), nil
			}
			s = append(s, b[0])
		}
		return "", ErrStream
	}
	magic, err := word()
	if err != nil {
		return 0, 0, err
	}
	var n [3]int
	for i := range n {
		s, err := word()
		if err != nil {
			return 0, 0, noEnd(err)
		}
		if n[i], err = whole(s); err != nil {
			return 0, 0, ErrStream
		}
	}
	if magic != "P6" || n[2] != 255 || n[0] < 1 || n[1] < 1 || n[0] > MaxPixels/n[1] {
		return 0, 0, fmt.Errorf("%w: %q, %d×%d of %d", ErrStream, magic, n[0], n[1], n[2])
	}
	return n[0], n[1], nil
}

func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// inOrder returns the frames that take part in a comparison, by time.
func inOrder(fs []Frame, minQuality int) []Frame {
	var out []Frame
	for _, f := range fs {
		if f.Quality >= minQuality {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Frame) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return out
}
