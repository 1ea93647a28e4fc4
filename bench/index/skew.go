package main

import (
	"fmt"
	"math/rand/v2"

	"tutela/hash/hamming"
)

// skewed measures lists of a million codes that crowd the tables, against looking
// at all codes: a search must not be much slower than that on any list. The index
// stores codes disguised, which spreads some of the crowds.
func skewed() error {
	const n, bound = 1_000_000, 2.0
	disguise := hamming.NewDisguise([]byte("bench"))
	for _, kind := range []struct {
		name, what string
		make       func(r *rand.Rand, before []hamming.Code) hamming.Code
	}{
		{"families", "half of the codes within 12 bits of others", func(r *rand.Rand, before []hamming.Code) hamming.Code {
			if len(before)%2 == 1 {
				return flipped(r, before[r.IntN(len(before))], r.IntN(13))
			}
			return random(r)
		}},
		{"correlated", "each bit like the one before with 9 in 10", func(r *rand.Rand, _ []hamming.Code) hamming.Code {
			var c hamming.Code
			last := uint64(r.IntN(2))
			for b := range 256 {
				if r.IntN(10) == 0 {
					last ^= 1
				}
				c[b/64] |= last << (b % 64)
			}
			return c
		}},
		{"half-equal", "the first 128 bits equal", func(r *rand.Rand, _ []hamming.Code) hamming.Code {
			return hamming.Code{1, 2, r.Uint64(), r.Uint64()}
		}},
		{"one-value", "all codes within 40 bits of one", func(r *rand.Rand, _ []hamming.Code) hamming.Code {
			return flipped(r, hamming.Code{}, r.IntN(41))
		}},
	} {
		r := rand.New(rand.NewPCG(n, 30))
		codes, ids := make([]hamming.Code, 0, n), make([]uint64, 0, n)
		for i := range n {
			codes, ids = append(codes, kind.make(r, codes)), append(ids, uint64(i))
		}
		hidden := make([]hamming.Code, n)
		for i, c := range codes {
			hidden[i] = disguise.Hide(c)
		}
		for how, codes := range map[string][]hamming.Code{"plain": codes, "disguised": hidden} {
			s, err := hamming.NewSegment(ids, codes)
			if err != nil {
				return err
			}
			indexed, scanned, scans := skewedTimes(s, codes, r)
			fmt.Printf("skew-%-10s %.3f ms a query, a scan %.3f ms (goal at most %.0f scans, %s), %d of 200 searches ended in one  [%s; %s]\n",
				kind.name, indexed*1e3, scanned*1e3, bound, verdict(indexed <= bound*scanned), scans, kind.what, how)
		}
	}
	return nil
}

// skewedTimes returns seconds of processor time for a query by the tables and by a
// scan, the median of parts.
func skewedTimes(s *hamming.Segment, codes []hamming.Code, r *rand.Rand) (indexed, scanned float64, scans int) {
	w := new(hamming.Work)
	flat := make([]uint64, 0, len(codes)*hamming.Words)
	for _, c := range codes {
		flat = append(flat, c[:]...)
	}
	var hits []hamming.Hit
	var a, b []float64
	for range 20 {
		var asked []hamming.Code
		for range 10 {
			asked = append(asked, flipped(r, codes[r.IntN(len(codes))], r.IntN(radius+1)))
		}
		a = append(a, timed(func() {
			for _, q := range asked {
				hits = s.Search(hits[:0], w, q, radius)
			}
		})/10)
		b = append(b, timed(func() {
			for _, q := range asked {
				hits = hamming.Search(hits[:0], flat, q, radius)
			}
		})/10)
	}
	return median(a), median(b), w.Scans()
}

func timed(fn func()) float64 {
	begun := cpu()
	fn()
	return (cpu() - begun).Seconds()
}

func random(r *rand.Rand) hamming.Code {
	return hamming.Code{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
}

// flipped returns the code with n bits changed.
func flipped(r *rand.Rand, c hamming.Code, n int) hamming.Code {
	for changed := (hamming.Code{}); n > 0; {
		b := r.IntN(256)
		if m := uint64(1) << (b % 64); changed[b/64]&m == 0 {
			changed[b/64] |= m
			c[b/64] ^= m
			n--
		}
	}
	return c
}
