package main

import (
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// personVerb keeps the persons of a case and what is claimed of them.
type personVerb struct {
	Open       personOpen       `cmd:"" help:"${help_person_open}"`
	List       personList       `cmd:"" help:"${help_person_list}"`
	Show       personShow       `cmd:"" help:"${help_person_show}"`
	Rename     personRename     `cmd:"" help:"${help_person_rename}"`
	Categorise personCategorise `cmd:"" help:"${help_person_categorise}"`
	Claim      personClaim      `cmd:"" help:"${help_person_claim}"`
	Withdraw   personWithdraw   `cmd:"" help:"${help_person_withdraw}"`
}

// said is where a claim comes from, and how sure it is.
type said struct {
	Basis      string `default:"assessed" enum:"observed,reported,assessed" help:"${help_basis}"`
	Exhibit    string `placeholder:"ID" help:"${help_source_exhibit}"`
	Item       string `placeholder:"ID" help:"${help_source_item}"`
	Evaluation string `placeholder:"A1" help:"${help_evaluation}"`
}

// source returns the basis and the source, of things of this case only.
func (s said) source(in *room) (persons.Basis, persons.Source, error) {
	src := persons.Source{Exhibit: s.Exhibit, Item: s.Item, Evaluation: s.Evaluation}
	if s.Exhibit != "" {
		if err := in.ownExhibits([]string{s.Exhibit}); err != nil {
			return "", src, err
		}
	}
	if s.Item != "" {
		if kind, err := in.kindOf(s.Item); err != nil || kind != cases.ItemObject {
			return "", src, fault.New(fault.NotFound, "item %s is not in this case", s.Item)
		}
	}
	return persons.Basis(s.Basis), src, nil
}

// person finds a person of the case by id or pseudonym.
func (c *room) person(s string) (persons.Person, error) {
	list, err := persons.List(c.ctx, c.r, c.k.ID, cases.View{Protected: true})
	if err != nil {
		return persons.Person{}, err
	}
	for _, p := range list {
		if string(p.ID) == s || p.Pseudonym == s {
			return p, nil
		}
	}
	return persons.Person{}, fault.Hint(fault.New(fault.NotFound, "no person %s in this case", s), c.text.Text("hint.persons"))
}

// personOpen adds a person.
type personOpen struct {
	ofCase   `embed:""`
	Label    string `required:"" help:"${help_person_label}"`
	Category string `default:"other" enum:"other,victim,suspect,convicted,witness,contact" help:"${help_category}"`
	Minor    string `default:"unknown" enum:"yes,possible,unknown" help:"${help_minor}"`
}

// Run opens the person and prints the id last.
func (c *personOpen) Run(a *app) error {
	return a.inCase(c.Case, "person.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		var p persons.Person
		err := in.do(audit.Combination, "person.open", string(in.k.ID), caseRoles(), func(w *db.Writer) (err error) {
			p, err = in.openPerson(w, c.Label, persons.Category(c.Category), persons.Minor(c.Minor))
			return err
		})
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("person.opened", p.Pseudonym))
		return a.print.value(map[string]string{"person": string(p.ID), "pseudonym": p.Pseudonym}, string(p.ID))
	})
}

func (c *room) openPerson(w *db.Writer, label string, category persons.Category, minor persons.Minor) (persons.Person, error) {
	id, err := ids.New(c.now(), c.v.Rand)
	if err != nil {
		return persons.Person{}, err
	}
	change, err := ids.New(c.now(), c.v.Rand)
	if err != nil {
		return persons.Person{}, err
	}
	return persons.Open(c.ctx, w, c.v.Rand, persons.Person{ID: persons.ID(id), Case: c.k.ID, Label: label, Category: category, Minor: minor, Opened: c.v.Now()},
		persons.Change{ID: change, Officer: c.me(), At: c.v.Now(), Why: c.Why})
}

// personRow is a person as the verbs print it.
type personRow struct {
	AtRisk      bool      `json:"at_risk"`
	ID          string    `json:"person"`
	Name        string    `json:"name"` // the pseudonym of a protected person, but in the protected view
	Pseudonym   string    `json:"pseudonym"`
	Category    string    `json:"category"`
	Minor       string    `json:"minor"`
	Opened      string    `json:"opened"`
	Identifiers []usedRow `json:"identifiers"`
}

// usedRow is an identifier that a person is said to use.
type usedRow struct {
	Identifier string `json:"identifier"`
	Value      string `json:"value"`
	Relation   string `json:"relation"`
	Basis      string `json:"basis"`
	Exhibit    string `json:"exhibit,omitempty"`
	Evaluation string `json:"evaluation,omitempty"`
	Officer    string `json:"officer"`
	At         string `json:"at"`
	Why        string `json:"why"`
}

