package pdq

// rows is the first box along the rows, on the band from row y on. It takes the
// picture in strips, so that luminance is still near when its sums are made.
func (f *filter) rows(v *view, y int, out []quad) {
	const strip = 128
	x, in, left := &f.x, f.luma[f.x.win:], f.luma
	var sums quad
	var none [1]quad
	v.band(y, 0, x.win, in)
	for i := range x.lag {
		sweep(none[:], in[i:], left[i:], &sums, 1)
	}
	for i := x.lag; i < x.win; i++ {
		sweep(out[i-x.lag:][:1], in[i:], left[i:], &sums, x.share(i+1))
	}
	i := x.win
	if x.win == 4 && v.packed(y) {
		i = f.rowsOfFour(v, y, out[i-x.lag:], &sums)
	}
	for i < x.size {
		to := min(i+strip, x.size)
		v.band(y, i, to, in[i:])
		sweep(out[i-x.lag:to-x.lag], in[i:], left[i:], &sums, x.whole)
		i = to
	}
	for i := x.size; i < x.size+x.lag; i++ {
		sweep(out[i-x.lag:][:1], in[i:], left[i:], &sums, x.share(x.win-(i-x.size+1)))
	}
}

// sweep carries the sums of four rows over len(out) columns: in comes into the
// windows, left leaves them.
func sweep(out, in, left []quad, sums *quad, share float32) {
	t0, t1, t2, t3 := sums[0], sums[1], sums[2], sums[3]
	in, left = in[:len(out)], left[:len(out)]
	if share == 1 {
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
			o[0], o[1], o[2], o[3] = t0/share, t1/share, t2/share, t3/share
		}
	}
	sums[0], sums[1], sums[2], sums[3] = t0, t1, t2, t3
}

// rowsOfFour does the work of band and sweep for the window of pictures near
// 512, in which the four values that will leave it stay in registers. It begins
// at column 4, leaves off at the column that it returns, and puts the values
// before that one back into the band.
func (f *filter) rowsOfFour(v *view, y int, out []quad, sums *quad) int {
	end := f.x.size &^ 3
	out = out[:end-4]
	first, last := (*[4]quad)(f.luma[4:]), (*[4]quad)(f.luma[end:])
	stride := 3 * v.w
	pix := v.m.Pix[y*stride:][:bandRows*stride]
	before := *first
	for r := 0; r < bandRows; r += 2 {
		v.weights.pair(out, r, pix[r*stride+12:][:3*(end-4)], pix[(r+1)*stride+12:][:3*(end-4)], &before, last, sums)
	}
	return end
}

// pair carries the sums of rows r and r+1 over len(out) columns, from the values
// of the four columns before to those of the last four.
func (w *weights) pair(out []quad, r int, p, q []byte, before, last *[4]quad, sums *quad) {
	r &= 2
	a0, a1, a2, a3 := before[0][r], before[1][r], before[2][r], before[3][r]
	b0, b1, b2, b3 := before[0][r+1], before[1][r+1], before[2][r+1], before[3][r+1]
	s, t := sums[r], sums[r+1]
	for len(out) >= 4 && len(p) >= 12 && len(q) >= 12 {
		o, c, d := (*[4]quad)(out), (*[12]byte)(p), (*[12]byte)(q)
		v, z := w.luma(c[0:3]), w.luma(d[0:3])
		s, t = s+v-a0, t+z-b0
		a0, b0 = v, z
		o[0][r], o[0][r+1] = s, t
		v, z = w.luma(c[3:6]), w.luma(d[3:6])
		s, t = s+v-a1, t+z-b1
		a1, b1 = v, z
		o[1][r], o[1][r+1] = s, t
		v, z = w.luma(c[6:9]), w.luma(d[6:9])
		s, t = s+v-a2, t+z-b2
		a2, b2 = v, z
		o[2][r], o[2][r+1] = s, t
		v, z = w.luma(c[9:12]), w.luma(d[9:12])
		s, t = s+v-a3, t+z-b3
		a3, b3 = v, z
		o[3][r], o[3][r+1] = s, t
		out, p, q = out[4:], p[12:], q[12:]
	}
	last[0][r], last[1][r], last[2][r], last[3][r] = a0, a1, a2, a3
	last[0][r+1], last[1][r+1], last[2][r+1], last[3][r+1] = b0, b1, b2, b3
	sums[r], sums[r+1] = s, t
}
