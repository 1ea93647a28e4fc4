package vpdq

import (
	"slices"

	"tutela/hash/pdq"
)

// Settings of a comparison. The zero value is not useful; see Reference.
type Settings struct {
	Distance   int     // most bits between two frames that count as the same
	MinQuality int     // frames below it take no part
	Gap        float64 // seconds: matched frames that are not farther apart belong to one span
}

// Reference returns the settings that vpdq/README.md recommends. (Its tools
// differ by one bit: matchTwoHash.cpp wants less than 31, the Python tool at most
// 31, which is ours.) Gap is ours: within a second of a film one matched frame
// mends what noise has done to its neighbours.
func Reference() Settings { return Settings{Distance: 31, MinQuality: 50, Gap: 1} }

// Comparison is what two films have in common.
type Comparison struct {
	Query, Compared Side
}

// Side is one film of a comparison.
type Side struct {
	Frames  int // that took part
	Matched int // of them, that have a partner in the other film
	Spans   []Span
}

// Span is a stretch of matched frames.
type Span struct {
	From, To float64 // seconds of the first and of the last frame
	Frames   int     // matched in it
}

// Seconds is how long the span is, from the first frame to the last.
func (s Span) Seconds() float64 { return s.To - s.From }

// Percent is the share of matched frames, 0 to 100.
func (s Side) Percent() float64 {
	if s.Frames == 0 {
		return 0
	}
	return 100 * float64(s.Matched) / float64(s.Frames)
}

// Longest returns the length of the longest span in seconds.
func (s Side) Longest() float64 {
	var most float64
	for _, p := range s.Spans {
		most = max(most, p.Seconds())
	}
	return most
}

// Compare compares two films as the reference does: as sets, each frame with
// every frame. Where films are sampled more sparsely than Settings.Gap, a span
// ends at the first frame without a partner.
//
// The result is exact, but most pairs are never looked at: neighbours in a film
// are alike, so they are gathered in groups within a radius of their first frame,
// and two groups that are farther apart than both radii allow hold no pair.
func Compare(query, compared []Frame, s Settings) Comparison {
	a, b := newFilm(query, s), newFilm(compared, s)
	for i := range a.groups {
		for j := range b.groups {
			a.meet(b, a.groups[i], b.groups[j], s.Distance)
		}
	}
	return Comparison{a.side(s.Gap), b.side(s.Gap)}
}

// film is one side under way.
type film struct {
	frames  []Frame // by time
	matched []bool
	groups  []group
}

// group is a run of frames that are at most radius bits from its first one.
type group struct{ from, to, radius int }

// groupRadius keeps groups of unrelated films, which are some 128 bits apart, far
// beyond what a pair can bridge.
const groupRadius = 24

func newFilm(fs []Frame, s Settings) *film {
	f := &film{frames: inOrder(fs, s.MinQuality)}
	f.matched = make([]bool, len(f.frames))
	for i := range f.frames {
		if n := len(f.groups); n > 0 {
			g := &f.groups[n-1]
			if d := f.hash(g.from).Distance(f.hash(i)); d <= groupRadius {
				g.to, g.radius = i+1, max(g.radius, d)
				continue
			}
		}
		f.groups = append(f.groups, group{i, i + 1, 0})
	}
	return f
}

func (f *film) hash(i int) pdq.Hash { return f.frames[i].Hash }

// meet marks the frames of two groups that have a partner in the other one.
func (f *film) meet(o *film, g, h group, distance int) {
	d := f.hash(g.from).Distance(o.hash(h.from))
	if d > distance+g.radius+h.radius {
		return
	}
	all := d+g.radius+h.radius <= distance
	for i := g.from; i < g.to; i++ {
		for j := h.from; j < h.to; j++ {
			if f.matched[i] && o.matched[j] {
				continue
			}
			if all || f.hash(i).Distance(o.hash(j)) <= distance {
				f.matched[i], o.matched[j] = true, true
			}
		}
	}
}

func (f *film) side(gap float64) Side {
	s := Side{Frames: len(f.frames)}
	gap = max(gap, 1.5*f.step())
	for i, m := range f.matched {
		if !m {
			continue
		}
		s.Matched++
		at := f.frames[i].Seconds
		if n := len(s.Spans); n > 0 && at-s.Spans[n-1].To <= gap {
			s.Spans[n-1].To = at
			s.Spans[n-1].Frames++
			continue
		}
		s.Spans = append(s.Spans, Span{at, at, 1})
	}
	return s
}

// step is the time between two frames, as most of them have it.
func (f *film) step() float64 {
	if len(f.frames) < 2 {
		return 0
	}
	steps := make([]float64, len(f.frames)-1)
	for i := range steps {
		steps[i] = f.frames[i+1].Seconds - f.frames[i].Seconds
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}
