package digest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	smallRead = 64 << 10      // one read of a small file
	bigRead   = 4 * ChunkSize // one read of a large file
	piece     = 128 << 10     // stays in the second-level cache while four hashes pass over it
)

// Hasher computes a Set from bytes written to it. Writes of whole chunks use
// two processors when there are two. The zero value is not ready: use New.
type Hasher struct {
	md5, sha1, whole hash.Hash
	chunk            hash.Hash // of the open chunk, except for the first, whose hash is that of the whole
	fill             int       // bytes in the open chunk
	size             int64
	chunks           []ID
}

// New returns an empty Hasher.
func New() *Hasher {
	return &Hasher{md5: md5.New(), sha1: sha1.New(), whole: sha256.New(), chunk: sha256.New()}
}

// Reset makes h empty again, for another file.
func (h *Hasher) Reset() {
	h.md5.Reset()
	h.sha1.Reset()
	h.whole.Reset()
	h.chunk.Reset()
	h.fill, h.size, h.chunks = 0, 0, nil
}

// Write adds p; it never fails and never keeps p.
func (h *Hasher) Write(p []byte) (int, error) {
	n := len(p)
	h.size += int64(n)
	if n >= 2*ChunkSize && runtime.GOMAXPROCS(0) > 1 {
		if h.fill > 0 || len(h.chunks) == 0 {
			head := ChunkSize - h.fill
			h.feed(p[:head])
			p = p[head:]
		}
		aligned := len(p) &^ (ChunkSize - 1)
		h.fork(p[:aligned])
		p = p[aligned:]
	}
	h.feed(p)
	return n, nil
}

// feed adds p on this goroutine, in pieces that never cross a chunk's end.
func (h *Hasher) feed(p []byte) {
	for len(p) > 0 {
		part := p[:min(len(p), piece, ChunkSize-h.fill)]
		p = p[len(part):]
		h.md5.Write(part)
		h.sha1.Write(part)
		h.whole.Write(part)
		if len(h.chunks) > 0 {
			h.chunk.Write(part)
		}
		if h.fill += len(part); h.fill == ChunkSize {
			h.chunks = append(h.chunks, h.open())
			h.chunk.Reset()
			h.fill = 0
		}
	}
}

// open returns the hash of the open chunk. The hash of the first is the
// SHA-256 of everything so far, so a file of one chunk is not hashed twice.
func (h *Hasher) open() (id ID) {
	from := h.chunk
	if len(h.chunks) == 0 {
		from = h.whole
	}
	from.Sum(id[:0])
	return id
}

// fork adds whole chunks on two goroutines: MD5 here, SHA-1 and SHA-256 there,
// and the chunk hashes on whichever has finished first, which balances them.
func (h *Hasher) fork(p []byte) {
	first, n := len(h.chunks), len(p)/ChunkSize
	h.chunks = append(h.chunks, make([]ID, n)...)
	var next atomic.Int64
	chunks := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			h.chunks[first+i] = sha256.Sum256(p[i*ChunkSize : (i+1)*ChunkSize])
		}
	}
	done := make(chan struct{})
	go func() {
		for q := p; len(q) > 0; q = q[piece:] {
			h.sha1.Write(q[:piece])
			h.whole.Write(q[:piece])
		}
		chunks()
		close(done)
	}()
	h.md5.Write(p)
	chunks()
	<-done
}

// Sum returns the digests of what was written so far; more can be written
// after it.
func (h *Hasher) Sum() Set {
	s := Set{Size: h.size}
	h.md5.Sum(s.MD5[:0])
	h.sha1.Sum(s.SHA1[:0])
	h.whole.Sum(s.SHA256[:0])
	s.Chunks = append(s.Chunks, h.chunks...)
	if h.fill > 0 {
		s.Chunks = append(s.Chunks, h.open())
	}
	s.Root = Root(s.Chunks)
	return s
}

var (
	hashers = sync.Pool{New: func() any { return New() }}
	smalls  = sync.Pool{New: func() any { return new([smallRead]byte) }}
	bigs    = sync.Pool{New: func() any { return new([bigRead]byte) }}
)

// Sum reads r to its end in one pass. A small file takes one buffer of 64 KiB
// from a pool; a large one is read ahead while the processors hash.
func Sum(r io.Reader) (Set, error) {
	h := hashers.Get().(*Hasher)
	defer hashers.Put(h)
	h.Reset()
	small := smalls.Get().(*[smallRead]byte)
	n, err := io.ReadFull(r, small[:])
	h.Write(small[:n])
	smalls.Put(small)
	if err == nil {
		_, err = ReadAhead(r, h)
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return Set{}, err
	}
	return h.Sum(), nil
}

// ReadAhead copies r to w in blocks of 4 MiB (the last may be shorter),
// reading the next block while w works on this one. It returns the number of
// bytes that w took. w must not keep the block.
func ReadAhead(r io.Reader, w io.Writer) (int64, error) {
	type block struct {
		n   int
		err error
	}
	this, other := bigs.Get().(*[bigRead]byte), bigs.Get().(*[bigRead]byte)
	defer func() { bigs.Put(this); bigs.Put(other) }()
	read := func(p *[bigRead]byte) (b block) {
		b.n, b.err = io.ReadFull(r, p[:])
		return b
	}
	var total int64
	for b := read(this); ; {
		next := make(chan block, 1)
		more := b.err == nil
		if more {
			go func(p *[bigRead]byte) { next <- read(p) }(other)
		}
		var werr error
		if b.n > 0 {
			_, werr = w.Write(this[:b.n])
		}
		if !more {
			if errors.Is(b.err, io.EOF) || errors.Is(b.err, io.ErrUnexpectedEOF) {
				b.err = nil
			}
			return total + int64(b.n), errors.Join(werr, b.err)
		}
		total += int64(b.n)
		b = <-next
		if werr != nil {
			return total, werr
		}
		this, other = other, this
	}
}
