package staff

import (
	"context"
	"regexp"
	"strings"

	"tutela/fault"
	"tutela/vault/db"
)

// AgencyID identifies an agency: a ULID; the own agency has the site id.
type AgencyID string

// Agency is an authority that we are or write to.
type Agency struct {
	ID      AgencyID
	Name    string
	Country string // ISO 3166-1 alpha-2, or XK
	Own     bool   // true for exactly one: this site
	Channel string // how packages travel: "siena", "e-mail", "i-24/7", "portal", …
	Address string // where on that channel
	State   State
}

// KeyKind is the kind of key that packages for an agency are encrypted to.
type KeyKind string

// The kinds of key.
const (
	OpenPGP KeyKind = "openpgp"
	Age     KeyKind = "age"
	SSH     KeyKind = "ssh"
)

// Key is a public key of an agency, as received.
type Key struct {
	Agency      AgencyID
	Fingerprint string // upper-case hex (OpenPGP), "SHA256:…" (SSH), the recipient itself (age)
	Kind        KeyKind
	Text        string // the armoured or one-line public key
	Expires     int64  // microseconds UTC; 0 = never
	Revoked     bool
}

// Confirmation is one officer's statement that a fingerprint was compared with
// the agency over another way.
type Confirmation struct {
	Agency      AgencyID
	Fingerprint string
	Officer     ID
	At          int64  // microseconds UTC
	How         string // "telephone, number from the directory"
}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// Check reports as an Invalid error what an agency's record lacks.
func (a Agency) Check() error {
	switch {
	case a.ID == "":
		return fault.New(fault.Invalid, "staff: an agency needs an id")
	case strings.TrimSpace(a.Name) == "":
		return fault.New(fault.Invalid, "staff: an agency needs a name")
	case !country.MatchString(a.Country) || a.Country == "ZZ":
		return fault.New(fault.Invalid, "staff: agency country %q is not an ISO 3166-1 code of two letters", a.Country)
	case a.State != Active && a.State != Suspended:
		return fault.New(fault.Invalid, "staff: agency state %q is unknown", string(a.State))
	}
	return nil
}

// PutAgencies adds agencies or replaces their records. A second own agency is
// refused.
func PutAgencies(ctx context.Context, w *db.Writer, as ...Agency) error {
	own, hasOwn, err := findOwn(ctx, w)
	if err != nil {
		return err
	}
	rows := make([]db.Row, 0, len(as))
	for _, a := range as {
		if err := a.Check(); err != nil {
			return err
		}
		if a.Own && hasOwn && own.ID != a.ID {
			return fault.New(fault.Refused, "staff: this site already is another agency")
		}
		if a.Own {
			own, hasOwn = a, true
		}
		rows = append(rows, a.row())
	}
	return w.Put(ctx, agencyTable, rows...)
}

// Own returns the agency that this site is, or a NotFound error.
func Own(ctx context.Context, q db.Queryer) (Agency, error) {
	a, ok, err := findOwn(ctx, q)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "staff: the own agency is not recorded")
	}
	return a, err
}

func findOwn(ctx context.Context, q db.Queryer) (Agency, bool, error) {
	return db.One(ctx, q, scanAgency, selectAgency+" WHERE own = ?1", true)
}

// Agencies lists the directory by country and name; country "" means all.
func Agencies(ctx context.Context, q db.Queryer, country string) ([]Agency, error) {
	return db.Collect(ctx, q, scanAgency,
		selectAgency+" WHERE ?1 = '' OR country = ?1 ORDER BY country, name, id", country)
}

// PutKeys adds public keys of agencies. A new key is unconfirmed, and so is one
// whose text or kind is another than before or that lasts longer. A revoked key
// stays so: putting it again as good is refused.
func PutKeys(ctx context.Context, w *db.Writer, ks ...Key) error {
	rows := make([]db.Row, 0, len(ks))
	for _, k := range ks {
		if k.Agency == "" || k.Fingerprint == "" || k.Text == "" {
			return fault.New(fault.Invalid, "staff: a key needs agency, fingerprint and text")
		}
		if k.Kind != OpenPGP && k.Kind != Age && k.Kind != SSH {
			return fault.New(fault.Invalid, "staff: key kind %q is unknown", string(k.Kind))
		}
		if err := k.succeed(ctx, w); err != nil {
			return err
		}
		rows = append(rows, k.row())
	}
	return w.Put(ctx, keyTable, rows...)
}

