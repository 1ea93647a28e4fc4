package keys

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"io"
	"slices"

	"tutela/fault"
	"tutela/vault/db"
)

// ringTable holds the keyring's stored bytes in one row, so that a second
// machine can fetch them and a change commits with its act.
func ringTable() db.Table {
	return db.Table{Name: "keyring", Columns: []string{"id", "revision", "body"}, Key: 1, Unlogged: true}
}

// memberTable repeats the members as logged rows: who could act, and since when,
// is part of the log.
func memberTable() db.Table {
	return db.Table{Name: "member", Columns: []string{"id", "name", "kind", "public", "recipient", "added", "revoked"}, Key: 1}
}

func caseKeyTable() db.Table {
	return db.Table{Name: "case_key", Columns: []string{"case_id", "epoch", "wrapped"}, Key: 2, Unlogged: true}
}

func entitledTable() db.Table {
	return db.Table{Name: "entitled", Columns: []string{"case_id", "key_id", "since"}, Key: 2}
}

// Schema returns the room's tables.
func Schema() db.Schema {
	return db.Schema{Room: "keys", Tables: []db.Table{ringTable(), memberTable(), caseKeyTable(), entitledTable()},
		Migrations: []string{`
CREATE TABLE keyring (id BIGINT PRIMARY KEY, revision BIGINT NOT NULL, body BYTEA NOT NULL, act TEXT NOT NULL);
CREATE TABLE member (id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, public BYTEA NOT NULL, recipient TEXT NOT NULL, added BIGINT NOT NULL, revoked BIGINT NOT NULL, act TEXT NOT NULL);
CREATE TABLE case_key (case_id TEXT NOT NULL, epoch BIGINT NOT NULL, wrapped BYTEA NOT NULL, act TEXT NOT NULL, PRIMARY KEY (case_id, epoch));
CREATE TABLE entitled (case_id TEXT NOT NULL, key_id TEXT NOT NULL, since BIGINT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (case_id, key_id));
CREATE INDEX entitled_key ON entitled (key_id);
`}}
}

// Fetch reads the stored bytes of the keyring from the database; false means
// that there is none yet.
func Fetch(ctx context.Context, q db.Queryer) ([]byte, bool, error) {
	return db.One(ctx, q, scanBytes, `SELECT body FROM keyring WHERE id = 1`)
}

func scanBytes(r *sql.Rows) (b []byte, err error) { err = r.Scan(&b); return b, err }
func scanInt(r *sql.Rows) (n int64, err error)    { err = r.Scan(&n); return n, err }
func scanText(r *sql.Rows) (s string, err error)  { err = r.Scan(&s); return s, err }

// At returns the keyring as q sees it: the one at hand unless its row has
// another revision.
func (r *Ring) At(ctx context.Context, q db.Queryer) (*View, error) {
	now := r.View()
	revision, ok, err := db.One(ctx, q, scanInt, `SELECT revision FROM keyring WHERE id = 1`)
	if err != nil || !ok || revision == now.state.Revision {
		return now, err
	}
	body, _, err := Fetch(ctx, q)
	if err != nil {
		return nil, err
	}
	s, err := decode(body)
	if err != nil {
		return nil, err
	}
	if !s.SignKey.Equal(now.state.SignKey) {
		return nil, fault.New(fault.Corrupt, "keys: the keyring in the database is that of another site")
	}
	if r.opener == nil {
		return &View{state: s, Site: now.Site}, nil
	}
	v, err := s.unlock(r.opener)
	if fault.KindOf(err) == fault.Refused { // revoked meanwhile: it can see that, and no more
		return &View{state: s, Site: now.Site}, nil
	}
	return v, err
}

// Install takes over a committed view and writes the file anew if it is newer
// than what was there.
func (r *Ring) Install(v *View) error {
	r.mu.Lock()
	newer := v.state.Revision > r.view.state.Revision
	if newer {
		r.view = v
	}
	r.mu.Unlock()
	if !newer {
		return nil
	}
	return r.Save()
}

