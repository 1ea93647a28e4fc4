package jpeg

import (
	"errors"
	"fmt"
	"io"
)

// Errors of Decode and Sides, to be told apart with errors.Is. They say at which
// byte.
var (
	ErrDamaged     = errors.New("damaged")
	ErrUnsupported = errors.New("unsupported")
	ErrMemory      = errors.New("too much memory")
)

// Markers (T.81, table B.1).
const (
	sof0, sof1, sof2 = 0xc0, 0xc1, 0xc2
	dht              = 0xc4
	jpg, dac         = 0xc8, 0xcc
	sof15            = 0xcf
	rst0, rst7       = 0xd0, 0xd7
	soi, eoi, sos    = 0xd8, 0xd9, 0xda
	dqt, dnl, dri    = 0xdb, 0xdc, 0xdd
	app0, app14      = 0xe0, 0xee
)

// component is one colour plane of the frame.
type component struct {
	id      byte
	h, v    int // sampling factors
	quant   byte
	wide    int // blocks in a row of the plane, whole MCUs
	w, rows int // samples that mean something
	stride  int // samples
	plane   []byte
	coeffs  []int16 // progressive only: 64 a block, natural order
	dc      int32   // of the block before
}

type decoder struct {
	src         source
	bits        bits
	w, h        int
	progressive bool
	comps       []component
	maxH, maxV  int
	mcuW, mcuH  int // MCUs in a row and in a column
	quant       [4]*[64]int32
	huff        [2][4]*table // class, destination
	interval    int          // MCUs between restart markers
	jfif, adobe bool
	transform   byte // of the Adobe marker
	eobRun      int32
	maxBytes    int64
	scans       int
	truncated   bool
	damaged     bool
}

func (d *decoder) fail(kind error, format string, args ...any) error {
	return fmt.Errorf("jpeg: byte %d: %w: %s", d.src.offset(), kind, fmt.Sprintf(format, args...))
}

// nextMarker skips to the next marker. 0 means that the file is over.
func (d *decoder) nextMarker() byte {
	if m := d.bits.marker; m != 0 {
		d.bits.marker = 0
		return m
	}
	for {
		c, ok := d.src.next()
		for ok && c != 0xff {
			c, ok = d.src.next()
		}
		for ok && c == 0xff {
			c, ok = d.src.next()
		}
		if !ok {
			return 0
		}
		if c != 0 {
			return c
		}
	}
}

// segment reads the data of a marker segment.
func (d *decoder) segment() ([]byte, error) {
	var size [2]byte
	if !d.src.full(size[:]) {
		return nil, d.fail(ErrDamaged, "ends in a marker segment")
	}
	n := int(size[0])<<8 | int(size[1])
	if n < 2 {
		return nil, d.fail(ErrDamaged, "segment of length %d", n)
	}
	data := make([]byte, n-2)
	if !d.src.full(data) {
		return nil, d.fail(ErrDamaged, "ends in a marker segment")
	}
	return data, nil
}

