package pdq

// filter is the Jarosz filter of the reference (two times a box along the rows
// and a box along the columns, with running sums) followed by the choice of
// 64×64 values. It carries one band of four rows at a time through the four
// boxes, so that it keeps some bands and never the picture. Each sum sees the
// same numbers in the same order as in the reference; what is left out is used by
// nothing: the second pair of boxes computes its means at the chosen places only.
// Where a box runs out of the picture it reads zeros, which change no sum.
type filter struct {
	x, y     box
	luma     []quad         // win zeros, the band at hand, lag zeros
	ring     [][]quad       // the latest bands after the first box along the rows
	sums     []float32      // of the first box along the columns
	tall     []quad         // win zeros, one band after the first box along the columns
	across   [blockSide]int // where the second box along the rows has seen the window of a chosen column
	narrow   [][]quad       // the latest bands after the second box along the rows
	lastSums [blockSide]float32
	last     [blockSide]quad // one band after the second box along the columns
	down     [blockSide]int  // the row that, once read, completes a chosen row
	room     []quad          // the memory of all the bands
}

// quad holds the values of one column in the four rows of a band. Four sums
// that do not wait for each other keep a processor busy.
type quad [bandRows]float32

const bandRows = 4

// box is the mean over a moving window in one direction. The window is a
// quarter of what one of the 64 values stands for, in whole pixels, rounded up;
// its result belongs to the place lag values behind the newest. At the ends the
// window is cut off and the sum divided by what is left of it.
//
// When the window is a power of two, means are kept as unit times their value,
// so that a whole window needs no division: such a factor changes no rounding.
type box struct {
	size, win, lag int
	unit           float32
	whole          float32 // what the sum of a whole window is divided by
}

func newBox(size int) box {
	b := box{size: size, win: (size + 2*blockSide - 1) / (2 * blockSide), unit: 1}
	b.lag = b.win / 2
	if b.win&(b.win-1) == 0 {
		b.unit = float32(b.win)
	}
	b.whole = b.share(b.win)
	return b
}

// share is what the sum of n values is divided by.
func (b *box) share(n int) float32 { return float32(n) / b.unit }

// chosen is the place of one of the 64 values: the centre of what it stands for.
func (b *box) chosen(i int) int { return int((float64(i) + 0.5) * float64(b.size) / blockSide) }

// prepare sets everything for a picture of w×h, and all bands and sums to zero.
func (f *filter) prepare(w, h int) {
	f.x, f.y = newBox(w), newBox(h)
	kept := (f.y.win+bandRows-1)/bandRows + 1
	need := f.x.win + w + f.x.lag + f.x.win + w + kept*(w+blockSide)
	if cap(f.room) < need {
		f.room = make([]quad, need)
	}
	if cap(f.sums) < w {
		f.sums = make([]float32, w)
	}
	f.sums = f.sums[:w]
	room := f.room[:need]
	clear(room)
	clear(f.sums)
	clear(f.lastSums[:])
	take := func(n int) []quad {
		b := room[:n:n]
		room = room[n:]
		return b
	}
	f.luma, f.tall = take(f.x.win+w+f.x.lag), take(f.x.win+w)
	f.ring, f.narrow = f.ring[:0], f.narrow[:0]
	for range kept {
		f.ring, f.narrow = append(f.ring, take(w)), append(f.narrow, take(blockSide))
	}
	for i := range blockSide {
		f.across[i] = f.x.chosen(i) + f.x.lag + 1
		f.down[i] = f.y.chosen(i) + 2*f.y.lag
	}
}

// run filters a picture and writes the 64×64 values.
func (f *filter) run(v *view, out *[blockSide][blockSide]float32) {
	f.prepare(v.w, v.h)
	next, units := 0, f.x.unit*f.x.unit*f.y.unit*f.y.unit
	for b := 0; next < blockSide; b++ {
		if in := f.ring[b%len(f.ring)]; b*bandRows < v.h {
			f.rows(v, b*bandRows, in)
		} else {
			clear(in)
		}
		f.middle(b)
		f.columns(b)
		for ; next < blockSide && f.down[next] < (b+1)*bandRows; next++ {
			r := f.down[next] % bandRows
			for c := range f.last {
				out[next][c] = f.last[c][r] / (f.y.whole * units)
			}
		}
	}
}
