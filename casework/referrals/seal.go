package referrals

import (
	"bytes"
	"context"
	"strings"
	"time"

	"filippo.io/age"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/envelope"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// Sealing is the record of one sealed file.
type Sealing struct {
	ID         string   `json:"sealing"`
	Referral   ID       `json:"referral"`
	Case       cases.ID `json:"case"`
	File       string   `json:"file"`
	SHA256     string   `json:"sha256"`
	Size       int64    `json:"size"`
	Recipients string   `json:"recipients"` // fingerprints, one a line; "?" in front of one that nobody confirmed
	Officer    staff.ID `json:"officer"`
	At         int64    `json:"at_us"`
}

// File is a file to give to the recipient.
type File struct {
	Name string
	Data []byte
}

// Seal signs and encrypts an approved package, for OpenPGP keys as ID.tar.gpg
// with .asc and .sig, for age and SSH keys as ID.tar.age with .sig. The package
// is cut again and must be the bytes that were approved. The files come out of
// the act that records the disclosure; with them come the site's public keys,
// for a partner who does not have them yet.
func (r *Room) Seal(ctx context.Context, q db.Queryer, a Approved, to ...Recipient) ([]File, error) {
	if a.draft.ID == "" || a.by.Officer == "" {
		return nil, fault.New(fault.Refused, "refer: nothing is sealed without a second officer's approval")
	}
	if len(to) == 0 {
		return nil, fault.New(fault.Invalid, "refer: a recipient's key is needed")
	}
	if err := r.entitled(ctx, q, a.draft.Case, staff.Investigator, staff.Supervisor, staff.Liaison); err != nil {
		return nil, err
	}
	for i := range to {
		var err error
		if to[i], err = to[i].Known(ctx, q, a.draft.Country, r.desk.Now()); err != nil {
			return nil, err
		}
	}
	c, err := r.repeat(ctx, q, a.draft)
	if err != nil {
		return nil, err
	}
	tar, err := r.tar(a, c)
	if err != nil {
		return nil, err
	}
	if hexSum(tar) != a.by.Package {
		return nil, changed()
	}
	files, sealed, err := r.envelopes(ctx, q, string(a.ID()), tar, to)
	if err != nil {
		return nil, err
	}
	return files, r.recordSeal(ctx, a, sealed, c.rests)
}

// envelopes encrypts and signs the tar.
func (r *Room) envelopes(ctx context.Context, q db.Queryer, id string, tar []byte, to []Recipient) (files []File, sealed []Sealing, err error) {
	var pgp []*envelope.Key
	var others []age.Recipient
	for _, x := range to {
		if x.pgp != nil {
			pgp = append(pgp, x.pgp)
		} else if x.age != nil {
			others = append(others, x.age)
		}
	}
	add := func(name string, data []byte, openPGP bool) error {
		sig, err := envelope.SignSSH(bytes.NewReader(data), r.v.Keys.Site.Sign)
		files = append(files, File{name, data}, File{name + envelope.SuffixSig, sig})
		sealed = append(sealed, Sealing{File: name, SHA256: hexSum(data), Size: int64(len(data)), Recipients: marked(to, openPGP)})
		return err
	}
	if len(pgp) > 0 {
		own, err := r.openPGP(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		now := time.UnixMicro(r.desk.Now()).UTC()
		var out bytes.Buffer
		if err := envelope.SealOpenPGP(&out, bytes.NewReader(tar), pgp, own, now, r.v.Rand); err != nil {
			return nil, nil, err
		}
		name := id + ".tar" + envelope.SuffixOpenPGP
		if err := add(name, out.Bytes(), true); err != nil {
			return nil, nil, err
		}
		asc, err := envelope.SignOpenPGP(bytes.NewReader(out.Bytes()), own, now, r.v.Rand)
		if err != nil {
			return nil, nil, err
		}
		public, err := own.Public()
		if err != nil {
			return nil, nil, err
		}
		files = append(files, File{name + envelope.SuffixAsc, asc}, File{"sender.asc", public})
	}
	if len(others) > 0 {
		var out bytes.Buffer
		if err := envelope.SealAge(&out, bytes.NewReader(tar), others...); err != nil {
			return nil, nil, err
		}
		if err := add(id+".tar"+envelope.SuffixAge, out.Bytes(), false); err != nil {
			return nil, nil, err
		}
	}
	signers, err := r.AllowedSigners(ctx, q)
	return append(files, File{"sender.allowed_signers", signers}), sealed, err
}

// AllowedSigners returns the line of an allowed signers file with which a
// partner checks the site's signatures (ssh-keygen -Y verify, tutela verify
// --trust).
func (r *Room) AllowedSigners(ctx context.Context, q db.Queryer) ([]byte, error) {
	own, err := staff.Own(ctx, q)
	if err != nil {
		return nil, err
	}
	principal := strings.ToLower(strings.Join(strings.FieldsFunc(own.Name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	}), "-"))
	if principal == "" {
		principal = "sender"
	}
	return []byte(principal + ` namespaces="` + envelope.Namespace + `" ` + envelope.PublicLine(r.v.Keys.Ring.View().SignKey())), nil
}

// marked returns the fingerprints of the keys of one kind, with "?" in front of
// one that nobody confirmed.
func marked(to []Recipient, openPGP bool) string {
	var names []string
	for _, x := range to {
		switch {
		case (x.pgp != nil) != openPGP:
		case x.Confirmed:
			names = append(names, x.Fingerprint)
		default:
			names = append(names, "?"+x.Fingerprint)
		}
	}
	return strings.Join(names, "\n")
}

// recordSeal records who may open what, and which matches it tells of.
func (r *Room) recordSeal(ctx context.Context, a Approved, sealed []Sealing, rests []rest) error {
	detail := map[string]string{"country": a.draft.Country, "approved_by": string(a.by.Officer), "package": a.by.Package}
	for _, s := range sealed {
		detail["recipients"] = strings.TrimSpace(detail["recipients"] + "\n" + s.Recipients)
	}
	act := audit.Act{Class: audit.Disclosure, Verb: "referral.seal", Case: string(a.draft.Case), Object: string(a.draft.ID), Why: a.by.Why,
		Authority: string(a.draft.ID), Detail: detail}
	_, err := r.desk.Do(ctx, act, func(w *db.Writer) error {
		for _, s := range sealed {
			id, err := ids.New(time.UnixMicro(r.desk.Now()), r.v.Rand)
			if err != nil {
				return err
			}
			s.ID, s.Referral, s.Case, s.Officer, s.At = id, a.draft.ID, a.draft.Case, staff.ID(r.desk.KeyID()), r.desk.Now()
			if err := w.Put(ctx, sealTable, s.row()); err != nil {
				return err
			}
		}
		return putRests(ctx, w, a.draft, rests)
	})
	return err
}

// Sealings lists what was sealed of a referral, oldest first.
func Sealings(ctx context.Context, q db.Queryer, id ID) ([]Sealing, error) {
	return db.Collect(ctx, q, scanSealing, selectSealing+" WHERE referral = ?1 ORDER BY at_us, id", string(id))
}
