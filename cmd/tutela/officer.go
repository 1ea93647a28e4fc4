package main

import (
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// officerVerb keeps the staff list.
type officerVerb struct {
	Add    officerAdd    `cmd:"" help:"${help_officer_add}"`
	List   officerList   `cmd:"" help:"${help_officer_list}"`
	Remove officerRemove `cmd:"" help:"${help_officer_remove}"`
}

// officerAdd lets somebody act, from the public part that "key new" printed.
type officerAdd struct {
	Name   string `required:"" help:"${help_officer_name}"`
	Roles  string `required:"" help:"${help_roles}"`
	Public string `required:"" help:"${help_public}" placeholder:"FILE"`
	Kind   string `default:"officer" enum:"officer,service" help:"${help_kind}"`
}

// Run adds the officer.
func (c *officerAdd) Run(a *app) error {
	roles, err := staff.ParseRoles(c.Roles)
	if err != nil {
		return err
	}
	p, err := readPublic(c.Public)
	if err != nil {
		return fault.Hint(err, a.text.Text("hint.key_new"))
	}
	p.Name, p.Kind = c.Name, c.Kind
	return a.with(func(v *vault.Vault) error {
		act := audit.Act{Class: audit.Alteration, Verb: "officer.add", Object: p.ID, Why: "staff"}
		_, err := a.actAs(v, act, func(w *db.Writer) error { return c.add(a, v, w, p, roles) }, staff.Admin)
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("officer.added", c.Name))
		return a.print.value(map[string]string{"officer": p.ID, "name": c.Name}, p.ID)
	})
}

// add puts the key into the keyring and the officer on the list. A service also
// gets the cases that the admin can open; new cases it gets by itself.
func (c *officerAdd) add(a *app, v *vault.Vault, w *db.Writer, p keys.Public, roles []staff.Role) error {
	if err := v.Keys.Ring.Add(a.ctx, w, p, v.Now()); err != nil {
		return err
	}
	if p.Kind == keys.Service {
		open, err := keys.CasesOf(a.ctx, w, v.Actor().KeyID())
		if err != nil {
			return err
		}
		for _, id := range open {
			if err := v.Keys.Cases.Rewrap(a.ctx, w, id); err != nil {
				return err
			}
		}
	}
	return staff.PutOfficers(a.ctx, w, staff.Officer{ID: staff.ID(p.ID), Name: c.Name, Roles: roles, State: staff.Active, Since: v.Now()})
}

// officerRow is an officer or a service in the list.
type officerRow struct {
	ID      string       `json:"officer"`
	Name    string       `json:"name"`
	Roles   []staff.Role `json:"roles"`
	State   string       `json:"state"`
	Kind    string       `json:"kind"`
	Since   string       `json:"since"`
	Revoked string       `json:"revoked,omitempty"`
}

// officerList prints the staff.
type officerList struct{}

// Run lists the officers.
func (c *officerList) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "officer.list", "", "", a.why("staff"))
		if err != nil {
			return err
		}
		list, err := staff.Officers(a.ctx, r)
		if err != nil {
			return err
		}
		rows := make([]officerRow, len(list))
		for i, o := range list {
			m, _ := v.Keys.Ring.View().Find(string(o.ID))
			rows[i] = officerRow{ID: string(o.ID), Name: o.Name, Roles: o.Roles, State: string(o.State), Kind: m.Kind, Since: utc(o.Since), Revoked: utc(m.Revoked)}
		}
		return table(a.print, rows,
			column[officerRow]{a.text.Text("col.name"), func(o officerRow) string { return o.Name }},
			column[officerRow]{a.text.Text("col.roles"), func(o officerRow) string { return joinRoles(o.Roles) }},
			column[officerRow]{a.text.Text("col.state"), func(o officerRow) string { return o.State }},
			column[officerRow]{a.text.Text("col.key"), func(o officerRow) string { return o.ID }})
	})
}

// officerRemove ends an officer's right to act.
type officerRemove struct {
	ID string `arg:"" help:"${help_officer_id}"`
}

// Run suspends the officer and revokes the key.
func (c *officerRemove) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		act := audit.Act{Class: audit.Alteration, Verb: "officer.remove", Object: c.ID, Why: "staff"}
		var left []string
		_, err := a.actAs(v, act, func(w *db.Writer) (err error) {
			if err := otherAdmin(a, w, staff.ID(c.ID)); err != nil {
				return err
			}
			list, err := cases.List(a.ctx, w, staff.ID(c.ID))
			if err != nil {
				return err
			}
			for _, k := range list {
				left = append(left, string(k.ID))
			}
			if err := v.Keys.Ring.Revoke(a.ctx, w, c.ID, v.Now()); err != nil {
				return err
			}
			return staff.Suspend(a.ctx, w, staff.ID(c.ID))
		}, staff.Admin)
		if err != nil {
			return err
		}
		for _, id := range left {
			a.print.line(a.text.Text("officer.left", id))
		}
		return a.print.value(map[string]any{"officer": c.ID, "still_entitled": append([]string{}, left...)}, a.text.Text("officer.removed", c.ID))
	})
}

// otherAdmin refuses to leave the site without anybody who can add officers.
func otherAdmin(a *app, w *db.Writer, without staff.ID) error {
	list, err := staff.Officers(a.ctx, w)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.ID != without && o.Has(staff.Admin) {
			return nil
		}
	}
	return fault.Hint(fault.New(fault.Refused, "officer remove: nobody else has the role admin"), a.text.Text("hint.admin"))
}

func joinRoles(roles []staff.Role) string {
	s := make([]string, len(roles))
	for i, r := range roles {
		s[i] = string(r)
	}
	return strings.Join(s, ",")
}
