package main

import (
	"errors"
	"runtime"
	"strings"
	"time"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
	"tutela/casework/staff"
	"tutela/external/contain"
	"tutela/fault"
	"tutela/pipeline"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// ofCase is the flag of every verb that works in one case.
type ofCase struct {
	Case string `required:"" placeholder:"ID" help:"${help_case_id}"`
}

// room is a case opened for one verb: the vault, the case, a read handle that a
// consultation paid for, and the mask of protected persons.
type room struct {
	*app
	v    *vault.Vault
	k    cases.Case
	r    *db.Reader
	mask *persons.Mask
	view cases.View // what the verb's lists show; see inView
}

// inCase opens the case, records the consultation and runs do.
func (a *app) inCase(id, verb string, do func(*room) error) error {
	return a.with(func(v *vault.Vault) error {
		r, k, err := a.lookCase(v, verb, id)
		if err != nil {
			return err
		}
		mask, err := persons.MaskOf(a.ctx, r, k.ID, cases.View{})
		if err != nil {
			return err
		}
		return do(&room{app: a, v: v, k: k, r: r, mask: mask})
	})
}

// inView is inCase for verbs that can show protected sources and persons: the
// view is opened by an act of its own, and the lists and the mask follow it.
func (a *app) inView(id, verb string, s shielded, do func(*room) error) error {
	return a.inCase(id, verb, func(in *room) error {
		view, err := s.view(in, verb, string(in.k.ID))
		if err != nil {
			return err
		}
		in.view = view
		if in.mask, err = persons.MaskOf(a.ctx, in.r, in.k.ID, view); err != nil {
			return err
		}
		return do(in)
	})
}

// me is the officer who acts.
func (c *room) me() staff.ID { return staff.ID(c.v.Actor().KeyID()) }

// reason is --why, or the purpose of the case.
func (c *room) reason() string { return c.why(c.k.Purpose) }

// needWhy refuses a decision about people or evidence without a reason of its
// own: the purpose of the case explains a look, not a decision.
func (c *room) needWhy() error {
	if strings.TrimSpace(c.Why) == "" {
		return fault.Hint(fault.New(fault.Invalid, "a decision needs a reason"), c.text.Text("hint.why"))
	}
	return nil
}

// role returns the first of the roles that the officer has.
func (a *app) role(v *vault.Vault, q db.Queryer, anyOf ...staff.Role) (string, error) {
	me := staff.ID(v.Actor().KeyID())
	if err := staff.Require(a.ctx, q, me, anyOf...); err != nil {
		return "", err
	}
	o, err := staff.Find(a.ctx, q, me)
	if err != nil {
		return "", err
	}
	for _, r := range anyOf {
		if o.Has(r) {
			return string(r), nil
		}
	}
	return "", fault.New(fault.Refused, "the officer has none of the roles")
}

// do runs an act of the case by an officer with one of the roles, and raises
// the revision of the case.
func (c *room) do(class audit.Class, verb, object string, roles []staff.Role, fn func(*db.Writer) error) error {
	role, err := c.role(c.v, c.r, roles...)
	if err != nil {
		return err
	}
	act := audit.Act{Class: class, Verb: verb, Case: string(c.k.ID), Object: object, Role: role, Why: c.reason()}
	_, err = c.v.Desk.Do(c.ctx, act, func(w *db.Writer) error {
		if err := staff.Require(c.ctx, w, c.me(), staff.Role(role)); err != nil {
			return err
		}
		if err := cases.Check(c.ctx, w, c.k.ID, c.me()); err != nil {
			return err
		}
		if err := fn(w); err != nil {
			return err
		}
		return cases.Raise(c.ctx, w, c.k.ID)
	})
	return err
}

// working runs do with a pipeline of the vault.
func (a *app) working(v *vault.Vault, workers int, do func(*pipeline.Line) error) error {
	if workers <= 0 {
		workers = max(2, runtime.NumCPU())
	}
	pool := contain.NewPool(contain.Config{Size: workers})
	line, err := pipeline.New(pipeline.Config{Vault: v, Pool: pool, Workers: workers})
	if err == nil {
		err = do(line)
	}
	return errors.Join(err, pool.Close())
}

// meter returns what shows the progress of this run; done removes it.
func (a *app) meter() *meter {
	return &meter{w: a.err, c: a.text, terminal: a.terminal(), now: a.now}
}

// finish works until the jobs of the officer's cases are done, unless detached.
func (a *app) finish(line *pipeline.Line, detach bool) error {
	if detach {
		a.print.line(a.text.Text("work.detached"))
		return nil
	}
	m := a.meter()
	defer m.done()
	return line.Work(a.ctx, 0, true, m.show)
}

// exhibits returns the exhibits of the case that a list may show: none of a
// protected source, whether it was marked at sealing or later.
func (c *room) exhibits() ([]evidence.Exhibit, error) {
	if c.view.Protected {
		return evidence.Exhibits(c.ctx, c.r, evidence.Query{Case: string(c.k.ID), Protected: true})
	}
	all, err := evidence.Exhibits(c.ctx, c.r, evidence.Query{Case: string(c.k.ID)})
	if err != nil {
		return nil, err
	}
	hidden, err := c.hidden()
	if err != nil {
		return nil, err
	}
	var shown []evidence.Exhibit
	for _, e := range all {
		if !hidden[e.ID] {
			shown = append(shown, e)
		}
	}
	return shown, nil
}

// inside joins the name of an exhibit and a path in it.
func inside(exhibit, path string) string {
	switch {
	case path == "":
		return exhibit
	case exhibit == "":
		return path
	}
	return exhibit + " › " + path
}

// hidden returns the things that are marked as traces of a protected source.
func (c *room) hidden() (map[string]bool, error) {
	marks, err := cases.Marks(c.ctx, c.r, c.k.ID, cases.Protected)
	hidden := map[string]bool{}
	for _, m := range marks {
		if m.Set {
			hidden[m.Object] = true
		}
	}
	return hidden, err
}

// ownExhibits refuses ids that are no exhibits of the case.
func (c *room) ownExhibits(wanted []string) error {
	found, err := evidence.ByID(c.ctx, c.r, wanted...)
	if err != nil {
		return err
	}
	own := map[string]bool{}
	for _, e := range found {
		own[e.ID] = e.Case == string(c.k.ID)
	}
	for _, id := range wanted {
		if !own[id] {
			return fault.Hint(fault.New(fault.NotFound, "exhibit %s is not in this case", id), c.text.Text("hint.exhibits"))
		}
	}
	return nil
}

// identifier finds an identifier of the case by its id or value; a number may be
// written with spaces.
func (c *room) identifier(s string) (identifiers.Identifier, error) {
	found, err := identifiers.Find(c.ctx, c.r, c.view, identifiers.ID(s))
	if err != nil {
		return identifiers.Identifier{}, err
	}
	if number, err := identifiers.ParsePhone(s); err == nil {
		s = number.Norm
	}
	more, err := identifiers.Lookup(c.ctx, c.r, c.view, s)
	if err != nil {
		return identifiers.Identifier{}, err
	}
	var own []identifiers.Identifier
	for _, i := range append(found, more...) {
		if i.Case == c.k.ID {
			own = append(own, i)
		}
	}
	switch len(own) {
	case 1:
		return own[0], nil
	case 0:
		return identifiers.Identifier{}, fault.Hint(fault.New(fault.NotFound, "no such identifier in this case"), c.text.Text("hint.identifiers"))
	}
	return identifiers.Identifier{}, fault.Hint(fault.New(fault.Invalid, "several identifiers have this value"), c.text.Text("hint.identifiers"))
}

// utc shows a time of an act; "" for none.
func utc(us int64) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05Z")
}
