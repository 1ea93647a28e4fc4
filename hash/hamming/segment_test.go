package hamming

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// segmentOf makes a segment with the given layout, whatever its size.
func segmentOf(t testing.TB, codes []Code, p plan) *Segment {
	t.Helper()
	ids := make([]uint64, len(codes))
	for i := range ids {
		ids[i] = uint64(i)
	}
	var b bytes.Buffer
	b.Grow(int(p.fileSize()))
	if err := writeSegment(&b, ids, codes, p); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSegment(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func random(r *rand.Rand) Code { return Code{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()} }

func randomCodes(r *rand.Rand, n int) []Code {
	codes := make([]Code, n)
	for i := range codes {
		codes[i] = random(r)
	}
	return codes
}

// flipped returns the code with exactly n bits changed.
func flipped(r *rand.Rand, c Code, n int) Code {
	out := c
	for Distance(c, out) < n {
		b := r.IntN(256)
		out[b/64] = out[b/64]&^(1<<(b%64)) | (c[b/64]^1<<(b%64))&(1<<(b%64))
	}
	return out
}

func sorted(hits []Hit) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(a.Index, b.Index) })
	return hits
}

// set is a kind of list that a search could get wrong.
type set struct {
	name  string
	codes func(r *rand.Rand, n int) []Code
}

// with returns the code with slot s set to a value.
func with(c Code, s int, value uint32) Code {
	for b := range slotWidth(s) {
		at := slotStart(s) + b
		c[at/64] = c[at/64]&^(1<<(at%64)) | uint64(value>>b&1)<<(at%64)
	}
	return c
}

func sets() []set {
	fill := func(one func(r *rand.Rand, i int) Code) func(*rand.Rand, int) []Code {
		return func(r *rand.Rand, n int) []Code {
			codes := make([]Code, n)
			for i := range codes {
				codes[i] = one(r, i)
			}
			return codes
		}
	}
	return []set{
		{"random", randomCodes},
		{"clustered", func(r *rand.Rand, n int) []Code {
			centres := randomCodes(r, 1+n/300)
			return fill(func(r *rand.Rand, i int) Code {
				return flipped(r, centres[r.IntN(len(centres))], r.IntN(40))
			})(r, n)
		}},
		{"low entropy", func(r *rand.Rand, n int) []Code {
			few := randomCodes(r, 3)
			return fill(func(r *rand.Rand, i int) Code {
				c := random(r)
				for s := range slots - 2 {
					c = with(c, s, slotOf(&few[r.IntN(len(few))], s))
				}
				return c
			})(r, n)
		}},
		{"one slot equal", fill(func(r *rand.Rand, i int) Code { return with(random(r), 4, 77) })},
		{"all slots but one equal", fill(func(r *rand.Rand, i int) Code {
			return with(Code{1, 2, 3, 4}, i%slots, uint32(r.Uint64()))
		})},
		{"all equal", fill(func(*rand.Rand, int) Code { return Code{5, 6, 7, 8} })},
		{"sparse bits", fill(func(r *rand.Rand, i int) Code { return flipped(r, Code{}, r.IntN(24)) })},
		{"three in each slot", fill(func(r *rand.Rand, i int) Code {
			// 33 bits off in the way that only just escapes every slot.
			c := Code{}
			for s := range slots {
				c = with(c, s, 7<<r.IntN(20))
			}
			return c
		})},
	}
}

// TestSegmentEqualsBruteForce is the promise of the package.
func TestSegmentEqualsBruteForce(t *testing.T) {
	w := new(Work)
	for _, kind := range sets() {
		t.Run(kind.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 9))
			for round := range 6 {
				codes := kind.codes(r, []int{1, 2, 300, 2000, 20_000, 20_000}[round])
				shift := []uint{8, 5, 6, 8, 8, 7}[round]
				s := segmentOf(t, codes, plan{n: int64(len(codes)), tables: true, shift: shift})
				for range 30 {
					q := flipped(r, codes[r.IntN(len(codes))], r.IntN(36))
					if r.IntN(8) == 0 {
						q = random(r)
					}
					for _, radius := range []int{r.IntN(MaxRadius), 31, 32} {
						want := Search(nil, s.words, q, radius)
						if got := sorted(s.Search(nil, w, q, radius)); !slices.Equal(got, want) {
							t.Fatalf("%d codes, shift %d, radius %d: %d hits, want %d", len(codes), shift, radius, len(got), len(want))
						}
					}
				}
			}
		})
	}
}

// TestTablesAloneFindAll takes the way out to a scan away: what the tables lead to
// must be enough, also where it would not be used.
func TestTablesAloneFindAll(t *testing.T) {
	w := new(Work)
	for _, kind := range sets() {
		r := rand.New(rand.NewPCG(3, 4))
		codes := kind.codes(r, 3000)
		s := segmentOf(t, codes, plan{n: 3000, tables: true, shift: 8})
		for radius := range MaxRadius + 1 {
			for range 4 {
				q := quest{code: flipped(r, codes[r.IntN(3000)], r.IntN(radius+2)), radius: radius}
				s.gather(w, &q)
				var hits []Hit
				for i := range slots {
					if q.allow[i] >= 0 {
						hits = s.confirm(hits, s.scan(w, nil, &q, i), &q, i)
					}
				}
				if want := Search(nil, s.words, q.code, radius); !slices.Equal(sorted(hits), want) {
					t.Fatalf("%s, radius %d: %d hits, want %d", kind.name, radius, len(hits), len(want))
				}
			}
		}
	}
}