// succeed compares a key with what its agency has under its fingerprint, and
// takes away the confirmations of what was something else.
func (k Key) succeed(ctx context.Context, w *db.Writer) error {
	old, ok, err := db.One(ctx, w, scanKey, selectKey+" WHERE agency = ?1 AND fingerprint = ?2", string(k.Agency), k.Fingerprint)
	if err != nil || !ok {
		return err
	}
	if old.Revoked && !k.Revoked {
		return fault.Hint(fault.New(fault.Refused, "staff: the key %s of agency %s was revoked", k.Fingerprint, k.Agency),
			"a revoked key does not come back; the agency makes a new one")
	}
	longer := old.Expires != 0 && (k.Expires == 0 || k.Expires > old.Expires)
	if k.Text == old.Text && k.Kind == old.Kind && !longer {
		return nil
	}
	cs, err := db.Collect(ctx, w, scanConfirmation, selectConfirmation+" WHERE agency = ?1 AND fingerprint = ?2", string(k.Agency), k.Fingerprint)
	if err != nil || len(cs) == 0 {
		return err
	}
	rows := make([]db.Row, len(cs))
	for i, c := range cs {
		rows[i] = db.Row{string(c.Agency), c.Fingerprint, string(c.Officer)}
	}
	return w.Delete(ctx, confirmationTable, rows...)
}

// Confirm records that an officer compared a fingerprint over another way. The
// officer must be active and the way must be stated.
func Confirm(ctx context.Context, w *db.Writer, c Confirmation) error {
	if strings.TrimSpace(c.How) == "" {
		return fault.New(fault.Invalid, "staff: say how the fingerprint was compared")
	}
	if err := Require(ctx, w, c.Officer, Roles()...); err != nil {
		return err
	}
	_, ok, err := db.One(ctx, w, scanKey, selectKey+" WHERE agency = ?1 AND fingerprint = ?2",
		string(c.Agency), c.Fingerprint)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "staff: the agency has no key with that fingerprint")
	}
	return w.Put(ctx, confirmationTable, c.row())
}

// KeyRecord is a key with the officers who confirmed it.
type KeyRecord struct {
	Key
	By []Confirmation
}

// Keys lists the keys of an agency by fingerprint.
func Keys(ctx context.Context, q db.Queryer, agency AgencyID) ([]KeyRecord, error) {
	ks, err := db.Collect(ctx, q, scanKey, selectKey+" WHERE agency = ?1 ORDER BY fingerprint", string(agency))
	if err != nil {
		return nil, err
	}
	cs, err := db.Collect(ctx, q, scanConfirmation,
		selectConfirmation+" WHERE agency = ?1 ORDER BY fingerprint, at_us, officer", string(agency))
	if err != nil {
		return nil, err
	}
	all := make([]KeyRecord, len(ks))
	for i, k := range ks {
		all[i].Key = k
		for _, c := range cs {
			if c.Fingerprint == k.Fingerprint {
				all[i].By = append(all[i].By, c)
			}
		}
	}
	return all, nil
}

// Usable returns the keys of an agency that a package may be encrypted to at
// the time now (microseconds UTC): not revoked, not expired, confirmed by two
// officers. It returns a Refused error when there is none.
func Usable(ctx context.Context, q db.Queryer, agency AgencyID, now int64) ([]Key, error) {
	ks, err := db.Collect(ctx, q, scanKey, selectKey+` WHERE agency = ?1 AND NOT revoked AND (expires_us = 0 OR expires_us > ?2)
		AND 2 <= (SELECT COUNT(*) FROM agency_confirmation c
			WHERE c.agency = agency_key.agency AND c.fingerprint = agency_key.fingerprint)
		ORDER BY fingerprint`, string(agency), now)
	if err == nil && len(ks) == 0 {
		err = fault.Hint(fault.New(fault.Refused, "staff: agency %s has no key that two officers confirmed", agency),
			"two officers compare the fingerprint by another way and record it")
	}
	return ks, err
}
