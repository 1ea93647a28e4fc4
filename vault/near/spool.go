package near

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/vault/internal/durable"
	"tutela/vault/internal/mapped"
)

// spool collects the codes of a segment in two files, which are mapped when the
// segment is written, so that they need no memory of the process.
type spool struct {
	ids, codes part
	n          int
	last       uint64
	ascending  bool
}

// part is one file of a spool.
type part struct {
	f *os.File
	w *bufio.Writer
}

func newPart(dir string) (part, error) {
	f, err := os.CreateTemp(dir, durable.Part+"*")
	if err != nil {
		return part{}, fault.New(fault.Outside, "near: %w", err)
	}
	return part{f, bufio.NewWriterSize(f, 1<<18)}, nil
}

func (p part) close() {
	if p.f != nil {
		p.f.Close()
		os.Remove(p.f.Name())
	}
}

func newSpool(dir string) (*spool, error) {
	ids, err := newPart(dir)
	codes, err2 := newPart(dir)
	s := &spool{ids: ids, codes: codes, ascending: true}
	if err = errors.Join(err, err2); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *spool) close() { s.ids.close(); s.codes.close() }

// add takes a code. What fails to be written shows when the segment is.
func (s *spool) add(id uint64, code hamming.Code) {
	var b [8 + 8*hamming.Words]byte
	binary.LittleEndian.PutUint64(b[:], id)
	for i, w := range code {
		binary.LittleEndian.PutUint64(b[8+8*i:], w)
	}
	s.ids.w.Write(b[:8])
	s.codes.w.Write(b[8:])
	s.ascending = s.ascending && s.last <= id
	s.last = id
	s.n++
}

// writeTo writes the segment.
func (s *spool) writeTo(w io.Writer) error {
	if err := errors.Join(s.ids.w.Flush(), s.codes.w.Flush()); err != nil {
		return err
	}
	ids, err := mapped.Open(s.ids.f.Name())
	if err != nil {
		return err
	}
	defer ids.Close()
	codes, err := mapped.Open(s.codes.f.Name())
	if err != nil {
		return err
	}
	defer codes.Close()
	gone := mapped.Guard(func() {
		if s.ascending {
			err = hamming.WriteSegmentOf(w, ids.Bytes, codes.Bytes)
		} else {
			err = hamming.WriteSegment(w, numbers(ids.Bytes), codesOf(codes.Bytes))
		}
	})
	return errors.Join(gone, err)
}

func numbers(b []byte) []uint64 {
	out := make([]uint64, len(b)/8)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return out
}

func codesOf(b []byte) []hamming.Code {
	out := make([]hamming.Code, len(b)/8/hamming.Words)
	for i := range out {
		for j := range out[i] {
			out[i][j] = binary.LittleEndian.Uint64(b[8*(hamming.Words*i+j):])
		}
	}
	return out
}
