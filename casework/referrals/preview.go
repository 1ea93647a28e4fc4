package referrals

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/bagit"
	"tutela/format/referral"
	"tutela/phrase"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// Preview is a recorded cut: what a second officer reads and approves.
type Preview struct {
	Draft
	Cut *Cut
}

// Preview cuts and records the cut as an act of class disclosure, which does
// not raise the revision of the case: the same state gives the same preview,
// whoever cuts and whenever. With Request.At it repeats a cut byte for byte or
// is Refused.
func (r *Room) Preview(ctx context.Context, q db.Queryer, req Request) (*Preview, error) {
	if err := r.entitled(ctx, q, req.Case, staff.Investigator, staff.Supervisor, staff.Liaison); err != nil {
		return nil, err
	}
	if p, err := r.again(ctx, q, req); err != nil || p != nil {
		return p, err
	}
	c, err := r.Cut(ctx, q, req)
	if err != nil {
		return nil, err
	}
	if req.At == "" {
		if err := r.record(ctx, q, c); err != nil {
			return nil, err
		}
		if c, err = r.Cut(ctx, q, req); err != nil {
			return nil, err
		}
	}
	digest, err := c.Digest()
	if err != nil {
		return nil, err
	}
	d := Draft{ID: c.ID(), Case: c.Request.Case, Country: c.Request.Country, Request: c.Request, State: c.State, Checkpoint: c.Checkpoint,
		Digest: digest, Officer: staff.ID(r.desk.KeyID()), At: r.desk.Now()}
	d.Request.At = c.Checkpoint
	return r.keep(ctx, q, d, c)
}

// keep records a draft, unless it is recorded already.
func (r *Room) keep(ctx context.Context, q db.Queryer, d Draft, c *Cut) (*Preview, error) {
	before, ok, err := db.One(ctx, q, scanDraft, selectDraft+" WHERE id = ?1", string(d.ID))
	if err != nil || ok {
		return &Preview{before, c}, err
	}
	a := audit.Act{Class: audit.Disclosure, Verb: "referral.cut", Case: string(d.Case), Object: string(d.ID), Why: "preview for " + d.Country,
		Detail: map[string]string{"country": d.Country, "digest": d.Digest}}
	_, err = r.desk.Do(ctx, a, func(w *db.Writer) error { return w.Put(ctx, referralTable, d.row()) })
	return &Preview{d, c}, err
}

func changed() error {
	return fault.Hint(fault.New(fault.Refused, "refer: what would be told is not what was previewed any more"),
		"The case or what it rests on was changed: cut again and have the new preview approved.")
}

// again repeats a recorded cut that a request with a checkpoint names, nil if
// there is none. Cuts that another version of this program made are passed over.
func (r *Room) again(ctx context.Context, q db.Queryer, req Request) (*Preview, error) {
	if req.At == "" {
		return nil, nil
	}
	full, err := req.complete()
	if err != nil {
		return nil, err
	}
	all, err := db.Collect(ctx, q, scanDraft, selectDraft+" WHERE case_id = ?1 AND country = ?2 AND checkpoint = ?3 AND request = ?4 ORDER BY at_us DESC, id",
		string(req.Case), req.Country, req.At, full.json())
	if err != nil || len(all) == 0 {
		return nil, err
	}
	for _, d := range all {
		c, err := r.repeat(ctx, q, d)
		if err == nil {
			return &Preview{d, c}, nil
		}
		if fault.KindOf(err) != fault.Refused {
			return nil, err
		}
	}
	return nil, changed()
}

// repeat cuts a draft again and compares: what comes out is what was previewed,
// or the case has changed in a way that concerns it.
func (r *Room) repeat(ctx context.Context, q db.Queryer, d Draft) (*Cut, error) {
	_, idx, ok := strings.Cut(d.State, ".")
	last, err := strconv.ParseInt(idx, 10, 64)
	if !ok || err != nil {
		return nil, fault.New(fault.Corrupt, "refer: the state of referral %s", d.ID)
	}
	c, err := r.cutAt(ctx, q, d.Request, d.State, last, true)
	if err != nil {
		return nil, err
	}
	digest, err := c.Digest()
	if err != nil {
		return nil, err
	}
	if c.ID() != d.ID || digest != d.Digest {
		return nil, changed()
	}
	return c, nil
}

// entitled refuses an officer who has no right to the case or none of the roles.
func (r *Room) entitled(ctx context.Context, q db.Queryer, c cases.ID, anyOf ...staff.Role) error {
	me := staff.ID(r.desk.KeyID())
	if err := cases.Check(ctx, q, c, me); err != nil {
		return err
	}
	return staff.Require(ctx, q, me, anyOf...)
}

// Payload returns the files of the preview, as they will stand below data/,
// with the places that an approval fills marked as such.
func (c *Cut) Payload() ([]bagit.File, error) {
	return c.draft().Payload(c.At, c.Labels(), c.Open)
}

// draft is the package with the most restrictive handling until somebody
// approves another.
func (c *Cut) draft() referral.Package {
	p := c.Package
	open := phrase.For(c.Request.Language).Text("cut.unapproved")
	p.TLP, p.Purpose, p.TransferBasis = "TLP:RED", open, open
	return p
}

// Digest returns the SHA-256, in hexadecimal, over the manifest of the preview:
// a line for each file, as in a bag.
func (c *Cut) Digest() (string, error) {
	files, err := c.Payload()
	if err != nil {
		return "", err
	}
	return DigestOf(files)
}

// DigestOf returns the digest that an approval is bound to, of the files of a
// preview in any order.
func DigestOf(files []bagit.File) (string, error) {
	lines := make([]string, len(files))
	for i, f := range files {
		r, err := f.Open()
		if err != nil {
			return "", err
		}
		h := sha512.New()
		_, err = io.Copy(h, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return "", err
		}
		lines[i] = fmt.Sprintf("%x  %s\n", h.Sum(nil), f.Name)
	}
	sum := sha256.Sum256([]byte(strings.Join(sortedByName(lines), "")))
	return hex.EncodeToString(sum[:]), nil
}

// FindDraft returns a recorded cut by its id or the unique start of it.
func FindDraft(ctx context.Context, q db.Queryer, id ID) (Draft, error) {
	if id == "" || strings.ContainsAny(string(id), "%_") {
		return Draft{}, fault.New(fault.Invalid, "refer: no id of a referral")
	}
	all, err := db.Collect(ctx, q, scanDraft, selectDraft+" WHERE id LIKE ?1 ORDER BY id LIMIT 2", string(id)+"%")
	switch {
	case err != nil:
		return Draft{}, err
	case len(all) == 0:
		return Draft{}, fault.New(fault.NotFound, "refer: no referral %s", id)
	case len(all) > 1:
		return Draft{}, fault.New(fault.Invalid, "refer: several referrals begin with %s", id)
	}
	return all[0], nil
}

// Drafts lists the recorded cuts of a case, oldest first.
func Drafts(ctx context.Context, q db.Queryer, c cases.ID) ([]Draft, error) {
	return db.Collect(ctx, q, scanDraft, selectDraft+" WHERE case_id = ?1 ORDER BY at_us, id", string(c))
}

// sortedByName sorts lines of a manifest by what follows the digest.
func sortedByName(lines []string) []string {
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a[128:], b[128:]) })
	return lines
}
