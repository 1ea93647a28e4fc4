package referrals

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"tutela/vault"
	"tutela/vault/audit"
)

// Room cuts, approves, seals and receives at one site, in the hands of one
// officer.
type Room struct {
	v    *vault.Vault
	desk *audit.Desk
}

// New returns the room of an open vault. desk says who acts; nil is the vault's
// own desk.
func New(v *vault.Vault, desk *audit.Desk) *Room {
	if desk == nil {
		desk = v.Desk
	}
	return &Room{v, desk}
}

// keyed returns n hexadecimal digits (64 at most) of a digest under the site's
// secret: what ids and labels in packages are made of.
func (r *Room) keyed(n int, parts ...string) string {
	mac := hmac.New(sha256.New, r.v.Keys.Site.Row)
	mac.Write([]byte("tutela referral v1"))
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		mac.Write(sum[:])
	}
	return hex.EncodeToString(mac.Sum(nil))[:n]
}

// Stage is the name under which an authorisation must cover an exhibit for it
// to be told to others.
const Stage = "refer"
