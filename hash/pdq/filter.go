package pdq

// filter is the Jarosz filter of the reference (two times a box along the rows
// and a box along the columns, with running sums) followed by the choice of
// 64×64 values. It carries one band of rows at a time through the four boxes, so
// that it keeps some bands and never the picture; each sum sees the same numbers
// in the same order as in the reference. Where a box runs out of the picture it
// reads zeros, which change no sum. The second pair of boxes computes its means
// at the chosen places only: its sums never mix rows or columns.
type filter struct {
	x, y   box
	luma   []quad   // win zeros, one band of the picture, lag zeros
	ring   [][]quad // the latest bands after the first box along the rows
	sum    []float32
	tall   []quad // win zeros, one band after the first box along the columns
	across [blockSide]int
	down   [blockSide]int
	narrow [][]quad // the latest bands after the second box along the rows
	low    [blockSide]float32
	out    [blockSide]quad
	room   []quad // the memory of all the bands
}

// quad holds the values of one column in the four rows of a band. Four sums
// that do not wait for each other keep a processor busy.
type quad [4]float32

const bandRows = 4

// prepare sets everything for a picture of w×h, and the bands to zero.
func (f *filter) prepare(w, h int) {
	f.x, f.y = newBox(w), newBox(h)
	kept := (f.y.win+bandRows-1)/bandRows + 1
	need := f.x.win + w + f.x.lag + f.x.win + w + kept*(w+blockSide)
	if cap(f.room) < need {
		f.room = make([]quad, need)
	}
	room := f.room[:need]
	clear(room)
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
	f.sum = sized(f.sum, w)
	clear(f.sum)
	f.low = [blockSide]float32{}
	for i := range blockSide {
		f.across[i] = int((float64(i)+0.5)*float64(w)/blockSide) + f.x.lag + 1
		f.down[i] = int((float64(i)+0.5)*float64(h)/blockSide) + 2*f.y.lag
	}
}

func (f *filter) run(v *view, out *[blockSide][blockSide]float32) {
	f.prepare(v.w, v.h)
	next, factor := 0, f.y.mean/(f.x.unit*f.x.unit*f.y.unit*f.y.unit)
	for b := 0; next < blockSide; b++ {
		in := f.ring[b%len(f.ring)]
		if b*bandRows < v.h {
			v.band(b*bandRows, f.luma[f.x.win:][:v.w])
			f.x.along(in, f.luma)
		} else {
			clear(in)
		}
		f.first(b)
		f.second(b)
		for ; next < blockSide && f.down[next] < (b+1)*bandRows; next++ {
			r := f.down[next] % bandRows
			for c := range f.out {
				out[next][c] = scaled(f.out[c][r], factor)
			}
		}
	}
}

// leaving returns the four rows that leave the window while band b enters, each
// as a band and the row in it.
func (f *filter) leaving(ring [][]quad, b int) (bands [bandRows][]quad, rows [bandRows]int) {
	for r := range bands {
		y := b*bandRows + r - f.y.win + len(ring)*bandRows
		bands[r], rows[r] = ring[y/bandRows%len(ring)], y%bandRows
	}
	return bands, rows
}

// first is the first box along the columns on band b, and the second one along
// the rows.
func (f *filter) first(b int) {
	var scale [bandRows]float64
	steady := true
	for r := range scale {
		y := b*bandRows + r
		n := min(y+1, f.y.win, f.y.size+f.y.win-1-y)
		scale[r] = f.y.unit / float64(max(n, 1))
		steady = steady && scale[r] == 1
	}
	old, rows := f.leaving(f.ring, b)
	narrow := f.narrow[b%len(f.narrow)]
	if steady && rows[0] == 0 {
		f.steady(f.ring[b%len(f.ring)], old[0], narrow)
	} else {
		f.scaled(f.ring[b%len(f.ring)], &old, &rows, &scale, narrow)
	}
	if f.x.mean != 1 {
		for c := range narrow {
			for r, t := range narrow[c] {
				narrow[c][r] = scaled(t, f.x.mean)
			}
		}
	}
	for r := range min(bandRows, max(0, f.y.lag-b*bandRows)) {
		for c := range narrow {
			narrow[c][r] = 0
		}
	}
}

