package pdq

// middle is the first box along the columns on band b, and the second one along
// the rows, which keeps what belongs to the chosen columns.
func (f *filter) middle(b int) {
	var share quad
	steady := true
	for r := range share {
		y := b*bandRows + r
		n := min(y+1, f.y.win, f.y.size+f.y.win-1-y)
		share[r] = f.y.share(max(n, 1))
		steady = steady && share[r] == 1
	}
	in, narrow := f.ring[b%len(f.ring)], f.narrow[b%len(f.narrow)]
	old, rows := f.leaving(f.ring, b)
	if steady && rows[0] == 0 {
		f.undivided(in, old[0], narrow)
	} else {
		f.divided(in, &old, &rows, &share, narrow)
	}
	if f.x.whole != 1 {
		for c := range narrow {
			for r := range narrow[c] {
				narrow[c][r] /= f.x.whole
			}
		}
	}
	for r := range min(bandRows, max(0, f.y.lag-b*bandRows)) { // above the picture
		for c := range narrow {
			narrow[c][r] = 0
		}
	}
}

// leaving returns the four rows that leave the windows while band b enters, each
// as a band and the row in it.
func (f *filter) leaving(ring [][]quad, b int) (bands [bandRows][]quad, rows [bandRows]int) {
	for r := range bands {
		y := b*bandRows + r - f.y.win + len(ring)*bandRows
		bands[r], rows[r] = ring[y/bandRows%len(ring)], y%bandRows
	}
	return bands, rows
}

// undivided is for a band whose windows are whole and need no division, and whose
// leaving rows are one band.
func (f *filter) undivided(in, old, narrow []quad) {
	var t0, t1, t2, t3 float32
	from, win := 0, f.x.win
	for c, to := range f.across {
		in := in[from:to]
		old, sums := old[from:to][:len(in)], f.sums[from:to][:len(in)]
		left, tall := f.tall[from:to][:len(in)], f.tall[from+win : to+win][:len(in)]
		for x := range in {
			i, o := &in[x], &old[x]
			s0 := sums[x] + i[0] - o[0]
			s1 := s0 + i[1] - o[1]
			s2 := s1 + i[2] - o[2]
			s3 := s2 + i[3] - o[3]
			sums[x] = s3
			l, m := &left[x], &tall[x]
			t0 = t0 + s0 - l[0]
			t1 = t1 + s1 - l[1]
			t2 = t2 + s2 - l[2]
			t3 = t3 + s3 - l[3]
			m[0], m[1], m[2], m[3] = s0, s1, s2, s3
		}
		n := &narrow[c]
		n[0], n[1], n[2], n[3] = t0, t1, t2, t3
		from = to
	}
}

// divided is for any band.
func (f *filter) divided(in []quad, old *[bandRows][]quad, rows *[bandRows]int, share *quad, narrow []quad) {
	var t0, t1, t2, t3 float32
	d0, d1, d2, d3 := share[0], share[1], share[2], share[3]
	r0, r1, r2, r3 := rows[0]&3, rows[1]&3, rows[2]&3, rows[3]&3
	from, win := 0, f.x.win
	for c, to := range f.across {
		in := in[from:to]
		o0, o1 := old[0][from:to][:len(in)], old[1][from:to][:len(in)]
		o2, o3 := old[2][from:to][:len(in)], old[3][from:to][:len(in)]
		sums := f.sums[from:to][:len(in)]
		left, tall := f.tall[from:to][:len(in)], f.tall[from+win : to+win][:len(in)]
		for x := range in {
			i := &in[x]
			s0 := sums[x] + i[0] - o0[x][r0]
			s1 := s0 + i[1] - o1[x][r1]
			s2 := s1 + i[2] - o2[x][r2]
			s3 := s2 + i[3] - o3[x][r3]
			sums[x] = s3
			m0, m1, m2, m3 := s0/d0, s1/d1, s2/d2, s3/d3
			l, m := &left[x], &tall[x]
			t0 = t0 + m0 - l[0]
			t1 = t1 + m1 - l[1]
			t2 = t2 + m2 - l[2]
			t3 = t3 + m3 - l[3]
			m[0], m[1], m[2], m[3] = m0, m1, m2, m3
		}
		n := &narrow[c]
		n[0], n[1], n[2], n[3] = t0, t1, t2, t3
		from = to
	}
}

// columns is the second box along the columns, on the chosen columns of band b.
func (f *filter) columns(b int) {
	old, rows := f.leaving(f.narrow, b)
	in := (*[blockSide]quad)(f.narrow[b%len(f.narrow)])
	o0, o1 := (*[blockSide]quad)(old[0]), (*[blockSide]quad)(old[1])
	o2, o3 := (*[blockSide]quad)(old[2]), (*[blockSide]quad)(old[3])
	r0, r1, r2, r3 := rows[0]&3, rows[1]&3, rows[2]&3, rows[3]&3
	for c := range in {
		i, o := &in[c], &f.last[c]
		s0 := f.lastSums[c] + i[0] - o0[c][r0]
		s1 := s0 + i[1] - o1[c][r1]
		s2 := s1 + i[2] - o2[c][r2]
		s3 := s2 + i[3] - o3[c][r3]
		f.lastSums[c] = s3
		o[0], o[1], o[2], o[3] = s0, s1, s2, s3
	}
}