// personList lists the persons.
type personList struct {
	ofCase   `embed:""`
	shielded `embed:""`
}

// Run lists them, those at risk first.
func (c *personList) Run(a *app) error {
	return a.inCase(c.Case, "person.list", func(in *room) error {
		view, err := c.view(in, "person.list", string(in.k.ID))
		if err != nil {
			return err
		}
		list, err := persons.List(a.ctx, in.r, in.k.ID, view)
		if err != nil {
			return err
		}
		rows, err := in.personRows(list, view)
		if err != nil {
			return err
		}
		t := a.text
		return table(a.print, rows,
			column[personRow]{t.Text("col.risk"), func(r personRow) string { return mark(r.AtRisk) }},
			column[personRow]{t.Text("col.person"), func(r personRow) string { return r.ID }},
			column[personRow]{t.Text("col.name"), func(r personRow) string { return r.Name }},
			column[personRow]{t.Text("col.category"), func(r personRow) string { return r.Category }},
			column[personRow]{t.Text("col.minor"), func(r personRow) string { return r.Minor }},
			column[personRow]{t.Text("col.identifiers"), func(r personRow) string { return usedText(r.Identifiers) }})
	})
}

func usedText(list []usedRow) string {
	var out []string
	for _, u := range list {
		out = append(out, u.Value)
	}
	return strings.Join(out, ", ")
}

func (c *room) personRows(list []persons.Person, view cases.View) ([]personRow, error) {
	risk, _, err := c.riskAndNames()
	if err != nil {
		return nil, err
	}
	hidden, err := c.hidden()
	if err != nil {
		return nil, err
	}
	all, err := persons.Assignments(c.ctx, c.r, c.k.ID)
	if err != nil {
		return nil, err
	}
	values, err := c.valuesOf(all, view)
	if err != nil {
		return nil, err
	}
	rows := make([]personRow, len(list))
	for i, p := range list {
		rows[i] = personRow{AtRisk: risk[string(p.ID)], ID: string(p.ID), Name: persons.Display(p, view), Pseudonym: p.Pseudonym,
			Category: string(p.Category), Minor: string(p.Minor), Opened: utc(p.Opened), Identifiers: []usedRow{}}
		for _, as := range all {
			if v, shown := values[as.Identifier]; as.Person == p.ID && shown {
				exhibit, _, err := c.sourceIn(view, hidden, as.Source.Exhibit, as.Source.Item)
				if err != nil {
					return nil, err
				}
				rows[i].Identifiers = append(rows[i].Identifiers, usedRow{string(as.Identifier), v, as.Relation, string(as.Basis),
					exhibit, as.Source.Evaluation, string(as.Officer), utc(as.At), c.masked(view, as.Why)})
			}
		}
	}
	return rows, nil
}

// valuesOf returns what a view shows of assigned identifiers.
func (c *room) valuesOf(all []persons.Assignment, view cases.View) (map[identifiers.ID]string, error) {
	var wanted []identifiers.ID
	for _, as := range all {
		wanted = append(wanted, as.Identifier)
	}
	found, err := identifiers.Find(c.ctx, c.r, view, wanted...)
	values := map[identifiers.ID]string{}
	for _, i := range found {
		values[i.ID] = i.Value
		if !view.Protected {
			values[i.ID] = c.mask.Identifier(i.ID, i.Value)
		}
	}
	return values, err
}

// onePerson names a person of a case.
type onePerson struct {
	ofCase `embed:""`
	Person string `arg:"" help:"${help_person_id}"`
}

// personShow shows one person with history and claims.
type personShow struct {
	onePerson `embed:""`
	shielded  `embed:""`
}

// personFull is everything about a person.
type personFull struct {
	personRow
	History []changeRow `json:"history"`
	Claims  []claimRow  `json:"claims"`
}

// changeRow is a category from then on.
type changeRow struct {
	Category string `json:"category"`
	Minor    string `json:"minor"`
	Officer  string `json:"officer"`
	At       string `json:"at"`
	Why      string `json:"why"`
}

// claimRow is one claim that stands.
type claimRow struct {
	ID         string `json:"claim"`
	Predicate  string `json:"predicate"`
	Object     string `json:"object"`
	Basis      string `json:"basis"`
	Exhibit    string `json:"exhibit,omitempty"`
	Item       string `json:"item,omitempty"`
	Evaluation string `json:"evaluation,omitempty"`
	Officer    string `json:"officer"`
	At         string `json:"at"`
}