// steady: every window is whole, its rows lie as the band's, and means stay sums.
func (f *filter) steady(in, old, narrow []quad) {
	var t0, t1, t2, t3 float32
	from, win := 0, f.x.win
	for c, to := range f.across {
		in := in[from:to]
		old, sum := old[from:to][:len(in)], f.sum[from:to][:len(in)]
		gone, tall := f.tall[from:to][:len(in)], f.tall[from+win : to+win][:len(in)]
		for x := range in {
			i, o := &in[x], &old[x]
			s0 := sum[x] + i[0] - o[0]
			s1 := s0 + i[1] - o[1]
			s2 := s1 + i[2] - o[2]
			s3 := s2 + i[3] - o[3]
			sum[x] = s3
			l := &gone[x]
			t0 = t0 + s0 - l[0]
			t1 = t1 + s1 - l[1]
			t2 = t2 + s2 - l[2]
			t3 = t3 + s3 - l[3]
			n := &tall[x]
			n[0], n[1], n[2], n[3] = s0, s1, s2, s3
		}
		n := &narrow[c]
		n[0], n[1], n[2], n[3] = t0, t1, t2, t3
		from = to
	}
}

func (f *filter) scaled(in []quad, old *[bandRows][]quad, rows *[bandRows]int, scale *[bandRows]float64, narrow []quad) {
	var t0, t1, t2, t3 float32
	k0, k1, k2, k3 := scale[0], scale[1], scale[2], scale[3]
	r0, r1, r2, r3 := rows[0], rows[1], rows[2], rows[3]
	from, win := 0, f.x.win
	for c, to := range f.across {
		in := in[from:to]
		o0, o1, o2, o3 := old[0][from:to][:len(in)], old[1][from:to][:len(in)], old[2][from:to][:len(in)], old[3][from:to][:len(in)]
		sum := f.sum[from:to][:len(in)]
		gone, tall := f.tall[from:to][:len(in)], f.tall[from+win : to+win][:len(in)]
		for x := range in {
			i := &in[x]
			s0 := sum[x] + i[0] - o0[x][r0&3]
			s1 := s0 + i[1] - o1[x][r1&3]
			s2 := s1 + i[2] - o2[x][r2&3]
			s3 := s2 + i[3] - o3[x][r3&3]
			sum[x] = s3
			m0, m1, m2, m3 := scaled(s0, k0), scaled(s1, k1), scaled(s2, k2), scaled(s3, k3)
			l := &gone[x]
			t0 = t0 + m0 - l[0]
			t1 = t1 + m1 - l[1]
			t2 = t2 + m2 - l[2]
			t3 = t3 + m3 - l[3]
			n := &tall[x]
			n[0], n[1], n[2], n[3] = m0, m1, m2, m3
		}
		n := &narrow[c]
		n[0], n[1], n[2], n[3] = t0, t1, t2, t3
		from = to
	}
}

// second is the second box along the columns, on the chosen columns of band b.
func (f *filter) second(b int) {
	old, rows := f.leaving(f.narrow, b)
	in := (*[blockSide]quad)(f.narrow[b%len(f.narrow)])
	o0, o1, o2, o3 := (*[blockSide]quad)(old[0]), (*[blockSide]quad)(old[1]), (*[blockSide]quad)(old[2]), (*[blockSide]quad)(old[3])
	r0, r1, r2, r3 := rows[0]&3, rows[1]&3, rows[2]&3, rows[3]&3
	for c := range in {
		i := &in[c]
		s0 := f.low[c] + i[0] - o0[c][r0]
		s1 := s0 + i[1] - o1[c][r1]
		s2 := s1 + i[2] - o2[c][r2]
		s3 := s2 + i[3] - o3[c][r3]
		f.low[c] = s3
		o := &f.out[c]
		o[0], o[1], o[2], o[3] = s0, s1, s2, s3
	}
}
