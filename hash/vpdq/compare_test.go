package vpdq

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"tutela/hash/pdq"
)

func random(r *rand.Rand) pdq.Hash { return pdq.Hash{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()} }

func flip(r *rand.Rand, h pdq.Hash, n int) pdq.Hash {
	for _, bit := range r.Perm(pdq.Bits)[:n] {
		h[bit/64] ^= 1 << (bit % 64)
	}
	return h
}

// scenes makes a film at fps frames a second: scenes of about five seconds, in
// which a frame is move bits from the one before.
func scenes(r *rand.Rand, seconds, fps, move int) []Frame {
	var out []Frame
	var h pdq.Hash
	for n := range seconds * fps {
		if n%(5*fps) == 0 {
			h = random(r)
		}
		h = flip(r, h, move)
		out = append(out, Frame{n, 60 + r.IntN(40), h, float64(n) / float64(fps)})
	}
	return out
}

// cut takes frames out of a film, for another one that starts at zero.
func cut(r *rand.Rand, fs []Frame, from, to, noise int) []Frame {
	var out []Frame
	for i, f := range fs[from:to] {
		f.Number, f.Seconds, f.Hash = i, f.Seconds-fs[from].Seconds, flip(r, f.Hash, noise)
		out = append(out, f)
	}
	return out
}

// join puts films one after the other.
func join(fps int, films ...[]Frame) []Frame {
	var out []Frame
	for _, fs := range films {
		for _, f := range fs {
			f.Number, f.Seconds = len(out), float64(len(out))/float64(fps)
			out = append(out, f)
		}
	}
	return out
}

// plain compares every pair.
func plain(a, b []Frame, s Settings) (query, compared int) {
	met := map[int]bool{}
	for _, f := range a {
		hit := false
		for j, g := range b {
			if f.Quality >= s.MinQuality && g.Quality >= s.MinQuality && f.Hash.Distance(g.Hash) <= s.Distance {
				hit, met[j] = true, true
			}
		}
		if hit {
			query++
		}
	}
	return query, len(met)
}

func TestAgainstEveryPair(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		a := scenes(r, 20, 4, n%12)
		b := join(4, cut(r, a, 13, 40, n%36), scenes(r, 10, 4, n%20), cut(r, a, 50, 60, 28+n%6))
		for i := range a {
			a[i].Quality = r.IntN(100)
		}
		got := Compare(a, b, Reference())
		q, c := plain(a, b, Reference())
		if got.Query.Matched != q || got.Compared.Matched != c {
			t.Fatalf("film %d: %d and %d matched, every pair gives %d and %d", n, got.Query.Matched, got.Compared.Matched, q, c)
		}
		back := Compare(b, a, Reference())
		if !reflect.DeepEqual(back, Comparison{got.Compared, got.Query}) {
			t.Fatalf("film %d: the other way round it is not the same", n)
		}
	}
}

func TestShortClipInLongFilm(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	known := scenes(r, 60, 1, 4)
	long := join(1, scenes(r, 300, 1, 4), cut(r, known, 0, 60, 12), scenes(r, 240, 1, 4))
	c := Compare(long, known, Reference())
	if v := Standard().Judge(c); v != SameShare || c.Compared.Percent() != 100 || c.Query.Percent() != 10 {
		t.Errorf("%s: %.0f%% and %.0f%%", v, c.Query.Percent(), c.Compared.Percent())
	}
	if want := []Span{{300, 359, 60}}; !reflect.DeepEqual(c.Query.Spans, want) {
		t.Errorf("in the film: %v", c.Query.Spans)
	}
	if want := []Span{{0, 59, 60}}; !reflect.DeepEqual(c.Compared.Spans, want) {
		t.Errorf("in the clip: %v", c.Compared.Spans)
	}
}

func TestLongFilmInPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	known := scenes(r, 600, 1, 4)
	pieces := join(1, cut(r, known, 400, 420, 10), scenes(r, 30, 1, 4), cut(r, known, 100, 115, 10), scenes(r, 30, 1, 4))
	c := Compare(pieces, known, Reference())
	if v := Standard().Judge(c); v != SameRun {
		t.Errorf("%s: %.0f%% and %.0f%%", v, c.Query.Percent(), c.Compared.Percent())
	}
	if want := []Span{{0, 19, 20}, {50, 64, 15}}; !reflect.DeepEqual(c.Query.Spans, want) {
		t.Errorf("in the pieces: %v", c.Query.Spans)
	}
	if want := []Span{{100, 114, 15}, {400, 419, 20}}; !reflect.DeepEqual(c.Compared.Spans, want) {
		t.Errorf("in the known film: %v", c.Compared.Spans)
	}
}

// TestSpansGoOnOverNoise has every third frame out of reach, at 10 frames a second.
func TestSpansGoOnOverNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	known := scenes(r, 10, 10, 0)
	seen := cut(r, known, 0, 100, 5)
	for i := 1; i < len(seen); i += 3 {
		seen[i].Hash = random(r)
	}
	c := Compare(seen, known, Reference())
	if len(c.Query.Spans) != 1 || c.Query.Spans[0].Seconds() < 9.8 || c.Query.Matched != 67 {
		t.Errorf("%+v", c.Query)
	}
}

func TestJudge(t *testing.T) {
	side := func(frames, matched int, seconds float64) Side {
		s := Side{Frames: frames, Matched: matched}
		if matched > 0 {
			s.Spans = []Span{{1, 1 + seconds, matched}}
		}
		return s
	}
	for _, c := range []struct {
		name            string
		query, compared Side
		want            Verdict
	}{
		{"nothing", side(100, 0, 0), side(100, 0, 0), Unrelated},
		{"no frames at all", Side{}, Side{}, Unrelated},
		{"all of a short clip", side(3600, 8, 7), side(8, 8, 7), SameShare},
		{"all of a short query", side(8, 8, 7), side(3600, 8, 7), SameShare},
		{"at the limit", side(10, 8, 2), side(100, 8, 2), SameShare},
		{"below the limit", side(10, 7, 2), side(100, 7, 2), Promising},
		{"a still picture in a film", side(3600, 20, 19), side(1, 1, 0), Promising},
		{"six frames on end", side(3600, 6, 5), side(3600, 6, 5), SameRun},
		{"five frames on end", side(3600, 5, 4), side(3600, 5, 4), Promising},
		{"on end in one film only", side(3600, 9, 8), side(3600, 2, 1), Promising},
		{"one frame by chance", side(3600, 1, 0), side(3600, 1, 0), Unrelated},
		{"one frame of few", side(10, 1, 0), side(3600, 1, 0), Promising},
	} {
		if got := Standard().Judge(Comparison{c.query, c.compared}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if SameRun.Hit() != true || SameShare.Hit() != true || Promising.Hit() || Unrelated.Hit() {
		t.Error("what counts as a hit is wrong")
	}
}

// TestCost compares two hours of film with every frame.
func TestCost(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	r := rand.New(rand.NewPCG(9, 10))
	a, b := scenes(r, 3600, 25, 1), scenes(r, 3600, 25, 1)
	start := time.Now()
	c := Compare(a, b, Reference())
	took := time.Since(start)
	t.Logf("%d × %d frames in %v", len(a), len(b), took)
	if c.Query.Matched != 0 || took > 20*time.Second {
		t.Errorf("%d matched, %v", c.Query.Matched, took)
	}
}