// TestEveryPlanFindsEverySplit tries, for each radius, every way the slots can
// share it against random ways to split the distance over the slots.
func TestEveryPlanFindsEverySplit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := new(Work)
	for radius := range MaxRadius + 1 {
		for range 4 {
			target := random(r)
			q := flipped(r, target, radius)
			s := segmentOf(t, []Code{target}, plan{n: 1, tables: true, shift: 8})
			x := quest{code: q, radius: radius}
			s.gather(w, &x)
			base, rem := share(radius)
			var cost [slots]int
			for i, c := range r.Perm(slots) {
				cost[i] = c
			}
			x.settle(base, rem, &cost)
			sum := 0
			var hits []Hit
			for i, t := range x.allow {
				sum += t
				if t >= 0 {
					hits = s.confirm(hits, s.scan(w, nil, &x, i), &x, i)
				}
			}
			if sum != radius-10 || !slices.Equal(hits, []Hit{{0, radius}}) {
				t.Fatalf("radius %d shared as %v (sum %d): %v", radius, x.allow, sum, hits)
			}
		}
	}
}

func TestRadiusEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	codes := randomCodes(r, 500)
	s := segmentOf(t, codes, plan{n: 500, tables: true, shift: 5})
	w := new(Work)
	if got := s.Search([]Hit{{9, 9}}, w, codes[0], -1); len(got) != 1 {
		t.Errorf("negative radius: %v", got)
	}
	for _, radius := range []int{33, 100, 256} {
		q := flipped(r, codes[3], radius)
		if got, want := sorted(s.Search(nil, w, q, radius)), Search(nil, s.words, q, radius); !slices.Equal(got, want) {
			t.Errorf("radius %d: %d hits, want %d", radius, len(got), len(want))
		}
	}
	if got := s.Search([]Hit{{9, 9}}, w, codes[7], 0); !slices.Equal(got, []Hit{{9, 9}, {7, 0}}) {
		t.Errorf("hits were not appended: %v", got)
	}
	empty := segmentOf(t, nil, plan{tables: true, shift: 7})
	if got := empty.Search(nil, w, codes[0], 32); len(got) != 0 {
		t.Errorf("nothing stored, found %v", got)
	}
}

// TestSkewEndsInAScan shows that crowded tables are left in time, and that random
// ones are not.
func TestSkewEndsInAScan(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, c := range []struct {
		kind  int
		scans bool
	}{{0, false}, {2, true}, {5, true}} {
		codes := sets()[c.kind].codes(r, 60_000)
		s, w := segmentOf(t, codes, planFor(len(codes))), new(Work)
		for range 50 {
			s.Search(nil, w, flipped(r, codes[r.IntN(len(codes))], 20), 31)
		}
		if (w.Scans() > 25) != c.scans {
			t.Errorf("%s: %d of 50 searches looked at all codes", sets()[c.kind].name, w.Scans())
		}
	}
}

func TestSearchAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	codes := randomCodes(r, 50_000)
	s, w := segmentOf(t, codes, planFor(50_000)), new(Work)
	hits := s.Search(nil, w, codes[0], 31)
	if n := testing.AllocsPerRun(100, func() { hits = s.Search(hits[:0], w, codes[0], 31) }); n != 0 {
		t.Errorf("%v allocations a search", n)
	}
}

func TestConformanceSegment(t *testing.T) {
	stored, needles, want := conformance(t)
	codes := make([]Code, len(stored)/Words)
	for i := range codes {
		codes[i] = Code(stored[i*Words:])
	}
	for _, shift := range []uint{4, 8} {
		s, w := segmentOf(t, codes, plan{n: int64(len(codes)), tables: true, shift: shift}), new(Work)
		near, edge := 0, 0
		for n, q := range needles {
			for _, hit := range s.Search(nil, w, q, 32) {
				if d, ok := want[[2]int{n, hit.Index}]; !ok || d != hit.Distance {
					t.Errorf("needle %d, hash %d: distance %d, want %d (%v)", n, hit.Index, hit.Distance, d, ok)
				}
				if hit.Distance == 32 {
					edge++
				} else {
					near++
				}
			}
		}
		if near != 1546 || edge != 41 {
			t.Errorf("shift %d: %d pairs within 31 and %d at 32, want 1546 and 41", shift, near, edge)
		}
	}
}

func BenchmarkSegment(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			codes := randomCodes(r, n)
			s, w := segmentOf(b, codes, planFor(n)), new(Work)
			var hits []Hit
			b.ReportAllocs()
			for b.Loop() {
				hits = s.Search(hits[:0], w, flipped(r, codes[r.IntN(n)], 31), 31)
				if len(hits) != 1 {
					b.Fatalf("%d hits", len(hits))
				}
			}
		})
	}
}
