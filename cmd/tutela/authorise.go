package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/pipeline"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// authoriseVerb records what allows exhibits to be opened, and lets held ones go
// on.
type authoriseVerb struct {
	ofCase      `embed:""`
	Issuer      string   `xor:"issuer,list" required:"" help:"${help_issuer}"`
	Reference   string   `help:"${help_reference}"`
	Document    string   `type:"existingfile" placeholder:"FILE" help:"${help_document}"`
	Exhibit     []string `placeholder:"ID" help:"${help_auth_exhibit}"`
	Acquisition []string `placeholder:"ID" help:"${help_auth_acquisition}"`
	Stage       []string `enum:"identify,unpack,read,fingerprint,match,link,propose,view" help:"${help_auth_stage}"`
	Account     []string `help:"${help_auth_account}"`
	From        string   `placeholder:"DATE" help:"${help_from}"`
	Until       string   `placeholder:"DATE" help:"${help_until}"`
	WindowFrom  string   `placeholder:"DATE" help:"${help_window_from}"`
	WindowUntil string   `placeholder:"DATE" help:"${help_window_until}"`
	Detach      bool     `help:"${help_detach}"`
	List        bool     `xor:"issuer" required:"" help:"${help_auth_list}"`
}

// Run records the authorisation and promises the work it allows.
func (c *authoriseVerb) Run(a *app) error {
	if c.List {
		return c.list(a)
	}
	return a.inCase(c.Case, "case.show", func(in *room) error {
		au, err := c.build(in)
		if err != nil {
			return err
		}
		roles := []staff.Role{staff.Investigator, staff.Examiner, staff.Supervisor}
		err = in.do(audit.Collection, "authorisation.record", string(in.k.ID), roles, func(w *db.Writer) error {
			au, err = in.v.Evidence.Authorise(a.ctx, w, au)
			return err
		})
		if err != nil {
			return err
		}
		return a.working(in.v, 0, func(line *pipeline.Line) error {
			released, err := line.Release(a.ctx, string(in.k.ID), in.reason())
			if err != nil {
				return err
			}
			a.print.line(a.text.Text("authorise.released", released))
			if released > 0 {
				if err := a.finish(line, c.Detach); err != nil {
					return err
				}
			}
			return a.print.value(map[string]any{"authorisation": au.ID, "released": released}, au.ID)
		})
	})
}

func (c *authoriseVerb) build(in *room) (evidence.Authorisation, error) {
	au := evidence.Authorisation{Case: string(in.k.ID), Issuer: c.Issuer, Reference: c.Reference, From: in.v.Now(),
		RecordedBy: string(in.me()), Covers: evidence.Covers{Exhibits: c.Exhibit, Acquisitions: c.Acquisition,
			All: len(c.Exhibit)+len(c.Acquisition) == 0, Stages: c.Stage, Accounts: c.Account}}
	if err := in.ownExhibits(c.Exhibit); err != nil {
		return au, err
	}
	if err := in.ownAcquisitions(c.Acquisition); err != nil {
		return au, err
	}
	for _, d := range []struct {
		text string
		into *int64
	}{{c.From, &au.From}, {c.Until, &au.Until}, {c.WindowFrom, &au.Covers.WindowFrom}, {c.WindowUntil, &au.Covers.WindowUntil}} {
		if err := date(d.text, d.into); err != nil {
			return au, err
		}
	}
	if c.Document != "" {
		sum, err := fileDigest(c.Document)
		if err != nil {
			return au, err
		}
		au.DocumentSHA256 = hex.EncodeToString(sum[:])
	}
	return au, nil
}

// ownAcquisitions refuses ids that are no acquisitions of the case.
func (c *room) ownAcquisitions(wanted []string) error {
	all, err := evidence.Acquisitions(c.ctx, c.r, string(c.k.ID), true)
	if err != nil {
		return err
	}
	for _, id := range wanted {
		if !slices.ContainsFunc(all, func(q evidence.Acquisition) bool { return q.ID == id }) {
			return fault.New(fault.NotFound, "acquisition %s is not in this case", id)
		}
	}
	return nil
}

// ownAuthorisation refuses an id that is no authorisation of the case; "" and
// "none" name none.
func (c *room) ownAuthorisation(id string) error {
	if id == "" || id == evidence.NoAuthority {
		return nil
	}
	all, err := evidence.Authorisations(c.ctx, c.r, string(c.k.ID))
	if err == nil && !slices.ContainsFunc(all, func(au evidence.Authorisation) bool { return au.ID == id }) {
		err = fault.Hint(fault.New(fault.NotFound, "authorisation %s is not in this case", id), c.text.Text("hint.authorisations"))
	}
	return err
}

// authorisationRow is an authorisation in the list.
type authorisationRow struct {
	ID             string          `json:"authorisation"`
	Issuer         string          `json:"issuer"`
	Reference      string          `json:"reference"`
	DocumentSHA256 string          `json:"document_sha256,omitempty"`
	From           string          `json:"from"`
	Until          string          `json:"until,omitempty"`
	Covers         evidence.Covers `json:"covers"`
}

func authorisationRowOf(au evidence.Authorisation) authorisationRow {
	return authorisationRow{ID: au.ID, Issuer: au.Issuer, Reference: au.Reference, DocumentSHA256: au.DocumentSHA256,
		From: utc(au.From), Until: utc(au.Until), Covers: au.Covers}
}

func (c *authoriseVerb) list(a *app) error {
	return a.inCase(c.Case, "authorisation.list", func(in *room) error {
		all, err := evidence.Authorisations(a.ctx, in.r, string(in.k.ID))
		if err != nil {
			return err
		}
		var rows []authorisationRow
		for _, au := range all {
			rows = append(rows, authorisationRowOf(au))
		}
		return table(a.print, rows,
			column[authorisationRow]{a.text.Text("col.authorisation"), func(r authorisationRow) string { return r.ID }},
			column[authorisationRow]{a.text.Text("col.issuer"), func(r authorisationRow) string { return r.Issuer }},
			column[authorisationRow]{a.text.Text("col.reference"), func(r authorisationRow) string { return r.Reference }},
			column[authorisationRow]{a.text.Text("col.until"), func(r authorisationRow) string { return r.Until }},
			column[authorisationRow]{a.text.Text("col.covers"), func(r authorisationRow) string { return covered(a, r.Covers) }})
	})
}

// covered says in short what an authorisation covers.
func covered(a *app, c evidence.Covers) string {
	if c.All {
		return a.text.Text("authorise.all")
	}
	return strings.Join(append(append([]string{}, c.Exhibits...), c.Acquisitions...), " ")
}

// date reads a day (its first moment in UTC) or an RFC 3339 time; "" leaves to
// as it is.
func date(s string, to *int64) error {
	if s == "" {
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			*to = t.UnixMicro()
			return nil
		}
	}
	return fault.New(fault.Invalid, "date %q is neither 2006-01-02 nor 2006-01-02T15:04:05Z", s)
}

func fileDigest(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, fault.New(fault.NotFound, "%w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fault.New(fault.Outside, "%w", err)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
