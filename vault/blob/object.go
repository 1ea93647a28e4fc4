package blob

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"tutela/fault"
)

// Sizes of the object format (docs/formats/blob.md).
const (
	SegmentSize = 64 << 10
	KeySize     = 32
	headerSize  = 16
	tagSize     = 16
	sealedSize  = SegmentSize + tagSize
	flushAt     = 16 * sealedSize // sealed segments are written out in portions of this size
)

// header returns the header of version 1.
func header() [headerSize]byte {
	return [headerSize]byte{'T', 'U', 'T', 'E', 'L', 'A', 0, 'B', 1, 16}
}

// nonce returns counter ‖ last flag.
func nonce(segment int64, last bool) (n [12]byte) {
	binary.BigEndian.PutUint64(n[3:11], uint64(segment))
	if last {
		n[11] = 1
	}
	return n
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fault.New(fault.Invalid, "blob: a key of %d bytes, want %d", len(key), KeySize)
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(c)
}

// ObjectSize returns the length in bytes of the object that holds n bytes.
func ObjectSize(n int64) int64 {
	segments := max(1, (n+SegmentSize-1)/SegmentSize)
	return headerSize + n + segments*tagSize
}

// encrypter is an io.WriteCloser that turns plaintext into an object. It holds
// back the last full segment until it knows whether more follows.
type encrypter struct {
	w       io.Writer
	aead    cipher.AEAD
	head    [headerSize]byte
	pending []byte // plaintext of the segment that may be the last
	out     []byte
	segment int64
	err     error
}

var encrypters = sync.Pool{New: func() any {
	return &encrypter{pending: make([]byte, 0, SegmentSize), out: make([]byte, 0, 2*sealedSize)}
}}

// newEncrypter writes the object to w. Close ends it and gives the encrypter
// back to the pool; it must not be used after that.
func newEncrypter(w io.Writer, key []byte) (*encrypter, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	e := encrypters.Get().(*encrypter)
	e.w, e.aead, e.head, e.segment, e.err = w, aead, header(), 0, nil
	e.pending = e.pending[:0]
	e.out = append(e.out[:0], e.head[:]...)
	return e, nil
}

func (e *encrypter) seal(p []byte, last bool) {
	n := nonce(e.segment, last)
	e.out = e.aead.Seal(e.out, n[:], p, e.head[:])
	e.segment++
	if last || len(e.out) >= flushAt {
		if e.err == nil {
			_, e.err = e.w.Write(e.out)
		}
		e.out = e.out[:0]
	}
}

// Write encrypts p.
func (e *encrypter) Write(p []byte) (int, error) {
	total := len(p)
	if len(e.pending) > 0 {
		n := min(len(p), SegmentSize-len(e.pending))
		e.pending = append(e.pending, p[:n]...)
		if p = p[n:]; len(p) == 0 {
			return total, e.err
		}
		e.seal(e.pending, false)
		e.pending = e.pending[:0]
	}
	for len(p) > SegmentSize {
		e.seal(p[:SegmentSize], false)
		p = p[SegmentSize:]
	}
	e.pending = append(e.pending, p...)
	return total, e.err
}

// Close writes the last segment.
func (e *encrypter) Close() error {
	e.seal(e.pending, true)
	err := e.err
	e.w, e.aead = nil, nil
	encrypters.Put(e)
	return err
}

// Reader reads ranges of the plaintext of an object. It is safe for concurrent
// use.
type Reader struct {
	r        io.ReaderAt
	aead     cipher.AEAD
	head     [headerSize]byte
	size     int64 // of the plaintext
	segments int64

	mu   sync.Mutex
	held int64 // segment in buf, -1 for none
	buf  []byte
	raw  []byte
}

// NewReader opens an object of the given length under its data key. It checks
// the header and the last segment, so that an object that was shortened or
// lengthened is refused (fault.Corrupt) before any byte is returned.
func NewReader(r io.ReaderAt, length int64, key []byte) (*Reader, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	body := length - headerSize
	segments := (body + sealedSize - 1) / sealedSize
	last := body - (segments-1)*sealedSize
	if body < tagSize || last < tagSize || (segments > 1 && last == tagSize) {
		return nil, fault.New(fault.Corrupt, "blob: open: an object cannot have %d bytes", length)
	}
	b := &Reader{r: r, aead: aead, head: header(), size: body - segments*tagSize, segments: segments, held: -1}
	var head [headerSize]byte
	if err := readFull(r, head[:], 0); err != nil {
		return nil, err
	}
	if head != b.head {
		return nil, fault.New(fault.Corrupt, "blob: open: not an object of version 1")
	}
	b.raw = make([]byte, min(body, sealedSize))
	b.buf = make([]byte, 0, min(body, sealedSize))
	if err := b.load(segments - 1); err != nil {
		return nil, err
	}
	return b, nil
}

// readFull reads exactly len(p) bytes; what is missing is corrupt.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	if n, err := r.ReadAt(p, off); n < len(p) {
		if err == nil || err == io.EOF {
			return fault.New(fault.Corrupt, "blob: read at %d: %w", off, io.ErrUnexpectedEOF)
		}
		return fmt.Errorf("blob: read at %d: %w", off, err)
	}
	return nil
}

// Size returns the size of the plaintext in bytes.
func (b *Reader) Size() int64 { return b.size }

// load decrypts segment i into buf.
func (b *Reader) load(i int64) error {
	if b.held == i {
		return nil
	}
	b.held = -1
	start := headerSize + i*sealedSize
	raw := b.raw[:min(sealedSize, b.size+b.segments*tagSize-i*sealedSize)]
	if err := readFull(b.r, raw, start); err != nil {
		return err
	}
	n := nonce(i, i == b.segments-1)
	buf, err := b.aead.Open(b.buf[:0], n[:], raw, b.head[:])
	if err != nil {
		return fault.New(fault.Corrupt, "blob: segment %d is not what was written", i)
	}
	b.buf, b.held = buf, i
	return nil
}

// ReadAt implements io.ReaderAt on the plaintext. Every byte that it returns
// has been authenticated.
func (b *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fault.New(fault.Invalid, "blob: negative offset %d", off)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(p) && off < b.size {
		i := off / SegmentSize
		if err := b.load(i); err != nil {
			return n, err
		}
		c := copy(p[n:], b.buf[off-i*SegmentSize:])
		n, off = n+c, off+int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
