package main

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"tutela/casework/cases"
	"tutela/fault"
	"tutela/pipeline"
	"tutela/vault/evidence"
)

// exhibitVerb shows exhibits and does what is done to them as a whole.
type exhibitVerb struct {
	List       exhibitList       `cmd:"" help:"${help_exhibit_list}"`
	Show       exhibitShow       `cmd:"" help:"${help_exhibit_show}"`
	Open       exhibitOpen       `cmd:"" help:"${help_exhibit_open}"`
	Quarantine exhibitQuarantine `cmd:"" help:"${help_exhibit_quarantine}"`
	Release    exhibitRelease    `cmd:"" help:"${help_exhibit_release}"`
	Handover   exhibitHandover   `cmd:"" help:"${help_exhibit_handover}"`
	Owner      exhibitOwner      `cmd:"" help:"${help_exhibit_owner}"`
}

// shielded is the flag of verbs that can show protected sources and the names of
// protected persons. Showing them is an act of its own, with its own reason.
type shielded struct {
	Protected bool `help:"${help_protected_view}"`
}

// view records the opening of the protected view, if it is asked for.
func (s shielded) view(in *room, verb, object string) (cases.View, error) {
	if !s.Protected {
		return cases.View{}, nil
	}
	if err := in.needWhy(); err != nil {
		return cases.View{}, err
	}
	_, err := in.look(in.v, verb+".protected", string(in.k.ID), object, in.Why)
	return cases.View{Protected: true}, err
}

// exhibitList lists the exhibits of a case.
type exhibitList struct {
	ofCase      `embed:""`
	shielded    `embed:""`
	Acquisition string `placeholder:"ID" help:"${help_one_acquisition}"`
	Held        bool   `help:"${help_only_held}"`
	Limit       int    `help:"${help_limit}"`
}

// exhibitRow is an exhibit as the verbs print it.
type exhibitRow struct {
	AtRisk      bool   `json:"at_risk"`
	ID          string `json:"exhibit"`
	Acquisition string `json:"acquisition"`
	Name        string `json:"name"`
	Path        string `json:"path"`
	Size        int64  `json:"size"`
	State       string `json:"state"` // open, held, quarantined, erased
	Mode        string `json:"mode"`  // copy, inplace
	Host        string `json:"host"`
	Sealed      string `json:"sealed"`
	SHA256      string `json:"sha256,omitempty"`
	Protected   bool   `json:"protected,omitempty"`
}

// States of an exhibit as the verbs tell it.
const (
	exhibitReadable    = "open" // an authorisation covers it
	exhibitHeld        = "held"
	exhibitQuarantined = "quarantined"
	exhibitErased      = "erased"
)

// Run lists them, those with a child at risk first.
func (c *exhibitList) Run(a *app) error {
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		view, err := c.view(in, "exhibit.list", string(in.k.ID))
		if err != nil {
			return err
		}
		rows, err := in.exhibitRows(view)
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r exhibitRow) bool {
			return c.Held && r.State != exhibitHeld || c.Acquisition != "" && r.Acquisition != c.Acquisition
		})
		if c.Limit > 0 && len(rows) > c.Limit {
			rows = rows[:c.Limit]
		}
		t := a.text
		return table(a.print, rows,
			column[exhibitRow]{t.Text("col.risk"), func(r exhibitRow) string { return mark(r.AtRisk) }},
			column[exhibitRow]{t.Text("col.exhibit"), func(r exhibitRow) string { return r.ID }},
			column[exhibitRow]{t.Text("col.state"), func(r exhibitRow) string { return r.State }},
			column[exhibitRow]{t.Text("col.size"), func(r exhibitRow) string { return strconv.FormatInt(r.Size, 10) }},
			column[exhibitRow]{t.Text("col.path"), func(r exhibitRow) string { return r.Path }})
	})
}

// exhibitRows returns the exhibits that a view shows.
func (c *room) exhibitRows(view cases.View) ([]exhibitRow, error) {
	list, err := c.seen(view)
	if err != nil {
		return nil, err
	}
	open, _, err := c.v.Evidence.Covered(c.ctx, c.r, list, pipeline.Identify)
	if err != nil {
		return nil, err
	}
	covered := map[string]bool{}
	for _, e := range open {
		covered[e.ID] = true
	}
	rows := make([]exhibitRow, len(list))
	for i, e := range list {
		rows[i] = c.exhibitRow(e, view, covered[e.ID])
	}
	return rows, nil
}

