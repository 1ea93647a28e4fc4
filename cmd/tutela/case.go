package main

import (
	"time"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
)

// caseVerb opens and shows cases.
type caseVerb struct {
	Open    caseOpen    `cmd:"" help:"${help_case_open}"`
	List    caseList    `cmd:"" help:"${help_case_list}"`
	Show    caseShow    `cmd:"" help:"${help_case_show}"`
	Entitle caseEntitle `cmd:"" help:"${help_case_entitle}"`
}

// caseOpen opens a case and prints its id as the last line.
type caseOpen struct {
	Title     string   `required:"" help:"${help_title}"`
	Authority string   `help:"${help_authority}"`
	Purpose   string   `required:"" help:"${help_purpose}"`
	Operation string   `help:"${help_operation}"`
	Officers  []string `help:"${help_case_officers}"`
	Review    int      `default:"365" help:"${help_review}"`
}

// Run opens the case.
func (c *caseOpen) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		id, err := ids.New(a.now(), v.Rand)
		if err != nil {
			return err
		}
		me := v.Actor().KeyID()
		k := cases.Case{ID: cases.ID(id), Title: c.Title, Agency: "own", Authority: c.Authority, Purpose: c.Purpose,
			Operation: c.Operation, State: cases.Open, Opened: v.Now(), CoversOwn: c.Authority != "",
			ReviewDue: a.now().Add(time.Duration(c.Review) * 24 * time.Hour).UnixMicro()}
		act := audit.Act{Class: audit.Collection, Verb: "case.open", Case: id, Object: id, Role: string(staff.Investigator), Why: a.why(c.Purpose)}
		_, err = v.Desk.Do(a.ctx, act, func(w *db.Writer) error { return c.write(a, v, w, k, me) })
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("case.opened", c.Title))
		return a.print.value(map[string]string{"case": id}, id)
	})
}

func (c *caseOpen) write(a *app, v *vault.Vault, w *db.Writer, k cases.Case, me string) error {
	if err := staff.Require(a.ctx, w, staff.ID(me), staff.Investigator, staff.Examiner, staff.Supervisor); err != nil {
		return err
	}
	if err := cases.Put(a.ctx, w, k); err != nil {
		return err
	}
	entitled := append([]string{me}, c.Officers...)
	if err := v.Keys.Cases.New(a.ctx, w, string(k.ID), v.Now(), entitled...); err != nil {
		return err
	}
	var members []cases.Member
	for _, id := range entitled {
		members = append(members, cases.Member{Case: k.ID, Officer: staff.ID(id), Since: v.Now()})
	}
	if err := cases.PutMembers(a.ctx, w, members...); err != nil || !k.CoversOwn {
		return err
	}
	_, err := v.Evidence.Authorise(a.ctx, w, evidence.Authorisation{Case: string(k.ID), Issuer: k.Authority, Reference: k.Authority,
		From: k.Opened, RecordedBy: me, Covers: evidence.Covers{All: true}})
	return err
}

// caseList lists the cases that the officer is entitled to.
type caseList struct{}

// Run lists the cases.
func (c *caseList) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "case.list", "", "", a.why("overview"))
		if err != nil {
			return err
		}
		list, err := cases.List(a.ctx, r, staff.ID(v.Actor().KeyID()))
		if err != nil {
			return err
		}
		return table(a.print, list,
			column[cases.Listed]{a.text.Text("col.risk"), func(l cases.Listed) string { return mark(l.AtRisk) }},
			column[cases.Listed]{a.text.Text("col.case"), func(l cases.Listed) string { return string(l.ID) }},
			column[cases.Listed]{a.text.Text("col.state"), func(l cases.Listed) string { return string(l.State) }},
			column[cases.Listed]{a.text.Text("col.title"), func(l cases.Listed) string { return l.Title }})
	})
}

// caseShow shows one case.
type caseShow struct {
	Case string `arg:"" help:"${help_case_id}"`
}

// Run shows the case.
func (c *caseShow) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, k, err := a.lookCase(v, "case.show", c.Case)
		if err != nil {
			return err
		}
		members, err := cases.Members(a.ctx, r, k.ID)
		if err != nil {
			return err
		}
		shown := struct {
			cases.Case
			Members []cases.Member
		}{k, members}
		return a.print.value(shown, a.text.Text("case.shown", k.ID, k.Title, k.Authority, k.Purpose, string(k.State), len(members)))
	})
}

// caseEntitle lets another officer open a case.
type caseEntitle struct {
	Case    string `required:"" help:"${help_case_id}"`
	Officer string `required:"" help:"${help_officer_id}"`
}

// Run entitles the officer.
func (c *caseEntitle) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		_, k, err := a.lookCase(v, "case.show", c.Case)
		if err != nil {
			return err
		}
		act := audit.Act{Class: audit.Alteration, Verb: "case.entitle", Case: string(k.ID), Object: c.Officer, Why: a.why(k.Purpose)}
		_, err = v.Desk.Do(a.ctx, act, func(w *db.Writer) error {
			if err := v.Keys.Cases.Entitle(a.ctx, w, string(k.ID), c.Officer, v.Now()); err != nil {
				return err
			}
			return cases.PutMembers(a.ctx, w, cases.Member{Case: k.ID, Officer: staff.ID(c.Officer), Since: v.Now()})
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"case": string(k.ID), "officer": c.Officer}, a.text.Text("case.entitled", c.Officer))
	})
}

// lookCase records a consultation of a case that the officer is entitled to.
func (a *app) lookCase(v *vault.Vault, verb, id string) (*db.Reader, cases.Case, error) {
	r, err := a.look(v, verb, "", id, a.why("find the case"))
	if err != nil {
		return nil, cases.Case{}, err
	}
	k, err := cases.Find(a.ctx, r, cases.ID(id))
	if err != nil {
		return nil, k, err
	}
	if err := cases.Check(a.ctx, r, k.ID, staff.ID(v.Actor().KeyID())); err != nil {
		return nil, k, err
	}
	r, err = a.look(v, verb, string(k.ID), string(k.ID), k.Purpose)
	return r, k, err
}

// mark is how a list shows a flag.
func mark(on bool) string {
	if on {
		return "!"
	}
	return ""
}
