package main

import (
	"slices"

	"tutela/casework/identifiers"
	"tutela/casework/persons"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// assignVerb says that a person uses identifiers: a claim, with its basis,
// source and reason.
type assignVerb struct {
	ofCase      `embed:""`
	said        `embed:""`
	Person      string   `xor:"who" required:"" placeholder:"ID" help:"${help_person_id}"`
	New         string   `xor:"who" required:"" placeholder:"LABEL" help:"${help_assign_new}"`
	Category    string   `default:"other" enum:"other,victim,suspect,convicted,witness,contact" help:"${help_category}"`
	Minor       string   `default:"unknown" enum:"yes,possible,unknown" help:"${help_minor}"`
	Relation    string   `default:"uses" enum:"uses,subscribes,shares" help:"${help_assign_relation}"`
	Withdraw    bool     `help:"${help_assign_withdraw}"`
	Identifiers []string `arg:"" name:"identifier" help:"${help_decide_identifier}"`
}

// Run assigns, and prints the id of the person last.
func (c *assignVerb) Run(a *app) error {
	if c.New != "" && c.Withdraw {
		return fault.New(fault.Invalid, "assign: a new person has nothing to withdraw")
	}
	if c.New == "" && (c.Category != "other" || c.Minor != "unknown") {
		return fault.Hint(fault.New(fault.Invalid, "assign: --category and --minor are for a new person"), a.text.Text("hint.categorise"))
	}
	return a.inCase(c.Case, "person.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		as, err := c.assignments(in)
		if err != nil {
			return err
		}
		var p persons.Person
		if c.Person != "" {
			if p, err = in.person(c.Person); err != nil {
				return err
			}
		}
		if err := c.standing(in, p, as); err != nil {
			return err
		}
		object := string(p.ID)
		if c.New != "" {
			object = string(in.k.ID)
		}
		verb := map[bool]string{false: "person.assign", true: "person.unassign"}[c.Withdraw]
		err = in.do(audit.Combination, verb, object, caseRoles(), func(w *db.Writer) error {
			if c.New != "" {
				if p, err = in.openPerson(w, c.New, persons.Category(c.Category), persons.Minor(c.Minor)); err != nil {
					return err
				}
			}
			for i := range as {
				as[i].Person = p.ID
			}
			return persons.Assign(a.ctx, w, as...)
		})
		if err != nil {
			return err
		}
		a.print.line(a.text.Text(verb, len(as), p.Pseudonym))
		return a.print.value(map[string]any{"person": string(p.ID), "pseudonym": p.Pseudonym, "identifiers": len(as), "withdrawn": c.Withdraw}, string(p.ID))
	})
}

func (c *assignVerb) assignments(in *room) ([]persons.Assignment, error) {
	basis, source, err := c.source(in)
	if err != nil {
		return nil, err
	}
	var as []persons.Assignment
	for _, s := range c.Identifiers {
		i, err := in.identifier(s)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(as, func(x persons.Assignment) bool { return x.Identifier == i.ID }) {
			continue
		}
		as = append(as, persons.Assignment{Case: in.k.ID, Identifier: i.ID, Relation: c.Relation, Basis: basis, Source: source,
			Officer: in.me(), At: in.v.Now(), Why: in.Why, Withdrawn: c.Withdraw})
	}
	return as, nil
}

// standing refuses to withdraw what does not stand, and keeps basis and source
// of what does.
func (c *assignVerb) standing(in *room, p persons.Person, as []persons.Assignment) error {
	if !c.Withdraw {
		return nil
	}
	all, err := persons.Assignments(in.ctx, in.r, in.k.ID)
	if err != nil {
		return err
	}
	for i, x := range as {
		at := slices.IndexFunc(all, func(o persons.Assignment) bool {
			return o.Person == p.ID && o.Identifier == identifiers.ID(x.Identifier)
		})
		if at < 0 {
			return fault.New(fault.NotFound, "assign: the person is not assigned that identifier")
		}
		as[i].Relation, as[i].Basis, as[i].Source = all[at].Relation, all[at].Basis, all[at].Source
	}
	return nil
}
