package keys

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"io"
	"slices"
	"sync"

	"tutela/fault"
	"tutela/vault/db"
)

// Cases makes, shares and opens the keys of cases with somebody's key. A case
// has one key for each of its epochs; new objects get the newest. It is safe
// for concurrent use.
type Cases struct {
	ring *Ring
	own  Private
	rand io.Reader
	mu   sync.Mutex
	open map[[32]byte][]byte // by the digest of the wrapped form
}

// NewCases returns the case keys as seen by the holder of a key.
func NewCases(ring *Ring, own Private, rand io.Reader) *Cases {
	return &Cases{ring: ring, own: own, rand: rand, open: map[[32]byte][]byte{}}
}

// New makes the first key of a case and entitles the given members; the services
// and the recovery key can always open it. now is in µs UTC.
func (c *Cases) New(ctx context.Context, w *db.Writer, caseID string, now int64, keyIDs ...string) error {
	if caseID == "" || len(keyIDs) == 0 {
		return fault.New(fault.Invalid, "keys: a case key needs a case and somebody entitled")
	}
	if n, err := c.epochs(ctx, w, caseID); err != nil || len(n) > 0 {
		if err == nil {
			err = fault.New(fault.Refused, "keys: case %s has a key already", caseID)
		}
		return err
	}
	if err := c.entitle(ctx, w, caseID, now, keyIDs); err != nil {
		return err
	}
	return c.add(ctx, w, caseID, 1)
}

// add makes the key of an epoch.
func (c *Cases) add(ctx context.Context, w *db.Writer, caseID string, epoch int64) error {
	key := make([]byte, 32)
	if _, err := io.ReadFull(c.rand, key); err != nil {
		return fault.New(fault.Outside, "keys: no randomness: %w", err)
	}
	return c.put(ctx, w, caseID, map[int64][]byte{epoch: key})
}

func (c *Cases) entitle(ctx context.Context, w *db.Writer, caseID string, now int64, keyIDs []string) error {
	v, err := c.ring.At(ctx, w)
	if err != nil {
		return err
	}
	var rows []db.Row
	for _, id := range keyIDs {
		if _, ok := v.Active(id); !ok {
			return fault.New(fault.NotFound, "keys: %s is not a member who can act", id)
		}
		rows = append(rows, db.Row{caseID, id, now})
	}
	return w.Put(ctx, entitledTable(), rows...)
}

// put wraps keys to whoever is entitled in the eyes of the transaction.
func (c *Cases) put(ctx context.Context, w *db.Writer, caseID string, keys map[int64][]byte) error {
	v, err := c.ring.At(ctx, w)
	if err != nil {
		return err
	}
	entitled, err := Entitled(ctx, w, caseID)
	if err != nil {
		return err
	}
	to := []string{v.Recovery()}
	for _, m := range v.state.Members {
		if m.Revoked == 0 && (m.Kind == Service || slices.Contains(entitled, m.ID)) {
			to = append(to, m.Recipient)
		}
	}
	var rows []db.Row
	for epoch, key := range keys {
		wrapped, err := wrapTo(key, to...)
		if err != nil {
			return err
		}
		rows = append(rows, db.Row{caseID, epoch, wrapped})
	}
	return w.Put(ctx, caseKeyTable(), rows...)
}

// Entitle lets a member open everything of a case; the holder must be entitled.
func (c *Cases) Entitle(ctx context.Context, w *db.Writer, caseID, keyID string, now int64) error {
	if err := c.entitle(ctx, w, caseID, now, []string{keyID}); err != nil {
		return err
	}
	return c.Rewrap(ctx, w, caseID)
}

// Rewrap wraps every key of a case anew to whoever is entitled now; it is what
// gives a new service the cases that were there before it.
func (c *Cases) Rewrap(ctx context.Context, w *db.Writer, caseID string) error {
	keys, err := c.all(ctx, w, caseID)
	if err != nil {
		return err
	}
	return c.put(ctx, w, caseID, keys)
}

// Withdraw takes a case from a member: old keys are wrapped without them, and a
// new key serves all new objects. A copy of the database made before still
// opens the older objects.
func (c *Cases) Withdraw(ctx context.Context, w *db.Writer, caseID, keyID string) error {
	entitled, err := Entitled(ctx, w, caseID)
	if err != nil {
		return err
	}
	if !slices.Contains(entitled, keyID) {
		return fault.New(fault.NotFound, "keys: %s is not entitled to case %s", keyID, caseID)
	}
	v, err := c.ring.At(ctx, w)
	if err != nil {
		return err
	}
	left := func(id string) bool { _, active := v.Active(id); return active && id != keyID }
	if !slices.ContainsFunc(entitled, left) { // whoever was revoked opens nothing
		return fault.New(fault.Refused, "keys: the last one entitled cannot be withdrawn from case %s", caseID)
	}
	keys, err := c.all(ctx, w, caseID)
	if err != nil {
		return err
	}
	if err := w.Delete(ctx, entitledTable(), db.Row{caseID, keyID}); err != nil {
		return err
	}
	if err := c.put(ctx, w, caseID, keys); err != nil {
		return err
	}
	return c.add(ctx, w, caseID, int64(len(keys))+1)
}

