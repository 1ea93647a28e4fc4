package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"tutela/casework/identifiers"
)

// identifiersVerb lists identifiers, or every place of one.
type identifiersVerb struct {
	ofCase     `embed:""`
	shielded   `embed:""`
	Kind       string `enum:",phone,email,url,invite,handle,wa-name" default:"" help:"${help_id_kind}"`
	Identifier string `placeholder:"ID" help:"${help_identifier_places}"`
}

// identifierRow is one identifier in the list.
type identifierRow struct {
	AtRisk    bool     `json:"at_risk,omitempty"`
	ID        string   `json:"identifier"`
	Kind      string   `json:"kind"`
	Value     string   `json:"value"`
	Valid     bool     `json:"valid"`
	Mentions  int64    `json:"mentions"`
	Relations []string `json:"relations"`
	Spellings []string `json:"spellings,omitempty"`
}

// Run lists the identifiers, those with a child at risk first.
func (c *identifiersVerb) Run(a *app) error {
	if c.Identifier != "" {
		return a.inView(c.Case, "identifier.show", c.shielded, c.places)
	}
	return a.inView(c.Case, "identifier.list", c.shielded, func(in *room) error {
		rows, err := c.rows(in)
		if err != nil {
			return err
		}
		t := a.text
		return table(a.print, rows,
			column[identifierRow]{t.Text("col.risk"), func(r identifierRow) string { return mark(r.AtRisk) }},
			column[identifierRow]{t.Text("col.kind"), func(r identifierRow) string { return r.Kind }},
			column[identifierRow]{t.Text("col.value"), func(r identifierRow) string { return r.Value }},
			column[identifierRow]{t.Text("col.mentions"), func(r identifierRow) string { return strconv.FormatInt(r.Mentions, 10) }},
			column[identifierRow]{t.Text("col.relations"), func(r identifierRow) string { return strings.Join(r.Relations, ",") }},
			column[identifierRow]{t.Text("col.identifier"), func(r identifierRow) string { return r.ID }})
	})
}

func (c *identifiersVerb) rows(in *room) ([]identifierRow, error) {
	list, err := identifiers.List(in.ctx, in.r, in.k.ID, identifiers.Kind(c.Kind), in.view)
	if err != nil {
		return nil, err
	}
	wanted := make([]identifiers.ID, len(list))
	for i, l := range list {
		wanted[i] = l.ID
	}
	mentions, err := identifiers.Mentions(in.ctx, in.r, in.view, wanted...)
	if err != nil {
		return nil, err
	}
	relations, spellings := map[identifiers.ID]map[string]bool{}, map[identifiers.ID]map[string]bool{}
	for _, m := range mentions {
		if relations[m.Identifier] == nil {
			relations[m.Identifier], spellings[m.Identifier] = map[string]bool{}, map[string]bool{}
		}
		relations[m.Identifier][string(m.Relation)] = true
		spellings[m.Identifier][in.mask.Identifier(m.Identifier, m.Written)] = true
	}
	rows := make([]identifierRow, len(list))
	for i, l := range list {
		rows[i] = identifierRow{AtRisk: l.AtRisk, ID: string(l.ID), Kind: string(l.Kind), Value: in.mask.Identifier(l.ID, l.Value), Valid: l.Valid,
			Mentions: l.Mentions, Relations: sortedKeys(relations[l.ID]), Spellings: sortedKeys(spellings[l.ID])}
	}
	return rows, nil
}

// placeRow is one place of an identifier.
type placeRow struct {
	Identifier string `json:"identifier"`
	Relation   string `json:"relation"`
	Written    string `json:"written"`
	Exhibit    string `json:"exhibit"`
	Item       string `json:"item"`
	Group      string `json:"group,omitempty"`
	Message    string `json:"message,omitempty"`
	Path       string `json:"path,omitempty"`
	Line       int    `json:"line,omitempty"`
	Offset     int64  `json:"offset,omitempty"`
}

func (c *identifiersVerb) places(in *room) error {
	i, err := in.identifier(c.Identifier)
	if err != nil {
		return err
	}
	list, err := identifiers.Mentions(in.ctx, in.r, in.view, i.ID)
	if err != nil {
		return err
	}
	var rows []placeRow
	for _, m := range list {
		rows = append(rows, placeRow{string(m.Identifier), string(m.Relation), in.mask.Identifier(m.Identifier, m.Written), m.Exhibit, m.Item,
			m.Group, m.Message, in.mask.Text(m.Place.Path), m.Place.Line, m.Place.Offset})
	}
	t := in.text
	return table(in.print, rows,
		column[placeRow]{t.Text("col.relation"), func(r placeRow) string { return r.Relation }},
		column[placeRow]{t.Text("col.written"), func(r placeRow) string { return r.Written }},
		column[placeRow]{t.Text("col.exhibit"), func(r placeRow) string { return r.Exhibit }},
		column[placeRow]{t.Text("col.place"), func(r placeRow) string { return findingRow{Path: r.Path, Line: r.Line, Offset: r.Offset}.place() }},
		column[placeRow]{t.Text("col.message"), func(r placeRow) string { return r.Message }})
}

func sortedKeys[V any](m map[string]V) []string {
	return append([]string{}, slices.Sorted(maps.Keys(m))...)
}
