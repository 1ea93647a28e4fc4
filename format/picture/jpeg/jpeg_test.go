package jpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	std "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const budget = 64 << 20

// hills draws colour ramps with some noise, so that all coefficients take part.
func hills(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			n := r.IntN(24)
			m.SetRGBA(x, y, color.RGBA{byte(x*230/w + n), byte(y*230/h + n), byte(120 + 100*math.Sin(float64(x+y)/9)), 255})
		}
	}
	return m
}

func encoded(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := std.Encode(&b, m, &std.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(t testing.TB, b []byte) Picture {
	t.Helper()
	p, err := Decode(bytes.NewReader(b), budget)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAgainstStandardLibrary compares luminance, where only the rounding of the
// transform differs, on sides around every edge of blocks and MCUs.
func TestAgainstStandardLibrary(t *testing.T) {
	for _, side := range [][2]int{{1, 1}, {2, 3}, {7, 9}, {8, 8}, {15, 16}, {17, 33}, {100, 61}} {
		for _, q := range []int{5, 60, 95} {
			b := encoded(t, hills(side[0], side[1]), q)
			got := decode(t, b)
			want, err := std.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if got.Width != side[0] || got.Height != side[1] || got.Channels != 3 || got.Truncated || got.Damaged {
				t.Fatalf("%v: %d×%d×%d", side, got.Width, got.Height, got.Channels)
			}
			compareLuma(t, got, want.(*image.YCbCr))
		}
	}
}

func compareLuma(t *testing.T, got Picture, want *image.YCbCr) {
	t.Helper()
	far := 0
	for y := range got.Height {
		for x := range got.Width {
			p := got.Pix[(y*got.Width+x)*3:]
			luma := 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
			inside := p[0] > 0 && p[1] > 0 && p[2] > 0 && p[0] < 255 && p[1] < 255 && p[2] < 255
			if inside && math.Abs(luma-float64(want.Y[want.YOffset(x, y)])) > 2.5 {
				far++
			}
		}
	}
	if far > 0 {
		t.Errorf("%d×%d: %d pixels differ in luminance", got.Width, got.Height, far)
	}
}

func TestGreyIsEqualWithinOne(t *testing.T) {
	g := image.NewGray(image.Rect(0, 0, 37, 21))
	for i := range g.Pix {
		g.Pix[i] = byte(i * 7)
	}
	b := encoded(t, g, 90)
	got := decode(t, b)
	want, _ := std.Decode(bytes.NewReader(b))
	for y := range 21 {
		for x := range 37 {
			w := want.At(x, y).(color.Gray).Y
			if d := int(got.Pix[y*37+x]) - int(w); d < -1 || d > 1 {
				t.Fatalf("pixel %d,%d: %d, the standard library has %d", x, y, got.Pix[y*37+x], w)
			}
		}
	}
}

// TestTransformAgainstDefinition compares with the cosine sums of T.81, A.3.3.
func TestTransformAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var in [64]int32
		for range 1 + r.IntN(20) {
			in[r.IntN(64)] = int32(r.IntN(401) - 200)
		}
		var out [64]byte
		idct(&in, out[:], 8)
		for i, got := range out {
			if want := exact(&in, i%8, i/8); math.Abs(want-float64(got)) > 0.6 {
				t.Fatalf("value %d: %d, want %.2f", i, got, want)
			}
		}
	}
	var only [64]int32
	for dc := int32(-1100); dc < 1100; dc += 7 {
		var a, b [64]byte
		only[0] = dc
		idct(&only, a[:], 8)
		flat(dc, b[:], 8)
		if a != b {
			t.Fatalf("flat block of %d: %d and %d", dc, a[0], b[0])
		}
	}
}

func exact(in *[64]int32, x, y int) float64 {
	sum := 0.0
	for v := range 8 {
		for u := range 8 {
			c := 0.25
			if u == 0 {
				c *= math.Sqrt2 / 2
			}
			if v == 0 {
				c *= math.Sqrt2 / 2
			}
			sum += c * float64(in[v*8+u]) * math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*y+1)*float64(v)*math.Pi/16)
		}
	}
	return max(0, min(255, sum+128))
}

