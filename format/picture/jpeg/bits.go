package jpeg

import (
	"encoding/binary"
	"io"
)

// source reads bytes ahead; what lies behind the end is reported, not invented.
type source struct {
	r       io.Reader
	buf     [8192]byte
	at, end int
	passed  int64 // bytes of buffers that are done with
}

// next returns the next byte; false means that the file is over.
func (s *source) next() (byte, bool) {
	if s.at == s.end {
		s.passed += int64(s.end)
		n, err := io.ReadAtLeast(s.r, s.buf[:], 1)
		s.at, s.end = 0, n
		if err != nil {
			s.end = 0
			return 0, false
		}
	}
	s.at++
	return s.buf[s.at-1], true
}

// offset is the place of the next byte in the file.
func (s *source) offset() int64 { return s.passed + int64(s.at) }

// full reads exactly len(p) bytes.
func (s *source) full(p []byte) bool {
	for len(p) > 0 {
		if s.at == s.end {
			c, ok := s.next()
			if !ok {
				return false
			}
			p[0], p = c, p[1:]
			continue
		}
		n := copy(p, s.buf[s.at:s.end])
		s.at, p = s.at+n, p[n:]
	}
	return true
}

// bits reads the entropy-coded data of a scan. At a marker, or at the end of the
// file, it goes on with zero bits, as jdhuff.c of libjpeg does.
type bits struct {
	src    *source
	acc    uint64
	n      int // bits in acc
	pad    int // of these, how many are zeros of ours
	marker byte
	over   bool // the file is over
	bad    bool // a code that the table does not have
}

// reset forgets the rest of a byte before a new segment.
func (b *bits) reset() { b.acc, b.n, b.pad = 0, 0, 0 }

// starved reports whether more bits were taken than the segment has.
func (b *bits) starved() bool { return b.n < b.pad }

// fill makes sure that at least 32 bits are there, where less than that were.
func (b *bits) fill() {
	if s := b.src; b.marker == 0 && s.end-s.at >= 4 {
		v := binary.BigEndian.Uint32(s.buf[s.at:])
		if (^v-0x01010101)&v&0x80808080 == 0 { // none of the four is 0xff
			b.acc, b.n, s.at = b.acc<<32|uint64(v), b.n+32, s.at+4
			return
		}
	}
	for b.n <= 56 {
		var c byte
		if s := b.src; b.marker == 0 && s.at < s.end && s.buf[s.at] != 0xff {
			c = s.buf[s.at]
			s.at++
		} else if v, ok := b.stuffed(); ok {
			c = v
		} else {
			b.pad += 8
		}
		b.acc = b.acc<<8 | uint64(c)
		b.n += 8
	}
}

// stuffed reads a byte of data where it may be a stuffed 0xff or a marker.
func (b *bits) stuffed() (byte, bool) {
	if b.marker != 0 || b.over {
		return 0, false
	}
	c, ok := b.src.next()
	if ok && c != 0xff {
		return c, true
	}
	for ok && c == 0xff {
		c, ok = b.src.next()
	}
	if !ok {
		b.over = true
		return 0, false
	}
	if c == 0 {
		return 0xff, true
	}
	b.marker = c
	return 0, false
}

const fastBits = 9

// table is one Huffman table.
type table struct {
	fast   [1 << fastBits]uint16 // length<<8 | symbol, 0 for longer codes
	last   [18]int32             // largest code of each length, -1 for none
	offset [17]int32             // index of a symbol less its code
	values []byte
}

// newTable derives codes as annex C of T.81 does; false for impossible counts.
func newTable(counts *[16]byte, values []byte) (*table, bool) {
	t := &table{values: values}
	code, k := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		t.offset[length] = k - code
		n := int32(counts[length-1])
		for range n {
			if length <= fastBits {
				t.spread(code, length, values[k])
			}
			code, k = code+1, k+1
		}
		if code > 1<<length {
			return nil, false
		}
		t.last[length] = code - 1
		if n == 0 {
			t.last[length] = -1
		}
		code <<= 1
	}
	return t, true
}

func (t *table) spread(code int32, length int, symbol byte) {
	first := int(code) << (fastBits - length)
	for i := first; i < first+1<<(fastBits-length) && i < len(t.fast); i++ {
		t.fast[i] = uint16(length)<<8 | uint16(symbol)
	}
}

// symbol reads one code. At least 15 bits are left in the accumulator after it.
func (b *bits) symbol(t *table) byte {
	if b.n < 32 {
		b.fill()
	}
	if e := t.fast[b.acc>>uint(b.n-fastBits)&(1<<fastBits-1)]; e != 0 {
		b.n -= int(e >> 8)
		return byte(e)
	}
	for length := fastBits + 1; length <= 16; length++ {
		code := int32(b.acc>>uint(b.n-length)) & (1<<length - 1)
		if code <= t.last[length] {
			b.n -= length
			return t.values[code+t.offset[length]]
		}
	}
	b.n -= 17 // as many as jdhuff.c has looked at by then
	b.bad = true
	return 0
}

// take reads k bits, at most 16, right after a symbol.
func (b *bits) take(k uint) int32 {
	b.n -= int(k)
	return int32(b.acc>>uint(b.n)) & (1<<k - 1)
}

// bit reads one bit at any time.
func (b *bits) bit() int32 {
	if b.n < 1 {
		b.fill()
	}
	return b.take(1)
}

// extended reads a value of k bits whose first bit says its sign (T.81, F.12).
func (b *bits) extended(k uint) int32 {
	if k == 0 {
		return 0
	}
	v := b.take(k)
	if v < 1<<(k-1) {
		v += -1<<k + 1
	}
	return v
}
