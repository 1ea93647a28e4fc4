package digest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
)

// ChunkError says which chunk of a file is not what was sealed.
type ChunkError struct {
	Chunk int   // index, from 0
	Err   error // what the reader said, or nil when the bytes differ
}

func (e *ChunkError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("digest: chunk %d cannot be read: %v", e.Chunk, e.Err)
	}
	return fmt.Sprintf("digest: chunk %d differs from what was sealed", e.Chunk)
}

// Unwrap returns the cause.
func (e *ChunkError) Unwrap() error { return e.Err }

// Verifier reads ranges of a file and checks, on that same read, every chunk
// that a range touches: the bytes that it returns are the bytes that it
// hashed. It is safe for concurrent use.
type Verifier struct {
	r      io.ReaderAt
	size   int64
	chunks []ID

	mu   sync.Mutex
	held int // index of the verified chunk in buf, -1 for none
	buf  []byte
}

// NewVerifier returns a Verifier for a file of the given size. The number of
// chunks must fit the size.
func NewVerifier(r io.ReaderAt, size int64, chunks []ID) (*Verifier, error) {
	if size < 0 || int64(len(chunks)) != (size+ChunkSize-1)/ChunkSize {
		return nil, fmt.Errorf("digest: %d chunks do not fit %d bytes", len(chunks), size)
	}
	return &Verifier{r: r, size: size, chunks: chunks, held: -1}, nil
}

// Size returns the size of the file in bytes.
func (v *Verifier) Size() int64 { return v.size }

// ReadAt implements io.ReaderAt. Its error is a *ChunkError when a chunk is
// missing or altered; bytes before that chunk are returned with it.
func (v *Verifier) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("digest: negative offset %d", off)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for n < len(p) && off < v.size {
		i := int(off / ChunkSize)
		if err := v.load(i); err != nil {
			return n, err
		}
		c := copy(p[n:], v.buf[off-int64(i)*ChunkSize:])
		n, off = n+c, off+int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// load brings chunk i into buf and verifies it there.
func (v *Verifier) load(i int) error {
	if v.held == i {
		return nil
	}
	v.held = -1
	start := int64(i) * ChunkSize
	want := int(min(ChunkSize, v.size-start))
	if cap(v.buf) < want {
		v.buf = make([]byte, want)
	}
	v.buf = v.buf[:want]
	if n, err := v.r.ReadAt(v.buf, start); n < want {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return &ChunkError{i, err}
	}
	if sha256.Sum256(v.buf) != v.chunks[i] {
		return &ChunkError{Chunk: i}
	}
	v.held = i
	return nil
}
