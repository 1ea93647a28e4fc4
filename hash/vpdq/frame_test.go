package vpdq

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"tutela/hash/pdq"
)

func TestEvery(t *testing.T) {
	for _, c := range []struct {
		seconds, fps float64
		want         int
	}{
		{1, 30, 30}, {1, 29.97, 29}, {0, 30, 1}, {0.001, 30, 1}, {0.5, 25, 12}, {2, 23.976, 47}, {1, 0, 1}, {1, math.NaN(), 1},
		{1, math.Inf(1), 1 << 30}, {-1, 30, 1},
	} {
		if got := Every(c.seconds, c.fps); got != c.want {
			t.Errorf("every %v s at %v: %d, want %d", c.seconds, c.fps, got, c.want)
		}
	}
}

func ppm(w, h int, at func(x, y, c int) byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "P6\n%d %d\n255\n", w, h)
	for y := range h {
		for x := range w {
			for c := range 3 {
				b.WriteByte(at(x, y, c))
			}
		}
	}
	return b.Bytes()
}

func TestHasher(t *testing.T) {
	wave := func(x, y, c int) byte { return byte(128 + 100*math.Sin(float64(x*(c+1))/9)*math.Cos(float64(y)/7)) }
	stream := append(ppm(96, 80, wave), ppm(64, 64, func(x, y, c int) byte { return byte(x * y) })...)
	r, h := bytes.NewReader(stream), NewHasher()
	got, quality, err := h.Next(r)
	if err != nil || h.W != 96 || h.H != 80 || len(h.Pixels()) != 96*80*3 {
		t.Fatalf("%v, %d×%d", err, h.W, h.H)
	}
	want, wantQuality, err := pdq.New().Hash(pdq.Image{W: 96, H: 80, Channels: 3, Pix: stream[13 : 13+96*80*3]}, pdq.Full)
	if err != nil || got != want || quality != wantQuality {
		t.Errorf("%v %d, want %v %d", got, quality, want, wantQuality)
	}
	if _, _, err := h.Next(r); err != nil || h.W != 64 {
		t.Errorf("the second frame: %v, %d", err, h.W)
	}
	if _, _, err := h.Next(r); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	for cut := 1; cut < 200; cut++ {
		if _, _, err := h.Next(bytes.NewReader(stream[:cut])); err != io.ErrUnexpectedEOF {
			t.Fatalf("after %d bytes: %v", cut, err)
		}
	}
	for _, bad := range []string{"P5\n2 2\n255\n", "P6\n0 2\n255\n", "P6\n2 2\n65535\n", "P6\n99999 99999\n255\n", "P6\n-1 2\n255\n",
		"P6\n1234567890 1\n255\n", "P6 # comment\n2 2\n255\n"} {
		if _, _, err := h.Next(strings.NewReader(bad + "............")); !errors.Is(err, ErrStream) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzHasher(f *testing.F) {
	f.Add(ppm(8, 6, func(x, y, c int) byte { return byte(x + y + c) }))
	f.Add([]byte("P6\n99 99999\n255\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, r := NewHasher(), bytes.NewReader(b)
		for {
			if _, _, err := h.Next(r); err != nil {
				return
			}
			if len(h.Pixels()) != h.W*h.H*3 || len(h.Pixels()) > len(b) {
				t.Fatalf("%d×%d, %d bytes", h.W, h.H, len(h.Pixels()))
			}
		}
	})
}
