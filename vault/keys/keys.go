// Package keys holds the named keys of a site: officers, service, recovery,
// site bundle, cases. It promises that content of a case can be opened only
// with the key of somebody entitled to it; it never stores a private key of an
// officer, and nothing in it leaves in a log.
package keys

import (
	"crypto/ed25519"

	"golang.org/x/crypto/ssh"

	"tutela/fault"
)

// The kinds of key.
const (
	Officer  = "officer"
	Service  = "service"
	Recovery = "recovery"
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

// proofContext precedes the recipient in what Public.Proof signs.
const proofContext = "tutela recipient v1\n"

// Check reports whether the parts of p belong together: the id is the
// fingerprint of the key and the key has signed the recipient.
func (p Public) Check() error {
	if len(p.Key) != ed25519.PublicKeySize {
		return fault.New(fault.Invalid, "keys: %q is not an Ed25519 key", p.ID)
	}
	if id, err := Fingerprint(p.Key); err != nil || id != p.ID {
		return fault.New(fault.Invalid, "keys: %q is not the fingerprint of its key", p.ID)
	}
	if !ed25519.Verify(p.Key, []byte(proofContext+p.Recipient), p.Proof) {
		return fault.New(fault.Invalid, "keys: the recipient of %s is not signed by its key", p.ID)
	}
	if _, err := recipient(p.Recipient); err != nil {
		return fault.New(fault.Invalid, "keys: the recipient of %s: %w", p.ID, err)
	}
	return nil
}

// Fingerprint returns the SSH fingerprint of an Ed25519 key: "SHA256:…".
func Fingerprint(key ed25519.PublicKey) (string, error) {
	pub, err := ssh.NewPublicKey(key)
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(pub), nil
}

// AuthorizedKey returns the key as a line of an OpenSSH .pub file, without the
// line's end.
func (p Public) AuthorizedKey() (string, error) {
	pub, err := ssh.NewPublicKey(p.Key)
	if err != nil {
		return "", fault.New(fault.Invalid, "keys: %s: %w", p.ID, err)
	}
	line := ssh.MarshalAuthorizedKey(pub)
	return string(line[:len(line)-1]), nil
}

// AllowedSigner returns a line for ssh-keygen's allowed signers file that lets
// the key sign in the given namespaces ("tutela-referral").
func (p Public) AllowedSigner(principal, namespaces string) (string, error) {
	line, err := p.AuthorizedKey()
	if err != nil {
		return "", err
	}
	return principal + " namespaces=\"" + namespaces + "\" " + line, nil
}
