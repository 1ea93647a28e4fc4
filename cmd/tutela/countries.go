package main

import (
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// countriesVerb lists proposed countries and records what officers decide.
type countriesVerb struct {
	List    countriesList    `cmd:"" default:"withargs" help:"${help_countries_list}"`
	Confirm countriesConfirm `cmd:"" help:"${help_countries_confirm}"`
	Reject  countriesReject  `cmd:"" help:"${help_countries_reject}"`
}

// countriesList lists identifiers by country.
type countriesList struct {
	ofCase  `embed:""`
	Country string `placeholder:"CC" help:"${help_country}"`
	Verdict string `enum:",proposed,confirmed,rejected" default:"" help:"${help_verdict}"`
	Summary bool   `help:"${help_summary}"`
}

// standingRow is where an identifier stands with a country.
type standingRow struct {
	Country    string   `json:"country"`
	Verdict    string   `json:"verdict"`
	Identifier string   `json:"identifier"`
	Kind       string   `json:"kind"`
	Value      string   `json:"value"`
	Relations  []string `json:"relations"`
	Among      int      `json:"among"` // size of the set of countries that the rule proposes; 0 = nobody proposed
	Why        string   `json:"why"`
	By         string   `json:"by,omitempty"`
}

// Run lists the standings.
func (c *countriesList) Run(a *app) error {
	return a.inCase(c.Case, "country.list", func(in *room) error {
		list, err := identifiers.Standings(a.ctx, in.r, in.k.ID, strings.ToUpper(c.Country), cases.View{})
		if err != nil {
			return err
		}
		var rows []standingRow
		for _, s := range list {
			if c.Verdict == "" || c.Verdict == string(s.Verdict) {
				rows = append(rows, in.standing(s))
			}
		}
		if c.Summary {
			return summary(in, rows)
		}
		t := a.text
		return table(a.print, rows,
			column[standingRow]{t.Text("col.country"), func(r standingRow) string { return r.Country }},
			column[standingRow]{t.Text("col.verdict"), func(r standingRow) string { return r.Verdict }},
			column[standingRow]{t.Text("col.value"), func(r standingRow) string { return r.Value }},
			column[standingRow]{t.Text("col.relations"), func(r standingRow) string { return strings.Join(r.Relations, ",") }},
			column[standingRow]{t.Text("col.why"), func(r standingRow) string { return r.Why }},
			column[standingRow]{t.Text("col.identifier"), func(r standingRow) string { return r.Identifier }})
	})
}

func (c *room) standing(s identifiers.Standing) standingRow {
	r := standingRow{Country: s.Country, Verdict: string(s.Verdict), Identifier: string(s.ID), Kind: string(s.Kind),
		Value: c.mask.Identifier(s.ID, s.Value), Why: c.mask.Text(s.Why), By: string(s.By), Among: among(s)}
	for _, rel := range s.Relations {
		r.Relations = append(r.Relations, string(rel))
	}
	return r
}

// among is the smallest set of countries that a rule proposed this one in.
func among(s identifiers.Standing) int {
	n := 0
	for _, cl := range s.Claims {
		if n == 0 || cl.Among < n {
			n = cl.Among
		}
	}
	return n
}

type summaryRow struct {
	Country   string `json:"country"`
	Proposed  int    `json:"proposed"`
	Confirmed int    `json:"confirmed"`
	Rejected  int    `json:"rejected"`
}

func summary(in *room, rows []standingRow) error {
	by := map[string]*summaryRow{}
	for _, r := range rows {
		if by[r.Country] == nil {
			by[r.Country] = &summaryRow{Country: r.Country}
		}
		switch identifiers.Verdict(r.Verdict) {
		case identifiers.Confirmed:
			by[r.Country].Confirmed++
		case identifiers.Rejected:
			by[r.Country].Rejected++
		default:
			by[r.Country].Proposed++
		}
	}
	var out []summaryRow
	for _, cc := range sortedKeys(by) {
		out = append(out, *by[cc])
	}
	t := in.text
	return table(in.print, out,
		column[summaryRow]{t.Text("col.country"), func(r summaryRow) string { return r.Country }},
		column[summaryRow]{t.Text("col.proposed"), func(r summaryRow) string { return decimal(r.Proposed) }},
		column[summaryRow]{t.Text("col.confirmed"), func(r summaryRow) string { return decimal(r.Confirmed) }},
		column[summaryRow]{t.Text("col.rejected"), func(r summaryRow) string { return decimal(r.Rejected) }})
}

// decision chooses identifiers and countries for a verdict.
type decision struct {
	ofCase     `embed:""`
	Country    string   `placeholder:"CC" help:"${help_country}"`
	Identifier []string `placeholder:"ID" help:"${help_decide_identifier}"`
	All        bool     `help:"${help_decide_all}"`
	Relation   []string `help:"${help_decide_relation}"`
}

// countriesConfirm makes proposals recipients.
type countriesConfirm struct {
	decision `embed:""`
}

// Run confirms.
func (c *countriesConfirm) Run(a *app) error {
	return c.decide(a, "country.confirm", identifiers.Confirmed)
}

// countriesReject sets proposals aside.
type countriesReject struct {
	decision `embed:""`
}

// Run rejects.
func (c *countriesReject) Run(a *app) error {
	return c.decide(a, "country.reject", identifiers.Rejected)
}

func (c *decision) decide(a *app, verb string, verdict identifiers.Verdict) error {
	if c.All == (len(c.Identifier) > 0) {
		return fault.Hint(fault.New(fault.Invalid, "countries: name identifiers or --all"), a.text.Text("hint.countries"))
	}
	if len(c.Identifier) > 0 && c.Country == "" {
		return fault.New(fault.Invalid, "countries: name the country with --country")
	}
	c.Country = strings.ToUpper(c.Country)
	return a.inCase(c.Case, "country.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		ds, err := c.decisions(in, verdict)
		if err != nil {
			return err
		}
		if len(ds) == 0 {
			return fault.New(fault.NotFound, "countries: nothing is proposed that fits")
		}
		roles := []staff.Role{staff.Investigator, staff.Supervisor, staff.Liaison}
		err = in.do(audit.Combination, verb, c.Country, roles, func(w *db.Writer) error {
			return identifiers.Decide(a.ctx, w, ds...)
		})
		if err != nil {
			return err
		}
		var countries []string
		for _, d := range ds {
			countries = append(countries, d.Country)
		}
		slices.Sort(countries)
		countries = slices.Compact(countries)
		return a.print.value(map[string]any{"verdict": string(verdict), "decisions": len(ds), "countries": countries},
			a.text.Text("countries."+string(verdict), len(ds), strings.Join(countries, " ")))
	})
}

