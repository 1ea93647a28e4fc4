package blob

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// Writing takes in content of one case. Add may be called from several
// goroutines; then Commit makes the objects durable; then PutKeys, in the act,
// makes them readable.
type Writing struct {
	s       *Store
	caseID  string
	epoch   int64
	key     []byte // of the case
	batch   Batch
	mu      sync.Mutex
	objects map[string]*written // by blob name
	adopted map[string]bool     // names that the case has already
}

// written is a staged object that waits for Commit.
type written struct {
	staged Staged
	row    keyRow
}

// Begin starts taking in content of a case. Abort must follow (after Commit it
// does nothing).
func (s *Store) Begin(ctx context.Context, caseID string) (*Writing, error) {
	epoch, key, err := s.keys.Latest(ctx, engine.Unlock(s.rows.Raw()).Read(), caseID)
	if err != nil {
		return nil, err
	}
	b, err := s.backend.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &Writing{s: s, caseID: caseID, epoch: epoch, key: key, batch: b, objects: map[string]*written{}, adopted: map[string]bool{}}, nil
}

// Abort gives up what is not committed.
func (w *Writing) Abort() { w.batch.Abort() }

const firstRead = 64 << 10

var (
	first   = sync.Pool{New: func() any { return new([firstRead]byte) }}
	hashers = sync.Pool{New: func() any { return digest.New() }}
)

// Add reads r to its end once: it digests and encrypts in the same pass, and
// returns the digests and the blob's name. Content that this Writing has
// already is not stored again.
func (w *Writing) Add(r io.Reader) (digest.Set, string, error) {
	var secret [KeySize + 12 + 8]byte // data key, nonce of its wrapping, random part of the object's name
	if _, err := io.ReadFull(w.s.rand, secret[:]); err != nil {
		return digest.Set{}, "", fault.New(fault.Outside, "blob: no randomness: %w", err)
	}
	staged, err := w.batch.Stage()
	if err != nil {
		return digest.Set{}, "", err
	}
	set, err := pour(staged, r, secret[:KeySize])
	if err != nil {
		staged.Drop()
		return digest.Set{}, "", err
	}
	name := Name(w.s.names, w.caseID, set.SHA256)
	row := keyRow{name: name, caseID: w.caseID, epoch: w.epoch, object: objectName(name, [8]byte(secret[KeySize+12:])), size: set.Size}
	row.wrapped, err = wrap(w.key, secret[:KeySize], [12]byte(secret[KeySize:]), wrapAAD(w.caseID, row.object, w.epoch, set.Size))
	if err != nil {
		staged.Drop()
		return digest.Set{}, "", err
	}
	return set, name, w.keep(&written{staged, row})
}

// keep gives the object its name, unless another Add had the same content.
func (w *Writing) keep(o *written) error {
	w.mu.Lock()
	_, have := w.objects[o.row.name]
	if !have {
		w.objects[o.row.name] = o
	}
	w.mu.Unlock()
	if have {
		o.staged.Drop()
		return nil
	}
	return o.staged.Keep(o.row.object)
}

// pour digests and encrypts r into w.
func pour(w io.Writer, r io.Reader, key []byte) (digest.Set, error) {
	h := hashers.Get().(*digest.Hasher)
	defer hashers.Put(h)
	h.Reset()
	e, err := newEncrypter(w, key)
	if err != nil {
		return digest.Set{}, err
	}
	small := first.Get().(*[firstRead]byte)
	defer first.Put(small)
	n, err := io.ReadFull(r, small[:])
	h.Write(small[:n])
	e.Write(small[:n])
	if err == nil {
		_, err = digest.ReadAhead(r, &both{h, e})
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	if err = errors.Join(err, e.Close()); err != nil {
		return digest.Set{}, fault.New(fault.Outside, "blob: take in: %w", err)
	}
	return h.Sum(), nil
}

// both hashes and encrypts the same bytes, at the same time when they are many
// and there is more than one processor.
type both struct {
	h *digest.Hasher
	e *encrypter
}

func (b *both) Write(p []byte) (int, error) {
	if len(p) < digest.ChunkSize || runtime.GOMAXPROCS(0) < 2 {
		b.h.Write(p)
		return b.e.Write(p)
	}
	done := make(chan struct{})
	go func() { b.h.Write(p); close(done) }()
	n, err := b.e.Write(p)
	<-done
	return n, err
}

// Commit drops what the case has already and makes the rest durable. After it
// the act may be committed.
func (w *Writing) Commit(ctx context.Context) error {
	names := make([]string, 0, len(w.objects))
	for n := range w.objects {
		names = append(names, n)
	}
	have, err := keysOf(ctx, engine.Unlock(w.s.rows.Raw()).Read(), names)
	if err != nil {
		return err
	}
	for n := range have {
		w.objects[n].staged.Drop()
		delete(w.objects, n)
		w.adopted[n] = true
	}
	return w.batch.Commit(ctx)
}

// PutKeys writes the key rows of the named blobs, which may be spread over
// several acts. If content that the case had already was erased since Commit,
// it returns fault.Busy: the batch must be taken in again.
func (w *Writing) PutKeys(ctx context.Context, dw *db.Writer, names ...string) error {
	var adopted []string
	rows := make([]db.Row, 0, len(names))
	for _, n := range names {
		if o := w.objects[n]; o != nil {
			rows = append(rows, o.row.row())
		} else if w.adopted[n] {
			adopted = append(adopted, n)
		} else {
			return fault.New(fault.Invalid, "blob: %s was not taken in", n)
		}
	}
	slices.Sort(adopted)
	adopted = slices.Compact(adopted)
	if len(adopted) > 0 {
		have, err := keysOf(ctx, dw, adopted)
		if err != nil {
			return err
		}
		if len(have) < len(adopted) {
			return fault.Hint(fault.New(fault.Busy, "blob: content was erased while it was being stored again"), "run it again")
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return dw.Put(ctx, keyTable, rows...)
}
