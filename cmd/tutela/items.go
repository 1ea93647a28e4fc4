package main

import (
	"encoding/hex"
	"strconv"

	"tutela/casework/media"
)

// itemsVerb lists the files found inside exhibits, every place of each.
type itemsVerb struct {
	ofCase   `embed:""`
	shielded `embed:""`
	Exhibit  string `placeholder:"ID" help:"${help_one_exhibit}"`
	Kind     string `help:"${help_item_kind}"`
	Limit    int    `help:"${help_limit}"`
}

// itemRow is one item in the list.
type itemRow struct {
	AtRisk  bool   `json:"at_risk"`
	ID      string `json:"item"`
	Exhibit string `json:"exhibit"`
	Path    string `json:"path"`
	Kind    string `json:"kind"`
	MIME    string `json:"mime"`
	State   string `json:"state"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
}

// Run lists them, those with a child at risk first.
func (c *itemsVerb) Run(a *app) error {
	return a.inView(c.Case, "item.list", c.shielded, func(in *room) error {
		list, err := media.Items(a.ctx, in.r, media.Query{Case: in.k.ID, Exhibit: c.Exhibit, Kind: c.Kind, View: in.view, Limit: c.Limit})
		if err != nil {
			return err
		}
		risk, names, err := in.riskAndNames()
		if err != nil {
			return err
		}
		rows := make([]itemRow, len(list))
		for i, m := range list {
			path := inside(names[m.Exhibit], m.Path)
			rows[i] = itemRow{AtRisk: m.Risk || risk[string(m.ID)] || risk[m.Exhibit], ID: string(m.ID), Exhibit: m.Exhibit, Path: in.mask.Text(path),
				Kind: m.Kind, MIME: m.MIME, State: string(m.State), Size: m.Size, SHA256: hex.EncodeToString(m.SHA256[:])}
		}
		t := a.text
		return table(a.print, rows,
			column[itemRow]{t.Text("col.risk"), func(r itemRow) string { return mark(r.AtRisk) }},
			column[itemRow]{t.Text("col.item"), func(r itemRow) string { return r.ID }},
			column[itemRow]{t.Text("col.kind"), func(r itemRow) string { return r.Kind }},
			column[itemRow]{t.Text("col.state"), func(r itemRow) string { return r.State }},
			column[itemRow]{t.Text("col.size"), func(r itemRow) string { return strconv.FormatInt(r.Size, 10) }},
			column[itemRow]{t.Text("col.path"), func(r itemRow) string { return r.Path }})
	})
}
