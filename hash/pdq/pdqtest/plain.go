package pdqtest

import (
	"math"
	"slices"

	"tutela/hash/pdq"
)

// Answer is everything that the algorithm says about a picture, with the values
// on the way. A picture with a side below 5 has the zero Answer.
type Answer struct {
	Hash    pdq.Hash
	Quality int             // 0 to 100
	Block   [64][64]float32 // after the filter
	Freq    [16][16]float32 // row by row
}

// Hash does what pdq.Hasher.Hash does: whole pictures, one box after the other,
// every place of every pass. It takes sides, channels and pixels that agree.
func Hash(m pdq.Image, p pdq.Pipeline) (a Answer) {
	rows := luminance(m, p)
	if len(rows) < 5 || len(rows[0]) < 5 {
		return a
	}
	a.Block = filtered(rows)
	if len(rows) == 64 && len(rows[0]) == 64 {
		for y := range rows {
			copy(a.Block[y][:], rows[y])
		}
	}
	a.Freq = frequencies(&a.Block)
	a.Hash, a.Quality = bits(a.Freq), quality(&a.Block)
	return a
}

// Dihedral returns the eight hashes and the quality as pdq.Hasher.Dihedral does.
func Dihedral(m pdq.Image, p pdq.Pipeline) ([8]pdq.Hash, int) {
	var out [8]pdq.Hash
	rows := luminance(m, p)
	if len(rows) < 5 || len(rows[0]) < 5 {
		return out, 0
	}
	block := filtered(rows)
	a := frequencies(&block)
	for t := range out {
		var b [16][16]float32
		for i := range 16 {
			for j := range 16 {
				switch pdq.Turn(t) {
				case pdq.Original:
					b[i][j] = a[i][j]
				case pdq.Rotate90:
					b[j][i] = negatedIf(j%2 == 0, a[i][j])
				case pdq.Rotate180:
					b[i][j] = negatedIf((i+j)%2 == 1, a[i][j])
				case pdq.Rotate270:
					b[j][i] = negatedIf(i%2 == 0, a[i][j])
				case pdq.FlipX:
					b[i][j] = negatedIf(i%2 == 0, a[i][j])
				case pdq.FlipY:
					b[i][j] = negatedIf(j%2 == 0, a[i][j])
				case pdq.FlipPlus1:
					b[j][i] = a[i][j]
				case pdq.FlipMinus1:
					b[j][i] = negatedIf((i+j)%2 == 1, a[i][j])
				}
			}
		}
		out[t] = bits(b)
	}
	return out, quality(&block)
}

func negatedIf(negate bool, v float32) float32 {
	if negate {
		return -v
	}
	return v
}

func luminance(m pdq.Image, p pdq.Pipeline) [][]float32 {
	w, h := m.W, m.H
	at := func(x, y int) (int, int) { return x, y }
	if p == pdq.Ref512 && (w > 512 || h > 512) {
		at = func(x, y int) (int, int) { return x * m.W / 512, y * m.H / 512 }
		w, h = 512, 512
	}
	rows := make([][]float32, h)
	for y := range rows {
		rows[y] = make([]float32, w)
		for x := range rows[y] {
			sx, sy := at(x, y)
			px := m.Pix[(sy*m.W+sx)*m.Channels:]
			if m.Channels == 1 {
				rows[y][x] = float32(px[0])
			} else {
				r, g, b := float32(float32(0.299)*float32(px[0])), float32(float32(0.587)*float32(px[1])), float32(float32(0.114)*float32(px[2]))
				rows[y][x] = (r + g) + b
			}
		}
	}
	return rows
}

func filtered(rows [][]float32) (block [64][64]float32) {
	w, h := len(rows[0]), len(rows)
	for range 2 {
		rows = boxes(rows, (w+127)/128)
		rows = transposed(boxes(transposed(rows), (h+127)/128))
	}
	for i := range block {
		for j := range block[i] {
			block[i][j] = rows[int((float64(i)+0.5)*float64(h)/64)][int((float64(j)+0.5)*float64(w)/64)]
		}
	}
	return block
}

func transposed(in [][]float32) [][]float32 {
	out := make([][]float32, len(in[0]))
	for x := range out {
		out[x] = make([]float32, len(in))
		for y := range in {
			out[x][y] = in[y][x]
		}
	}
	return out
}

func boxes(in [][]float32, win int) [][]float32 {
	out := make([][]float32, len(in))
	half := (win + 2) / 2
	for y, row := range in {
		var sum float32
		n, left := 0, 0
		for right := range len(row) + half - 1 {
			if right < len(row) {
				sum += row[right]
				n++
			}
			if right >= win || right >= len(row) {
				sum -= row[left]
				left++
				n--
			}
			if right >= half-1 {
				out[y] = append(out[y], sum/float32(n))
			}
		}
	}
	return out
}

func quality(b *[64][64]float32) int {
	sum := 0.0
	for i := range 64 {
		for j := range 64 {
			if i < 63 {
				sum += math.Abs(math.Trunc(float64((b[i][j] - b[i+1][j]) * 100 / 255)))
			}
			if j < 63 {
				sum += math.Abs(math.Trunc(float64((b[i][j] - b[i][j+1]) * 100 / 255)))
			}
		}
	}
	return min(int(sum)/90, 100)
}

func frequencies(b *[64][64]float32) (freq [16][16]float32) {
	scale := float32(math.Sqrt(2.0 / 64))
	var d [16][64]float32
	for i := range d {
		for j := range d[i] {
			d[i][j] = float32(float64(scale) * math.Cos(math.Pi/2/64*float64(i+1)*float64(2*j+1)))
		}
	}
	for i := range 16 {
		var half [64]float32
		for j := range 64 {
			for k := range 64 {
				half[j] += float32(d[i][k] * b[k][j])
			}
		}
		for j := range 16 {
			for k := range 64 {
				freq[i][j] += float32(half[k] * d[j][k])
			}
		}
	}
	return freq
}

func bits(freq [16][16]float32) pdq.Hash {
	var all []float32
	for _, row := range freq {
		all = append(all, row[:]...)
	}
	slices.Sort(all)
	var words [16]uint16
	for i, row := range freq {
		for j, v := range row {
			if v > all[127] {
				words[i] |= 1 << j
			}
		}
	}
	var h pdq.Hash
	for i := range words {
		h[i/4] |= uint64(words[15-i]) << (48 - 16*(i%4))
	}
	return h
}
