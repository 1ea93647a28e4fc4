package main

import (
	"slices"
	"strconv"
	"strings"

	"tutela/casework/chats"
	"tutela/casework/matching"
	"tutela/casework/media"
)

// matchesVerb lists what is already known from an authorised list.
type matchesVerb struct {
	ofCase   `embed:""`
	shielded `embed:""`
	Tier     []string `enum:"exact,reencoded,confident,review" help:"${help_tier}"`
	Explain  bool     `help:"${help_explain}"`

	Strongest bool `help:"${help_strongest}"`
}

// matchRow is one match in the list.
type matchRow struct {
	Match       string   `json:"match"`
	AtRisk      bool     `json:"at_risk,omitempty"`
	Tier        string   `json:"tier"`
	Algorithm   string   `json:"algorithm"`
	Variant     string   `json:"variant,omitempty"`
	Distance    int      `json:"distance"`
	List        string   `json:"list"`
	Source      string   `json:"source"`
	Version     string   `json:"version"`
	Purpose     string   `json:"purpose"`
	ListState   string   `json:"list_state"`
	Category    string   `json:"category,omitempty"`
	Scheme      string   `json:"scheme,omitempty"`
	SourceID    string   `json:"source_id,omitempty"`
	Terms       string   `json:"terms,omitempty"`
	Recipients  string   `json:"recipients,omitempty"`
	Item        string   `json:"item"`
	Exhibit     string   `json:"exhibit"`
	Path        string   `json:"path"`
	Explanation string   `json:"explanation"`
	SentBy      []sentBy `json:"sent_by,omitempty"`
}

// sentBy is a message that carried the item.
type sentBy struct {
	Author  string `json:"author"`
	Group   string `json:"group"`
	Message string `json:"message"`
	Time    string `json:"time,omitempty"`
}

// Run lists the matches: child at risk first, then the strongest.
func (c *matchesVerb) Run(a *app) error {
	return a.inView(c.Case, "match.list", c.shielded, func(in *room) error {
		list, err := matching.OfCase(a.ctx, in.r, in.k.ID, in.view)
		if err != nil {
			return err
		}
		if len(c.Tier) > 0 {
			list = slices.DeleteFunc(list, func(l matching.Listed) bool { return !slices.Contains(c.Tier, string(l.Tier)) })
		}
		if c.Strongest { // the list has the strongest first
			seen := map[media.ID]bool{}
			list = slices.DeleteFunc(list, func(l matching.Listed) bool {
				before := seen[l.Item]
				seen[l.Item] = true
				return before
			})
		}
		rows, err := in.matchRows(list)
		if err != nil {
			return err
		}
		cols := []column[matchRow]{
			{a.text.Text("col.risk"), func(r matchRow) string { return mark(r.AtRisk) }},
			{a.text.Text("col.tier"), func(r matchRow) string { return r.Tier }},
			{a.text.Text("col.distance"), func(r matchRow) string { return r.Algorithm + " " + strconv.Itoa(r.Distance) }},
			{a.text.Text("col.list"), func(r matchRow) string { return r.Source + " " + r.Version }},
			{a.text.Text("col.item"), func(r matchRow) string { return r.Item }},
			{a.text.Text("col.path"), func(r matchRow) string { return r.Path }},
			{a.text.Text("col.sent_by"), matchRow.senders},
		}
		if c.Explain {
			cols = append(cols, column[matchRow]{a.text.Text("col.match"), func(r matchRow) string { return r.Match }},
				column[matchRow]{a.text.Text("col.why"), func(r matchRow) string { return r.Explanation }})
		}
		return table(a.print, rows, cols...)
	})
}

func (r matchRow) senders() string {
	var names []string
	for _, s := range r.SentBy {
		if !slices.Contains(names, s.Author) {
			names = append(names, s.Author)
		}
	}
	return strings.Join(names, ", ")
}

func (c *room) matchRows(list []matching.Listed) ([]matchRow, error) {
	var items []string
	for _, l := range list {
		items = append(items, string(l.Item))
	}
	carriers, err := chats.Carriers(c.ctx, c.r, c.k.ID, c.view, items...)
	if err != nil {
		return nil, err
	}
	sent := map[string][]sentBy{}
	for _, m := range carriers {
		by := sentBy{Author: c.mask.Identifier(m.Identifier, m.Author), Group: string(m.Group), Message: string(m.ID), Time: m.Time.Wall}
		for _, at := range m.Attachments {
			if at.Item != "" {
				sent[at.Item] = append(sent[at.Item], by)
			}
		}
	}
	_, names, err := c.riskAndNames()
	if err != nil {
		return nil, err
	}
	rows := make([]matchRow, len(list))
	for i, l := range list {
		key, args := l.Explanation()
		path := inside(names[l.Exhibit], l.Path)
		rows[i] = matchRow{Match: l.ID, AtRisk: l.AtRisk, Tier: string(l.Tier), Algorithm: l.Algorithm, Variant: l.Variant, Distance: l.Distance,
			List: string(l.List), Source: l.Source, Version: l.Version, Purpose: string(l.Purpose), ListState: string(l.ListState),
			Category: l.Category, Scheme: l.Scheme, SourceID: l.SourceID, Terms: l.Terms, Recipients: l.Recipients,
			Item: string(l.Item), Exhibit: l.Exhibit, Path: c.mask.Text(path), Explanation: c.text.Text(key, args...), SentBy: sent[string(l.Item)]}
	}
	return rows, nil
}
