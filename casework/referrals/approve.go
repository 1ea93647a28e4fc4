package referrals

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/referral"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// Terms are what a second officer decides on a preview.
type Terms struct {
	TLP      string // TLP:RED, TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN, TLP:CLEAR
	Handling string // conditions in words, handling codes; may be ""
	Purpose  string // what the recipient may use it for
	Basis    string // of the transfer: article, agreement
	Why      string
}

// approval is a recorded approval.
type approval struct {
	Referral                      ID
	Case                          cases.ID
	Digest                        string // of the preview
	Package                       string // SHA-256 of the signed tar that it leads to
	TLP, Handling, Purpose, Basis string
	Officer                       staff.ID
	At                            int64 // microseconds UTC
	Why                           string
}

// Approved is a preview that a second officer approved. Only this package makes
// one, out of an act of that officer, and Seal takes nothing else.
type Approved struct {
	draft Draft
	by    approval
}

// ID returns the id of the package.
func (a Approved) ID() ID { return a.draft.ID }

// Case returns the case of the package.
func (a Approved) Case() cases.ID { return a.draft.Case }

// Country returns the recipient's country.
func (a Approved) Country() string { return a.draft.Country }

// Officer returns who approved.
func (a Approved) Officer() staff.ID { return a.by.Officer }

// At returns when it was approved, in microseconds UTC.
func (a Approved) At() int64 { return a.by.At }

// Terms returns what was decided.
func (a Approved) Terms() Terms {
	return Terms{a.by.TLP, a.by.Handling, a.by.Purpose, a.by.Basis, a.by.Why}
}

var tlp = regexp.MustCompile(`^TLP:(RED|AMBER\+STRICT|AMBER|GREEN|CLEAR)$`)

func (t Terms) complete() (Terms, error) {
	for _, s := range []*string{&t.TLP, &t.Handling, &t.Purpose, &t.Basis, &t.Why} {
		*s = strings.TrimSpace(strings.ToValidUTF8(*s, "\uFFFD"))
	}
	switch {
	case !tlp.MatchString(t.TLP):
		return t, fault.New(fault.Invalid, "refer: the handling code must be one of TLP 2.0, such as TLP:AMBER")
	case t.Purpose == "" || t.Basis == "" || t.Why == "":
		return t, fault.New(fault.Invalid, "refer: an approval states purpose, basis of the transfer and a reason")
	}
	return t, nil
}

// Approve records that a second officer approves exactly what was previewed.
// The officer must be a supervisor entitled to the case and not the one who cut
// it. The cut is made again and compared with what was recorded.
func (r *Room) Approve(ctx context.Context, q db.Queryer, id ID, t Terms) (Approved, error) {
	t, err := t.complete()
	if err != nil {
		return Approved{}, err
	}
	d, err := FindDraft(ctx, q, id)
	if err != nil {
		return Approved{}, err
	}
	me := staff.ID(r.desk.KeyID())
	if me == d.Officer {
		return Approved{}, fault.Hint(fault.New(fault.Refused, "refer: who cut a referral cannot approve it"), "Ask a second officer.")
	}
	if err := r.entitled(ctx, q, d.Case, staff.Supervisor); err != nil {
		return Approved{}, err
	}
	c, err := r.repeat(ctx, q, d)
	if err != nil {
		return Approved{}, err
	}
	a := Approved{d, approval{Referral: d.ID, Case: d.Case, Digest: d.Digest, TLP: t.TLP, Handling: t.Handling, Purpose: t.Purpose,
		Basis: t.Basis, Officer: me, At: r.desk.Now(), Why: t.Why}}
	tar, err := r.tar(a, c)
	if err != nil {
		return Approved{}, err
	}
	a.by.Package = hexSum(tar)
	act := audit.Act{Class: audit.Disclosure, Verb: "referral.approve", Case: string(d.Case), Object: string(d.ID), Role: string(staff.Supervisor),
		Why: t.Why, Detail: map[string]string{"country": d.Country, "digest": d.Digest, "package": a.by.Package, "tlp": t.TLP}}
	_, err = r.desk.Do(ctx, act, func(w *db.Writer) error {
		if err := staff.Require(ctx, w, me, staff.Supervisor); err != nil {
			return err
		}
		return w.Put(ctx, approvalTable, a.by.row())
	})
	if err != nil {
		return Approved{}, err
	}
	return a, nil
}

// Approval returns the recorded approval of a referral: NotFound when there is
// none.
func (r *Room) Approval(ctx context.Context, q db.Queryer, id ID) (Approved, error) {
	d, err := FindDraft(ctx, q, id)
	if err != nil {
		return Approved{}, err
	}
	by, ok, err := db.One(ctx, q, scanApproval, selectApproval+" WHERE referral = ?1", string(d.ID))
	switch {
	case err != nil:
		return Approved{}, err
	case !ok:
		return Approved{}, fault.Hint(fault.New(fault.NotFound, "refer: referral %s is not approved", d.ID),
			"A second officer approves it: tutela refer approve.")
	case by.Officer == d.Officer || by.Digest != d.Digest:
		return Approved{}, fault.New(fault.Corrupt, "refer: the approval of referral %s does not fit its cut", d.ID)
	}
	return Approved{d, by}, nil
}

// tar writes the package as it is sealed, signed inside by the site.
func (r *Room) tar(a Approved, c *Cut) ([]byte, error) {
	p := c.Package
	p.TLP, p.Handling, p.Purpose, p.TransferBasis = a.by.TLP, a.by.Handling, a.by.Purpose, a.by.Basis
	var out bytes.Buffer
	if err := referral.Write(&out, p, c.At, r.v.Keys.Site.Sign, c.Labels(), c.Open); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
