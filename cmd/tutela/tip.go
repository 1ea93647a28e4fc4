package main

import (
	"tutela/casework/cases"
	"tutela/casework/tips"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// tipVerb shows what somebody sent, and records what is decided about it.
type tipVerb struct {
	List   tipList   `cmd:"" help:"${help_tip_list}"`
	Show   tipShow   `cmd:"" help:"${help_tip_show}"`
	Decide tipDecide `cmd:"" help:"${help_tip_decide}"`
}

// tipRow is a tip as the verbs print it.
type tipRow struct {
	AtRisk      bool       `json:"at_risk"`
	ID          string     `json:"tip"`
	State       string     `json:"state"`
	Received    string     `json:"received,omitempty"`
	Subject     string     `json:"subject"`
	From        string     `json:"from"`
	Attachments int        `json:"attachments"`
	Exhibit     string     `json:"exhibit"`
	Item        string     `json:"item"`
	Text        string     `json:"text,omitempty"`    // show only
	History     []tipEvent `json:"history,omitempty"` // show only
}

// tipEvent is one decision about a tip.
type tipEvent struct {
	State   string `json:"state"`
	Into    string `json:"into,omitempty"`
	Officer string `json:"officer"`
	At      string `json:"at"`
	Why     string `json:"why"`
}

func (c *room) tipRow(t tips.Listed, view cases.View) tipRow {
	return tipRow{AtRisk: t.AtRisk, ID: string(t.ID), State: string(t.State), Received: t.Received.Wall, Subject: c.masked(view, t.Subject),
		From: c.masked(view, t.From), Attachments: t.Attachments, Exhibit: t.Exhibit, Item: t.Item}
}

// tipList lists the tips of a case.
type tipList struct {
	ofCase   `embed:""`
	shielded `embed:""`
}

// Run lists them, those with a child at risk first.
func (c *tipList) Run(a *app) error {
	return a.inCase(c.Case, "tip.list", func(in *room) error {
		view, err := c.view(in, "tip.list", string(in.k.ID))
		if err != nil {
			return err
		}
		list, err := tips.List(a.ctx, in.r, in.k.ID, view)
		if err != nil {
			return err
		}
		rows := make([]tipRow, len(list))
		for i, t := range list {
			rows[i] = in.tipRow(t, view)
		}
		t := a.text
		return table(a.print, rows,
			column[tipRow]{t.Text("col.risk"), func(r tipRow) string { return mark(r.AtRisk) }},
			column[tipRow]{t.Text("col.tip"), func(r tipRow) string { return r.ID }},
			column[tipRow]{t.Text("col.state"), func(r tipRow) string { return r.State }},
			column[tipRow]{t.Text("col.time"), func(r tipRow) string { return r.Received }},
			column[tipRow]{t.Text("col.from"), func(r tipRow) string { return r.From }},
			column[tipRow]{t.Text("col.subject"), func(r tipRow) string { return r.Subject }})
	})
}

// oneTip names a tip of a case.
type oneTip struct {
	ofCase `embed:""`
	Tip    string `arg:"" help:"${help_tip_id}"`
}

// tipShow shows one tip with its text.
type tipShow struct {
	oneTip   `embed:""`
	shielded `embed:""`
}

// Run shows it.
func (c *tipShow) Run(a *app) error {
	return a.inCase(c.Case, "tip.show", func(in *room) error {
		view, err := c.view(in, "tip.show", c.Tip)
		if err != nil {
			return err
		}
		t, err := in.tip(c.Tip, view)
		if err != nil {
			return err
		}
		row := in.tipRow(t, view)
		row.Text = in.masked(view, t.Text)
		history, err := tips.History(a.ctx, in.r, t.ID)
		if err != nil {
			return err
		}
		for _, d := range history {
			row.History = append(row.History, tipEvent{string(d.State), d.Into, string(d.Officer), utc(d.At), in.masked(view, d.Why)})
		}
		text := printableLines(a.text.Text("tip.shown", row.ID, row.State, row.Received, row.From, row.Subject) + "\n\n" + row.Text)
		for _, h := range row.History {
			text += "\n" + printable(a.text.Text("tip.decision", h.At, h.State, h.Into, h.Officer, h.Why))
		}
		return a.print.value(row, text)
	})
}

// tip finds a tip of the case in a view.
func (c *room) tip(id string, view cases.View) (tips.Listed, error) {
	t, err := tips.Find(c.ctx, c.r, tips.ID(id), view)
	if err == nil && t.Case != c.k.ID {
		_, err = tips.Find(c.ctx, c.r, "", view) // not found, in the same words
	}
	return t, err
}

// tipDecide takes a tip, merges or closes it.
type tipDecide struct {
	oneTip `embed:""`
	State  string `required:"" enum:"taken,merged,closed" help:"${help_tip_state}"`
	Into   string `placeholder:"ID" help:"${help_tip_into}"`
}

// Run records the decision.
func (c *tipDecide) Run(a *app) error {
	return a.inCase(c.Case, "tip.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		t, err := in.tip(c.Tip, cases.View{Protected: true})
		if err != nil {
			return err
		}
		if c.Into, err = c.into(in, t); err != nil {
			return err
		}
		id, err := ids.New(a.now(), in.v.Rand)
		if err != nil {
			return err
		}
		d := tips.Decision{ID: id, Tip: t.ID, State: tips.State(c.State), Into: c.Into, Officer: in.me(), At: in.v.Now(), Why: in.Why}
		err = in.do(audit.Alteration, "tip."+c.State, c.Tip, caseRoles(), func(w *db.Writer) error { return tips.Decide(a.ctx, w, d) })
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"tip": c.Tip, "state": c.State}, a.text.Text("tip.decided", c.State))
	})
}

// into returns the id of the other tip of the case, or of the officer's case,
// that a tip is merged into.
func (c *tipDecide) into(in *room, t tips.Listed) (string, error) {
	switch {
	case c.Into == "":
		return "", nil
	case c.State != string(tips.Merged):
		return "", fault.New(fault.Invalid, "tip decide: only a tip that is merged goes into another")
	case c.Into == string(t.ID):
		return "", fault.New(fault.Invalid, "tip decide: a tip is not merged into itself")
	}
	if other, err := in.tip(c.Into, cases.View{Protected: true}); err == nil {
		return string(other.ID), nil
	} else if fault.KindOf(err) != fault.NotFound {
		return "", err
	}
	k, err := cases.Find(in.ctx, in.r, cases.ID(c.Into))
	if err == nil {
		err = cases.Check(in.ctx, in.r, k.ID, in.me())
	}
	if err != nil {
		return "", fault.New(fault.NotFound, "tip decide: %q is neither a tip of this case nor a case of yours", c.Into)
	}
	return string(k.ID), nil
}
