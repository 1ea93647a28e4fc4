package main

import (
	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/persons"
	"tutela/casework/staff"
	"tutela/casework/tips"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// markVerb sets what officers decide about one thing: a child at risk now, a
// protected source, privileged matter. The thing is named by its id, whatever
// it is.
type markVerb struct {
	Risk       markSet  `cmd:"" help:"${help_mark_risk}"`
	Protected  markSet  `cmd:"" help:"${help_mark_protected}"`
	Privileged markSet  `cmd:"" help:"${help_mark_privileged}"`
	List       markList `cmd:"" help:"${help_mark_list}"`
}

// AfterApply tells each mark what it is.
func (c *markVerb) AfterApply() error {
	c.Risk.kind, c.Protected.kind, c.Privileged.kind = cases.Risk, cases.Protected, cases.Privileged
	return nil
}

// markSet sets one mark or takes it back.
type markSet struct {
	ofCase  `embed:""`
	Clear   bool     `help:"${help_clear}"`
	Objects []string `arg:"" name:"id" help:"${help_mark_object}"`
	kind    cases.MarkKind
}

// Run marks. The mark and what follows from it are one act.
func (c *markSet) Run(a *app) error {
	return a.inCase(c.Case, "case.show", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		c.Objects = once(c.Objects)
		kinds := make([]cases.ObjectKind, len(c.Objects))
		for i, id := range c.Objects {
			var err error
			if kinds[i], err = in.kindOf(id); err != nil {
				return err
			}
		}
		if err := c.sealedProtected(in, kinds); err != nil {
			return err
		}
		object := c.Objects[0]
		if len(c.Objects) > 1 {
			object = string(in.k.ID)
		}
		verb := "mark." + string(c.kind)
		if c.Clear {
			verb += ".clear"
		}
		err := in.do(audit.Alteration, verb, object, caseRoles(), func(w *db.Writer) error { return c.write(in, w, kinds) })
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"mark": string(c.kind), "set": !c.Clear, "objects": c.Objects}, a.text.Text("mark.done."+map[bool]string{true: "cleared", false: "set"}[c.Clear], len(c.Objects)))
	})
}

// sealedProtected refuses to take back what was decided at sealing.
func (c *markSet) sealedProtected(in *room, kinds []cases.ObjectKind) error {
	if c.kind != cases.Protected || !c.Clear {
		return nil
	}
	for i, id := range c.Objects {
		if kinds[i] != cases.ExhibitObject {
			continue
		}
		found, err := evidence.ByID(in.ctx, in.r, id)
		if err != nil {
			return err
		}
		if len(found) == 1 && found[0].Protected {
			return fault.Hint(fault.New(fault.Refused, "exhibit %s was sealed as that of a protected source", id), in.text.Text("hint.sealed_protected"))
		}
	}
	return nil
}

func (c *markSet) write(in *room, w *db.Writer, kinds []cases.ObjectKind) error {
	for i, id := range c.Objects {
		m := cases.Mark{Case: in.k.ID, ObjectKind: kinds[i], Object: id, Kind: c.kind, Set: !c.Clear, Officer: in.me(), At: in.v.Now(), Why: in.Why}
		if err := cases.PutMarks(in.ctx, w, m); err != nil {
			return err
		}
		if kinds[i] == cases.TipObject && c.kind == cases.Protected {
			if err := c.mailOf(in, w, m); err != nil {
				return err
			}
		}
		if kinds[i] != cases.ExhibitObject {
			continue
		}
		if err := c.exhibit(in, w, id); err != nil {
			return err
		}
	}
	return nil
}

// mailOf marks the mail of a tip too: who sent it is the source.
func (c *markSet) mailOf(in *room, w *db.Writer, m cases.Mark) error {
	t, err := tips.Find(in.ctx, w, tips.ID(m.Object), cases.View{Protected: true})
	if err != nil || t.Item == "" {
		return err
	}
	m.ObjectKind, m.Object = cases.ItemObject, t.Item
	return cases.PutMarks(in.ctx, w, m)
}

// exhibit does what a mark on a whole exhibit means for the rooms below.
func (c *markSet) exhibit(in *room, w *db.Writer, id string) error {
	switch {
	case c.kind == cases.Risk:
		return in.v.Evidence.MarkRisk(in.ctx, w, string(in.me()), in.Why, !c.Clear, id)
	case c.kind == cases.Protected:
		return chats.Resettle(in.ctx, w, in.v.Keys.Site.Row, id)
	case c.Clear:
		return in.v.Evidence.Release(in.ctx, w, string(in.me()), in.Why, id)
	}
	return in.v.Evidence.Quarantine(in.ctx, w, string(in.me()), in.Why, id)
}

// finder finds the case of a thing of one kind by its id; "" when a view does
// not show it.
type finder struct {
	kind cases.ObjectKind
	find func(id string) (cases.ID, error)
}

