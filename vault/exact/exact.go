// Package exact keeps sets of digests of known files on disk, some hundred million
// in a file, and answers whether a digest is among them with one read. It promises
// an exact answer or an error; it never holds more in memory than 8 bytes for each
// page of 4,096, and what is needed to sort a set stays below what it was given.
//
// A set is derived from the list that it was made of, immutable, and replaced as a
// whole. docs/formats/digestset.md has every byte.
package exact

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"tutela/fault"
	"tutela/hash/digestset"
	"tutela/vault/internal/durable"
)

// Set is an open file. It is safe for concurrent use.
type Set struct {
	*digestset.Set
	f     *os.File
	pages sync.Pool
}

// Build makes the file of a set of digests of width bytes (16, 20 or 32), in place
// of what is there under its name, from digests in any order. It uses about memory
// bytes, and disk space beside the file for what does not fit.
func Build(path string, width, memory int, digests iter.Seq2[[]byte, error]) error {
	dir := filepath.Dir(path)
	b, err := digestset.NewBuilder(width, memory, func() (digestset.Scratch, error) { return newScratch(dir) })
	if err != nil {
		return fault.New(fault.Invalid, "exact: %w", err)
	}
	defer b.Close()
	for d, err := range digests {
		if err != nil {
			return err
		}
		if len(d) != width {
			return fault.New(fault.Invalid, "exact: a digest of %d bytes, not %d", len(d), width)
		}
		if err := b.Add(d); err != nil {
			return fault.New(fault.Outside, "exact: %w", err)
		}
	}
	return durable.Write(dir, filepath.Base(path), "exact", func(w io.Writer) error {
		_, err := b.WriteTo(w)
		return err
	})
}

// scratch is a temporary file that goes when it is closed.
type scratch struct{ *os.File }

func newScratch(dir string) (digestset.Scratch, error) {
	f, err := os.CreateTemp(dir, durable.Part+"*")
	if err != nil {
		return nil, err
	}
	return scratch{f}, nil
}

func (s scratch) Close() error {
	return errors.Join(s.File.Close(), os.Remove(s.Name()))
}

// Open opens a set. Kinds of error: NotFound; Corrupt where it must be built again.
func Open(path string) (*Set, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "exact: %w", err)
	} else if err != nil {
		return nil, fault.New(fault.Outside, "exact: %w", err)
	}
	st, err := f.Stat()
	var s *digestset.Set
	if err == nil {
		s, err = digestset.Open(f, st.Size())
	}
	if err != nil {
		f.Close()
		return nil, kind(err)
	}
	return &Set{Set: s, f: f, pages: sync.Pool{New: func() any { return new(digestset.Page) }}}, nil
}

func kind(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, digestset.ErrCorrupt):
		return fault.New(fault.Corrupt, "exact: %w", err)
	}
	return fault.New(fault.Outside, "exact: %w", err)
}

// Contains reports whether the digest is in the set. After an error nothing is
// known; of kind Corrupt it means that the set must be built again.
func (s *Set) Contains(digest []byte) (bool, error) {
	p := s.pages.Get().(*digestset.Page)
	defer s.pages.Put(p)
	found, err := s.Set.Contains(p, digest)
	return found, kind(err)
}

// Verify reads the whole file and reports the first damage.
func (s *Set) Verify() error { return kind(s.Set.Verify()) }

// Close closes the file.
func (s *Set) Close() error { return s.f.Close() }