// Staged reports whether the act has changed the keyring, and forgets it.
func (r *Ring) Staged(act string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	staged := r.staged[act]
	delete(r.staged, act)
	return staged
}

// Put stores the keyring of a new site.
func (r *Ring) Put(ctx context.Context, w *db.Writer) error {
	v := r.View()
	for _, m := range v.state.Members {
		if err := w.Put(ctx, memberTable(), memberRow(m)); err != nil {
			return err
		}
	}
	return r.stage(ctx, w, v.state)
}

func memberRow(m Member) db.Row {
	return db.Row{m.ID, m.Name, m.Kind, []byte(m.Key), m.Recipient, m.Added, m.Revoked}
}

func (r *Ring) stage(ctx context.Context, w *db.Writer, s state) error {
	body, err := s.encode()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.staged[w.Act()] = true
	r.mu.Unlock()
	return w.Put(ctx, ringTable(), db.Row{int64(1), s.Revision, body})
}

// change applies an edit to the keyring as the transaction sees it.
func (r *Ring) change(ctx context.Context, w *db.Writer, edit func(*state, *Site) error) error {
	v, err := r.At(ctx, w)
	if err != nil {
		return err
	}
	if v.Site == nil {
		return fault.New(fault.Refused, "keys: the keyring is locked")
	}
	s, site := v.state, *v.Site
	s.Members, s.Epochs = slices.Clone(s.Members), slices.Clone(s.Epochs)
	if err := edit(&s, &site); err != nil {
		return err
	}
	if s, err = s.next(&site); err != nil {
		return err
	}
	return r.stage(ctx, w, s)
}

// Add lets somebody act from now on and gives them the site bundle (no case).
// now is in µs UTC.
func (r *Ring) Add(ctx context.Context, w *db.Writer, p Public, now int64) error {
	if err := p.Check(); err != nil {
		return err
	}
	if p.Kind != Officer && p.Kind != Service {
		return fault.New(fault.Invalid, "keys: %q is not a kind of key that acts", p.Kind)
	}
	m := Member{Public: p, Added: now}
	err := r.change(ctx, w, func(s *state, _ *Site) error {
		if slices.ContainsFunc(s.Members, func(o Member) bool { return o.ID == p.ID }) {
			return fault.New(fault.Refused, "keys: %s is a member already (or was, and a key does not come back)", p.ID)
		}
		s.Members = append(s.Members, m)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Put(ctx, memberTable(), memberRow(m))
}

// Revoke ends somebody's right to act. What they have read they have read: the
// site's secrets stay known to them, and cases need Withdraw.
func (r *Ring) Revoke(ctx context.Context, w *db.Writer, id string, now int64) error {
	var m Member
	err := r.change(ctx, w, func(s *state, _ *Site) error {
		i := slices.IndexFunc(s.Members, func(o Member) bool { return o.ID == id && o.Revoked == 0 })
		if i < 0 {
			return fault.New(fault.NotFound, "keys: %s is not a member who can act", id)
		}
		s.Members[i].Revoked = now
		m = s.Members[i]
		if !slices.ContainsFunc(s.Members, func(o Member) bool { return o.Kind == Officer && o.Revoked == 0 }) {
			return fault.New(fault.Refused, "keys: the last officer cannot be revoked")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Put(ctx, memberTable(), memberRow(m))
}

// NewEpoch gives the log a new key and epoch. The act must have the verb
// "log.epoch" and tell the last checkpoint of the old epoch.
func (r *Ring) NewEpoch(ctx context.Context, w *db.Writer, reason string, now int64, rand io.Reader) error {
	return r.change(ctx, w, func(s *state, site *Site) error {
		pub, key, err := newEd25519(rand)
		if err != nil {
			return err
		}
		n := s.Epochs[len(s.Epochs)-1].N + 1
		s.Epochs = append(s.Epochs, Epoch{N: n, Key: ed25519.PublicKey(pub), Since: now, Reason: reason})
		site.Log, site.Epoch, site.Origin = key, n, OriginOf(site.ID, n)
		return nil
	})
}
