package main

import (
	"encoding/hex"
	"slices"
	"strconv"

	"tutela/casework/hashlists"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/format/hashlist"
	"tutela/pipeline"
	"tutela/vault"
)

// hashlistVerb keeps the authorised lists.
type hashlistVerb struct {
	Import   hashlistImport   `cmd:"" help:"${help_hashlist_import}"`
	List     hashlistList     `cmd:"" help:"${help_hashlist_list}"`
	Diff     hashlistDiff     `cmd:"" help:"${help_hashlist_diff}"`
	Withdraw hashlistWithdraw `cmd:"" help:"${help_hashlist_withdraw}"`
	Export   hashlistExport   `cmd:"" help:"${help_hashlist_export}"`
	Reopened hashlistReopened `cmd:"" help:"${help_hashlist_reopened}"`
	Settle   hashlistSettle   `cmd:"" help:"${help_hashlist_settle}"`
}

// hashlistImport seals the document of a list and makes it active.
type hashlistImport struct {
	Source     string `required:"" help:"${help_list_source}"`
	Version    string `required:"" help:"${help_list_version}"`
	Purpose    string `required:"" help:"${help_list_purpose}"`
	Terms      string `help:"${help_list_terms}"`
	Recipients string `help:"${help_list_recipients}"`
	Delta      bool   `help:"${help_list_delta}"`
	readList   `embed:""`
	Detach     bool   `help:"${help_detach}"`
	File       string `arg:"" help:"${help_list_file}"`
}

// readList says how to read the document of a list.
type readList struct {
	Format  string   `default:"auto" enum:"auto,csv,vics,hashdeep,icse,ncmec,stopncii,tat,nsrl,nsrl-sql" help:"${help_list_format}"`
	Columns []string `help:"${help_list_columns}"`
	Mapping string   `placeholder:"FILE" help:"${help_list_mapping}"`
}

// options reads the mapping, if there is one.
func (c readList) options() (hashlist.Options, error) {
	o := hashlist.Options{Format: c.Format, Columns: c.Columns}
	if c.Mapping == "" {
		return o, nil
	}
	text, err := readText(c.Mapping)
	if err != nil {
		return o, err
	}
	o.Mapping, err = hashlist.ParseMapping(text)
	return o, err
}

// listRow is a list as the verbs print it.
type listRow struct {
	ID         string        `json:"list"`
	Source     string        `json:"source"`
	Version    string        `json:"version"`
	Purpose    string        `json:"purpose"`
	Terms      string        `json:"terms,omitempty"`
	Recipients string        `json:"recipients,omitempty"`
	State      string        `json:"state"`
	Why        string        `json:"why,omitempty"`
	Format     string        `json:"format"`
	Scheme     string        `json:"scheme,omitempty"`
	Model      string        `json:"scheme_version,omitempty"`
	Region     string        `json:"region,omitempty"`
	Release    string        `json:"release,omitempty"`
	Delta      bool          `json:"delta,omitempty"`
	Entries    int64         `json:"entries"`
	Values     int64         `json:"values"`
	Refused    int64         `json:"refused"`
	Removals   int64         `json:"removals,omitempty"`
	Gone       int64         `json:"gone,omitempty"`
	Next       string        `json:"next,omitempty"`
	Document   string        `json:"document_sha256"`
	Digest     string        `json:"entries_sha256"`
	Officer    string        `json:"officer"`
	Imported   string        `json:"imported"`
	Findings   []listFinding `json:"findings,omitempty"` // import only
	Reopened   []reopenedIn  `json:"reopened,omitempty"` // import only
}

