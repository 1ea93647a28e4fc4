package referrals

import (
	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
	"tutela/format/referral"
)

// people adds the persons that use identifiers of the package. Of a victim or
// possible minor only the pseudonym is told, also where an identifier is a name.
func (b *builder) people() error {
	told := b.assigned()
	for _, p := range b.m.persons {
		if !told[p.ID] {
			continue
		}
		id := b.id("person", string(p.ID))
		b.labels[string(p.ID)] = true
		b.risk(string(p.ID))
		name := persons.Display(p, cases.View{})
		if !p.Protected() {
			name = b.mask.line(name)
		}
		b.cut.Package.Persons = append(b.cut.Package.Persons, referral.Person{ID: id, Name: name, Category: string(p.Category), Minor: string(p.Minor)})
		for _, a := range b.m.uses {
			x := b.taken[a.Identifier]
			if a.Person != p.ID || x == nil {
				continue
			}
			if x.Person == "" {
				x.Person = id
			}
			if k := identifiers.Kind(x.Kind); p.Protected() && (k == identifiers.WAName || k == identifiers.Handle) {
				x.Value = p.Pseudonym // masked in texts by maskNames
			}
		}
	}
	return nil
}

// claims adds what is claimed of the persons and identifiers of the package.
// Officers' reasons in free text are not among it.
func (b *builder) claims() error {
	protected := map[persons.ID]bool{}
	for _, p := range b.m.persons {
		protected[p.ID] = p.Protected()
	}
	for _, a := range b.m.uses {
		if x := b.taken[a.Identifier]; x != nil && b.labels[string(a.Person)] {
			x.Claims = append(x.Claims, b.claim(b.text.Text("cut.assigned", b.cut.Labels().Word(string(a.Relation)), b.personName(a.Person)), a.Basis, a.Source))
		}
	}
	for _, c := range b.m.claims {
		switch x := b.taken[c.Identifier]; {
		case c.Identifier != "" && x != nil:
			x.Claims = append(x.Claims, b.claim(c.Predicate+": "+c.Object, c.Basis, c.Source))
		case c.Person != "" && b.labels[string(c.Person)] && protected[c.Person] && naming(c.Predicate):
			b.leave(LeftOut{Kind: "claim", ID: c.ID, Reason: NameOfVictim})
		case c.Person != "" && b.labels[string(c.Person)]:
			id := b.id("person", string(c.Person))
			for i := range b.cut.Package.Persons {
				if p := &b.cut.Package.Persons[i]; p.ID == id {
					p.Claims = append(p.Claims, b.claim(c.Predicate+": "+c.Object, c.Basis, c.Source))
				}
			}
		}
	}
	return nil
}

func (b *builder) personName(id persons.ID) string {
	want := b.id("person", string(id))
	for _, p := range b.cut.Package.Persons {
		if p.ID == want {
			return p.Name
		}
	}
	return ""
}

// claim makes one statement. Its source is named when the exhibit is in the
// package.
func (b *builder) claim(text string, basis persons.Basis, s persons.Source) referral.Claim {
	c := referral.Claim{Text: b.mask.line(text), Basis: string(basis)}
	if s.Evaluation != "" {
		c.Evaluation = "4x4 " + s.Evaluation
	}
	if b.exhibitAt[s.Exhibit] {
		c.Source.Exhibit = b.id("exhibit", s.Exhibit)
	} else if s.Exhibit != "" {
		c.Source.Place = b.text.Text("cut.other_exhibit")
	}
	return c
}