// Run shows the person.
func (c *personShow) Run(a *app) error {
	return a.inCase(c.Case, "person.show", func(in *room) error {
		view, err := c.view(in, "person.show", c.Person)
		if err != nil {
			return err
		}
		list, err := persons.List(a.ctx, in.r, in.k.ID, view)
		if err != nil {
			return err
		}
		p, err := in.person(c.Person)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(o persons.Person) bool { return o.ID != p.ID })
		if len(list) == 0 {
			return fault.Hint(fault.New(fault.NotFound, "no person %s in this case", c.Person), a.text.Text("hint.persons"))
		}
		full, err := in.personFull(p, view)
		if err != nil || a.JSON {
			return orPrint(a, full, err)
		}
		full.show(a)
		return nil
	})
}

func (c *room) personFull(p persons.Person, view cases.View) (personFull, error) {
	full := personFull{History: []changeRow{}, Claims: []claimRow{}}
	rows, err := c.personRows([]persons.Person{p}, view)
	if err != nil {
		return full, err
	}
	full.personRow = rows[0]
	history, err := persons.History(c.ctx, c.r, p.ID)
	if err != nil {
		return full, err
	}
	for _, h := range history {
		full.History = append(full.History, changeRow{string(h.Category), string(h.Minor), string(h.Officer), utc(h.At), c.masked(view, h.Why)})
	}
	hidden, err := c.hidden()
	if err != nil {
		return full, err
	}
	claims, err := persons.Claims(c.ctx, c.r, c.k.ID)
	if err != nil {
		return full, err
	}
	for _, cl := range claims {
		if cl.Person != p.ID {
			continue
		}
		exhibit, item, err := c.sourceIn(view, hidden, cl.Source.Exhibit, cl.Source.Item)
		if err != nil {
			return full, err
		}
		full.Claims = append(full.Claims, claimRow{cl.ID, cl.Predicate, c.masked(view, cl.Object), string(cl.Basis), exhibit, item,
			cl.Source.Evaluation, string(cl.Officer), utc(cl.At)})
	}
	return full, nil
}

func (f personFull) show(a *app) {
	say := func(key string, args ...any) { a.print.line(printable(a.text.Text(key, args...))) }
	if f.AtRisk {
		say("exhibit.risk")
	}
	say("person.head", f.ID, f.Name, f.Category, f.Minor)
	for _, u := range f.Identifiers {
		say("person.uses", u.Relation, u.Value, u.Basis, u.Why)
	}
	for _, cl := range f.Claims {
		say("person.claim", cl.Predicate, cl.Object, cl.Basis, cl.ID)
	}
	for _, h := range f.History {
		say("person.history", h.At, h.Category, h.Minor, h.Why)
	}
}

// decidePerson does one thing to a person as an act with a reason of its own.
func (c *onePerson) decide(a *app, verb string, fn func(*room, *db.Writer, persons.Person) error) error {
	return a.inCase(c.Case, "person.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		p, err := in.person(c.Person)
		if err != nil {
			return err
		}
		err = in.do(audit.Alteration, verb, string(p.ID), caseRoles(), func(w *db.Writer) error { return fn(in, w, p) })
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"person": string(p.ID)}, a.text.Text("person.done"))
	})
}

// personRename changes what the officers call a person.
type personRename struct {
	onePerson `embed:""`
	Label     string `required:"" help:"${help_person_label}"`
}

// Run renames.
func (c *personRename) Run(a *app) error {
	return c.decide(a, "person.rename", func(in *room, w *db.Writer, p persons.Person) error {
		return persons.Rename(in.ctx, w, p.ID, c.Label)
	})
}

// personCategorise changes category or minor; the history keeps what was.
type personCategorise struct {
	onePerson `embed:""`
	Category  string `enum:",other,victim,suspect,convicted,witness,contact" default:"" help:"${help_category}"`
	Minor     string `enum:",yes,possible,unknown" default:"" help:"${help_minor}"`
}

// Run changes what is given and leaves the other.
func (c *personCategorise) Run(a *app) error {
	if c.Category == "" && c.Minor == "" {
		return fault.New(fault.Invalid, "person categorise: give --category or --minor")
	}
	return c.decide(a, "person.categorise", func(in *room, w *db.Writer, p persons.Person) error {
		id, err := ids.New(in.now(), in.v.Rand)
		if err != nil {
			return err
		}
		ch := persons.Change{ID: id, Person: p.ID, Category: p.Category, Minor: p.Minor, Officer: in.me(), At: in.v.Now(), Why: in.Why}
		if c.Category != "" {
			ch.Category = persons.Category(c.Category)
		}
		if c.Minor != "" {
			ch.Minor = persons.Minor(c.Minor)
		}
		return persons.Recategorise(in.ctx, w, ch)
	})
}
