package main

import (
	"tutela/casework/persons"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// personClaim records one claim about a person or an identifier.
type personClaim struct {
	ofCase     `embed:""`
	said       `embed:""`
	Person     string `xor:"subject" required:"" placeholder:"ID" help:"${help_person_id}"`
	Identifier string `xor:"subject" required:"" placeholder:"ID" help:"${help_claim_identifier}"`
	Predicate  string `required:"" help:"${help_predicate}"`
	Object     string `required:"" help:"${help_object}"`
}

// Run records it and prints its id last.
func (c *personClaim) Run(a *app) error {
	return a.inCase(c.Case, "person.list", func(in *room) error {
		cl, err := c.claim(in)
		if err != nil {
			return err
		}
		subject := string(cl.Person) + string(cl.Identifier)
		err = in.do(audit.Combination, "person.claim", subject, caseRoles(), func(w *db.Writer) error { return persons.PutClaims(a.ctx, w, cl) })
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("person.claimed"))
		return a.print.value(map[string]string{"claim": cl.ID}, cl.ID)
	})
}

func (c *personClaim) claim(in *room) (persons.Claim, error) {
	cl := persons.Claim{Case: in.k.ID, Predicate: c.Predicate, Object: c.Object, Officer: in.me(), At: in.v.Now()}
	var err error
	if cl.Basis, cl.Source, err = c.source(in); err != nil {
		return cl, err
	}
	if cl.ID, err = ids.New(in.now(), in.v.Rand); err != nil {
		return cl, err
	}
	if c.Person != "" {
		p, err := in.person(c.Person)
		cl.Person = p.ID
		return cl, err
	}
	i, err := in.identifier(c.Identifier)
	cl.Identifier = i.ID
	return cl, err
}

// personWithdraw takes a claim back; the log keeps it.
type personWithdraw struct {
	ofCase `embed:""`
	Claim  string `arg:"" help:"${help_claim_id}"`
}

// Run withdraws it.
func (c *personWithdraw) Run(a *app) error {
	return a.inCase(c.Case, "person.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		all, err := persons.Claims(a.ctx, in.r, in.k.ID)
		if err != nil {
			return err
		}
		for _, cl := range all {
			if cl.ID != c.Claim {
				continue
			}
			cl.Withdrawn = true
			err := in.do(audit.Alteration, "person.withdraw", c.Claim, caseRoles(), func(w *db.Writer) error { return persons.PutClaims(a.ctx, w, cl) })
			if err != nil {
				return err
			}
			return a.print.value(map[string]string{"claim": c.Claim}, a.text.Text("person.done"))
		}
		return fault.New(fault.NotFound, "no claim %s stands in this case", c.Claim)
	})
}
