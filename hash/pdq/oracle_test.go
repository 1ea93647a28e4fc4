package pdq_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tutela/hash/pdq"
	"tutela/hash/pdq/pdqtest"
)

// agree compares hash, quality, the values that they are made of, each to its
// last bit, and the eight turns with the plain algorithm. A hash alone would hide
// most slips: it says only which values are above the median.
func agree(t testing.TB, h *pdq.Hasher, m pdq.Image) {
	t.Helper()
	for _, p := range []pdq.Pipeline{pdq.Ref512, pdq.Full} {
		got, quality, err := h.Hash(m, p)
		block, freq := h.Values()
		want := pdqtest.Hash(m, p)
		if err != nil || got != want.Hash || quality != want.Quality {
			t.Errorf("%d×%d, %d channels, %s: got %v %d %v, want %v %d", m.W, m.H, m.Channels, p, got, quality, err, want.Hash, want.Quality)
		}
		if m.W >= 5 && m.H >= 5 && (block != want.Block || freq != [256]float32(slices.Concat(rows(&want.Freq)...))) {
			t.Errorf("%d×%d, %d channels, %s: values on the way differ", m.W, m.H, m.Channels, p)
		}
		if p == pdq.Ref512 && m.W <= 512 && m.H <= 512 {
			continue // the turns of both pipelines are the same
		}
		turns, quality, err := h.Dihedral(m, p)
		wantTurns, wantQuality := pdqtest.Dihedral(m, p)
		if err != nil || turns != wantTurns || quality != wantQuality {
			t.Errorf("%d×%d, %d channels, %s: turns %v %d %v, want %v %d", m.W, m.H, m.Channels, p, turns, quality, err, wantTurns, wantQuality)
		}
	}
}

func rows(freq *[16][16]float32) [][]float32 {
	var out [][]float32
	for i := range freq {
		out = append(out, freq[i][:])
	}
	return out
}

// TestAgainstOracle goes to every limit of the algorithm from both sides: the
// least side, the block, windows of one, two and four, and the side that shrinks.
func TestAgainstOracle(t *testing.T) {
	h := pdq.New()
	sides := [][2]int{{1, 1}, {1, 900}, {4, 5}, {5, 5}, {5, 300}, {63, 65}, {64, 64}, {64, 63}, {127, 129}, {128, 128}, {129, 128},
		{200, 256}, {257, 100}, {383, 385}, {384, 386}, {387, 389}, {410, 411}, {511, 512}, {512, 512}, {512, 513}, {513, 40}, {640, 385}, {1025, 31}, {31, 1025}, {1100, 900}}
	for n, s := range sides {
		for _, channels := range []int{1, 3} {
			agree(t, h, pdqtest.Picture(s[0], s[1], channels, uint32(n+1)))
		}
		agree(t, h, pdqtest.Noise(s[0], s[1], 3, uint32(n+1)))
	}
}

// TestAgainstOracleAtRandom takes the sides of every window up to nine, in no
// order, with one Hasher, so that what a larger picture left behind would show.
func TestAgainstOracleAtRandom(t *testing.T) {
	h, r, n := pdq.New(), rand.New(rand.NewPCG(1, 2)), 40
	if testing.Short() {
		n = 8
	}
	for i := range n {
		w, tall, channels := 1+r.IntN(1100), 1+r.IntN(900), 1+2*r.IntN(2)
		if i%2 == 0 {
			agree(t, h, pdqtest.Noise(w, tall, channels, r.Uint32()))
		} else {
			agree(t, h, pdqtest.Picture(w, tall, channels, uint32(r.IntN(1000))))
		}
	}
}

// TestWideWindows has windows up to 24, whole and broken ones of two, in both
// directions.
func TestWideWindows(t *testing.T) {
	h := pdq.New()
	for _, s := range [][2]int{{3000, 70}, {70, 3000}, {2048, 9}, {9, 2047}, {1921, 140}, {140, 1921}} {
		agree(t, h, pdqtest.Noise(s[0], s[1], 3, 77))
	}
}

func FuzzAgainstOracle(f *testing.F) {
	f.Add(uint16(64), uint16(64), true, []byte("seed"))
	f.Add(uint16(3), uint16(900), false, []byte{})
	f.Add(uint16(520), uint16(7), false, []byte{255, 0})
	f.Add(uint16(1099), uint16(899), true, []byte{1})
	h := pdq.New()
	f.Fuzz(func(t *testing.T, w, tall uint16, grey bool, noise []byte) {
		channels := 3
		if grey {
			channels = 1
		}
		m := pdqtest.Picture(int(w)%1100+1, int(tall)%900+1, channels, 9)
		for i, b := range noise {
			m.Pix[(i*7919)%len(m.Pix)] ^= b
		}
		agree(t, h, m)
	})
}
