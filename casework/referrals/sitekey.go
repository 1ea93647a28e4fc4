package referrals

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"io"
	"time"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/envelope"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// The site's OpenPGP key signs sealed packages beside the Ed25519 site signing
// key. It is made at the first sealing that needs it and kept in the database,
// encrypted (AES-256-GCM) under a key derived from the site signing key, which
// every officer of the site can open and nobody else.

// openPGP returns the site's OpenPGP key, and makes it when there is none.
func (r *Room) openPGP(ctx context.Context, q db.Queryer) (*envelope.Key, error) {
	type kept struct {
		fingerprint string
		wrapped     []byte
	}
	k, ok, err := db.One(ctx, q, func(rows *sql.Rows) (kept, error) {
		var k kept
		return k, rows.Scan(&k.fingerprint, &k.wrapped)
	}, "SELECT fingerprint, wrapped FROM referral_key WHERE id = ?1", r.signKeyID())
	if err != nil {
		return nil, err
	}
	if !ok {
		return r.makeOpenPGP(ctx, q)
	}
	box, err := r.box()
	if err != nil {
		return nil, err
	}
	if len(k.wrapped) < box.NonceSize() {
		return nil, fault.New(fault.Corrupt, "refer: the site's OpenPGP key is damaged")
	}
	text, err := box.Open(nil, k.wrapped[:box.NonceSize()], k.wrapped[box.NonceSize():], []byte(k.fingerprint))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "refer: the site's OpenPGP key is not what was kept")
	}
	return envelope.ReadKey(text)
}

func (r *Room) makeOpenPGP(ctx context.Context, q db.Queryer) (*envelope.Key, error) {
	own, err := staff.Own(ctx, q)
	if err != nil {
		return nil, err
	}
	now := time.UnixMicro(r.desk.Now()).UTC().Truncate(time.Second)
	k, err := envelope.GenerateKey(own.Name, "", now, r.v.Rand)
	if err != nil {
		return nil, err
	}
	secret, err := k.Private()
	if err != nil {
		return nil, err
	}
	public, err := k.Public()
	if err != nil {
		return nil, err
	}
	box, err := r.box()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := io.ReadFull(r.v.Rand, nonce); err != nil {
		return nil, fault.New(fault.Outside, "refer: no randomness: %w", err)
	}
	row := db.Row{r.signKeyID(), k.Fingerprint(), string(public), box.Seal(nonce, nonce, secret, []byte(k.Fingerprint())), r.desk.Now()}
	act := audit.Act{Class: audit.Collection, Verb: "key.openpgp", Object: k.Fingerprint(), Why: "packages are signed for agencies that use OpenPGP"}
	_, err = r.desk.Do(ctx, act, func(w *db.Writer) error { return w.Put(ctx, keyTable, row) })
	return k, err
}

// signKeyID names the site signing key that the OpenPGP key is wrapped under:
// another one gets another OpenPGP key.
func (r *Room) signKeyID() string {
	return r.keyed(32, "openpgp", string(r.v.Keys.Ring.View().SignKey()))
}

func (r *Room) box() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, r.v.Keys.Site.Sign.Seed(), nil, "tutela referral openpgp v1", 32)
	if err != nil {
		return nil, fault.New(fault.Outside, "refer: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault.New(fault.Outside, "refer: %w", err)
	}
	return cipher.NewGCM(block)
}