// all opens every key of a case.
func (c *Cases) all(ctx context.Context, q db.Queryer, caseID string) (map[int64][]byte, error) {
	epochs, err := c.epochs(ctx, q, caseID)
	if err != nil {
		return nil, err
	}
	if len(epochs) == 0 {
		return nil, fault.New(fault.NotFound, "keys: case %s has no key", caseID)
	}
	keys := map[int64][]byte{}
	for _, n := range epochs {
		if keys[n], err = c.Key(ctx, q, caseID, n); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (c *Cases) epochs(ctx context.Context, q db.Queryer, caseID string) ([]int64, error) {
	return db.Collect(ctx, q, scanInt, `SELECT epoch FROM case_key WHERE case_id = ?1 ORDER BY epoch`, caseID)
}

// Key returns the 32-byte key of an epoch of a case. It is Refused to those who
// are not entitled.
func (c *Cases) Key(ctx context.Context, q db.Queryer, caseID string, epoch int64) ([]byte, error) {
	wrapped, ok, err := db.One(ctx, q, scanBytes, `SELECT wrapped FROM case_key WHERE case_id = ?1 AND epoch = ?2`, caseID, epoch)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "keys: case %s has no key %d", caseID, epoch)
	}
	return c.unwrap(caseID, wrapped)
}

func (c *Cases) unwrap(caseID string, wrapped []byte) ([]byte, error) {
	name := sha256.Sum256(wrapped)
	c.mu.Lock()
	key, ok := c.open[name]
	c.mu.Unlock()
	if ok {
		return key, nil
	}
	key, err := c.own.Unwrap(wrapped)
	if err != nil {
		return nil, fault.Hint(fault.New(fault.Refused, "keys: this key is not entitled to case %s: %w", caseID, err), "Ask an officer of the case to entitle you.")
	}
	if len(key) != 32 {
		return nil, fault.New(fault.Corrupt, "keys: the key of case %s has %d bytes", caseID, len(key))
	}
	c.mu.Lock()
	c.open[name] = key
	c.mu.Unlock()
	return key, nil
}

// Latest returns the newest key of a case, which new objects get, and its epoch.
func (c *Cases) Latest(ctx context.Context, q db.Queryer, caseID string) (int64, []byte, error) {
	type row struct {
		epoch   int64
		wrapped []byte
	}
	scan := func(r *sql.Rows) (x row, err error) { err = r.Scan(&x.epoch, &x.wrapped); return x, err }
	x, ok, err := db.One(ctx, q, scan, `SELECT epoch, wrapped FROM case_key WHERE case_id = ?1 ORDER BY epoch DESC LIMIT 1`, caseID)
	if err != nil {
		return 0, nil, err
	}
	if !ok {
		return 0, nil, fault.New(fault.NotFound, "keys: case %s has no key", caseID)
	}
	key, err := c.unwrap(caseID, x.wrapped)
	return x.epoch, key, err
}

// Entitled returns the key ids of those entitled to a case, in order.
func Entitled(ctx context.Context, q db.Queryer, caseID string) ([]string, error) {
	return db.Collect(ctx, q, scanText, `SELECT key_id FROM entitled WHERE case_id = ?1 ORDER BY key_id`, caseID)
}

// CasesOf returns the ids of the cases that a member is entitled to, in order.
func CasesOf(ctx context.Context, q db.Queryer, keyID string) ([]string, error) {
	return db.Collect(ctx, q, scanText, `SELECT case_id FROM entitled WHERE key_id = ?1 ORDER BY case_id`, keyID)
}

// Rotate replaces a member's key by a new one: the new one is added and gets
// every case of the old one that the holder can open, then the old one is
// revoked. It returns the cases that somebody else has to share anew.
func (c *Cases) Rotate(ctx context.Context, w *db.Writer, oldID string, p Public, now int64) ([]string, error) {
	if err := c.ring.Add(ctx, w, p, now); err != nil {
		return nil, err
	}
	cases, err := CasesOf(ctx, w, oldID)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, id := range cases {
		if _, err := c.all(ctx, w, id); fault.KindOf(err) == fault.Refused {
			left = append(left, id)
			continue
		}
		if err := c.Entitle(ctx, w, id, p.ID, now); err != nil {
			return nil, err
		}
		if err := c.Withdraw(ctx, w, id, oldID); err != nil {
			return nil, err
		}
	}
	return left, c.ring.Revoke(ctx, w, oldID, now)
}
