package hamming

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"sync"
	"sync/atomic"
)

// Segment is an immutable set of codes with ids, searched where its bytes lie.
// It is safe for concurrent use as long as the bytes stay.
type Segment struct {
	plan
	check  uint32 // CRC of the check table
	idents []uint64
	words  []uint64 // Words for each code
	slot   [slots]table
	wide   masks // for slots of 24 bits
	narrow masks // for slots of 23 bits
}

// table leads from the groups of one slot to codes. The lower half of a start is
// where the group begins, the upper one which low bits occur in it.
type table struct {
	starts           []uint64
	checks, ordinals []uint32
}

// OpenSegment verifies the bytes of a segment, all of them and on all processors,
// and returns it. The bytes must stay as they are until the last search; 64-bit
// aligned ones (mapped files are) are used in place, others are copied. Errors
// wrap ErrCorrupt.
func OpenSegment(b []byte) (*Segment, error) {
	p, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	body, sums := b[headerSize:headerSize+p.body()], b[headerSize+p.body():]
	table := sums[:len(sums)-4]
	all := crc32.Update(crc32.Checksum(b[:headerSize], castagnoli()), castagnoli(), table)
	if all != binary.LittleEndian.Uint32(sums[len(sums)-4:]) {
		return nil, corrupt("checksum of the check table")
	}
	if err := parallel(int(p.blocks()), func(i int) error {
		block := body[i*blockSize : min((i+1)*blockSize, len(body))]
		if crc32.Checksum(block, castagnoli()) != binary.LittleEndian.Uint32(table[4*i:]) {
			return corrupt("checksum of the block at byte %d", headerSize+i*blockSize)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	s := &Segment{plan: p, check: all}
	s.cut(body)
	return s, s.verify()
}

// cut points the tables into the body.
func (s *Segment) cut(body []byte) {
	take := func(used, room int64) []byte {
		part := body[:used]
		body = body[room:]
		return part
	}
	s.idents = view64(take(8*s.n, s.ids()))
	s.words = view64(take(8*Words*s.n, s.codes()))
	if !s.tables {
		return
	}
	for i := range slots {
		s.slot[i] = table{
			starts:   view64(take(8*(s.groups(i)+1), s.starts(i))),
			checks:   view32(take(4*s.n, s.column())),
			ordinals: view32(take(4*s.n, s.column())),
		}
	}
	s.wide, s.narrow = masksOf(24-s.shift), masksOf(23-s.shift)
}

// verify makes sure that no search can leave the tables, whoever made them.
func (s *Segment) verify() error {
	if !s.tables {
		return nil
	}
	return parallel(slots, func(i int) error {
		t := s.slot[i]
		last := uint32(0)
		for _, e := range t.starts {
			at := uint32(e)
			if at < last {
				return corrupt("slot %d: groups out of order", i)
			}
			last = at
		}
		if uint32(t.starts[0]) != 0 || int64(last) != s.n {
			return corrupt("slot %d: groups hold %d of %d codes", i, last, s.n)
		}
		top := uint32(0)
		for _, o := range t.ordinals {
			top = max(top, o)
		}
		if int64(top) >= max(s.n, 1) {
			return corrupt("slot %d: ordinal %d of %d codes", i, top, s.n)
		}
		return nil
	})
}

// parallel calls fn for 0 to n-1 on all processors and joins the errors; it stops
// early when one fails.
func parallel(n int, fn func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	workers := min(runtime.GOMAXPROCS(0), n)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[w] = fn(i); errs[w] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Len returns the number of codes.
func (s *Segment) Len() int { return int(s.n) }

// Check returns a checksum over the whole segment, by which a list of segments
// can name it.
func (s *Segment) Check() uint32 { return s.check }

// ID returns the id of the code with the given ordinal, 0 to Len()-1. Ids ascend.
func (s *Segment) ID(ordinal int) uint64 { return s.idents[ordinal] }

// Code returns the code with the given ordinal.
func (s *Segment) Code(ordinal int) Code { return Code(s.words[ordinal*Words:]) }

// Indexed reports whether the segment has tables, or is always searched from end
// to end.
func (s *Segment) Indexed() bool { return s.tables }
