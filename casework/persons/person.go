package persons

import (
	"context"
	"io"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

// ID identifies a person in a case: a ULID.
type ID string

// Category is the kind of data subject of Directive (EU) 2016/680 art. 6.
type Category string

// The categories.
const (
	Other     Category = "other" // the default; never silently anything else
	Victim    Category = "victim"
	Suspect   Category = "suspect"
	Convicted Category = "convicted"
	Witness   Category = "witness"
	Contact   Category = "contact"
)

// Categories returns every category.
func Categories() []Category { return []Category{Other, Victim, Suspect, Convicted, Witness, Contact} }

// Minor says whether the person is under 18.
type Minor string

// What may be known of an age.
const (
	MinorUnknown  Minor = "unknown"
	MinorPossible Minor = "possible" // handled as a minor (Directive (EU) 2016/800 art. 3)
	MinorYes      Minor = "yes"
)

// Person is somebody in a case.
type Person struct {
	ID        ID
	Case      cases.ID
	Label     string // name or description as the officers use it
	Category  Category
	Minor     Minor
	Pseudonym string // random, one a person and case; says nothing
	Opened    int64  // microseconds UTC
}

// Protected reports whether outputs must use the pseudonym.
func (p Person) Protected() bool {
	return p.Category == Victim || p.Minor == MinorYes || p.Minor == MinorPossible
}

// Display returns what a list, graph, report or package calls the person.
func Display(p Person, v cases.View) string {
	if p.Protected() && !v.Protected {
		return p.Pseudonym
	}
	return p.Label
}

// Change is one entry of a person's history: category and minor from then on.
type Change struct {
	ID       string // ULID
	Person   ID
	Category Category
	Minor    Minor
	Officer  staff.ID
	At       int64  // microseconds UTC
	Why      string // required
}

// Open adds a person with the first entry of the history. Category and minor
// default to "other" and "unknown"; the pseudonym is drawn from rand.
func Open(ctx context.Context, w *db.Writer, rand io.Reader, p Person, first Change) (Person, error) {
	if p.ID == "" || p.Case == "" || strings.TrimSpace(p.Label) == "" {
		return p, fault.New(fault.Invalid, "persons: a person needs id, case and label")
	}
	if p.Category == "" {
		p.Category = Other
	}
	if p.Minor == "" {
		p.Minor = MinorUnknown
	}
	used, err := db.Collect(ctx, w, scanPerson, selectPerson+" WHERE case_id = ?1", string(p.Case))
	if err != nil {
		return p, err
	}
	if p.Pseudonym, err = draw(rand, used); err != nil {
		return p, err
	}
	first.Person, first.Category, first.Minor = p.ID, p.Category, p.Minor
	if err := first.check(); err != nil {
		return p, err
	}
	if err := w.Put(ctx, personTable, p.row()); err != nil {
		return p, err
	}
	return p, w.Put(ctx, historyTable, first.row())
}

// Recategorise changes category and minor of persons, each with its reason.
func Recategorise(ctx context.Context, w *db.Writer, cs ...Change) error {
	for _, c := range cs {
		if err := c.check(); err != nil {
			return err
		}
		p, err := Find(ctx, w, c.Person)
		if err != nil {
			return err
		}
		p.Category, p.Minor = c.Category, c.Minor
		if err := w.Put(ctx, personTable, p.row()); err != nil {
			return err
		}
		if err := w.Put(ctx, historyTable, c.row()); err != nil {
			return err
		}
	}
	return nil
}

func (c Change) check() error {
	switch {
	case c.ID == "" || c.Person == "" || c.Officer == "":
		return fault.New(fault.Invalid, "persons: a change needs id, person and officer")
	case !slices.Contains(Categories(), c.Category):
		return fault.New(fault.Invalid, "persons: category %q is unknown", string(c.Category))
	case c.Minor != MinorUnknown && c.Minor != MinorPossible && c.Minor != MinorYes:
		return fault.New(fault.Invalid, "persons: minor %q is none of yes, possible, unknown", string(c.Minor))
	case strings.TrimSpace(c.Why) == "":
		return fault.New(fault.Invalid, "persons: a category needs a reason")
	}
	return nil
}

// Rename changes what the officers call a person.
func Rename(ctx context.Context, w *db.Writer, id ID, label string) error {
	p, err := Find(ctx, w, id)
	if err != nil {
		return err
	}
	if p.Label = strings.TrimSpace(label); p.Label == "" {
		return fault.New(fault.Invalid, "persons: a person needs a label")
	}
	return w.Put(ctx, personTable, p.row())
}

// Find returns a person, or a NotFound error.
func Find(ctx context.Context, q db.Queryer, id ID) (Person, error) {
	p, ok, err := db.One(ctx, q, scanPerson, selectPerson+" WHERE id = ?1", string(id))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "persons: no person %s", id)
	}
	return p, err
}

// List lists the persons of a case: child at risk first, then by time of
// opening, then by id. Persons marked as protected sources are left out unless
// the view is protected; Display says how to call the others.
func List(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) ([]Person, error) {
	return db.Collect(ctx, q, scanPerson, selectPerson+" WHERE case_id = ?1 AND (?2 OR NOT "+
		cases.Marked("person.id", cases.Protected)+") ORDER BY "+cases.Marked("person.id", cases.Risk)+
		" DESC, opened_us, id", string(c), v.Protected)
}

// History returns a person's categories, oldest first.
func History(ctx context.Context, q db.Queryer, id ID) ([]Change, error) {
	return db.Collect(ctx, q, scanChange, selectHistory+" WHERE person = ?1 ORDER BY at_us, id", string(id))
}
