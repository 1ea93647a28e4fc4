package pdq

import (
	"errors"
	"math"
	"slices"
)

// Pipeline says what happens to the picture before the filter.
type Pipeline string

// The two pipelines that lists are made with. They differ by up to 14 bits on
// pictures with a side above 512.
const (
	Ref512 Pipeline = "ref512" // the C++ tool: stretched to 512×512 by nearest neighbour when a side is above 512
	Full   Pipeline = "full"   // every pixel takes part
)

const (
	blockSide = 64  // side of the block that the cosine transform reads
	freqSide  = 16  // side of the block of frequencies that is kept
	refSide   = 512 // side above which Ref512 shrinks
	minSide   = 5   // pictures with a smaller side have the zero hash and quality 0
)

// ErrImage says that sides, channels and the length of the pixels do not agree.
var ErrImage = errors.New("pdq: sides, channels and pixels do not agree")

// Image is a decoded picture: Channels is 1 (grey) or 3 (red, green, blue), and
// Pix holds W*H*Channels bytes, row by row from the top, without padding.
type Image struct {
	W, H, Channels int
	Pix            []byte
}

func (m Image) valid() bool {
	return m.W > 0 && m.H > 0 && (m.Channels == 1 || m.Channels == 3) &&
		m.H <= len(m.Pix)/m.Channels/m.W && len(m.Pix) == m.W*m.H*m.Channels
}

// Hasher computes hashes and keeps its buffers, so that it allocates nothing
// once it has seen its largest picture. It is not safe for concurrent use.
type Hasher struct {
	dct    [freqSide / 4][blockSide]quad // element [i/4][k][i%4] is that of row i and column k
	block  [blockSide][blockSide]float32
	half   [freqSide][blockSide]float32
	freq   [freqSide * freqSide]float32
	turned [freqSide * freqSide]float32
	sorted [freqSide * freqSide]float32
	filter filter
	view   view
}

// New returns a Hasher.
func New() *Hasher {
	h := new(Hasher)
	h.view.weights.fill()
	scale := float32(math.Sqrt(2.0 / blockSide))
	for i := range freqSide {
		for k := range blockSide {
			c := math.Cos(math.Pi / 2 / blockSide * float64(i+1) * float64(2*k+1))
			h.dct[i/4][k][i%4] = float32(float64(scale) * c)
		}
	}
	return h
}

// Hash returns the hash and its quality, 0 to 100; below 50 the hash says little
// about the picture. A picture with a side below 5 has the zero hash and 0.
func (h *Hasher) Hash(m Image, p Pipeline) (Hash, int, error) {
	v := &h.view
	defer v.forget()
	if err := v.set(m, p); err != nil || v.w < minSide || v.h < minSide {
		return Hash{}, 0, err
	}
	if v.w == blockSide && v.h == blockSide {
		h.copyBlock()
	} else {
		h.filter.run(v, &h.block)
	}
	quality := h.quality()
	h.transform()
	return h.threshold(&h.freq), quality, nil
}

// copyBlock takes a picture of 64×64 as it is.
func (h *Hasher) copyBlock() {
	var band [blockSide]quad
	for y := 0; y < blockSide; y += bandRows {
		h.view.band(y, 0, blockSide, band[:])
		for x := range band {
			for r, v := range band[x] {
				h.block[y+r][x] = v
			}
		}
	}
}

// quality is the sum of the gradients of the block, each in whole percents of
// the range of a byte; 90 of them make one point, 100 points are the most.
func (h *Hasher) quality() int {
	step := func(u, v float32) int {
		d := int(float32(float32(u-v)*100) / 255)
		return max(d, -d)
	}
	sum := 0
	for y := range blockSide - 1 {
		for x := range blockSide {
			sum += step(h.block[y][x], h.block[y+1][x])
		}
	}
	for y := range blockSide {
		for x := range blockSide - 1 {
			sum += step(h.block[y][x], h.block[y][x+1])
		}
	}
	return min(sum/90, 100)
}

// transform computes the 16×16 block of frequencies 1 to 16 in both directions.
// Each sum runs over ascending k, starting at zero; four run side by side.
func (h *Hasher) transform() {
	for g := range h.dct {
		for j := range blockSide {
			var s0, s1, s2, s3 float32
			for k := range h.dct[g] {
				d, v := &h.dct[g][k], h.block[k][j]
				s0 += float32(d[0] * v)
				s1 += float32(d[1] * v)
				s2 += float32(d[2] * v)
				s3 += float32(d[3] * v)
			}
			h.half[4*g][j], h.half[4*g+1][j], h.half[4*g+2][j], h.half[4*g+3][j] = s0, s1, s2, s3
		}
	}
	for i := range h.half {
		for g := range h.dct {
			var s0, s1, s2, s3 float32
			for k, v := range h.half[i] {
				d := &h.dct[g][k]
				s0 += float32(v * d[0])
				s1 += float32(v * d[1])
				s2 += float32(v * d[2])
				s3 += float32(v * d[3])
			}
			f := h.freq[i*freqSide+4*g:][:4]
			f[0], f[1], f[2], f[3] = s0, s1, s2, s3
		}
	}
}

// threshold sets the bits of the frequencies above the lower median.
func (h *Hasher) threshold(f *[freqSide * freqSide]float32) Hash {
	h.sorted = *f
	slices.Sort(h.sorted[:])
	median := h.sorted[len(h.sorted)/2-1]
	var out Hash
	for n, v := range f {
		if v > median {
			out[3-n/64] |= 1 << (n % 64)
		}
	}
	return out
}
