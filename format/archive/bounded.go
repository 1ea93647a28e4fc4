package archive

import (
	"errors"
	"hash"
	"hash/crc32"
	"io"

	"tutela/fault"
)

// free is what any member may expand to before its ratio counts.
const free = 1 << 20

// bounded reads one member within the walker's limits and checks its sum.
type bounded struct {
	w      *Walker
	r      io.Reader
	path   string
	off    int64
	stored int64 // bytes in the container
	size   int64 // declared, or -1
	read   int64
	sum    hash.Hash32 // nil where the container has none
	want   uint32
	err    error
}

func (w *Walker) bounded(r io.Reader, path string, off, stored, size int64) *bounded {
	return &bounded{w: w, r: r, path: path, off: off, stored: stored, size: size}
}

// check adds the CRC-32 that the content must have.
func (b *bounded) check(want uint32) *bounded {
	b.sum, b.want = crc32.NewIEEE(), want
	return b
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	b.w.produced += int64(n)
	if b.sum != nil {
		b.sum.Write(p[:n])
	}
	switch {
	case b.read > free && b.read/b.w.lim.Ratio > b.stored:
		b.err = b.refuse("archive.ratio", "expands beyond the allowed ratio")
	case b.w.produced > b.w.lim.Bytes:
		b.err = b.refuse("archive.total", "all members together are larger than the limit")
	case err == io.EOF:
		b.err = b.atEnd()
	case err != nil:
		b.err = b.damaged(err)
	}
	return n, b.err
}

func (b *bounded) refuse(code, why string) error {
	b.w.find(code, b.path, b.off)
	return fault.New(fault.Refused, "archive: read member at %d: %s", b.off, why)
}

// atEnd compares size and sum; it returns io.EOF when they are right.
func (b *bounded) atEnd() error {
	if b.size >= 0 && b.read != b.size {
		b.w.find("archive.size", b.path, b.off)
		if b.read < b.size {
			return fault.New(fault.Corrupt, "archive: read member at %d: %d of %d bytes: %w", b.off, b.read, b.size, io.ErrUnexpectedEOF)
		}
	}
	if b.sum != nil && b.sum.Sum32() != b.want {
		b.w.find("archive.checksum", b.path, b.off)
		return fault.New(fault.Corrupt, "archive: read member at %d: checksum mismatch", b.off)
	}
	return io.EOF
}

func (b *bounded) damaged(err error) error {
	if fault.KindOf(err) == fault.Unknown {
		b.w.find("archive.damaged", b.path, b.off)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fault.New(fault.Corrupt, "archive: read member at %d: %w", b.off, err)
}
