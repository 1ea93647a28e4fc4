package main

import (
	"io"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/pipeline"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
)

// stageView is the stage that an authorisation must cover for a person to look
// at content.
const stageView = "view"

// manyExhibits names exhibits of a case for a decision.
type manyExhibits struct {
	ofCase   `embed:""`
	Exhibits []string `arg:"" name:"exhibit" help:"${help_exhibit_id}"`
}

// change does one thing to exhibits as an act with a reason of its own.
func (c *manyExhibits) change(a *app, class audit.Class, verb string, roles []staff.Role, fn func(*room, *db.Writer) error) error {
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		c.Exhibits = once(c.Exhibits)
		if err := in.ownExhibits(c.Exhibits); err != nil {
			return err
		}
		object := c.Exhibits[0]
		if len(c.Exhibits) > 1 {
			object = string(in.k.ID)
		}
		err := in.do(class, verb, object, roles, func(w *db.Writer) error { return fn(in, w) })
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"act": verb, "exhibits": c.Exhibits}, a.text.Text("exhibit.done."+verb, len(c.Exhibits)))
	})
}

// once drops what is named again.
func once(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// exhibitQuarantine closes exhibits whatever authorisation there is.
type exhibitQuarantine struct {
	manyExhibits `embed:""`
}

// Run puts them into quarantine.
func (c *exhibitQuarantine) Run(a *app) error {
	return c.change(a, audit.Alteration, "exhibit.quarantine", caseRoles(), func(in *room, w *db.Writer) error {
		return in.v.Evidence.Quarantine(in.ctx, w, string(in.me()), in.Why, c.Exhibits...)
	})
}

// exhibitRelease ends the quarantine.
type exhibitRelease struct {
	manyExhibits `embed:""`
	Detach       bool `help:"${help_detach}"`
}

// Run releases them, and lets what is covered go on.
func (c *exhibitRelease) Run(a *app) error {
	err := c.change(a, audit.Alteration, "exhibit.release", []staff.Role{staff.Supervisor, staff.Investigator}, func(in *room, w *db.Writer) error {
		return in.v.Evidence.Release(in.ctx, w, string(in.me()), in.Why, c.Exhibits...)
	})
	if err != nil {
		return err
	}
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		return a.working(in.v, 0, func(line *pipeline.Line) error {
			n, err := line.Release(a.ctx, string(in.k.ID), in.Why)
			if err != nil || n == 0 || c.Detach {
				return err
			}
			m := a.meter()
			defer m.done()
			return line.Work(a.ctx, 0, true, m.show)
		})
	})
}

// exhibitHandover records that exhibits changed hands.
type exhibitHandover struct {
	manyExhibits `embed:""`
	From         string `required:"" placeholder:"NAME" help:"${help_handover_from}"`
	To           string `required:"" placeholder:"NAME" help:"${help_handover_to}"`
}

// Run records it in the chains of custody.
func (c *exhibitHandover) Run(a *app) error {
	if blank(c.From) || blank(c.To) {
		return fault.New(fault.Invalid, "exhibit handover: who gave it and who received it need a name")
	}
	return c.change(a, audit.Alteration, "exhibit.handover", caseRoles(), func(in *room, w *db.Writer) error {
		return in.v.Evidence.HandOver(in.ctx, w, string(in.me()), c.From, c.To, in.Why, c.Exhibits...)
	})
}

// exhibitOwner declares whose export an exhibit is, or takes it back.
type exhibitOwner struct {
	oneExhibit `embed:""`
	Owner      string `required:"" placeholder:"NAME" help:"${help_owner}"`
	Clear      bool   `help:"${help_clear}"`
}

// Run declares it; the chats read from the exhibit are settled anew.
func (c *exhibitOwner) Run(a *app) error {
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		if err := in.ownExhibits([]string{c.Exhibit}); err != nil {
			return err
		}
		o := chats.Owner{Case: in.k.ID, Exhibit: c.Exhibit, Label: c.Owner, Set: !c.Clear, Officer: in.me(), At: in.v.Now(), Why: in.Why}
		err := in.do(audit.Alteration, "exhibit.owner", c.Exhibit, caseRoles(), func(w *db.Writer) error {
			return chats.ChangeOwner(in.ctx, w, in.v.Keys.Site.Row, o)
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"exhibit": c.Exhibit, "set": o.Set}, a.text.Text("exhibit.done.exhibit.owner"))
	})
}

