package main

import (
	"encoding/json"
	"os"
	"strings"

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
	b, err := os.ReadFile(c.Public)
	if err != nil {
		return fault.New(fault.NotFound, "officer add: %w", err)
	}
	var p keys.Public
	if err := json.Unmarshal(b, &p); err != nil {
		return fault.New(fault.Invalid, "officer add: %s is not a public part made by \"tutela key new\": %w", c.Public, err)
	}
	p.Name, p.Kind = c.Name, c.Kind
	return a.with(func(v *vault.Vault) error {
		act := audit.Act{Class: audit.Alteration, Verb: "officer.add", Object: p.ID, Role: string(staff.Admin), Why: a.why("staff")}
		_, err := v.Desk.Do(a.ctx, act, func(w *db.Writer) error {
			if err := staff.Require(a.ctx, w, staff.ID(v.Actor().KeyID()), staff.Admin); err != nil {
				return err
			}
			if err := v.Keys.Ring.Add(a.ctx, w, p, v.Now()); err != nil {
				return err
			}
			return staff.PutOfficers(a.ctx, w, staff.Officer{ID: staff.ID(p.ID), Name: c.Name, Roles: roles,
				State: staff.Active, Since: v.Now()})
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"officer": p.ID, "name": c.Name}, a.text.Text("officer.added", c.Name, p.ID))
	})
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
		return table(a.print, list,
			column[staff.Officer]{a.text.Text("col.name"), func(o staff.Officer) string { return o.Name }},
			column[staff.Officer]{a.text.Text("col.roles"), func(o staff.Officer) string { return joinRoles(o.Roles) }},
			column[staff.Officer]{a.text.Text("col.state"), func(o staff.Officer) string { return string(o.State) }},
			column[staff.Officer]{a.text.Text("col.key"), func(o staff.Officer) string { return string(o.ID) }})
	})
}

// officerRemove ends an officer's right to act.
type officerRemove struct {
	ID string `arg:"" help:"${help_officer_id}"`
}

// Run suspends the officer and revokes the key.
func (c *officerRemove) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		act := audit.Act{Class: audit.Alteration, Verb: "officer.remove", Object: c.ID, Role: string(staff.Admin), Why: a.why("staff")}
		_, err := v.Desk.Do(a.ctx, act, func(w *db.Writer) error {
			if err := staff.Require(a.ctx, w, staff.ID(v.Actor().KeyID()), staff.Admin); err != nil {
				return err
			}
			if err := v.Keys.Ring.Revoke(a.ctx, w, c.ID, v.Now()); err != nil {
				return err
			}
			return staff.Suspend(a.ctx, w, staff.ID(c.ID))
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"officer": c.ID}, a.text.Text("officer.removed", c.ID))
	})
}

func joinRoles(roles []staff.Role) string {
	s := make([]string, len(roles))
	for i, r := range roles {
		s[i] = string(r)
	}
	return strings.Join(s, ",")
}
