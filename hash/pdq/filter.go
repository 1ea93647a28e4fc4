package pdq

// view is a picture as a pipeline sees it: w×h, each row made of luminance.
type view struct {
	m       Image
	w, h    int
	shrunk  bool
	columns [refSide]int // source columns when shrunk
}

func newView(m Image, p Pipeline) (view, error) {
	if !m.valid() || (p != Ref512 && p != Full) {
		return view{}, ErrImage
	}
	v := view{m: m, w: m.W, h: m.H}
	if p == Ref512 && (m.W > refSide || m.H > refSide) {
		v.w, v.h, v.shrunk = refSide, refSide, true
		for i := range v.columns {
			v.columns[i] = i * m.W / refSide
		}
	}
	return v, nil
}

// luma writes row y as 0.299 R + 0.587 G + 0.114 B, or grey as it is.
func (v *view) luma(y int, out []float32) {
	if v.shrunk {
		v.lumaShrunk(y*v.m.H/refSide, out)
		return
	}
	if v.m.Channels == 1 {
		for x, g := range v.m.Pix[y*v.w:][:v.w] {
			out[x] = float32(g)
		}
		return
	}
	row := v.m.Pix[y*v.w*3:][:v.w*3]
	for x := range out[:v.w] {
		p := row[x*3 : x*3+3 : x*3+3]
		out[x] = luma(p[0], p[1], p[2])
	}
}

func (v *view) lumaShrunk(y int, out []float32) {
	n := v.m.Channels
	row := v.m.Pix[y*v.m.W*n:][:v.m.W*n]
	for i, x := range v.columns {
		if n == 1 {
			out[i] = float32(row[x])
		} else {
			out[i] = luma(row[x*3], row[x*3+1], row[x*3+2])
		}
	}
}

func luma(r, g, b byte) float32 {
	return float32(float32(float32(0.299)*float32(r))+float32(float32(0.587)*float32(g))) + float32(float32(0.114)*float32(b))
}

// filter is the Jarosz filter of the reference (two times a box along the rows
// and a box along the columns, with running sums) followed by the choice of
// 64×64 values. It carries one row at a time through the four boxes, so that it
// keeps some rows and never the picture; each sum sees the same numbers in the
// same order as in the reference. The last box runs over the 64 chosen columns
// only, because its sums never mix columns.
type filter struct {
	in, mid []float32
	first   columnBox
	second  columnBox
	narrow  [blockSide]float32
}

// window is the width of the box for a side: a quarter of what one of the 64
// values stands for, in whole pixels, rounded up.
func window(side int) int { return (side + 2*blockSide - 1) / (2 * blockSide) }

func (f *filter) run(v view, out *[blockSide][blockSide]float32) {
	f.in, f.mid = sized(f.in, v.w), sized(f.mid, v.w)
	f.first.reset(v.w, v.h)
	f.second.reset(blockSide, v.h)
	across := window(v.w)
	var chosen [blockSide]int
	for i := range chosen {
		chosen[i] = int((float64(i) + 0.5) * float64(v.w) / blockSide)
	}
	next := 0
	deliver := func(y int, row []float32) {
		for next < blockSide && int((float64(next)+0.5)*float64(v.h)/blockSide) == y {
			copy(out[next][:], row)
			next++
		}
	}
	y := 0
	middle := func(_ int, row []float32) {
		boxRow(row, f.mid, across)
		for i, x := range chosen {
			f.narrow[i] = f.mid[x]
		}
		f.second.push(f.narrow[:], deliver)
	}
	for ; y < v.h; y++ {
		v.luma(y, f.in)
		boxRow(f.in, f.mid, across)
		f.first.push(f.mid, middle)
	}
	f.first.finish(middle)
	f.second.finish(deliver)
}

// sized returns a slice of n values, b's own memory if that is enough.
func sized(b []float32, n int) []float32 {
	if cap(b) < n {
		return make([]float32, n)
	}
	return b[:n]
}

// boxRow writes the mean of the window around each value; at the ends the
// window is cut off and the sum divided by what is left of it.
func boxRow(in, out []float32, win int) {
	half := (win + 2) / 2
	var sum, n float32
	for _, v := range in[:half-1] {
		sum += v
		n++
	}
	r, o := half-1, 0
	for ; r < win; r, o = r+1, o+1 {
		sum += in[r]
		n++
		out[o] = sum / n
	}
	if r < len(in) {
		right, to := in[r:], out[o:]
		left := in[:len(right)]
		if exact := 1 / n; win&(win-1) == 0 { // a power of two: the product is the quotient
			for i, v := range right {
				sum += v
				sum -= left[i]
				to[i] = float32(sum * exact)
			}
		} else {
			for i, v := range right {
				sum += v
				sum -= left[i]
				to[i] = sum / n
			}
		}
	}
	for o = len(in) - (half - 1); o < len(in); o++ {
		sum -= in[o-(win-half)-1]
		n--
		out[o] = sum / n
	}
}

// columnBox is boxRow for columns: rows go in, filtered rows come out half a
// window later. It keeps as many rows as the window is high.
type columnBox struct {
	width, height, win int
	half               int
	kept               []float32 // the last win rows, as a ring
	sum, out           []float32
	in, written        int
	n                  float32
}

func (c *columnBox) reset(width, height int) {
	c.width, c.height, c.win = width, height, window(height)
	c.half = (c.win + 2) / 2
	c.kept = sized(c.kept, width*c.win)
	c.sum, c.out = sized(c.sum, width), sized(c.out, width)
	clear(c.sum)
	c.in, c.written, c.n = 0, 0, 0
}

func (c *columnBox) push(row []float32, emit func(int, []float32)) {
	slot := c.kept[(c.in%c.win)*c.width:][:c.width]
	sum := c.sum[:c.width]
	if c.in < c.win {
		for x, v := range row[:c.width] {
			sum[x] += v
			slot[x] = v
		}
		c.n++
	} else {
		for x, v := range row[:c.width] {
			s := sum[x] + v
			sum[x] = s - slot[x]
			slot[x] = v
		}
	}
	c.in++
	if c.in >= c.half {
		c.write(emit)
	}
}

// finish writes the rows whose window is cut off by the lower edge.
func (c *columnBox) finish(emit func(int, []float32)) {
	for c.written < c.height {
		oldest := c.written - (c.win - c.half) - 1
		slot := c.kept[(oldest%c.win)*c.width:][:c.width]
		for x, v := range slot {
			c.sum[x] -= v
		}
		c.n--
		c.write(emit)
	}
}

func (c *columnBox) write(emit func(int, []float32)) {
	if w := int(c.n); w&(w-1) == 0 {
		exact := 1 / c.n
		for x, s := range c.sum[:c.width] {
			c.out[x] = float32(s * exact)
		}
	} else {
		for x, s := range c.sum[:c.width] {
			c.out[x] = s / c.n
		}
	}
	c.written++
	emit(c.written-1, c.out[:c.width])
}