// seen returns the exhibits of the case in a view.
func (c *room) seen(view cases.View) ([]evidence.Exhibit, error) {
	if view.Protected {
		return evidence.Exhibits(c.ctx, c.r, evidence.Query{Case: string(c.k.ID), Protected: true})
	}
	return c.exhibits()
}

func (c *room) exhibitRow(e evidence.Exhibit, view cases.View, covered bool) exhibitRow {
	path := e.Path
	if path == "" {
		path = e.Name
	}
	r := exhibitRow{AtRisk: e.Risk, ID: e.ID, Acquisition: e.Acquisition, Name: c.masked(view, e.Name), Path: c.masked(view, path), Size: e.Size,
		State: exhibitHeld, Mode: string(e.Mode), Host: e.Host, Sealed: utc(e.Sealed), SHA256: digestText(e.SHA256[:]), Protected: e.Protected}
	switch {
	case e.State == evidence.Erased:
		r.State = exhibitErased
	case e.Quarantine != "":
		r.State = exhibitQuarantined
	case covered:
		r.State = exhibitReadable
	}
	return r
}

// masked hides protected persons in a text, but in the protected view.
func (c *room) masked(view cases.View, s string) string {
	if view.Protected {
		return s
	}
	return c.mask.Text(s)
}

// digestText writes a digest; "" for one that was erased.
func digestText(b []byte) string {
	if !slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
		return ""
	}
	return hex.EncodeToString(b)
}

// oneExhibit names one exhibit of a case.
type oneExhibit struct {
	ofCase  `embed:""`
	Exhibit string `arg:"" help:"${help_exhibit_id}"`
}

// exhibit finds an exhibit of the case as a view shows it. One that the view
// hides is not found: its existence is not told either.
func (c *room) exhibit(id string, view cases.View) (evidence.Exhibit, error) {
	list, err := c.seen(view)
	if err != nil {
		return evidence.Exhibit{}, err
	}
	for _, e := range list {
		if e.ID == id {
			return e, nil
		}
	}
	return evidence.Exhibit{}, fault.Hint(fault.New(fault.NotFound, "exhibit %s is not in this case", id), c.text.Text("hint.exhibits"))
}

// exhibitShow shows one exhibit with its custody and what covers it.
type exhibitShow struct {
	oneExhibit `embed:""`
	shielded   `embed:""`
}

// exhibitFull is everything about an exhibit.
type exhibitFull struct {
	exhibitRow
	MD5            string             `json:"md5,omitempty"`
	SHA1           string             `json:"sha1,omitempty"`
	Root           string             `json:"root,omitempty"` // of the tree of chunk hashes
	Quarantine     string             `json:"quarantine,omitempty"`
	Origin         acquisitionRow     `json:"origin"`
	Authorisations []authorisationRow `json:"authorisations"`
	Custody        []custodyRow       `json:"custody"`
	CustodyHolds   bool               `json:"custody_holds"`
}

// acquisitionRow says how an exhibit came in.
type acquisitionRow struct {
	ID       string `json:"acquisition"`
	Host     string `json:"host"`
	Source   string `json:"source"`
	FromWhom string `json:"from_whom,omitempty"`
	Device   string `json:"device,omitempty"`
	Method   string `json:"method,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Officer  string `json:"officer"`
	Opened   string `json:"opened"`
	Closed   string `json:"closed,omitempty"`
}

// custodyRow is one step of the chain.
type custodyRow struct {
	Seq   int64  `json:"seq"`
	Step  string `json:"step"`
	At    string `json:"at"`
	Actor string `json:"actor"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	Note  string `json:"note,omitempty"`
	Hash  string `json:"hash"`
}

// Run shows it.
func (c *exhibitShow) Run(a *app) error {
	return a.inCase(c.Case, "exhibit.show", func(in *room) error {
		view, err := c.view(in, "exhibit.show", c.Exhibit)
		if err != nil {
			return err
		}
		e, err := in.exhibit(c.Exhibit, view)
		if err != nil {
			return err
		}
		full, err := in.exhibitFull(e, view)
		if err != nil || a.JSON {
			return orPrint(a, full, err)
		}
		return full.show(a)
	})
}