// TestUpsampling compares with rows computed by hand from jdsample.c.
func TestUpsampling(t *testing.T) {
	to := make([]byte, 8)
	across(to, []byte{0, 100, 200, 40})
	if diff := cmp.Diff([]byte{0, 25, 75, 125, 175, 160, 80, 40}, to); diff != "" {
		t.Errorf("across: %s", diff)
	}
	both(to[:6], []byte{0, 16, 32}, []byte{0, 16, 32})
	if diff := cmp.Diff([]byte{0, 4, 12, 20, 28, 32}, to[:6]); diff != "" {
		t.Errorf("both: %s", diff)
	}
	for _, c := range []struct{ y, rows, near, far int }{{0, 3, 0, 0}, {1, 3, 0, 1}, {2, 3, 1, 0}, {5, 3, 2, 2}} {
		if n, f := neighbours(c.y, c.rows); n != c.near || f != c.far {
			t.Errorf("row %d: %d, %d", c.y, n, f)
		}
	}
	d := &decoder{maxH: 2, maxV: 1}
	c := &component{h: 1, v: 1, w: 2, rows: 1, stride: 8, plane: []byte{10, 20, 0, 0, 0, 0, 0, 0}}
	if diff := cmp.Diff([]byte{10, 10, 20, 20}, d.row(c, to[:4], 0)); diff != "" {
		t.Errorf("short rows are repeated: %s", diff)
	}
}

func TestColours(t *testing.T) {
	to := make([]byte, 9)
	fromYCC(to, []byte{0, 255, 76}, []byte{128, 128, 85}, []byte{128, 128, 255}, 3)
	if diff := cmp.Diff([]byte{0, 0, 0, 255, 255, 255, 254, 0, 0}, to); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		d    decoder
		want model
	}{
		{decoder{comps: make([]component, 1)}, grey},
		{decoder{comps: make([]component, 3)}, ycbcr},
		{decoder{comps: []component{{id: 'R'}, {id: 'G'}, {id: 'B'}}}, rgb},
		{decoder{comps: []component{{id: 'R'}, {id: 'G'}, {id: 'B'}}, jfif: true}, ycbcr},
		{decoder{comps: make([]component, 3), adobe: true}, rgb},
		{decoder{comps: make([]component, 3), adobe: true, transform: 1}, ycbcr},
		{decoder{comps: make([]component, 4)}, cmyk},
		{decoder{comps: make([]component, 4), adobe: true}, cmyk},
		{decoder{comps: make([]component, 4), adobe: true, transform: 2}, ycck},
	} {
		if got := c.d.model(); got != c.want {
			t.Errorf("%d components, Adobe %v %d: model %d", len(c.d.comps), c.d.adobe, c.d.transform, got)
		}
	}
}

