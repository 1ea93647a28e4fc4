package main

import (
	"slices"
	"time"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
)

// caseVerb opens and shows cases.
type caseVerb struct {
	Open     caseOpen     `cmd:"" help:"${help_case_open}"`
	List     caseList     `cmd:"" help:"${help_case_list}"`
	Show     caseShow     `cmd:"" help:"${help_case_show}"`
	Entitle  caseEntitle  `cmd:"" help:"${help_case_entitle}"`
	Withdraw caseWithdraw `cmd:"" help:"${help_case_withdraw}"`
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
		r, err := a.look(v, "case.open", "", "", c.Purpose)
		if err != nil {
			return err
		}
		own, err := staff.Own(a.ctx, r)
		if err != nil {
			return err
		}
		me := v.Actor().KeyID()
		k := cases.Case{ID: cases.ID(id), Title: c.Title, Agency: own.ID, Authority: c.Authority, Purpose: c.Purpose,
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

// caseRow is a case as the verbs print it.
type caseRow struct {
	AtRisk    bool   `json:"at_risk"`
	ID        string `json:"case"`
	Title     string `json:"title"`
	Agency    string `json:"agency"`
	Authority string `json:"authority"`
	Purpose   string `json:"purpose"`
	Operation string `json:"operation"`
	State     string `json:"state"`
	Opened    string `json:"opened"`
	ReviewDue string `json:"review_due"`
	CoversOwn bool   `json:"covers_own"`
}

// caseFull is what "case show" adds.
type caseFull struct {
	caseRow
	Revision int64      `json:"revision"`
	Members  []memberOf `json:"members"`
}

// memberOf is an officer's entitlement to a case.
type memberOf struct {
	Officer string `json:"officer"`
	Since   string `json:"since"`
	Until   string `json:"until,omitempty"`
}

func caseRowOf(l cases.Listed) caseRow {
	return caseRow{AtRisk: l.AtRisk, ID: string(l.ID), Title: l.Title, Agency: string(l.Agency), Authority: l.Authority,
		Purpose: l.Purpose, Operation: l.Operation, State: string(l.State), Opened: utc(l.Opened), ReviewDue: utc(l.ReviewDue),
		CoversOwn: l.CoversOwn}
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
		rows := make([]caseRow, len(list))
		for i, l := range list {
			rows[i] = caseRowOf(l)
		}
		return table(a.print, rows,
			column[caseRow]{a.text.Text("col.risk"), func(r caseRow) string { return mark(r.AtRisk) }},
			column[caseRow]{a.text.Text("col.case"), func(r caseRow) string { return r.ID }},
			column[caseRow]{a.text.Text("col.state"), func(r caseRow) string { return r.State }},
			column[caseRow]{a.text.Text("col.title"), func(r caseRow) string { return r.Title }})
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
		list, err := cases.List(a.ctx, r, staff.ID(v.Actor().KeyID()))
		if err != nil {
			return err
		}
		revision, err := cases.RevisionOf(a.ctx, r, k.ID, "")
		if err != nil {
			return err
		}
		row := caseFull{Revision: revision.Count, Members: []memberOf{}}
		row.caseRow = caseRowOf(cases.Listed{Case: k, AtRisk: slices.ContainsFunc(list, func(l cases.Listed) bool { return l.ID == k.ID && l.AtRisk })})
		for _, m := range members {
			row.Members = append(row.Members, memberOf{string(m.Officer), utc(m.Since), utc(m.Until)})
		}
		return a.print.value(row, printableLines(a.text.Text("case.shown", k.ID, k.Title, k.Authority, k.Purpose, string(k.State), entitledNow(members))))
	})
}

// entitledNow counts the officers who may open the case.
func entitledNow(members []cases.Member) (n int) {
	for _, m := range members {
		if m.Until == 0 {
			n++
		}
	}
	return n
}

// caseEntitle lets another officer open a case.
type caseEntitle struct {
	Case    string `required:"" placeholder:"ID" help:"${help_case_id}"`
	Officer string `required:"" placeholder:"KEYID" help:"${help_officer_id}"`
}

// Run entitles the officer.
func (c *caseEntitle) Run(a *app) error {
	return a.inCase(c.Case, "case.show", func(in *room) error {
		officer := staff.ID(c.Officer)
		if _, err := staff.Find(a.ctx, in.r, officer); err != nil {
			return fault.Hint(err, a.text.Text("hint.officers"))
		}
		err := in.do(audit.Alteration, "case.entitle", c.Officer, caseRoles(), func(w *db.Writer) error {
			if err := in.v.Keys.Cases.Entitle(a.ctx, w, string(in.k.ID), c.Officer, in.v.Now()); err != nil {
				return err
			}
			return cases.PutMembers(a.ctx, w, cases.Member{Case: in.k.ID, Officer: officer, Since: in.v.Now()})
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"case": string(in.k.ID), "officer": c.Officer}, a.text.Text("case.entitled", c.Officer))
	})
}

// caseWithdraw takes a case from an officer.
type caseWithdraw struct {
	Case    string `required:"" placeholder:"ID" help:"${help_case_id}"`
	Officer string `required:"" placeholder:"KEYID" help:"${help_officer_id}"`
}

// Run ends the entitlement; what is sealed from now on has a new key.
func (c *caseWithdraw) Run(a *app) error {
	return a.inCase(c.Case, "case.show", func(in *room) error {
		members, err := cases.Members(a.ctx, in.r, in.k.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(members, func(m cases.Member) bool { return string(m.Officer) == c.Officer && m.Until == 0 })
		if i < 0 {
			return fault.New(fault.NotFound, "case withdraw: the officer is not entitled to the case")
		}
		members[i].Until = in.v.Now()
		err = in.do(audit.Alteration, "case.withdraw", c.Officer, caseRoles(), func(w *db.Writer) error {
			if err := in.v.Keys.Cases.Withdraw(a.ctx, w, string(in.k.ID), c.Officer); err != nil {
				return err
			}
			return cases.PutMembers(a.ctx, w, members[i])
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"case": string(in.k.ID), "officer": c.Officer}, a.text.Text("case.withdrawn", c.Officer))
	})
}

// caseRoles are the roles that work on a case.
func caseRoles() []staff.Role {
	return []staff.Role{staff.Investigator, staff.Examiner, staff.Supervisor}
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
