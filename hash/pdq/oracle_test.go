package pdq

import (
	"math"
	"slices"
	"testing"
)

// plain is the algorithm written down without any care for speed or memory: whole
// pictures, one box after the other, every column of every pass.
func plain(m Image, p Pipeline) (Hash, int) {
	w, h := m.W, m.H
	at := func(x, y int) (int, int) { return x, y }
	if p == Ref512 && (w > 512 || h > 512) {
		at = func(x, y int) (int, int) { return x * m.W / 512, y * m.H / 512 }
		w, h = 512, 512
	}
	if w < 5 || h < 5 {
		return Hash{}, 0
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
	var block [64][64]float32
	if w == 64 && h == 64 {
		for y := range rows {
			copy(block[y][:], rows[y])
		}
	} else {
		for range 2 {
			rows = plainBoxes(rows, (w+127)/128)
			rows = turned(plainBoxes(turned(rows), (h+127)/128))
		}
		for i := range block {
			for j := range block[i] {
				block[i][j] = rows[int((float64(i)+0.5)*float64(h)/64)][int((float64(j)+0.5)*float64(w)/64)]
			}
		}
	}
	return plainHash(&block), plainQuality(&block)
}

func turned(in [][]float32) [][]float32 {
	out := make([][]float32, len(in[0]))
	for x := range out {
		out[x] = make([]float32, len(in))
		for y := range in {
			out[x][y] = in[y][x]
		}
	}
	return out
}

func plainBoxes(in [][]float32, win int) [][]float32 {
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
			if right >= win {
				sum -= row[left]
				left++
				n--
			} else if right >= len(row) {
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

func plainQuality(b *[64][64]float32) int {
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

func plainHash(b *[64][64]float32) Hash {
	scale := float32(math.Sqrt(2.0 / 64))
	d := func(i, j int) float32 {
		return float32(float64(scale) * math.Cos(math.Pi/2/64*float64(i+1)*float64(2*j+1)))
	}
	var freq [256]float32
	for i := range 16 {
		var half [64]float32
		for j := range 64 {
			for k := range 64 {
				half[j] += float32(d(i, k) * b[k][j])
			}
		}
		for j := range 16 {
			for k := range 64 {
				freq[i*16+j] += float32(half[k] * d(j, k))
			}
		}
	}
	sorted := slices.Sorted(slices.Values(freq[:]))
	var words [16]uint16
	for n, v := range freq {
		if v > sorted[127] {
			words[n/16] |= 1 << (n % 16)
		}
	}
	var h Hash
	for i := range words {
		w := words[15-i]
		h[i/4] |= uint64(w) << (48 - 16*(i%4))
	}
	return h
}

func TestAgainstOracle(t *testing.T) {
	h := New()
	sides := [][2]int{{5, 5}, {5, 300}, {64, 64}, {64, 63}, {127, 129}, {200, 256}, {257, 100}, {513, 40}, {640, 385}, {1025, 31}}
	for n, s := range sides {
		for _, channels := range []int{1, 3} {
			m := picture(s[0], s[1], channels, uint32(n+1))
			for _, p := range []Pipeline{Ref512, Full} {
				got, quality, err := h.Hash(m, p)
				want, wantQuality := plain(m, p)
				if err != nil || got != want || quality != wantQuality {
					t.Errorf("%v %d channels %s: got %v %d %v, want %v %d", s, channels, p, got, quality, err, want, wantQuality)
				}
			}
		}
	}
}

func FuzzAgainstOracle(f *testing.F) {
	f.Add(uint16(64), uint16(64), true, []byte("seed"))
	f.Add(uint16(3), uint16(900), false, []byte{})
	f.Add(uint16(520), uint16(7), false, []byte{255, 0})
	f.Fuzz(func(t *testing.T, w, h uint16, grey bool, noise []byte) {
		m := Image{W: int(w)%600 + 1, H: int(h)%600 + 1, Channels: 3}
		if grey {
			m.Channels = 1
		}
		m.Pix = picture(m.W, m.H, m.Channels, 9).Pix
		for i, b := range noise {
			m.Pix[(i*7919)%len(m.Pix)] ^= b
		}
		for _, p := range []Pipeline{Ref512, Full} {
			got, quality, err := New().Hash(m, p)
			want, wantQuality := plain(m, p)
			if err != nil || got != want || quality != wantQuality {
				t.Fatalf("%d×%d %s: got %v %d, want %v %d", m.W, m.H, p, got, quality, want, wantQuality)
			}
		}
	})
}
