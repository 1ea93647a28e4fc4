package hamming

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// LinearBelow is the number of codes below which a segment is made without
// tables: looking at all of them then takes 20 microseconds, and tables would be
// larger than the codes (measured on random codes: 7 microseconds with tables at
// 16,000; 136 against 10 at 100,000; 21,000 against 125 at ten million).
const LinearBelow = 1 << 14

// groupTarget is how many codes a group of 23 bits should hold at least: more
// would be compared in vain, fewer cost memory and more places to look at.
const groupTarget = 5

// WriteSegment writes a segment of the codes with their ids, which must be as
// many and may come in any order; both slices are sorted by id in place. It needs
// about 12 bytes of memory for each code beside them.
func WriteSegment(to io.Writer, ids []uint64, codes []Code) error {
	if len(ids) != len(codes) || int64(len(ids)) > math.MaxUint32 {
		return fmt.Errorf("hamming: %d ids for %d codes", len(ids), len(codes))
	}
	byID(ids, codes)
	return writeSegment(to, ids, codes, planFor(len(ids)))
}

// WriteSegmentOf is WriteSegment for ids, ascending, and codes as the bytes that the
// format has of them. They are only read, so mapped files serve; it needs about 8
// bytes of memory for each code beside them.
func WriteSegmentOf(to io.Writer, ids, codes []byte) error {
	i, c := view64(ids), viewCodes(codes)
	if len(ids) != 8*len(i) || len(codes) != 8*Words*len(c) || len(i) != len(c) || int64(len(i)) > math.MaxUint32 {
		return fmt.Errorf("hamming: %d bytes of ids for %d of codes", len(ids), len(codes))
	}
	if !slices.IsSorted(i) {
		return errors.New("hamming: the ids do not ascend")
	}
	return writeSegment(to, i, c, planFor(len(i)))
}

// planFor chooses the layout for n codes.
func planFor(n int) plan {
	p := plan{n: int64(n), tables: n >= LinearBelow}
	for p.tables && p.shift < maxShift && int64(n)<<p.shift < groupTarget<<23 {
		p.shift++
	}
	return p
}

func byID(ids []uint64, codes []Code) {
	if slices.IsSorted(ids) {
		return
	}
	order := make([]uint32, len(ids))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int {
		switch x, y := ids[a], ids[b]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	// Follow the cycles of the permutation; visited places point to themselves.
	for i := range order {
		id, code, at := ids[i], codes[i], uint32(i)
		for order[at] != uint32(i) {
			from := order[at]
			ids[at], codes[at] = ids[from], codes[from]
			order[at], at = at, from
		}
		ids[at], codes[at] = id, code
		order[at] = at
	}
}

// NewSegment makes a segment in memory, as WriteSegment does.
func NewSegment(ids []uint64, codes []Code) (*Segment, error) {
	b := bytes.NewBuffer(make([]byte, 0, planFor(len(ids)).fileSize()))
	if err := WriteSegment(b, ids, codes); err != nil {
		return nil, err
	}
	return OpenSegment(b.Bytes())
}

func writeSegment(to io.Writer, ids []uint64, codes []Code, p plan) error {
	w := newSummer(to, p.header())
	w.put64(ids)
	w.pad()
	for i := range codes {
		w.put64(codes[i][:])
	}
	w.pad()
	if p.tables {
		var b tableBuilder
		for s := range slots {
			b.build(codes, s, p.shift)
			w.put64(b.starts)
			w.pad()
			w.put32(b.checks)
			w.pad()
			w.put32(b.ordinals)
			w.pad()
		}
	}
	return w.finish()
}

// tableBuilder makes the table of one slot after another in the same memory.
type tableBuilder struct {
	starts           []uint64
	checks, ordinals []uint32
}

// build sorts the codes by group: count, add up, place.
func (b *tableBuilder) build(codes []Code, slot int, shift uint) {
	groups := 1 << (slotWidth(slot) - shift)
	if cap(b.starts) < groups+2 {
		b.starts = make([]uint64, groups+2)
	}
	if b.checks == nil {
		b.checks, b.ordinals = make([]uint32, len(codes)), make([]uint32, len(codes))
	}
	// starts[g+1] counts group g-1, then is where group g goes on; when all codes
	// are placed, that is where group g+1 begins.
	starts := b.starts[:groups+2]
	clear(starts)
	for i := range codes {
		starts[slotOf(&codes[i], slot)>>shift+2]++
	}
	for g := 1; g < len(starts); g++ {
		starts[g] += starts[g-1]
	}
	next := nextSlot(slot)
	for i := range codes {
		v := slotOf(&codes[i], slot)
		at := &starts[v>>shift+1]
		b.checks[*at] = checkOf(v, slotOf(&codes[i], next), shift)
		b.ordinals[*at] = uint32(i)
		*at++
	}
	b.starts = starts[:groups+1]
	for i := range codes {
		v := slotOf(&codes[i], slot)
		b.starts[v>>shift] |= uint64(occupied(v, shift)) << 32
	}
}

// summer writes a body and notes the checksum of each block.
type summer struct {
	to     *bufio.Writer
	header []byte
	block  []byte
	sums   []byte
	err    error
}

func newSummer(to io.Writer, header []byte) *summer {
	w := &summer{to: bufio.NewWriterSize(to, 1<<20), header: header, block: make([]byte, 0, blockSize)}
	_, w.err = w.to.Write(header)
	return w
}

// flush ends a block.
func (w *summer) flush() {
	w.sums = binary.LittleEndian.AppendUint32(w.sums, crc32.Checksum(w.block, castagnoli()))
	_, err := w.to.Write(w.block)
	w.err = errors.Join(w.err, err)
	w.block = w.block[:0]
}

// Numbers and padding divide a block evenly, so none lies across two.

func (w *summer) put32(v []uint32) {
	for _, x := range v {
		if len(w.block) == blockSize {
			w.flush()
		}
		w.block = binary.LittleEndian.AppendUint32(w.block, x)
	}
}

func (w *summer) put64(v []uint64) {
	for _, x := range v {
		if len(w.block) == blockSize {
			w.flush()
		}
		w.block = binary.LittleEndian.AppendUint64(w.block, x)
	}
}

func (w *summer) pad() {
	for len(w.block)%padding != 0 {
		w.block = append(w.block, 0)
	}
}

func (w *summer) finish() error {
	if len(w.block) > 0 {
		w.flush()
	}
	sum := crc32.Update(crc32.Checksum(w.header, castagnoli()), castagnoli(), w.sums)
	_, err := w.to.Write(binary.LittleEndian.AppendUint32(w.sums, sum))
	return errors.Join(w.err, err, w.to.Flush())
}
