package near

import (
	"path/filepath"
	"slices"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/vault/internal/mapped"
)

// seal makes a segment of the tail, together with the segments before it that are
// not at least twice as large, so that there are few.
func (x *Index) seal() error {
	keep := len(x.segments)
	n := len(x.tail.ids) - x.tail.dead
	for keep > 0 && x.segments[keep-1].Len()-x.segments[keep-1].dead < 2*n {
		keep--
		n += x.segments[keep].Len() - x.segments[keep].dead
	}
	return x.merge(keep)
}

// Compact makes one segment of everything that is not withdrawn. Searches go on
// meanwhile; it needs some 52 bytes of memory for each code.
func (x *Index) Compact() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.writable(); err != nil {
		return err
	}
	return x.merge(0)
}

// merge makes one segment of the tail and all segments from the given place on.
func (x *Index) merge(keep int) error {
	n := len(x.tail.ids) - x.tail.dead
	for _, s := range x.segments[keep:] {
		n += s.Len() - s.dead
	}
	ids, codes := make([]uint64, 0, n), make([]hamming.Code, 0, n)
	err := mapped.Guard(func() {
		for _, s := range x.segments[keep:] {
			for i := range s.Len() {
				if !s.withdrawn(i) {
					ids, codes = append(ids, s.ID(i)), append(codes, s.Code(i))
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for i, id := range x.tail.ids {
		if !x.tail.gone[i] {
			ids, codes = append(ids, id), append(codes, hamming.Code(x.tail.words[i*hamming.Words:]))
		}
	}
	segments := slices.Clone(x.segments[:keep])
	if len(ids) > 0 {
		s, err := x.writeSegment(ids, codes)
		if err != nil {
			return err
		}
		segments = append(segments, s)
	}
	if err = x.replace(segments); err != nil && len(segments) > keep {
		segments[keep].file.Close()
	}
	return err
}

// openWritten opens a segment that this process has just written.
func openWritten(dir string, number uint64, codes int) (*segment, error) {
	f, err := mapped.Open(filepath.Join(dir, segmentName(number)))
	if err != nil {
		return nil, err
	}
	s, err := hamming.OpenSegment(f.Bytes)
	if err == nil && s.Len() != codes {
		err = hamming.ErrCorrupt
	}
	if err != nil {
		f.Close()
		return nil, fault.New(fault.Corrupt, "near: a segment just written: %w", err)
	}
	return &segment{Segment: s, number: number, file: f}, nil
}