func TestCutAnywhere(t *testing.T) {
	whole := encoded(t, hills(120, 90), 85)
	full := decode(t, whole)
	scan := bytes.Index(whole, []byte{0xff, sos}) + 14
	for n := range len(whole) - 2 {
		p, err := Decode(bytes.NewReader(whole[:n]), budget)
		if n < scan {
			if err == nil {
				t.Fatalf("cut to %d bytes, before the scan: no error", n)
			}
			continue
		}
		if err != nil || !p.Truncated {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		top := (n - scan) * 90 / (len(whole) - scan) / 2 / 16 * 16 // half of the part that is surely there
		if top > 16 && !bytes.Equal(p.Pix[:(top-16)*120*3], full.Pix[:(top-16)*120*3]) {
			t.Fatalf("cut to %d bytes: the first %d rows differ", n, top-16)
		}
	}
	if !bytes.Equal(decode(t, whole[:len(whole)-2]).Pix, full.Pix) {
		t.Error("without the end marker the pixels differ")
	}
}

func TestRefusals(t *testing.T) {
	good := encoded(t, hills(20, 20), 80)
	at := bytes.Index(good, []byte{0xff, sof0})
	changed := func(i int, v byte) []byte {
		b := bytes.Clone(good)
		b[at+i] = v
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"arithmetic":     {changed(1, 0xc9), ErrUnsupported},
		"lossless":       {changed(1, 0xc3), ErrUnsupported},
		"12 bits":        {changed(4, 12), ErrUnsupported},
		"no height":      {changed(6, 0), ErrUnsupported},
		"two components": {changed(9, 2), ErrUnsupported},
		"no sampling":    {changed(11, 0), ErrDamaged},
		"two of three":   {changed(14, 0x31), ErrUnsupported},
		"nothing":        {nil, ErrDamaged},
		"only a start":   {[]byte{0xff, soi}, ErrDamaged},
	} {
		if _, err := Decode(bytes.NewReader(c.b), budget); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Decode(bytes.NewReader(good), 1000); !errors.Is(err, ErrMemory) {
		t.Errorf("a budget of 1000 bytes: %v", err)
	}
	huge := changed(5, 0xff)
	copy(huge[at+5:], []byte{0xff, 0xff, 0xff, 0xff})
	if n := testing.AllocsPerRun(1, func() { Decode(bytes.NewReader(huge), budget) }); n > 60 {
		t.Errorf("65535×65535: %v allocations before the refusal", n)
	}
}

// TestImpossibleCodes refuses tables with more codes than bits allow.
func TestImpossibleCodes(t *testing.T) {
	if _, ok := newTable(&[16]byte{3}, []byte{1, 2, 3}); ok {
		t.Error("three codes of one bit were accepted")
	}
	table, ok := newTable(&[16]byte{0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, []byte{7, 8, 9})
	if !ok {
		t.Fatal("a sparse table was refused")
	}
	b := bits{src: &source{r: bytes.NewReader([]byte{0b00_01_1000, 0b0000_0000, 0xff, 0})}}
	for _, want := range []byte{7, 8, 9} {
		if got := b.symbol(table); got != want {
			t.Errorf("symbol %d, want %d", got, want)
		}
	}
	if b.symbol(table); !b.bad {
		t.Error("a code that is not in the table went unnoticed")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, hills(20, 12), 80))
	f.Add(encoded(f, image.NewGray(image.Rect(0, 0, 9, 9)), 30))
	f.Add(progressive())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(bytes.NewReader(b), 1<<20)
		if err == nil && len(p.Pix) != p.Width*p.Height*p.Channels {
			t.Fatalf("%d×%d×%d with %d bytes", p.Width, p.Height, p.Channels, len(p.Pix))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	file := encoded(b, hills(1600, 1000), 85)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			if _, err := Decode(bytes.NewReader(file), budget); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("standard-library-planes", func(b *testing.B) {
		for b.Loop() {
			if _, err := std.Decode(bytes.NewReader(file)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestInks keeps the inversions apart: Adobe stores inks inverted, others do not.
func TestInks(t *testing.T) {
	planes := [][]byte{{0, 255}, {10, 20}, {30, 40}, {255, 0}}
	to := make([]byte, 8)
	(&decoder{}).woven(to, planes)
	if diff := cmp.Diff([]byte{0, 10, 30, 255, 255, 20, 40, 0}, to); diff != "" {
		t.Errorf("plain: %s", diff)
	}
	(&decoder{adobe: true}).woven(to, planes)
	if diff := cmp.Diff([]byte{255, 245, 225, 0, 0, 235, 215, 255}, to); diff != "" {
		t.Errorf("Adobe: %s", diff)
	}
	fromYCC(to, []byte{255, 0}, []byte{128, 128}, []byte{128, 128}, 4)
	inkBlack(to, []byte{255, 0})
	if diff := cmp.Diff([]byte{255, 255, 255, 0, 0, 0, 0, 255}, to); diff != "" {
		t.Errorf("YCCK: %s", diff)
	}
}
