package evidence

import (
	"bytes"
	"io"

	"tutela/fault"
	"tutela/hash/digest"
)

// Ephemeral is content that is digested first and never linked to a case: what
// somebody asks about. Nothing of it is kept.
type Ephemeral struct {
	in   io.ReaderAt
	set  digest.Set
	data []byte // nil where the content stays in its file
}

// MaxEphemeral is the largest ephemeral content of NewEphemeral in bytes.
const MaxEphemeral = 256 << 20

// NewEphemeral reads r to its end and digests it. It is held in memory only.
func NewEphemeral(r io.Reader) (*Ephemeral, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxEphemeral+1))
	if err != nil {
		return nil, fault.New(fault.Outside, "ephemeral: %w", err)
	}
	if len(data) > MaxEphemeral {
		return nil, fault.New(fault.Refused, "ephemeral: more than %d bytes", int64(MaxEphemeral))
	}
	set, err := digest.Sum(bytes.NewReader(data))
	return &Ephemeral{in: bytes.NewReader(data), set: set, data: data}, err
}

// DigestFirst digests the first size bytes of in, which stay where they are. Each
// later read is compared with what was digested: its error is a *digest.ChunkError
// when the bytes have changed meanwhile.
func DigestFirst(in io.ReaderAt, size int64) (*Ephemeral, error) {
	set, err := digest.Sum(io.NewSectionReader(in, 0, size))
	if err != nil {
		return nil, fault.New(fault.Outside, "ephemeral: %w", err)
	}
	if set.Size != size {
		return nil, fault.New(fault.Busy, "ephemeral: %d bytes of %d: it is being changed", set.Size, size)
	}
	checked, err := digest.NewVerifier(in, size, set.Chunks)
	if err != nil {
		return nil, fault.New(fault.Invalid, "ephemeral: %w", err)
	}
	return &Ephemeral{in: checked, set: set}, nil
}

// Digests returns the digests.
func (e *Ephemeral) Digests() digest.Set { return e.set }

// Size returns the size in bytes.
func (e *Ephemeral) Size() int64 { return e.set.Size }

// ReadAt implements io.ReaderAt.
func (e *Ephemeral) ReadAt(p []byte, off int64) (int, error) { return e.in.ReadAt(p, off) }

// Close forgets the content.
func (e *Ephemeral) Close() error {
	clear(e.data)
	e.in, e.data = bytes.NewReader(nil), nil
	return nil
}