// finders look for things of the case in a view.
func (c *room) finders(view cases.View, hidden map[string]bool) []finder {
	return []finder{
		{cases.ExhibitObject, func(id string) (cases.ID, error) {
			found, err := evidence.ByID(c.ctx, c.r, id)
			if len(found) == 1 && !view.Protected && (found[0].Protected || hidden[id]) {
				return "", err
			}
			return only(found, err, func(e evidence.Exhibit) cases.ID { return cases.ID(e.Case) })
		}},
		{cases.ItemObject, func(id string) (cases.ID, error) {
			found, err := media.Find(c.ctx, c.r, media.ID(id))
			if err != nil || len(found) != 1 {
				return "", err
			}
			exhibit, _, err := c.sourceIn(view, hidden, found[0].Exhibit, "")
			if err != nil || !view.Protected && (hidden[id] || exhibit == "") {
				return "", err
			}
			return found[0].Case, nil
		}},
		{cases.MessageObject, func(id string) (cases.ID, error) {
			found, err := chats.FindMessages(c.ctx, c.r, c.k.ID, view, chats.MessageID(id))
			return only(found, err, func(chats.Shown) cases.ID { return c.k.ID })
		}},
		{cases.GroupObject, func(id string) (cases.ID, error) {
			found, err := chats.Groups(c.ctx, c.r, c.k.ID, view)
			return among1(found, err, func(g chats.Listed) bool { return string(g.ID) == id }, c.k.ID)
		}},
		{cases.TipObject, func(id string) (cases.ID, error) {
			t, err := tips.Find(c.ctx, c.r, tips.ID(id), view)
			return t.Case, missing(err)
		}},
		{cases.PersonObject, func(id string) (cases.ID, error) {
			p, err := persons.Find(c.ctx, c.r, persons.ID(id))
			return p.Case, missing(err)
		}},
		{cases.IdentifierObject, func(id string) (cases.ID, error) {
			found, err := identifiers.Find(c.ctx, c.r, view, identifiers.ID(id))
			return only(found, err, func(i identifiers.Identifier) cases.ID { return i.Case })
		}},
	}
}

// kindOf finds out what an id of the case names. Protected things are found
// too: a mark tells nothing about them.
func (c *room) kindOf(id string) (cases.ObjectKind, error) {
	for _, look := range c.finders(cases.View{Protected: true}, nil) {
		of, err := look.find(id)
		if err != nil {
			return "", err
		}
		if of == c.k.ID {
			return look.kind, nil
		}
	}
	return "", fault.New(fault.NotFound, "nothing in this case has the id %s", id)
}

// secret reports whether a thing is there that the ordinary view does not show.
func (c *room) secret(hidden map[string]bool, kind cases.ObjectKind, id string) (bool, error) {
	if hidden[id] {
		return true, nil
	}
	var seen [2]bool
	for i, view := range []cases.View{{}, {Protected: true}} {
		for _, look := range c.finders(view, hidden) {
			if look.kind != kind {
				continue
			}
			of, err := look.find(id)
			if err != nil {
				return false, err
			}
			seen[i] = of == c.k.ID
		}
	}
	return seen[1] && !seen[0], nil
}

// sourceIn returns exhibit and item that a claim names as far as a view shows
// them.
func (c *room) sourceIn(view cases.View, hidden map[string]bool, exhibit, item string) (string, string, error) {
	if view.Protected || exhibit == "" && item == "" {
		return exhibit, item, nil
	}
	of := exhibit
	if item != "" {
		found, err := media.Find(c.ctx, c.r, media.ID(item))
		if err != nil {
			return "", "", err
		}
		if len(found) == 1 {
			of = found[0].Exhibit
		}
	}
	for _, id := range []string{of, exhibit} {
		found, err := evidence.ByID(c.ctx, c.r, id)
		if err != nil {
			return "", "", err
		}
		if len(found) == 1 && (found[0].Protected || hidden[id]) {
			return "", "", nil
		}
	}
	if hidden[item] {
		item = ""
	}
	return exhibit, item, nil
}

func only[T any](found []T, err error, of func(T) cases.ID) (cases.ID, error) {
	if err != nil || len(found) != 1 {
		return "", err
	}
	return of(found[0]), nil
}

func among1[T any](found []T, err error, is func(T) bool, id cases.ID) (cases.ID, error) {
	for _, x := range found {
		if err == nil && is(x) {
			return id, nil
		}
	}
	return "", err
}

// missing lets a search go on.
func missing(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// markList lists the decisions of a case.
type markList struct {
	ofCase   `embed:""`
	shielded `embed:""`
}

// markRow is one decision in the list.
type markRow struct {
	Mark    string   `json:"mark"`
	Set     bool     `json:"set"`
	Kind    string   `json:"kind"`
	Object  string   `json:"object"`
	Officer staff.ID `json:"officer"`
	At      string   `json:"at"`
	Why     string   `json:"why"`
}

// Run lists them, newest first; which sources are protected only in the
// protected view.
func (c *markList) Run(a *app) error {
	return a.inCase(c.Case, "mark.list", func(in *room) error {
		view, err := c.view(in, "mark.list", string(in.k.ID))
		if err != nil {
			return err
		}
		list, err := cases.Marks(a.ctx, in.r, in.k.ID, "")
		if err != nil {
			return err
		}
		hidden, err := in.hidden()
		if err != nil {
			return err
		}
		rows := []markRow{}
		for _, m := range list {
			if !view.Protected {
				secret, err := in.secret(hidden, m.ObjectKind, m.Object)
				if err != nil {
					return err
				}
				if secret || m.Kind == cases.Protected {
					continue
				}
			}
			rows = append(rows, markRow{string(m.Kind), m.Set, string(m.ObjectKind), m.Object, m.Officer, utc(m.At), in.masked(view, m.Why)})
		}
		t := a.text
		return table(a.print, rows,
			column[markRow]{t.Text("col.mark"), func(r markRow) string { return r.Mark }},
			column[markRow]{t.Text("col.set"), func(r markRow) string { return t.Text(map[bool]string{true: "word.yes", false: "word.no"}[r.Set]) }},
			column[markRow]{t.Text("col.kind"), func(r markRow) string { return r.Kind }},
			column[markRow]{t.Text("col.object"), func(r markRow) string { return r.Object }},
			column[markRow]{t.Text("col.time"), func(r markRow) string { return r.At }},
			column[markRow]{t.Text("col.why"), func(r markRow) string { return r.Why }})
	})
}
