// Package audit is the log: it turns every write and every consultation into a
// signed, salted entry of a transparency log, in the same transaction as the
// rows. It promises that no row changes without an entry; it never erases a
// commitment.
package audit

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/ids"
	"tutela/vault/internal/engine"
	"tutela/vault/keys"
)

// Class is one of the six logging classes of Directive (EU) 2016/680 art. 25.
type Class string

// The classes.
const (
	Collection   Class = "collection"
	Alteration   Class = "alteration"
	Consultation Class = "consultation"
	Disclosure   Class = "disclosure"
	Combination  Class = "combination"
	Erasure      Class = "erasure"
)

// Act names what is about to be done. The actor comes from the Desk.
type Act struct {
	Class     Class
	Verb      string            // dotted, stable: "exhibit.seal", "stage.read"
	Case      string            // case id, "" for acts that concern no case
	Object    string            // id of what it is done to
	Why       string            // the reason, required
	Role      string            // in which role; "system" for a service
	Authority string            // id of the authorisation or approval it rests on
	Ordered   string            // id of the act that ordered it, for work done on behalf of somebody
	Detail    map[string]string // further parameters; part of the signed header
}

func (a Act) check() error {
	classes := []Class{Collection, Alteration, Consultation, Disclosure, Combination, Erasure}
	switch {
	case !slices.Contains(classes, a.Class):
		return fault.New(fault.Refused, "audit: %q is not a class of act", string(a.Class))
	case a.Verb == "":
		return fault.New(fault.Refused, "audit: the act has no verb")
	case a.Why == "":
		return fault.Hint(fault.New(fault.Refused, "audit: the act %s has no reason", a.Verb), "Give the reason with --why.")
	}
	return nil
}

// Actor signs acts: an officer's key (file or SSH agent) or the service identity.
type Actor interface {
	KeyID() string                       // "SHA256:…", the SSH fingerprint of the Ed25519 public key
	Sign(message []byte) ([]byte, error) // Ed25519 signature, 64 bytes
}

// Receipt says where an act stands in the log.
type Receipt struct {
	Act   string // ULID
	Index int64  // position in the log
}

// Ledger is the log of one site. It is safe for concurrent use.
type Ledger struct {
	store  *db.Store
	ring   *keys.Ring
	clock  func() time.Time
	random random
	group  group
}

// random lets several acts draw from one source.
type random struct {
	mu  sync.Mutex
	src io.Reader
}

// Read fills p.
func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return io.ReadFull(r.src, p)
}

// New returns the ledger of a store, which must have been opened with Schema and
// keys.Schema. The keyring must be unlocked
// before anything is written.
func New(store *db.Store, ring *keys.Ring, clock func() time.Time, rand io.Reader) *Ledger {
	return &Ledger{store: store, ring: ring, clock: clock, random: random{src: rand}}
}

// Desk is the ledger in the hands of one actor.
type Desk struct {
	ledger *Ledger
	actor  Actor
}

// As returns the desk of an actor.
func (l *Ledger) As(a Actor) *Desk { return &Desk{l, a} }

// KeyID returns the id of the key that acts at this desk.
func (d *Desk) KeyID() string { return d.actor.KeyID() }

// Now returns the time by the ledger's clock in µs UTC, for rows that say when
// an act was done.
func (d *Desk) Now() int64 { return d.ledger.clock().UnixMicro() }

// Do runs fn in a transaction that can write and appends the act to the log in
// the same transaction. Every row that fn writes becomes a salted leaf of the
// act. It returns a Refused error when the act is incomplete (no class, verb or
// reason) or the actor is unknown or revoked. fn reads through its Writer; it
// must not call Do or Consult.
func (d *Desk) Do(ctx context.Context, a Act, fn func(*db.Writer) error) (Receipt, error) {
	l := d.ledger
	if err := a.check(); err != nil {
		return Receipt{}, err
	}
	now := l.clock()
	id, err := ids.New(now, &l.random)
	if err != nil {
		return Receipt{}, fault.New(fault.Outside, "audit: %w", err)
	}
	r := Receipt{Act: id}
	var view *keys.View
	err = engine.Unlock(l.store.Raw()).Write(ctx, func(w *db.Writer) error {
		engine.Unlock(w.Raw()).Bind(id)
		if view, err = l.admit(ctx, w, d.actor); err != nil {
			return err
		}
		if err := fn(w); err != nil {
			return err
		}
		if l.ring.Staged(id) {
			if view, err = l.ring.At(ctx, w); err != nil {
				return err
			}
		}
		e, err := l.entry(view.Site, d.actor, id, now.UnixMicro(), a, engine.Unlock(w.Raw()).Items())
		if err != nil {
			return err
		}
		r.Index, err = l.append(ctx, w, view.Site, e)
		return err
	})
	if err != nil {
		l.ring.Staged(id)
		return Receipt{}, err
	}
	return r, l.ring.Install(view)
}

// admit checks in the eyes of the transaction that the actor may act.
func (l *Ledger) admit(ctx context.Context, q db.Queryer, a Actor) (*keys.View, error) {
	v, err := l.ring.At(ctx, q)
	if err != nil {
		return nil, err
	}
	m, known := v.Find(a.KeyID())
	switch {
	case !known:
		return nil, fault.Hint(fault.New(fault.Refused, "audit: %s is not known to this site", a.KeyID()), "An officer of the site adds keys with: tutela officer add")
	case m.Revoked != 0:
		return nil, fault.New(fault.Refused, "audit: %s has been revoked", a.KeyID())
	case v.Site == nil:
		return nil, fault.New(fault.Refused, "audit: the keyring is locked")
	}
	return v, nil
}

// Checkpoint returns the newest checkpoint as a signed note, "" for an empty log.
func (l *Ledger) Checkpoint(ctx context.Context) (string, error) {
	h, err := readHead(ctx, engine.Unlock(l.store.Raw()).Read())
	return h.note, err
}

// open verifies a checkpoint of this log, of whatever epoch.
func (l *Ledger) open(note string) (proof.Checkpoint, error) { return openNote(l.ring.View(), note) }

func openNote(v *keys.View, note string) (proof.Checkpoint, error) {
	for _, e := range v.Epochs() {
		if c, err := proof.OpenCheckpoint(note, keys.OriginOf(v.SiteID(), e.N), e.Key); err == nil {
			return c, nil
		}
	}
	return proof.Checkpoint{}, fault.New(fault.Corrupt, "audit: the checkpoint is not one of this log")
}
