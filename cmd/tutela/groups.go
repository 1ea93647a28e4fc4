package main

import (
	"strconv"

	"tutela/casework/chats"
)

// groupsVerb lists chat groups, the members of one, or its messages.
type groupsVerb struct {
	ofCase   `embed:""`
	shielded `embed:""`
	Group    string `placeholder:"ID" help:"${help_group}"`
	Messages bool   `help:"${help_messages}"`
	Limit    int    `help:"${help_limit}"`
}

// groupRow is one group in the list.
type groupRow struct {
	AtRisk      bool   `json:"at_risk,omitempty"`
	ID          string `json:"group"`
	Subject     string `json:"subject"`
	Kind        string `json:"kind"`
	Platform    string `json:"platform"`
	Exhibit     string `json:"exhibit,omitempty"` // none for a protected source's export
	Members     int64  `json:"members"`
	Messages    int64  `json:"messages"`
	Attachments int64  `json:"attachments"`
	Missing     int64  `json:"missing"`
	First       string `json:"first,omitempty"`
	Last        string `json:"last,omitempty"`
}

// memberRow is one member of a group.
type memberRow struct {
	Group       string `json:"group"`
	Identifier  string `json:"identifier"`
	Label       string `json:"label"`
	Messages    int64  `json:"messages"`
	Attachments int64  `json:"attachments"`
	First       string `json:"first,omitempty"`
	Last        string `json:"last,omitempty"`
	Joined      string `json:"joined,omitempty"`
	Gone        string `json:"gone,omitempty"`
}

// messageRow is one message of a group.
type messageRow struct {
	AtRisk      bool     `json:"at_risk,omitempty"`
	ID          string   `json:"message"`
	Time        string   `json:"time,omitempty"`
	Author      string   `json:"author"`
	Direction   string   `json:"direction,omitempty"`
	Kind        string   `json:"kind"`
	Text        string   `json:"text"`
	Attachments []string `json:"attachments,omitempty"`
}

// Run lists what was asked for.
func (c *groupsVerb) Run(a *app) error {
	switch {
	case c.Messages:
		return a.inView(c.Case, "message.list", c.shielded, c.messages)
	case c.Group != "":
		return a.inView(c.Case, "group.members", c.shielded, c.members)
	}
	return a.inView(c.Case, "group.list", c.shielded, c.groups)
}

func (c *groupsVerb) groups(in *room) error {
	list, err := chats.Groups(in.ctx, in.r, in.k.ID, in.view)
	if err != nil {
		return err
	}
	var rows []groupRow
	for _, g := range list {
		rows = append(rows, groupRow{g.AtRisk, string(g.ID), in.mask.Text(g.Subject), string(g.Kind), g.Platform, g.Exhibit,
			g.Members, g.Messages, g.Attachments, g.Missing, g.First, g.Last})
	}
	num := func(n int64) string { return strconv.FormatInt(n, 10) }
	t := in.text
	return table(in.print, rows,
		column[groupRow]{t.Text("col.risk"), func(r groupRow) string { return mark(r.AtRisk) }},
		column[groupRow]{t.Text("col.group"), func(r groupRow) string { return r.ID }},
		column[groupRow]{t.Text("col.members"), func(r groupRow) string { return num(r.Members) }},
		column[groupRow]{t.Text("col.messages"), func(r groupRow) string { return num(r.Messages) }},
		column[groupRow]{t.Text("col.attachments"), func(r groupRow) string { return num(r.Attachments) }},
		column[groupRow]{t.Text("col.missing"), func(r groupRow) string { return num(r.Missing) }},
		column[groupRow]{t.Text("col.last"), func(r groupRow) string { return r.Last }},
		column[groupRow]{t.Text("col.subject"), func(r groupRow) string { return r.Subject }})
}

func (c *groupsVerb) members(in *room) error {
	list, err := chats.Members(in.ctx, in.r, in.k.ID, chats.GroupID(c.Group), in.view)
	if err != nil {
		return err
	}
	var rows []memberRow
	for _, m := range list {
		rows = append(rows, memberRow{string(m.Group), string(m.Identifier), in.mask.Identifier(m.Identifier, m.Label), m.Messages,
			m.Attachments, m.First, m.Last, m.Joined, m.Gone})
	}
	num := func(n int64) string { return strconv.FormatInt(n, 10) }
	t := in.text
	return table(in.print, rows,
		column[memberRow]{t.Text("col.member"), func(r memberRow) string { return r.Label }},
		column[memberRow]{t.Text("col.messages"), func(r memberRow) string { return num(r.Messages) }},
		column[memberRow]{t.Text("col.attachments"), func(r memberRow) string { return num(r.Attachments) }},
		column[memberRow]{t.Text("col.joined"), func(r memberRow) string { return r.Joined }},
		column[memberRow]{t.Text("col.gone"), func(r memberRow) string { return r.Gone }},
		column[memberRow]{t.Text("col.identifier"), func(r memberRow) string { return r.Identifier }})
}

func (c *groupsVerb) messages(in *room) error {
	list, err := chats.Messages(in.ctx, in.r, chats.Query{Case: in.k.ID, Group: chats.GroupID(c.Group), Reading: c.Group != "", View: in.view, Limit: c.Limit})
	if err != nil {
		return err
	}
	var rows []messageRow
	for _, m := range list {
		r := messageRow{AtRisk: m.AtRisk, ID: string(m.ID), Time: m.Time.Wall, Author: in.mask.Identifier(m.Identifier, m.Author),
			Direction: string(m.Direction), Kind: string(m.Kind), Text: in.mask.Text(m.Text)}
		for _, at := range m.Attachments {
			r.Attachments = append(r.Attachments, in.mask.Text(at.Name))
		}
		rows = append(rows, r)
	}
	t := in.text
	return table(in.print, rows,
		column[messageRow]{t.Text("col.risk"), func(r messageRow) string { return mark(r.AtRisk) }},
		column[messageRow]{t.Text("col.time"), func(r messageRow) string { return r.Time }},
		column[messageRow]{t.Text("col.author"), func(r messageRow) string { return r.Author }},
		column[messageRow]{t.Text("col.direction"), func(r messageRow) string { return r.Direction }},
		column[messageRow]{t.Text("col.message"), func(r messageRow) string { return r.ID }},
		column[messageRow]{t.Text("col.text"), func(r messageRow) string { return r.Text }})
}