// header reads segments until a scan starts (its segment is returned), the frame
// is known (if asked) or the image ends (nil).
func (d *decoder) header(untilFrame bool) ([]byte, error) {
	for {
		m := d.nextMarker()
		switch {
		case m == 0:
			d.truncated = true
			return nil, nil
		case m == eoi:
			return nil, nil
		case m == soi || m == 1 || m >= rst0 && m <= rst7:
			continue
		}
		data, err := d.segment()
		if err != nil {
			return nil, err
		}
		switch {
		case m == sos:
			return data, nil
		case m == dht:
			err = d.defineHuffman(data)
		case m == dqt:
			err = d.defineQuant(data)
		case m == dri && len(data) >= 2:
			d.interval = int(data[0])<<8 | int(data[1])
		case m == app0 && len(data) >= 5 && string(data[:5]) == "JFIF\x00":
			d.jfif = true
		case m == app14 && len(data) >= 12 && string(data[:5]) == "Adobe":
			d.adobe, d.transform = true, data[11]
		case m >= sof0 && m <= sof15 && m != jpg && m != dac:
			if err = d.frame(m, data); err == nil && untilFrame {
				return nil, nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func (d *decoder) defineQuant(data []byte) error {
	for len(data) > 0 {
		precision, id := data[0]>>4, data[0]&15
		size := 64 * (1 + int(precision))
		if precision > 1 || id > 3 || len(data) < 1+size {
			return d.fail(ErrDamaged, "quantisation table")
		}
		t := new([64]int32)
		for i := range 64 {
			v := int32(data[1+i])
			if precision == 1 {
				v = int32(data[1+2*i])<<8 | int32(data[2+2*i])
			}
			t[natural[i]] = v
		}
		d.quant[id], data = t, data[1+size:]
	}
	return nil
}

func (d *decoder) defineHuffman(data []byte) error {
	for len(data) > 0 {
		if len(data) < 17 || data[0]>>4 > 1 || data[0]&15 > 3 {
			return d.fail(ErrDamaged, "Huffman table")
		}
		counts, sum := [16]byte(data[1:17]), 0
		for _, n := range counts {
			sum += int(n)
		}
		if sum == 0 || sum > 256 || len(data) < 17+sum {
			return d.fail(ErrDamaged, "Huffman table")
		}
		t, ok := newTable(&counts, data[17:17+sum])
		if !ok {
			return d.fail(ErrDamaged, "Huffman table")
		}
		d.huff[data[0]>>4][data[0]&15], data = t, data[17+sum:]
	}
	return nil
}

// frame reads the frame header (T.81, B.2.2).
func (d *decoder) frame(marker byte, data []byte) error {
	if d.comps != nil {
		return d.fail(ErrDamaged, "second frame header")
	}
	if marker > sof2 {
		return d.fail(ErrUnsupported, "coding process %d", marker-sof0)
	}
	if len(data) < 6 || len(data) < 6+3*int(data[5]) {
		return d.fail(ErrDamaged, "frame header")
	}
	d.progressive = marker == sof2
	d.h, d.w = int(data[1])<<8|int(data[2]), int(data[3])<<8|int(data[4])
	if data[0] != 8 || d.h == 0 || d.w == 0 {
		return d.fail(ErrUnsupported, "%d bits, %d×%d", data[0], d.w, d.h)
	}
	n := int(data[5])
	if n != 1 && n != 3 && n != 4 {
		return d.fail(ErrUnsupported, "%d components", n)
	}
	d.comps = make([]component, n)
	for i := range d.comps {
		f := data[6+3*i:]
		c := component{id: f[0], h: int(f[1] >> 4), v: int(f[1] & 15), quant: f[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return d.fail(ErrDamaged, "sampling %d×%d, table %d", c.h, c.v, c.quant)
		}
		d.comps[i], d.maxH, d.maxV = c, max(d.maxH, c.h), max(d.maxV, c.v)
	}
	return d.layOut()
}

// layOut computes the sides of the planes.
func (d *decoder) layOut() error {
	d.mcuW, d.mcuH = ceil(d.w, 8*d.maxH), ceil(d.h, 8*d.maxV)
	for i := range d.comps {
		c := &d.comps[i]
		if d.maxH%c.h != 0 || d.maxV%c.v != 0 {
			return d.fail(ErrUnsupported, "sampling %d×%d in %d×%d", c.h, c.v, d.maxH, d.maxV)
		}
		c.wide = d.mcuW * c.h
		c.stride = 8 * c.wide
		c.w, c.rows = ceil(d.w*c.h, d.maxH), ceil(d.h*c.v, d.maxV)
	}
	return nil
}

// allocate makes the planes, unless they and the picture exceed the budget.
func (d *decoder) allocate() error {
	channels := int64(len(d.comps))
	need, blocks := int64(d.w)*int64(d.h)*channels, int64(0)
	for i := range d.comps {
		blocks += int64(d.comps[i].wide) * int64(d.mcuH*d.comps[i].v)
	}
	need += blocks * 64
	if d.progressive {
		need += blocks * 128
	}
	if need > d.maxBytes {
		return d.fail(ErrMemory, "%d MiB for %d×%d", need>>20, d.w, d.h)
	}
	for i := range d.comps {
		c := &d.comps[i]
		n := c.stride * 8 * d.mcuH * c.v
		c.plane = make([]byte, n)
		if d.progressive {
			c.coeffs = make([]int16, n)
		}
		c.plane[0] = 128 // what no scan brings is the middle grey, as with libjpeg
		for j := 1; j < n; j *= 2 {
			copy(c.plane[j:], c.plane[:j])
		}
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// Sides reads the header and returns width and height in pixels.
func Sides(r io.Reader) (w, h int, err error) {
	d := newDecoder(r, 0)
	if _, err := d.header(true); err != nil {
		return 0, 0, err
	}
	if d.comps == nil {
		return 0, 0, d.fail(ErrDamaged, "no frame")
	}
	return d.w, d.h, nil
}

func newDecoder(r io.Reader, maxBytes int64) *decoder {
	d := &decoder{maxBytes: maxBytes}
	d.src.r = r
	d.bits.src = &d.src
	return d
}

// natural gives the place in the block of each coefficient in zigzag order.
var natural = [64]byte{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}