func orPrint(a *app, v any, err error) error {
	if err != nil {
		return err
	}
	return a.print.value(v, "")
}

func (c *room) exhibitFull(e evidence.Exhibit, view cases.View) (exhibitFull, error) {
	full := exhibitFull{MD5: digestText(e.MD5[:]), SHA1: digestText(e.SHA1[:]), Root: digestText(e.Root[:]), Quarantine: c.masked(view, e.Quarantine),
		Authorisations: []authorisationRow{}}
	open, _, err := c.v.Evidence.Covered(c.ctx, c.r, []evidence.Exhibit{e}, pipeline.Identify)
	if err != nil {
		return full, err
	}
	full.exhibitRow = c.exhibitRow(e, view, len(open) > 0)
	acqs, err := evidence.Acquisitions(c.ctx, c.r, string(c.k.ID), true)
	if err != nil {
		return full, err
	}
	var authority string
	for _, q := range acqs {
		if q.ID == e.Acquisition {
			authority = q.Authority
			full.Origin = acquisitionRow{q.ID, q.Host, c.masked(view, q.Source), c.masked(view, q.FromWhom), c.masked(view, q.Device), q.Method, q.Zone, q.Officer, utc(q.Opened), utc(q.Closed)}
		}
	}
	all, err := evidence.Authorisations(c.ctx, c.r, string(c.k.ID))
	if err != nil {
		return full, err
	}
	for _, au := range all {
		if names(au, e, authority) {
			full.Authorisations = append(full.Authorisations, authorisationRowOf(au))
		}
	}
	chains, err := evidence.CustodyOf(c.ctx, c.r, e.ID)
	chain := chains[e.ID]
	full.CustodyHolds = evidence.CheckCustody(e, chain) == nil
	for _, s := range chain {
		full.Custody = append(full.Custody, custodyRow{s.Seq, s.Step, utc(s.At), s.Actor, c.masked(view, s.From), c.masked(view, s.To), c.masked(view, s.Note), hex.EncodeToString(s.Hash)})
	}
	return full, err
}

// names reports whether an authorisation speaks of the exhibit, whatever its
// dates and stages.
func names(au evidence.Authorisation, e evidence.Exhibit, authority string) bool {
	named := slices.Contains(au.Covers.Exhibits, e.ID) || slices.Contains(au.Covers.Acquisitions, e.Acquisition)
	switch authority {
	case "":
		return named || au.Covers.All
	case evidence.NoAuthority:
		return named
	}
	return named || au.ID == authority
}

func (f exhibitFull) show(a *app) error {
	say := func(key string, args ...any) { a.print.line(printable(a.text.Text(key, args...))) }
	if f.AtRisk {
		say("exhibit.risk")
	}
	say("exhibit.head", f.ID, f.Path)
	say("exhibit.state", f.State, f.Mode, f.Size, f.Sealed)
	if f.Quarantine != "" {
		say("exhibit.quarantine", f.Quarantine)
	}
	say("exhibit.digests", f.MD5, f.SHA1, f.SHA256)
	say("exhibit.origin", f.Origin.Source, f.Origin.Host, strings.TrimSpace(f.Origin.FromWhom+" "+f.Origin.Device))
	for _, au := range f.Authorisations {
		say("exhibit.authorisation", au.ID, au.Issuer, au.Reference, au.Until)
	}
	if !f.CustodyHolds {
		say("exhibit.custody_broken")
	}
	t := a.text
	return table(a.print, f.Custody,
		column[custodyRow]{t.Text("col.seq"), func(r custodyRow) string { return strconv.FormatInt(r.Seq, 10) }},
		column[custodyRow]{t.Text("col.step"), func(r custodyRow) string { return r.Step }},
		column[custodyRow]{t.Text("col.time"), func(r custodyRow) string { return r.At }},
		column[custodyRow]{t.Text("col.actor"), func(r custodyRow) string { return r.Actor }},
		column[custodyRow]{t.Text("col.note"), func(r custodyRow) string { return strings.TrimSpace(r.From + " " + r.To + " " + r.Note) }})
}
