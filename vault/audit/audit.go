// Package audit is the log: it turns every write and every consultation into a
// signed, salted entry of a transparency log, in the same transaction as the
// rows. It promises that no row changes without an entry; it never erases a
// commitment.
package audit

import (
	"context"

	"tutela/vault/db"
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

// Ledger is the log of one site.
type Ledger struct{}

// Desk is the ledger in the hands of one actor.
type Desk struct{}

// As returns the desk of an actor.
func (l *Ledger) As(a Actor) *Desk { panic("not built yet") }

// Do runs fn in a transaction that can write and appends the act to the log in
// the same transaction. Every row that fn writes becomes a salted leaf of the
// act. It returns a Refused error when the act is incomplete (no class, verb or
// reason) or the actor is unknown or revoked.
func (d *Desk) Do(ctx context.Context, a Act, fn func(*db.Writer) error) (Receipt, error) {
	panic("not built yet")
}

// Consult records that the actor is about to look, and returns a read handle.
func (d *Desk) Consult(ctx context.Context, a Act) (*db.Reader, error) { panic("not built yet") }
