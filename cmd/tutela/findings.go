package main

import (
	"strconv"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/vault/evidence"
)

// findingsVerb lists what was wrong with what came in.
type findingsVerb struct {
	ofCase   `embed:""`
	shielded `embed:""`
	Exhibit  string `placeholder:"ID" help:"${help_one_exhibit}"`
	Counts   bool   `help:"${help_counts}"`
	Limit    int    `help:"${help_limit}"`
}

// findingRow is one finding in the list.
type findingRow struct {
	AtRisk  bool   `json:"at_risk,omitempty"`
	Code    string `json:"code"`
	Count   int    `json:"count"`
	Stage   string `json:"stage"`
	Exhibit string `json:"exhibit,omitempty"`
	Item    string `json:"item,omitempty"`
	Path    string `json:"path,omitempty"`
	Offset  int64  `json:"offset,omitempty"`
	Line    int    `json:"line,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Run lists the findings, those on a child at risk first.
func (c *findingsVerb) Run(a *app) error {
	return a.inView(c.Case, "finding.list", c.shielded, func(in *room) error {
		if c.Counts {
			return c.counts(in)
		}
		rows, err := c.rows(in)
		if err != nil {
			return err
		}
		if c.Limit > 0 && len(rows) > c.Limit {
			rows = rows[:c.Limit]
		}
		return table(a.print, rows,
			column[findingRow]{a.text.Text("col.risk"), func(r findingRow) string { return mark(r.AtRisk) }},
			column[findingRow]{a.text.Text("col.code"), func(r findingRow) string { return r.Code }},
			column[findingRow]{a.text.Text("col.count"), func(r findingRow) string { return strconv.Itoa(r.Count) }},
			column[findingRow]{a.text.Text("col.exhibit"), func(r findingRow) string { return r.Exhibit }},
			column[findingRow]{a.text.Text("col.place"), findingRow.place},
			column[findingRow]{a.text.Text("col.detail"), func(r findingRow) string { return r.Detail }})
	})
}

func (r findingRow) place() string {
	switch {
	case r.Line > 0:
		return r.Path + ":" + strconv.Itoa(r.Line)
	case r.Offset > 0:
		return r.Path + " @" + strconv.FormatInt(r.Offset, 10)
	}
	return r.Path
}

func (c *findingsVerb) rows(in *room) ([]findingRow, error) {
	list, err := media.Findings(in.ctx, in.r, media.Query{Case: in.k.ID, Exhibit: c.Exhibit, View: in.view})
	if err != nil {
		return nil, err
	}
	risk, names, err := in.riskAndNames()
	if err != nil {
		return nil, err
	}
	var rows []findingRow
	for _, f := range list {
		path := inside(names[f.Exhibit], f.Place.Path)
		rows = append(rows, findingRow{AtRisk: risk[f.Exhibit] || risk[string(f.Item)], Code: f.Code, Count: max(f.Count, 1), Stage: f.Stage,
			Exhibit: f.Exhibit, Item: string(f.Item), Path: in.mask.Text(path), Offset: f.Place.Offset, Line: f.Place.Line,
			Detail: in.mask.Text(f.Detail)})
	}
	if c.Exhibit != "" {
		return rows, nil
	}
	sealed, err := evidence.Findings(in.ctx, in.r, string(in.k.ID), in.view.Protected)
	for _, f := range sealed {
		rows = append(rows, findingRow{Code: f.Code, Count: 1, Stage: "seal", Path: in.mask.Text(f.Path), Detail: in.mask.Text(f.Detail)})
	}
	return rows, err
}

// riskAndNames returns what is marked "child at risk" and the names of the
// exhibits that may be shown.
func (c *room) riskAndNames() (risk map[string]bool, names map[string]string, err error) {
	risk, names = map[string]bool{}, map[string]string{}
	marks, err := cases.Marks(c.ctx, c.r, c.k.ID, cases.Risk)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range marks {
		risk[m.Object] = m.Set
	}
	list, err := c.exhibits()
	for _, e := range list {
		names[e.ID] = e.Path
		if e.Path == "" {
			names[e.ID] = e.Name
		}
	}
	return risk, names, err
}

type countRow struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
}

func (c *findingsVerb) counts(in *room) error {
	n, err := media.FindingCounts(in.ctx, in.r, in.k.ID, in.view)
	if err != nil {
		return err
	}
	sealed, err := evidence.Findings(in.ctx, in.r, string(in.k.ID), in.view.Protected)
	if err != nil {
		return err
	}
	for _, f := range sealed {
		n[f.Code]++
	}
	var rows []countRow
	for _, code := range sortedKeys(n) {
		rows = append(rows, countRow{code, n[code]})
	}
	return table(in.print, rows,
		column[countRow]{in.text.Text("col.code"), func(r countRow) string { return r.Code }},
		column[countRow]{in.text.Text("col.count"), func(r countRow) string { return strconv.FormatInt(r.Count, 10) }})
}
