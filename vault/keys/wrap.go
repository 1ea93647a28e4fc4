package keys

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"

	"filippo.io/age"

	"tutela/fault"
)

// identity makes the age identity of a 32-byte secret.
func identity(secret []byte) (*age.X25519Identity, error) {
	text, err := secretKey(secret)
	if err != nil {
		return nil, err
	}
	return age.ParseX25519Identity(text)
}

func recipient(text string) (*age.X25519Recipient, error) { return age.ParseX25519Recipient(text) }

// wrapContext and the fingerprint are what an officer's key signs to make its
// own wrapping identity. Ed25519 signatures are deterministic (RFC 8032), so an
// agent gives the same one each time. A message of the SSH protocol never
// begins with these bytes.
const wrapContext = "tutela officer wrapping key v1\n"

// wrapping derives the age identity that belongs to a signing key:
// HKDF-SHA256(signature, no salt, info "age x25519").
func wrapping(keyID string, sign func([]byte) ([]byte, error)) (*age.X25519Identity, error) {
	sig, err := sign([]byte(wrapContext + keyID))
	if err != nil {
		return nil, err
	}
	secret, err := hkdf.Key(sha256.New, sig, nil, "age x25519", 32)
	if err != nil {
		return nil, err
	}
	return identity(secret)
}

// wrapTo encrypts a secret as an age file to the recipients.
func wrapTo(secret []byte, to ...string) ([]byte, error) {
	var list []age.Recipient
	seen := map[string]bool{}
	for _, text := range to {
		if seen[text] {
			continue
		}
		seen[text] = true
		r, err := recipient(text)
		if err != nil {
			return nil, fault.New(fault.Invalid, "keys: wrap: %w", err)
		}
		list = append(list, r)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, list...)
	if err != nil {
		return nil, fmt.Errorf("keys: wrap: %w", err)
	}
	if _, err := w.Write(secret); err != nil {
		return nil, fmt.Errorf("keys: wrap: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("keys: wrap: %w", err)
	}
	return b.Bytes(), nil
}

// maxSecret bounds what is unwrapped: bundles and keys are far smaller.
const maxSecret = 1 << 20

func unwrap(wrapped []byte, id age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(wrapped), id)
	if err != nil {
		return nil, fault.New(fault.Refused, "keys: unwrap: %w", err)
	}
	secret, err := io.ReadAll(io.LimitReader(r, maxSecret+1))
	if err != nil || len(secret) > maxSecret {
		return nil, fault.New(fault.Corrupt, "keys: unwrap: damaged: %w", err)
	}
	return secret, nil
}
