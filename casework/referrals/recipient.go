package referrals

import (
	"context"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/envelope"
	"tutela/vault/db"
)

// Recipient is a key that a package is encrypted to.
type Recipient struct {
	Kind        staff.KeyKind
	Fingerprint string // upper-case hexadecimal (OpenPGP), "SHA256:…" (SSH), the recipient itself (age)
	Agency      string // name of the agency whose confirmed key it is, "" if it is nobody's
	Confirmed   bool   // two officers compared the fingerprint by another way

	pgp *envelope.Key
	age age.Recipient
}

// ParseRecipient reads a public key: OpenPGP (armoured or binary), age1…, or an
// SSH key as in a .pub file. A secret key is Refused.
func ParseRecipient(text []byte) (Recipient, error) {
	line := strings.TrimSpace(string(text))
	switch {
	case strings.HasPrefix(line, "AGE-SECRET-KEY-"):
		return Recipient{}, fault.New(fault.Refused, "refer: this is a secret key; give the recipient's public one")
	case strings.HasPrefix(line, "age1"):
		to, err := envelope.AgeRecipient(line)
		return Recipient{Kind: staff.Age, Fingerprint: line, age: to}, err
	case strings.HasPrefix(line, "ssh-"):
		pub, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			return Recipient{}, fault.New(fault.Invalid, "refer: SSH key: %w", err)
		}
		to, err := envelope.AgeRecipient(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub))))
		return Recipient{Kind: staff.SSH, Fingerprint: ssh.FingerprintSHA256(pub), age: to}, err
	}
	k, err := envelope.ReadKey(text)
	if err != nil {
		return Recipient{}, err
	}
	if k.Secret() {
		return Recipient{}, fault.New(fault.Refused, "refer: this is a secret key; give the recipient's public one")
	}
	return Recipient{Kind: staff.OpenPGP, Fingerprint: k.Fingerprint(), pgp: k}, nil
}

// FindRecipient returns a confirmed key of an agency of the country by its
// fingerprint.
func FindRecipient(ctx context.Context, q db.Queryer, country, fingerprint string, now int64) (Recipient, error) {
	want := strings.ReplaceAll(fingerprint, " ", "")
	found := Recipient{}
	err := directory(ctx, q, country, now, func(a staff.Agency, k staff.Key) error {
		if k.Fingerprint != want && !strings.EqualFold(k.Fingerprint, want) || found.Confirmed {
			return nil
		}
		to, err := ParseRecipient([]byte(k.Text))
		if err == nil && to.Fingerprint != k.Fingerprint {
			err = fault.New(fault.Corrupt, "refer: the key of %s in the directory has another fingerprint", a.Name)
		}
		found = to
		found.Agency, found.Confirmed = a.Name, true
		return err
	})
	if err == nil && !found.Confirmed {
		err = fault.Hint(fault.New(fault.NotFound, "refer: no agency of %s has a usable key with this fingerprint", country),
			"Give the key as a file, or have two officers confirm it in the directory.")
	}
	return found, err
}

// Known completes a recipient whose key is in the directory, and refuses one
// that is revoked or cannot be encrypted to.
func (r Recipient) Known(ctx context.Context, q db.Queryer, country string, now int64) (Recipient, error) {
	if r.pgp != nil {
		if err := r.pgp.CheckRecipient(time.UnixMicro(now)); err != nil {
			return r, err
		}
	}
	agencies, err := staff.Agencies(ctx, q, "")
	if err != nil {
		return r, err
	}
	for _, a := range agencies {
		ks, err := staff.Keys(ctx, q, a.ID)
		if err != nil {
			return r, err
		}
		for _, k := range ks {
			if k.Fingerprint != r.Fingerprint {
				continue
			}
			if k.Revoked {
				return r, fault.New(fault.Refused, "refer: the key %s of %s is revoked", k.Fingerprint, a.Name)
			}
			if a.Country != country {
				return r, fault.New(fault.Refused, "refer: the key %s is that of an agency of %s", k.Fingerprint, a.Country)
			}
		}
	}
	err = directory(ctx, q, country, now, func(a staff.Agency, k staff.Key) error {
		if k.Fingerprint == r.Fingerprint {
			r.Agency, r.Confirmed = a.Name, true
		}
		return nil
	})
	return r, err
}

// directory calls fn with every usable key of the active agencies of a country.
func directory(ctx context.Context, q db.Queryer, country string, now int64, fn func(staff.Agency, staff.Key) error) error {
	agencies, err := staff.Agencies(ctx, q, country)
	if err != nil {
		return err
	}
	for _, a := range agencies {
		if a.State != staff.Active {
			continue
		}
		ks, err := staff.Usable(ctx, q, a.ID, now)
		if err != nil && fault.KindOf(err) != fault.Refused {
			return err
		}
		for _, k := range ks {
			if err := fn(a, k); err != nil {
				return err
			}
		}
	}
	return nil
}
