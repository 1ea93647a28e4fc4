package digestset

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Scratch is a place for what does not fit into memory; an empty file serves.
type Scratch interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

const (
	keySize   = 16       // memory for sorting, beside the digest
	runBuffer = 64 << 10 // memory for each sorted run while they are merged
)

// Builder takes digests in any order, repeated ones too, and writes a set. It
// keeps to the memory it was given: what is more is sorted in runs and merged.
type Builder struct {
	width   int
	room    int // digests in memory
	scratch func() (Scratch, error)
	digests []byte
	keys    []key
	runs    []run
}

// key sorts without touching the digest, mostly.
type key struct {
	first uint64 // bytes of the digest
	at    uint32
}

type run struct {
	s    Scratch
	size int64
}

// NewBuilder returns a builder for digests of width bytes (16, 20 or 32) that uses
// about memory bytes, at least a megabyte, and calls scratch for each place it
// needs beyond.
func NewBuilder(width, memory int, scratch func() (Scratch, error)) (*Builder, error) {
	if !validWidth(width) {
		return nil, fmt.Errorf("digest set: digests of %d bytes", width)
	}
	b := &Builder{width: width, scratch: scratch}
	b.room = max(memory, 1<<20) / (width + keySize)
	return b, nil
}

// Add takes one digest.
func (b *Builder) Add(digest []byte) error {
	if len(digest) != b.width {
		return fmt.Errorf("digest set: a digest of %d bytes, not %d", len(digest), b.width)
	}
	if b.digests == nil {
		b.digests, b.keys = make([]byte, 0, b.room*b.width), make([]key, 0, b.room)
	}
	b.keys = append(b.keys, key{binary.BigEndian.Uint64(digest), uint32(len(b.keys))})
	b.digests = append(b.digests, digest...)
	if len(b.keys) == b.room {
		return b.spill()
	}
	return nil
}

func (b *Builder) at(k key) []byte {
	return b.digests[int(k.at)*b.width:][:b.width]
}

func (b *Builder) sort() {
	slices.SortFunc(b.keys, func(x, y key) int {
		if c := cmp.Compare(x.first, y.first); c != 0 {
			return c
		}
		return bytes.Compare(b.at(x), b.at(y))
	})
}

// spill writes what is in memory as a sorted run.
func (b *Builder) spill() error {
	b.sort()
	s, err := b.scratch()
	if err != nil {
		return fmt.Errorf("digest set: scratch: %w", err)
	}
	b.runs = append(b.runs, run{s, int64(len(b.digests))})
	w := bufio.NewWriterSize(s, runBuffer)
	for _, k := range b.keys {
		w.Write(b.at(k))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("digest set: scratch: %w", err)
	}
	b.digests, b.keys = b.digests[:0], b.keys[:0]
	return nil
}

// Close gives the scratch places back. The builder cannot be used any more.
func (b *Builder) Close() error {
	var errs []error
	for _, r := range b.runs {
		errs = append(errs, r.s.Close())
	}
	b.runs, b.digests, b.keys = nil, nil, nil
	return errors.Join(errs...)
}

// WriteTo writes the set and returns its size in bytes.
func (b *Builder) WriteTo(to io.Writer) (int64, error) {
	w := &writer{to: bufio.NewWriterSize(to, 1<<20), width: b.width}
	if len(b.runs) > 0 && len(b.keys) > 0 {
		if err := b.spill(); err != nil {
			return 0, err
		}
	}
	if len(b.runs) == 0 {
		b.sort()
		for _, k := range b.keys {
			w.put(b.at(k))
		}
		return w.finish()
	}
	b.digests, b.keys = nil, nil // the merge needs the memory
	if err := b.merge(w); err != nil {
		return 0, err
	}
	return w.finish()
}

// head is the next digest of a run.
type head struct {
	digest []byte
	r      *bufio.Reader
}

// merge puts the digests of all runs in order. The heads are a heap: the least is
// at place 0.
func (b *Builder) merge(w *writer) error {
	var heap []*head
	for _, r := range b.runs {
		h := &head{make([]byte, b.width), bufio.NewReaderSize(io.NewSectionReader(r.s, 0, r.size), runBuffer)}
		if _, err := io.ReadFull(h.r, h.digest); err != nil {
			return fmt.Errorf("digest set: scratch: %w", err)
		}
		heap = append(heap, h)
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for len(heap) > 0 {
		h := heap[0]
		w.put(h.digest)
		switch _, err := io.ReadFull(h.r, h.digest); {
		case err == io.EOF:
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		case err != nil:
			return fmt.Errorf("digest set: scratch: %w", err)
		}
		if len(heap) > 0 {
			sink(heap, 0)
		}
	}
	return nil
}

func sink(heap []*head, i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(heap); c++ {
			if bytes.Compare(heap[c].digest, heap[least].digest) < 0 {
				least = c
			}
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}

// writer writes pages of ascending digests and leaves repeated ones out.
type writer struct {
	to     *bufio.Writer
	width  int
	n      int64
	page   Page
	used   int // bytes of the page
	last   []byte
	fences []byte
	err    error
}

func (w *writer) put(digest []byte) {
	if w.n > 0 && bytes.Equal(w.last, digest) {
		return
	}
	if w.used+w.width > pageBody {
		w.flush()
	}
	if w.used == 0 {
		w.fences = append(w.fences, digest[:8]...)
	}
	w.used += copy(w.page.bytes()[w.used:], digest)
	w.last = append(w.last[:0], digest...)
	w.n++
}

func (w *writer) flush() {
	b := w.page.bytes()
	clear(b[w.used:])
	w.page.number(int64(len(w.fences)/8) - 1)
	binary.BigEndian.PutUint32(b[pageBody:], w.page.sum())
	_, err := w.to.Write(b)
	w.err = errors.Join(w.err, err)
	w.used = 0
}

func (w *writer) finish() (int64, error) {
	if w.used > 0 {
		w.flush()
	}
	be := binary.BigEndian
	pages := int64(len(w.fences) / 8)
	size := pages*(pageSize+8) + footerSize
	f := be.AppendUint32([]byte(magic), version)
	f = be.AppendUint32(f, uint32(w.width))
	for _, v := range []int64{w.n, pages, size} {
		f = be.AppendUint64(f, uint64(v))
	}
	f = append(f, make([]byte, 60-len(f))...)
	f = be.AppendUint32(f, crc32.Update(crc32.Checksum(w.fences, castagnoli()), castagnoli(), f))
	_, err1 := w.to.Write(w.fences)
	_, err2 := w.to.Write(f)
	if err := errors.Join(w.err, err1, err2, w.to.Flush()); err != nil {
		return 0, fmt.Errorf("digest set: write: %w", err)
	}
	return size, nil
}
