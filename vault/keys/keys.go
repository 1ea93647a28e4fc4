// Package keys holds the named keys of a site: officers, service, recovery,
// site bundle, cases. It promises that content of a case can be opened only
// with the key of somebody entitled to it; it never stores a private key of an
// officer, and nothing in it leaves in a log.
package keys

import (
	"crypto/ed25519"
)

// Public is what the site knows of somebody who can act: an officer or a
// service.
type Public struct {
	ID        string            `json:"id"`        // SSH fingerprint of Key: "SHA256:…"
	Name      string            `json:"name"`      // as in the staff list
	Key       ed25519.PublicKey `json:"key"`       // signs acts
	Recipient string            `json:"recipient"` // age X25519 recipient "age1…", receives wrapped keys
	Kind      string            `json:"kind"`      // "officer", "service" or "recovery"
	Proof     []byte            `json:"proof"`     // signature by Key over Recipient, so that nobody can swap it
}

// Private is somebody's key in use: a file or an SSH agent. It signs acts and
// opens what was wrapped to its owner.
type Private interface {
	KeyID() string
	Public() Public
	Sign(message []byte) ([]byte, error)
	Unwrap(wrapped []byte) ([]byte, error)
}

// Site is the opened site bundle: the secrets that every officer needs.
type Site struct {
	ID     string             // ULID of the site
	Origin string             // origin line of the log, "tutela/" + ID
	Log    ed25519.PrivateKey // signs checkpoints
	Sign   ed25519.PrivateKey // signs referral packages
	Name   []byte             // 32 bytes: names blobs
	Row    []byte             // 32 bytes: keys derived ids
	DB     []byte             // 32 bytes: encrypts the embedded database
}