// decisions lists what is decided. In bulk only what is still a proposal counts,
// and without a named country only where the rule proposes one country alone.
func (c *decision) decisions(in *room, verdict identifiers.Verdict) ([]identifiers.Decision, error) {
	var ds []identifiers.Decision
	add := func(id identifiers.ID, country string) error {
		ulid, err := ids.New(in.now(), in.v.Rand)
		ds = append(ds, identifiers.Decision{ID: ulid, Case: in.k.ID, Identifier: id, Country: country, Verdict: verdict,
			Officer: in.me(), At: in.v.Now(), Why: in.Why})
		return err
	}
	for _, s := range c.Identifier {
		i, err := in.identifier(s)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(ds, func(d identifiers.Decision) bool { return d.Identifier == i.ID }) {
			continue
		}
		if err := add(i.ID, c.Country); err != nil {
			return nil, err
		}
	}
	if !c.All {
		return ds, nil
	}
	list, err := identifiers.Standings(in.ctx, in.r, in.k.ID, c.Country, cases.View{})
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		switch {
		case s.Verdict != identifiers.Proposed, s.Country == identifiers.Nowhere, len(s.Claims) == 0:
			continue
		case c.Country == "" && among(s) != 1:
			continue
		case len(c.Relation) > 0 && !slices.ContainsFunc(s.Relations, func(r identifiers.Relation) bool { return slices.Contains(c.Relation, string(r)) }):
			continue
		}
		if err := add(s.ID, s.Country); err != nil {
			return nil, err
		}
	}
	return ds, nil
}
