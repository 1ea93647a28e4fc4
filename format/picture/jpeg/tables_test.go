package jpeg

import (
	"bytes"
	"errors"
	"image"
	"testing"
)

// at returns where the data of the first segment of a kind begin, and how many
// there are.
func at(t *testing.T, file []byte, marker byte) (from, n int) {
	t.Helper()
	i := bytes.Index(file, []byte{0xff, marker})
	if i < 0 {
		t.Fatalf("no segment %x", marker)
	}
	return i + 4, int(file[i+2])<<8 + int(file[i+3]) - 2
}

// with puts another segment in the place of the first of its kind.
func with(t *testing.T, file []byte, marker byte, data []byte) []byte {
	t.Helper()
	from, n := at(t, file, marker)
	return append(append(bytes.Clone(file[:from-4]), segment(marker, data...)...), file[from+n:]...)
}

// TestTablesOfAnyLength cuts each kind of segment behind every byte and gives it
// bytes that cannot be: an error that says where, or a picture of the right size.
func TestTablesOfAnyLength(t *testing.T) {
	file := encoded(t, hills(40, 24), 80)
	for _, marker := range []byte{dqt, dht, sof0, sos} {
		from, n := at(t, file, marker)
		for cut := range n {
			p, err := Decode(bytes.NewReader(with(t, file, marker, file[from:from+cut])), budget)
			if err == nil && cut > 0 && marker != dqt && marker != dht {
				t.Errorf("segment %x of %d bytes instead of %d: no error", marker, cut, n)
			}
			if err == nil && (p.Width != 40 || p.Height != 24 || len(p.Pix) != 40*24*3) {
				t.Errorf("segment %x of %d bytes: %d×%d, %d bytes", marker, cut, p.Width, p.Height, len(p.Pix))
			}
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) {
				t.Errorf("segment %x of %d bytes: %v", marker, cut, err)
			}
		}
	}
}

// TestTablesThatCannotBe are refused before anything is decoded with them.
func TestTablesThatCannotBe(t *testing.T) {
	file := encoded(t, hills(40, 24), 80)
	full := bytes.Repeat([]byte{1}, 300)
	huff := func(class byte, counts ...byte) []byte {
		return append(append([]byte{class}, append(counts, make([]byte, 16-len(counts))...)...), full...)
	}
	for name, c := range map[string]struct {
		marker byte
		data   []byte
	}{
		"quantisation of 24 bits":     {dqt, append([]byte{0x20}, full[:192]...)},
		"fifth quantisation table":    {dqt, append([]byte{0x04}, full[:64]...)},
		"half a table of 16 bits":     {dqt, append([]byte{0x10}, full[:64]...)},
		"half a second table":         {dqt, append(append([]byte{0}, full[:64]...), 1, 2, 3)},
		"third class of codes":        {dht, huff(0x20, 1)[:18]},
		"fifth table of codes":        {dht, huff(0x04, 1)[:18]},
		"no codes":                    {dht, huff(0x00)[:17]},
		"three codes of one bit":      {dht, huff(0x00, 3)[:20]},
		"codes over the end":          {dht, huff(0x00, 1, 1, 5)[:20]},
		"more codes than symbols":     {dht, huff(0x00, 0, 0, 0, 0, 0, 0, 0, 200, 100)},
		"sampling of none":            {sof0, []byte{8, 0, 24, 0, 40, 3, 1, 0x20, 0, 2, 0x11, 1, 3, 0x11, 1}},
		"sampling of five":            {sof0, []byte{8, 0, 24, 0, 40, 3, 1, 0x51, 0, 2, 0x11, 1, 3, 0x11, 1}},
		"fifth table in the frame":    {sof0, []byte{8, 0, 24, 0, 40, 3, 1, 0x22, 4, 2, 0x11, 1, 3, 0x11, 1}},
		"fewer components than said":  {sof0, []byte{8, 0, 24, 0, 40, 3, 1, 0x22, 0, 2, 0x11, 1}},
		"scan of no component":        {sos, []byte{0, 0, 63, 0}},
		"scan of more than there are": {sos, []byte{4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0}},
		"scan of a stranger":          {sos, []byte{1, 9, 0, 0, 63, 0}},
		"scan of one twice":           {sos, []byte{2, 1, 0, 1, 0, 0, 63, 0}},
		"scan with a fifth table":     {sos, []byte{1, 1, 0x44, 0, 63, 0}},
		"scan without its table":      {sos, []byte{1, 1, 0x33, 0, 63, 0}},
	} {
		if p, err := Decode(bytes.NewReader(with(t, file, c.marker, c.data)), budget); !errors.Is(err, ErrDamaged) || p.Pix != nil {
			t.Errorf("%s: %v, %d bytes", name, err, len(p.Pix))
		}
	}
}

// TestSidesOfNone: a side of zero is refused by both, and sides that are too
// large for the budget by Decode before it takes memory.
func TestSidesOfNone(t *testing.T) {
	file := encoded(t, image.NewGray(image.Rect(0, 0, 16, 16)), 80)
	frame := func(w, h int) []byte {
		return with(t, file, sof0, []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0})
	}
	for _, side := range [][2]int{{0, 16}, {16, 0}, {0, 0}} {
		b := frame(side[0], side[1])
		if _, err := Decode(bytes.NewReader(b), budget); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v: %v", side, err)
		}
		if _, _, err := Sides(bytes.NewReader(b)); !errors.Is(err, ErrUnsupported) {
			t.Errorf("sides of %v: %v", side, err)
		}
	}
	for _, side := range [][2]int{{65535, 65535}, {65535, 2000}, {1, 65535}, {17, 1}} {
		b, need := frame(side[0], side[1]), int64(side[0])*int64(side[1])
		p, err := Decode(bytes.NewReader(b), need-1)
		if !errors.Is(err, ErrMemory) || p.Pix != nil {
			t.Errorf("%v in %d bytes: %v", side, need-1, err)
		}
		if w, h, err := Sides(bytes.NewReader(b)); err != nil || w != side[0] || h != side[1] {
			t.Errorf("sides of %v: %d×%d, %v", side, w, h, err)
		}
	}
	p, err := Decode(bytes.NewReader(frame(64, 4000)), budget) // far more rows than there are data for
	if err != nil || !p.Truncated || len(p.Pix) != 64*4000 || p.Pix[len(p.Pix)-1] != 128 {
		t.Errorf("rows without data: %v, truncated %v", err, p.Truncated)
	}
}

// TestEveryFlip changes each byte of a small file in turn: the decoder ends, and
// what it returns has the size that it says and is bounded by the budget.
func TestEveryFlip(t *testing.T) {
	const most = 1 << 20
	for _, file := range [][]byte{encoded(t, hills(24, 16), 70), progressive()} {
		for i := range file {
			for _, x := range []byte{0x01, 0x10, 0x80, 0xff} {
				b := bytes.Clone(file)
				b[i] ^= x
				p, err := Decode(bytes.NewReader(b), most)
				if err != nil {
					if p.Pix != nil {
						t.Errorf("byte %d: an error and a picture", i)
					}
					continue
				}
				if n := p.Width * p.Height * p.Channels; n == 0 || n > most || n != len(p.Pix) {
					t.Errorf("byte %d: %d×%d×%d with %d bytes", i, p.Width, p.Height, p.Channels, len(p.Pix))
				}
			}
		}
	}
}
