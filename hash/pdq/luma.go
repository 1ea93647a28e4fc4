package pdq

// view is a picture as a pipeline sees it: w×h, each row made of luminance.
type view struct {
	m       Image
	w, h    int
	shrunk  bool
	columns [refSide]int // where the chosen pixels of a row begin, when shrunk
	weights weights
}

// weights holds the products of the three colours' shares and every byte.
type weights struct{ r, g, b, grey [256]float32 }

// fill computes the products. A picture's luminance is then sums only, which no
// compiler can fuse with a product.
func (w *weights) fill() {
	for v := range w.grey {
		f := float32(v)
		w.r[v], w.g[v], w.b[v] = float32(float32(0.299)*f), float32(float32(0.587)*f), float32(float32(0.114)*f)
		w.grey[v] = f
	}
}

// set chooses picture and pipeline.
func (v *view) set(m Image, p Pipeline) error {
	if !m.valid() || (p != Ref512 && p != Full) {
		return ErrImage
	}
	v.m, v.w, v.h, v.shrunk = m, m.W, m.H, p == Ref512 && (m.W > refSide || m.H > refSide)
	if v.shrunk {
		v.w, v.h = refSide, refSide
		for i := range v.columns {
			v.columns[i] = i * m.W / refSide * m.Channels
		}
	}
	return nil
}

// forget lets go of the picture.
func (v *view) forget() { v.m = Image{} }

// packed reports whether the four rows from row y on lie in the picture, in colour
// and without gaps.
func (v *view) packed(y int) bool {
	return !v.shrunk && v.m.Channels == 3 && y+bandRows <= v.h
}

// band writes columns from…to-1 of the four rows from row y on as 0.299 R +
// 0.587 G + 0.114 B, or grey as it is. Rows below the picture are zeros.
func (v *view) band(y, from, to int, out []quad) {
	out = out[:to-from]
	n := v.m.Channels
	for r := range bandRows {
		at := y + r
		if at >= v.h {
			for x := range out {
				out[x][r] = 0
			}
			continue
		}
		if v.shrunk {
			at = at * v.m.H / refSide
		}
		row := v.m.Pix[at*v.m.W*n:][:v.m.W*n]
		switch {
		case v.shrunk && n == 1:
			for i, x := range v.columns[from:to] {
				out[i][r] = v.weights.grey[row[x]]
			}
		case v.shrunk:
			for i, x := range v.columns[from:to] {
				out[i][r] = v.weights.luma(row[x:])
			}
		case n == 1:
			v.weights.greys(out, r, row[from:to])
		default:
			v.weights.colours(out, r, row[from*3:to*3])
		}
	}
}

// luma returns the luminance of the pixel that p begins with.
func (w *weights) luma(p []byte) float32 {
	p = p[:3]
	return w.r[p[0]] + w.g[p[1]] + w.b[p[2]]
}

// greys writes row r of a band, four pixels at a time.
func (w *weights) greys(out []quad, r int, row []byte) {
	r &= bandRows - 1
	for len(out) >= 4 && len(row) >= 4 {
		p, o := (*[4]byte)(row), (*[4]quad)(out)
		o[0][r], o[1][r], o[2][r], o[3][r] = w.grey[p[0]], w.grey[p[1]], w.grey[p[2]], w.grey[p[3]]
		out, row = out[4:], row[4:]
	}
	for x, g := range row {
		out[x][r] = w.grey[g]
	}
}

// colours writes row r of a band, four pixels at a time.
func (w *weights) colours(out []quad, r int, row []byte) {
	r &= bandRows - 1
	for len(out) >= 4 && len(row) >= 12 {
		p, o := (*[12]byte)(row), (*[4]quad)(out)
		o[0][r] = w.r[p[0]] + w.g[p[1]] + w.b[p[2]]
		o[1][r] = w.r[p[3]] + w.g[p[4]] + w.b[p[5]]
		o[2][r] = w.r[p[6]] + w.g[p[7]] + w.b[p[8]]
		o[3][r] = w.r[p[9]] + w.g[p[10]] + w.b[p[11]]
		out, row = out[4:], row[12:]
	}
	for x := range out {
		out[x][r] = w.luma(row[3*x:])
	}
}
