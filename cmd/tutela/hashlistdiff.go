package main

import (
	"encoding/hex"
	"io"
	"iter"
	"os"
	"strconv"

	"tutela/casework/hashlists"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// hashlistDiff compares a list with another one, or with a document.
type hashlistDiff struct {
	readList `embed:""`
	Limit    int    `default:"50" help:"${help_diff_limit}"`
	List     string `arg:"" help:"${help_list_id}"`
	Other    string `arg:"" help:"${help_diff_other}"`
}

// diffRow is one difference as the verb prints it.
type diffRow struct {
	Change    string `json:"change"` // added, missing, category
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
	SourceID  string `json:"source_id,omitempty"`
	Was       string `json:"was,omitempty"`
	Now       string `json:"now,omitempty"`
}

// diffSum is the last line.
type diffSum struct {
	Same        int64 `json:"same"`
	Added       int64 `json:"added"`
	Missing     int64 `json:"missing"`
	Categorised int64 `json:"category"`
	SchemesVary bool  `json:"schemes_differ,omitempty"` // the codes do not mean the same
	More        int64 `json:"not_listed,omitempty"`     // differences beyond the limit
}

// Run compares: what the other one adds, categorises otherwise and lacks.
func (c *hashlistDiff) Run(a *app) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "hashlist.diff", "", c.List, "comparing lists")
		if err != nil {
			return err
		}
		of, err := hashlists.Find(a.ctx, r, hashlists.ID(c.List))
		if err != nil {
			return err
		}
		others, scheme, done, err := c.other(a, r, o)
		if err != nil {
			return err
		}
		defer done()
		return c.compare(a, r, of, others, scheme)
	})
}

// other opens what the list is compared with: a list of the site, or a file. The
// scheme is known when all entries were read.
func (c *hashlistDiff) other(a *app, r *db.Reader, o hashlist.Options) (iter.Seq2[hashlist.Entry, error], func() [2]string, func(), error) {
	l, err := hashlists.Find(a.ctx, r, hashlists.ID(c.Other))
	if err == nil {
		return hashlists.Stream(a.ctx, r, l), func() [2]string { return [2]string{l.Scheme, l.Region} }, func() {}, nil
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, nil, nil, err
	}
	file, err := os.Open(c.Other)
	if err != nil {
		return nil, nil, nil, fault.Hint(fault.New(fault.NotFound, "hashlist diff: neither a list nor a file: %w", err), a.text.Text("help_diff_other"))
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, nil, fault.New(fault.Outside, "hashlist diff: %w", err)
	}
	reader := hashlist.NewReader(io.NewSectionReader(file, 0, info.Size()), o)
	scheme := func() [2]string { return [2]string{reader.Header().Scheme, reader.Header().Region} }
	return reader.Entries(), scheme, func() { file.Close() }, nil
}

func (c *hashlistDiff) compare(a *app, r *db.Reader, of hashlists.List, others iter.Seq2[hashlist.Entry, error], scheme func() [2]string) error {
	var rows []diffRow
	more := int64(0)
	n, err := hashlists.Diff(a.ctx, r, of, others, func(d hashlists.Difference) error {
		row := diffRow{d.Kind, string(d.Value.Algorithm), hex.EncodeToString(d.Value.Bytes), d.SourceID, d.Was, d.Is}
		switch {
		case a.JSON:
			return a.print.value(row, "")
		case len(rows) < c.Limit:
			rows = append(rows, row)
		default:
			more++
		}
		return nil
	})
	if err != nil {
		return err
	}
	sum := diffSum{Same: n.Same, Added: n.Added, Missing: n.Missing, Categorised: n.Categorised, More: more}
	if s := scheme(); s[0] != "" && of.Scheme != "" && of.Scheme != of.Source { // a source's own codes have no other name
		sum.SchemesVary = s != [2]string{of.Scheme, of.Region}
	}
	if !a.JSON && len(rows) > 0 {
		t := a.text
		err = table(a.print, rows,
			column[diffRow]{t.Text("col.change"), func(r diffRow) string { return t.Text("diff." + r.Change) }},
			column[diffRow]{t.Text("col.algorithm"), func(r diffRow) string { return r.Algorithm }},
			column[diffRow]{t.Text("col.value"), func(r diffRow) string { return r.Value }},
			column[diffRow]{t.Text("col.was"), func(r diffRow) string { return r.Was }},
			column[diffRow]{t.Text("col.now"), func(r diffRow) string { return r.Now }})
		if err != nil {
			return err
		}
	}
	if more > 0 {
		a.print.line(a.text.Text("diff.more", strconv.FormatInt(more, 10)))
	}
	if sum.SchemesVary {
		a.print.line(a.text.Text("diff.schemes"))
	}
	return a.print.value(sum, a.text.Text("diff.sum", n.Same, n.Added, n.Missing, n.Categorised))
}

// hashlistExport writes the active entries of a list into a file.
type hashlistExport struct {
	Form string `default:"vics" enum:"vics,csv" help:"${help_export_form}"`
	Out  string `required:"" placeholder:"FILE" help:"${help_export_out}"`
	List string `arg:"" help:"${help_list_id}"`
}

// Run exports. Giving a list away is a disclosure, so it is an act with a reason,
// and the terms of the source are shown.
func (c *hashlistExport) Run(a *app) error {
	if err := a.needReason(); err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "hashlist.export", "", c.List, a.Why)
		if err != nil {
			return err
		}
		l, err := hashlists.Find(a.ctx, r, hashlists.ID(c.List))
		if err != nil {
			return err
		}
		act := audit.Act{Class: audit.Disclosure, Verb: "hashlist.export", Object: c.List, Why: a.Why,
			Detail: map[string]string{"form": c.Form, "source": l.Source, "version": l.Version}}
		if _, err := a.actAs(v, act, func(*db.Writer) error { return nil }, staff.Admin, staff.Supervisor); err != nil {
			return err
		}
		n := 0
		err = writeFile(c.Out, func(out io.Writer) (err error) {
			n, err = hashlists.Export(a.ctx, r, l, c.Form, out)
			return err
		})
		if err != nil {
			return err
		}
		if l.Terms != "" || l.Recipients != "" {
			a.print.line(printable(a.text.Text("hashlist.terms", l.Terms, l.Recipients)))
		}
		row := map[string]any{"list": c.List, "form": c.Form, "entries": n, "out": c.Out, "terms": l.Terms, "recipients": l.Recipients}
		return a.print.value(row, a.text.Text("hashlist.exported", n, c.Out))
	})
}
