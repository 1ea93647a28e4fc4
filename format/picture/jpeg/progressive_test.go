package jpeg

import (
	"bytes"
	"testing"
)

// writer puts codes into an entropy-coded segment.
type writer struct {
	out  []byte
	acc  uint32
	bits int
}

func (w *writer) put(v uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | v>>i&1
		if w.bits++; w.bits == 8 {
			w.out = append(w.out, byte(w.acc))
			if byte(w.acc) == 0xff {
				w.out = append(w.out, 0)
			}
			w.bits = 0
		}
	}
}

func (w *writer) end() []byte {
	for w.bits > 0 {
		w.put(1, 1)
	}
	return w.out
}

func segment(marker byte, data ...byte) []byte {
	return append([]byte{0xff, marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)}, data...)
}

// progressive is a grey picture of 16×8 in four scans, made by hand: DC 40 and
// its last bit, then coefficient 1 of the first block in two steps, with a run
// of blocks that end at once.
func progressive() []byte {
	quant := make([]byte, 65)
	for i := range quant[1:] {
		quant[1+i] = 1
	}
	b := []byte{0xff, soi}
	b = append(b, segment(dqt, quant...)...)
	b = append(b, segment(sof2, 8, 0, 8, 0, 16, 1, 1, 0x11, 0)...)
	// DC symbols 0 and 6; AC symbols 0x00 (end of one block), 0x01, 0x05, 0x10 (end of two to three).
	b = append(b, segment(dht, append([]byte{0x00, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 6)...)...)
	b = append(b, segment(dht, append([]byte{0x10, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0x00, 0x01, 0x05, 0x10)...)...)
	scan := func(start, end, bits byte, fill func(w *writer)) {
		b = append(b, segment(sos, 1, 1, 0x00, start, end, bits)...)
		w := &writer{}
		fill(w)
		b = append(b, w.end()...)
	}
	scan(0, 0, 0x01, func(w *writer) { // 80 >> 1 = 40 in six bits, then no difference
		w.put(0b10, 2)
		w.put(40, 6)
		w.put(0, 1)
	})
	scan(1, 5, 0x01, func(w *writer) { // coefficient 1 is 20 >> 1 = 10... in five bits 20
		w.put(0b10, 2)
		w.put(20, 5)
		w.put(0b110, 3) // run of blocks: two plus one bit
		w.put(0, 1)
	})
	scan(0, 0, 0x10, func(w *writer) { w.put(1, 1); w.put(0, 1) })
	scan(1, 5, 0x10, func(w *writer) { // ends at once; the bit of coefficient 1 follows
		w.put(0b00, 2)
		w.put(1, 1)
		w.put(0b00, 2)
	})
	return append(b, 0xff, eoi)
}

func TestProgressiveByHand(t *testing.T) {
	p := decode(t, progressive())
	if p.Width != 16 || p.Height != 8 || p.Truncated || p.Damaged {
		t.Fatalf("%d×%d, truncated %v, damaged %v", p.Width, p.Height, p.Truncated, p.Damaged)
	}
	var want [128]byte
	one := [64]int32{81, 41}
	idct(&one, want[:], 16)
	flat(80, want[8:], 16)
	if !bytes.Equal(p.Pix, want[:]) {
		t.Errorf("row 0: %v, want %v", p.Pix[:16], want[:16])
	}
}

func TestProgressiveCut(t *testing.T) {
	whole := progressive()
	first := bytes.Index(whole, []byte{0xff, sos})
	for n := first + 12; n < len(whole)-2; n++ {
		p, err := Decode(bytes.NewReader(whole[:n]), budget)
		if err != nil || !p.Truncated {
			t.Errorf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// TestRestart makes a baseline file with a restart marker after each MCU, loses
// one segment, and looks for what stands behind it.
func TestRestart(t *testing.T) {
	quant := append([]byte{0}, bytes.Repeat([]byte{8}, 64)...)
	file := func(lost int) []byte {
		b := append([]byte{0xff, soi}, segment(dqt, quant...)...)
		b = append(b, segment(sof0, 8, 0, 8, 0, 48, 1, 1, 0x11, 0)...)
		b = append(b, segment(dht, append([]byte{0x00, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 6)...)...)
		b = append(b, segment(dht, append([]byte{0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0)...)...)
		b = append(b, segment(dri, 0, 1)...)
		b = append(b, segment(sos, 1, 1, 0, 0, 63, 0)...)
		for i := range 6 {
			if i == lost {
				continue
			}
			w := &writer{}
			w.put(0b10, 2)
			w.put(uint32(40+i), 6)
			w.put(0, 1)
			b = append(b, w.end()...)
			if i < 5 {
				b = append(b, 0xff, rst0+byte(i))
			}
		}
		return append(b, 0xff, eoi)
	}
	full := decode(t, file(-1))
	if full.Truncated || full.Pix[0] != 168 || full.Pix[40] != 173 {
		t.Fatalf("truncated %v, row %v", full.Truncated, full.Pix[:48])
	}
	p := decode(t, file(2))
	for _, i := range []int{0, 1, 4, 5} { // 2 shows what should be in 3
		if p.Pix[8*i] != full.Pix[8*i] {
			t.Errorf("block %d: %d, want %d", i, p.Pix[8*i], full.Pix[8*i])
		}
	}
	if !p.Truncated {
		t.Error("a missing segment went unnoticed")
	}
}
