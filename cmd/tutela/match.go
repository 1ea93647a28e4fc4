package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/pipeline"
	"tutela/vault"
	"tutela/vault/db"
)

// matchVerb compares files that belong to no case with the lists of the site.
// Nothing of them is kept, and the log does not name them.
type matchVerb struct {
	Purpose []string `help:"${help_match_purpose}" placeholder:"PURPOSE"`
	Explain bool     `help:"${help_match_explain}"`
	File    []string `arg:"" help:"${help_asked_files}"`
}

// matchedRow is a file with what it corresponds to.
type matchedRow struct {
	askedRow
	Lists int      `json:"lists"` // that were asked
	Known bool     `json:"known"`
	Hits  []hitRow `json:"hits"`
}

// hitRow is one entry of one list that a file corresponds to.
type hitRow struct {
	Exact     bool   `json:"exact"`
	Tier      string `json:"tier"`
	Algorithm string `json:"algorithm"`
	Variant   string `json:"variant,omitempty"`
	Distance  int    `json:"distance"`
	Quality   int    `json:"quality,omitempty"`
	List      string `json:"list"`
	Source    string `json:"source"`
	Version   string `json:"version"`
	Purpose   string `json:"purpose"`
	Entry     int64  `json:"entry"`
	SourceID  string `json:"source_id,omitempty"`
	Category  string `json:"category,omitempty"`
	Scheme    string `json:"scheme,omitempty"`
	Model     string `json:"scheme_version,omitempty"`
	Region    string `json:"region,omitempty"`

	Terms       string `json:"terms,omitempty"`
	Recipients  string `json:"recipients,omitempty"`
	Explanation string `json:"explanation"`
	Steps       []step `json:"steps,omitempty"`
}

// Run compares. The officer's right is settled before a file is looked at.
func (c *matchVerb) Run(a *app) error {
	purposes, err := c.purposes(a)
	if err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		object := "hash lists: " + strings.Join(texts(purposes), ", ")
		r, err := a.lookAs(v, "match.ask", object, "is a file known", staff.Investigator, staff.Examiner, staff.Supervisor)
		if err != nil {
			return err
		}
		dir := "" // the index on disk is of the lists for cases
		if len(c.Purpose) == 0 {
			dir = filepath.Join(v.Data(), "index", "pdq")
		}
		m, err := matching.LoadKept(a.ctx, r, v.Keys.Site.Row, dir, purposes...)
		if err != nil {
			return err
		}
		lists := len(m.Lists())
		if lists == 0 {
			a.print.line(a.text.Text("match.no_lists", strings.Join(texts(purposes), ", ")))
		}
		return a.asked(c.File, func(asked askedRow, l pipeline.Looked) error {
			row := matchedRow{askedRow: asked, Lists: lists, Hits: []hitRow{}}
			if asked.Error == "" {
				if row.Hits, err = c.hits(a, r, m, asked, l); err != nil {
					return err
				}
			}
			row.Known = len(row.Hits) > 0
			return a.print.value(row, row.text(a))
		})
	})
}

// purposes are those asked for, or those of a case.
func (c *matchVerb) purposes(a *app) (out []hashlists.Purpose, err error) {
	if len(c.Purpose) == 0 {
		return hashlists.ForCases(), nil
	}
	for _, s := range c.Purpose {
		p := hashlists.Purpose(s)
		if !slices.Contains(hashlists.Purposes(), p) {
			return nil, fault.Hint(fault.New(fault.Invalid, "match: no purpose is called %q", s), a.text.Text("help_list_purpose"))
		}
		out = append(out, p)
	}
	return out, nil
}

func texts[S ~string](in []S) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}

func (c *matchVerb) hits(a *app, r *db.Reader, m *matching.Matcher, asked askedRow, l pipeline.Looked) ([]hitRow, error) {
	subject := l.Subject()
	found, err := m.Match(a.ctx, r, []matching.Subject{subject})
	if err != nil {
		return nil, err
	}
	rows := make([]hitRow, len(found))
	for i, f := range found {
		list, _ := m.List(f.List)
		key, args := matching.Listed{Match: f, Source: list.Source}.Explanation()
		rows[i] = hitRow{Exact: f.Tier == matching.Exact, Tier: string(f.Tier), Algorithm: f.Algorithm, Variant: f.Variant, Distance: f.Distance,
			Quality: f.Quality, List: string(f.List), Source: list.Source, Version: f.Version, Purpose: string(list.Purpose), Entry: f.Number,
			SourceID: f.SourceID, Category: f.Category, Scheme: list.Scheme, Model: list.Model, Region: list.Region, Terms: list.Terms,
			Recipients: list.Recipients, Explanation: a.text.Text(key, args...)}
		if !c.Explain {
			continue
		}
		p := reproduction{file: asked.File, size: l.Size, subject: subject, match: f, list: list, decoder: l.Picture.Decoder, pixels: l.Picture.PixelDigest}
		if err := p.on(a.ctx, r); err != nil {
			return nil, err
		}
		rows[i].Steps = p.steps(a)
	}
	return rows, nil
}

// text is the row for people.
func (r matchedRow) text(a *app) string {
	t := a.text
	lines := []string{printable(r.File)}
	add := func(s string) { lines = append(lines, "  "+printable(s)) }
	if r.Error != "" {
		add(t.Text("asked.unread") + ": " + r.Error)
		return strings.Join(lines, "\n")
	}
	add("SHA-256 " + r.SHA256)
	for _, h := range r.Hits {
		add(h.Explanation)
		add("  " + t.Text("match.entry", h.Entry, h.SourceID, strings.Join(strings.Fields(h.Scheme+" "+h.Model+" "+h.Region+" "+h.Category), " ")))
		if h.Terms+h.Recipients != "" {
			add("  " + t.Text("hashlist.terms", h.Terms, h.Recipients))
		}
		for _, line := range strings.Split(stepsText(a, h.Steps), "\n") {
			if line != "" {
				add("  " + line)
			}
		}
	}
	if !r.Known {
		add(t.Text("match.none", strconv.Itoa(r.Lists)))
	}
	for _, f := range r.Findings {
		add(t.Text("asked.finding") + " " + f.Code + " " + f.Detail)
	}
	if note := r.note(a); note != "" && len(r.Findings) == 0 {
		add(note)
	}
	return strings.Join(lines, "\n")
}