// exhibitOpen writes the content of an exhibit, or of an item in it, to a file.
type exhibitOpen struct {
	oneExhibit `embed:""`
	shielded   `embed:""`
	Item       string `placeholder:"ID" help:"${help_open_item}"`
	Out        string `required:"" placeholder:"FILE" help:"${help_open_out}"`
}

// Run opens it: the authorisation must cover the stage "view"; the look is in
// the log, in the chain of custody and, for an item, among the exposures.
func (c *exhibitOpen) Run(a *app) error {
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		if _, err := a.role(in.v, in.r, caseRoles()...); err != nil {
			return err
		}
		view, err := c.view(in, "exhibit.open", c.Exhibit)
		if err != nil {
			return err
		}
		if _, err := in.exhibit(c.Exhibit, view); err != nil {
			return err
		}
		act := audit.Act{Case: string(in.k.ID), Object: c.Exhibit, Why: in.reason()}
		if c.Item != "" {
			act.Detail = map[string]string{"item": c.Item}
		}
		open, refused, err := in.v.Evidence.OpenMany(a.ctx, in.v.Desk, act, stageView, c.Exhibit)
		if err != nil {
			return err
		}
		if err := refused[c.Exhibit]; err != nil {
			return err
		}
		src, item, err := c.source(in, open[0])
		if err != nil {
			return err
		}
		defer src.Close()
		if err := c.viewed(in, item); err != nil {
			return err
		}
		err = writeFile(c.Out, func(w io.Writer) error {
			_, err := io.Copy(w, io.NewSectionReader(src, 0, src.Size()))
			return err
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"exhibit": c.Exhibit, "item": c.Item, "file": c.Out, "size": src.Size()}, a.text.Text("exhibit.opened", src.Size(), c.Out))
	})
}

// source opens the exhibit itself, or the member that an item is.
func (c *exhibitOpen) source(in *room, s *evidence.Sealed) (evidence.Source, media.Item, error) {
	if c.Item == "" {
		src, err := s.Open(in.ctx)
		return src, media.Item{}, err
	}
	items, err := media.Find(in.ctx, in.r, media.ID(c.Item))
	if err != nil {
		return nil, media.Item{}, err
	}
	if len(items) != 1 || items[0].Exhibit != c.Exhibit || items[0].Case != in.k.ID {
		return nil, media.Item{}, fault.New(fault.NotFound, "item %s is not in exhibit %s", c.Item, c.Exhibit)
	}
	if items[0].Path == "" {
		src, err := s.Open(in.ctx)
		return src, items[0], err
	}
	members, err := evidence.Members(in.ctx, in.r, c.Item)
	if err != nil {
		return nil, items[0], err
	}
	if len(members) != 1 {
		return nil, items[0], fault.New(fault.NotFound, "the content of item %s was not kept", c.Item)
	}
	open, err := in.v.Evidence.OpenMembers(in.ctx, []*evidence.Sealed{s}, members...)
	if err != nil {
		return nil, items[0], err
	}
	src, err := open(in.ctx, members[0])
	return src, items[0], err
}

// viewed records the look before anything is shown.
func (c *exhibitOpen) viewed(in *room, item media.Item) error {
	id, err := ids.New(in.now(), in.v.Rand)
	if err != nil {
		return err
	}
	act := audit.Act{Class: audit.Consultation, Verb: "exhibit.viewed", Case: string(in.k.ID), Object: c.Exhibit, Why: in.reason()}
	_, err = in.v.Desk.Do(in.ctx, act, func(w *db.Writer) error {
		if err := cases.Check(in.ctx, w, in.k.ID, in.me()); err != nil {
			return err
		}
		if err := in.v.Evidence.Viewed(in.ctx, w, string(in.me()), c.Item, c.Exhibit); err != nil || item.ID == "" {
			return err
		}
		return media.PutExposures(in.ctx, w, media.Exposure{ID: id, Case: in.k.ID, Item: item.ID, Officer: in.me(), At: in.v.Now(), Filter: "file"})
	})
	return err
}
