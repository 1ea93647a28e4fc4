package main

import (
	"context"

	"tutela/casework/hashlists"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/pipeline"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// checkVerb compares everything that is kept with what was recorded.
type checkVerb struct {
	Case    string   `placeholder:"ID" help:"${help_check_case}"`
	Known   []string `placeholder:"FILE" help:"${help_check_known}"`
	Rebuild bool     `help:"${help_check_rebuild}"`
}

// Parts of a check, in order.
const (
	partDatabase = "database"
	partLog      = "log"
	partContent  = "content"
	partLists    = "hashlists"
	partRebuild  = "rebuild"
)

// problemRow is one thing that differs, or that could not be looked at.
type problemRow struct {
	Part    string `json:"part"`
	Skipped bool   `json:"skipped,omitempty"` // not entitled, or in place on another machine: no answer
	Index   int64  `json:"index"`             // entry of the log; −1 if it concerns none
	Act     string `json:"act,omitempty"`
	Exhibit string `json:"exhibit,omitempty"`
	List    string `json:"list,omitempty"`
	Table   string `json:"table,omitempty"`
	Key     string `json:"key,omitempty"`
	What    string `json:"what"`
}

// checked is what the verb ends with.
type checked struct {
	Exhibits  int   `json:"exhibits"`
	Lists     int   `json:"lists"`
	Entries   int   `json:"entries"` // of the log
	Different int   `json:"different"`
	Skipped   int   `json:"skipped"`
	Rebuilt   int64 `json:"rebuilt_rows"` // compared with a rebuild, with --rebuild
	OK        bool  `json:"ok"`

	a *app
	v *vault.Vault
	r *db.Reader
	m *meter
}

// Run checks part after part, prints what differs at once, and ends with exit
// code 12 if anything does.
func (c *checkVerb) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.lookAs(v, "site.check", c.Case, "integrity", staff.Roles()...)
		if err != nil {
			return err
		}
		s := &checked{a: a, v: v, r: r, m: a.meter()}
		for _, part := range []func(context.Context, *checkVerb) error{s.database, s.log, s.content, s.lists, s.rebuild} {
			if err := part(a.ctx, c); err != nil {
				s.m.done()
				return err
			}
		}
		s.m.done()
		s.OK = s.Different == 0
		key := map[bool]string{true: "check.ok", false: "check.different"}[s.OK]
		if c.Rebuild {
			a.print.line(a.text.Text("check.rebuilt", s.Rebuilt))
		}
		if err := a.print.value(s, a.text.Text(key, s.Different, s.Entries, s.Exhibits, s.Lists, s.Skipped)); err != nil {
			return err
		}
		if !s.OK {
			return status{exitDifferent}
		}
		return nil
	})
}

// tell prints a problem. What was refused is no difference, but is told too.
func (s *checked) tell(p problemRow, err error) error {
	if err != nil {
		p.What, p.Skipped = err.Error(), fault.KindOf(err) == fault.Refused
	}
	if p.Skipped {
		s.Skipped++
	} else {
		s.Different++
	}
	s.m.done()
	word := map[bool]string{true: "check.skipped", false: "check.problem"}[p.Skipped]
	return s.a.print.value(p, printable(s.a.text.Text(word, p.Part, p.What)))
}

func (s *checked) database(ctx context.Context, _ *checkVerb) error {
	err := s.v.Store.Check(ctx)
	if fault.KindOf(err) == fault.Corrupt {
		return s.tell(problemRow{Part: partDatabase, Index: -1}, err)
	}
	return err
}

func (s *checked) log(ctx context.Context, c *checkVerb) error {
	var known []string
	for _, file := range c.Known {
		b, err := readText(file)
		if err != nil {
			return err
		}
		known = append(known, string(b))
	}
	for p, err := range s.v.Ledger.Check(ctx, known...) {
		if err != nil {
			return err
		}
		if err := s.tell(problemRow{Part: partLog, Index: p.Index, Act: p.Act, What: p.What}, nil); err != nil {
			return err
		}
	}
	for _, err := range audit.Acts(ctx, s.r, audit.Filter{}) {
		if err != nil && fault.KindOf(err) != fault.Corrupt {
			return err
		}
		s.Entries++
	}
	return nil
}

func (s *checked) content(ctx context.Context, c *checkVerb) error {
	done := func(n int) {
		s.Exhibits += n
		s.m.show(pipeline.Progress{Stage: "check", Files: int64(s.Exhibits), SecondsLeft: -1})
	}
	for p, err := range s.v.Evidence.VerifyAll(ctx, c.Case, done) {
		if err != nil {
			return err
		}
		if err := s.tell(problemRow{Part: partContent, Index: -1, Exhibit: p.Exhibit}, fault.New(fault.KindOf(p.Err), "%s", p)); err != nil {
			return err
		}
	}
	return nil
}

func (s *checked) lists(ctx context.Context, c *checkVerb) error {
	if c.Case != "" {
		return nil
	}
	all, err := hashlists.All(ctx, s.r)
	if err != nil {
		return err
	}
	for _, l := range all {
		s.Lists++
		if err := pipeline.CheckList(ctx, s.v, s.r, l); err != nil {
			if err := s.tell(problemRow{Part: partLists, Index: -1, List: string(l.ID)}, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// rebuild derives everything anew, if wanted, and compares.
func (s *checked) rebuild(ctx context.Context, c *checkVerb) error {
	if !c.Rebuild {
		return nil
	}
	return s.a.working(s.v, 0, func(line *pipeline.Line) error {
		out, err := line.Reconstruct(ctx, s.m.show)
		if err != nil {
			return err
		}
		for _, d := range out.Differences {
			p := problemRow{Part: partRebuild, Index: -1, Table: d.Table, Key: d.Key, What: s.a.text.Text("check.rebuild."+rebuilt(d), d.Table, d.Key)}
			if err := s.tell(p, nil); err != nil {
				return err
			}
		}
		for _, l := range out.Left {
			p := problemRow{Part: partRebuild, Index: -1, Skipped: true, Key: l.ID, What: s.a.text.Text("check.rebuild.left", l.Kind, l.ID, l.Reason)}
			if err := s.tell(p, nil); err != nil {
				return err
			}
		}
		s.Different += out.More
		s.Rebuilt = out.Rows
		return nil
	})
}

// rebuilt says in a word how a row differs; its content is not told.
func rebuilt(d pipeline.Difference) string {
	switch {
	case d.Stored == "":
		return "missing"
	case d.Built == "":
		return "extra"
	}
	return "other"
}