// listFinding is something that was wrong with a document.
type listFinding struct {
	Code   string `json:"code"`
	Count  int    `json:"count"`
	Line   int    `json:"line,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	Detail string `json:"detail,omitempty"`
}

func listRowOf(l hashlists.List) listRow {
	return listRow{ID: string(l.ID), Source: l.Source, Version: l.Version, Purpose: string(l.Purpose), Terms: l.Terms, Recipients: l.Recipients,
		State: string(l.State), Why: l.Why, Format: l.Format, Scheme: l.Scheme, Model: l.Model, Region: l.Region, Release: l.Release,
		Delta: l.Delta, Entries: l.Entries, Values: l.Values, Refused: l.Refused, Removals: l.Removals, Gone: l.Gone, Next: l.Next, Document: hex.EncodeToString(l.Document[:]), Digest: hex.EncodeToString(l.Digest[:]), Officer: string(l.Officer), Imported: utc(l.At)}
}

// Run imports; then everything in the open cases is matched again.
func (c *hashlistImport) Run(a *app) error {
	purpose := hashlists.Purpose(c.Purpose)
	if !slices.Contains(hashlists.Purposes(), purpose) {
		return fault.Hint(fault.New(fault.Invalid, "hashlist import: no purpose is called %q", c.Purpose), a.text.Text("help_list_purpose"))
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		r, err := a.lookAs(v, "hashlist.import", "", "hash list", staff.Admin)
		if err != nil {
			return err
		}
		l, found, err := pipeline.ImportList(a.ctx, v, pipeline.ListOrder{Path: c.File, Source: c.Source, Version: c.Version, Purpose: purpose, Terms: c.Terms,
			Recipients: c.Recipients, Format: o.Format, Columns: o.Columns, Mapping: o.Mapping, Delta: c.Delta, Why: a.why("hash list of " + c.Source)})
		row := listRowOf(l.List)
		row.Findings = listFindings(found)
		for _, f := range row.Findings {
			a.print.line(printable(a.findingLine(f)))
		}
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("hashlist.imported", l.Entries, l.Values, l.Refused))
		if l.Removals+l.Gone > 0 {
			a.print.line(a.text.Text("hashlist.gone", l.Removals, l.Gone))
		}
		if l.Next != "" {
			a.print.line(a.text.Text("hashlist.next"))
		}
		if row.Reopened, err = a.reopened(r, l.Reopened); err != nil {
			return err
		}
		if err := rematch(a, v, c.Detach, a.why("hash list "+c.Source+" "+c.Version)); err != nil {
			return err
		}
		return a.print.value(row, row.ID)
	})
}

// findingLine says where something was wrong, and what.
func (a *app) findingLine(f listFinding) string {
	what := a.text.Text("hashlist.finding.what", f.Code, f.Detail, f.Count)
	switch {
	case f.Line > 0:
		return a.text.Text("hashlist.finding.line", f.Line, what)
	case f.Offset > 0:
		return a.text.Text("hashlist.finding.byte", f.Offset, what)
	}
	return what
}

// rematch compares the open cases with the lists as they are now.
func rematch(a *app, v *vault.Vault, detach bool, why string) error {
	return a.working(v, 0, func(line *pipeline.Line) error {
		if err := line.Rematch(a.ctx, "", why); err != nil {
			return err
		}
		return a.finish(line, detach)
	})
}

func listFindings(found []format.Finding) []listFinding {
	var out []listFinding
	for _, f := range found {
		out = append(out, listFinding{f.Code, max(f.Count, 1), f.Place.Line, f.Place.Offset, f.Detail})
	}
	return out
}

// hashlistList lists the lists.
type hashlistList struct{}

// Run lists them, newest first.
func (c *hashlistList) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "hashlist.list", "", "", "hash lists")
		if err != nil {
			return err
		}
		all, err := hashlists.All(a.ctx, r)
		if err != nil {
			return err
		}
		rows := make([]listRow, len(all))
		for i, l := range all {
			rows[i] = listRowOf(l)
		}
		t := a.text
		return table(a.print, rows,
			column[listRow]{t.Text("col.list"), func(r listRow) string { return r.ID }},
			column[listRow]{t.Text("col.source"), func(r listRow) string { return r.Source }},
			column[listRow]{t.Text("col.version"), func(r listRow) string { return r.Version }},
			column[listRow]{t.Text("col.purpose"), func(r listRow) string { return r.Purpose }},
			column[listRow]{t.Text("col.state"), func(r listRow) string { return r.State }},
			column[listRow]{t.Text("col.entries"), func(r listRow) string { return strconv.FormatInt(r.Entries, 10) }},
			column[listRow]{t.Text("col.terms"), func(r listRow) string { return r.Terms }})
	})
}
