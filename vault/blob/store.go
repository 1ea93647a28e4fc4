package blob

import (
	"context"
	"database/sql"
	"io"
	"iter"
	"slices"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// CaseKeys opens the keys of cases (package keys).
type CaseKeys interface {
	// Latest returns the newest epoch of a case and its key, for new objects.
	Latest(ctx context.Context, q db.Queryer, caseID string) (int64, []byte, error)
	// Key returns the key of an epoch.
	Key(ctx context.Context, q db.Queryer, caseID string, epoch int64) ([]byte, error)
}

// Store is the content of a site: objects in a Backend, their wrapped keys in
// the database.
type Store struct {
	backend Backend
	rows    *db.Store
	names   []byte // site name key
	keys    CaseKeys
	rand    io.Reader
}

// NewStore joins a backend, the database, the site's name key and the case
// keys as one officer or service can open them.
func NewStore(b Backend, rows *db.Store, siteName []byte, keys CaseKeys, rand io.Reader) *Store {
	return &Store{backend: b, rows: rows, names: siteName, keys: keys, rand: rand}
}

// Content is the open content of a blob. It may be read from several
// goroutines; every byte is authenticated.
type Content struct {
	*Reader
	object Object
}

// Close closes the object.
func (c *Content) Close() error { return c.object.Close() }

// Opener opens blobs of one case whose key rows were fetched together.
type Opener struct {
	s    *Store
	rows map[string]keyRow
	keys map[int64][]byte
}

// Opener fetches the key rows of names in one go. Names without a row are
// reported when they are opened.
func (s *Store) Opener(ctx context.Context, caseID string, names ...string) (*Opener, error) {
	q := engine.Unlock(s.rows.Raw()).Read()
	rows, err := keysOf(ctx, q, names)
	if err != nil {
		return nil, err
	}
	o := &Opener{s: s, rows: rows, keys: map[int64][]byte{}}
	for _, r := range rows {
		if r.caseID != caseID {
			return nil, fault.New(fault.Refused, "blob: open: a blob of another case")
		}
		if o.keys[r.epoch] == nil {
			if o.keys[r.epoch], err = s.keys.Key(ctx, q, caseID, r.epoch); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

// Open opens one of the names. It returns fault.NotFound when the blob was
// erased or never stored, fault.Corrupt when its object is missing, altered or
// of another length.
func (o *Opener) Open(ctx context.Context, name string) (*Content, error) {
	r, ok := o.rows[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "blob: open %s: no key: it was erased, or never stored", name)
	}
	key, err := unwrap(o.keys[r.epoch], r.wrapped, wrapAAD(r.caseID, r.object, r.epoch, r.size))
	if err != nil {
		return nil, err
	}
	obj, err := o.s.backend.Open(ctx, r.object)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.Corrupt, "blob: open %s: the object is missing: %w", name, err)
	}
	if err != nil {
		return nil, err
	}
	if obj.Size() != ObjectSize(r.size) {
		obj.Close()
		return nil, fault.New(fault.Corrupt, "blob: open %s: the object has %d bytes, want %d", name, obj.Size(), ObjectSize(r.size))
	}
	reader, err := NewReader(obj, obj.Size(), key)
	if err != nil {
		obj.Close()
		return nil, err
	}
	return &Content{reader, obj}, nil
}

// Entitled returns nil if the holder of the store's keys can open a case, and
// Refused otherwise. It is for content of the case that lies elsewhere, which no
// key of a blob guards.
func (s *Store) Entitled(ctx context.Context, caseID string) error {
	_, _, err := s.keys.Latest(ctx, engine.Unlock(s.rows.Raw()).Read(), caseID)
	return err
}

// Open opens one blob of a case.
func (s *Store) Open(ctx context.Context, caseID, name string) (*Content, error) {
	o, err := s.Opener(ctx, caseID, name)
	if err != nil {
		return nil, err
	}
	return o.Open(ctx, name)
}

// DropKeys deletes the key rows of names in an act: from its commit on the
// content cannot be decrypted. It returns the objects, for Sweep after the
// commit.
func (s *Store) DropKeys(ctx context.Context, w *db.Writer, names ...string) (objects []string, err error) {
	rows, err := keysOf(ctx, w, names)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var keys []db.Row
	for name, r := range rows {
		objects, keys = append(objects, r.object), append(keys, db.Row{name})
	}
	slices.Sort(objects)
	return objects, w.Delete(ctx, keyTable, keys...)
}

// Sweep deletes objects whose key rows are gone. An object that still has a
// key row is left and refused.
func (s *Store) Sweep(ctx context.Context, objects ...string) error {
	held, err := s.held(ctx, objects)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		return fault.New(fault.Refused, "blob: sweep: %d objects still have a key", len(held))
	}
	for _, o := range objects {
		if err := s.backend.Delete(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// held returns which of the objects have a key row.
func (s *Store) held(ctx context.Context, objects []string) (map[string]bool, error) {
	found, err := db.CollectIn(ctx, engine.Unlock(s.rows.Raw()).Read(), func(r *sql.Rows) (o string, err error) { return o, r.Scan(&o) },
		`SELECT object FROM blob_key WHERE object IN (?*)`, objects)
	held := make(map[string]bool, len(found))
	for _, o := range found {
		held[o] = true
	}
	return held, err
}

// Waste yields objects without a key row: left by a process that died between
// the object and its act, or by an interrupted erasure. They are unreadable. A
// run that is storing content right now has such objects too.
func (s *Store) Waste(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		var batch []Info
		flush := func() bool {
			names := make([]string, len(batch))
			for i, b := range batch {
				names[i] = b.Name
			}
			held, err := s.held(ctx, names)
			if err != nil {
				yield(Info{}, err)
				return false
			}
			for _, b := range batch {
				if !held[b.Name] && !yield(b, nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for info, err := range s.backend.List(ctx) {
			if err != nil {
				yield(Info{}, err)
				return
			}
			if batch = append(batch, info); len(batch) == 1000 && !flush() {
				return
			}
		}
		flush()
	}
}
