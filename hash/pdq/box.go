package pdq

// box is the mean over a moving window in one direction. The window is a
// quarter of what one of the 64 values stands for, in whole pixels, rounded up;
// its result belongs to the place lag values behind the newest. At the ends the
// window is cut off and the sum divided by what is left of it.
//
// When the window is a power of two, means are kept as unit times their value,
// so that a whole window needs no division: such a factor changes no rounding.
type box struct {
	size, win, lag int
	unit           float64
	mean           float64 // what makes a whole window's sum its mean, in units
}

func newBox(size int) box {
	b := box{size: size, win: (size + 2*blockSide - 1) / (2 * blockSide), unit: 1}
	b.lag = b.win / 2
	if b.win&(b.win-1) == 0 {
		b.unit = float64(b.win)
	}
	b.mean = b.unit / float64(b.win)
	return b
}

// scaled returns a sum times unit/n, rounded as the quotient is: the product in
// float64 is much nearer to the quotient than any quotient of a float32 and a
// small whole number can be to the middle between two float32.
func scaled(sum float32, factor float64) float32 {
	return float32(float64(sum) * factor)
}

// along writes the means of each row of a band; in has win zeros in front of the
// values and lag zeros behind them.
func (b *box) along(out, in []quad) {
	var t quad
	lead, whole := b.lag, b.win-1
	var none [1]quad
	for x := range lead {
		sweep(none[:], in[b.win+x:], in[x:], &t, 1)
	}
	for x := lead; x < whole; x++ {
		sweep(out[x-lead:][:1], in[b.win+x:], in[x:], &t, b.unit/float64(x+1))
	}
	sweep(out[whole-lead:b.size-lead], in[b.win+whole:], in[whole:], &t, b.mean)
	for x := b.size; x < b.size+lead; x++ {
		sweep(out[x-lead:][:1], in[b.win+x:], in[x:], &t, b.unit/float64(b.win-(x-b.size+1)))
	}
}

// sweep carries the sums t of four rows over len(out) columns.
func sweep(out, in, left []quad, t *quad, factor float64) {
	t0, t1, t2, t3 := t[0], t[1], t[2], t[3]
	in, left = in[:len(out)], left[:len(out)]
	if factor == 1 {
		for x := range out {
			i, l, o := &in[x], &left[x], &out[x]
			t0 = t0 + i[0] - l[0]
			t1 = t1 + i[1] - l[1]
			t2 = t2 + i[2] - l[2]
			t3 = t3 + i[3] - l[3]
			o[0], o[1], o[2], o[3] = t0, t1, t2, t3
		}
	} else {
		for x := range out {
			i, l, o := &in[x], &left[x], &out[x]
			t0 = t0 + i[0] - l[0]
			t1 = t1 + i[1] - l[1]
			t2 = t2 + i[2] - l[2]
			t3 = t3 + i[3] - l[3]
			o[0], o[1], o[2], o[3] = scaled(t0, factor), scaled(t1, factor), scaled(t2, factor), scaled(t3, factor)
		}
	}
	t[0], t[1], t[2], t[3] = t0, t1, t2, t3
}

// sized returns a slice of n values, b's own memory if that is enough.
func sized(b []float32, n int) []float32 {
	if cap(b) < n {
		return make([]float32, n)
	}
	return b[:n]
}
