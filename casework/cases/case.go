package cases

import (
	"context"
	"strings"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

// ID identifies a case: a ULID.
type ID string

// State of a case.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed" // nothing new is sealed or read; reviews go on
)

// Case is a matter with a legal basis and a purpose.
type Case struct {
	ID        ID
	Title     string
	Agency    staff.AgencyID
	Authority string // legal basis: the order, law or request that it rests on; "" = none yet
	Purpose   string // what the data may be used for
	Operation string // name of the operation it belongs to, or ""
	State     State
	Opened    int64 // microseconds UTC
	ReviewDue int64 // microseconds UTC: when storage must be reviewed; 0 = not set
	// CoversOwn says that Authority covers what is ingested into the case unless
	// the ingest says otherwise.
	CoversOwn bool
}

// Check reports as an Invalid error what a case lacks.
func (c Case) Check() error {
	switch {
	case c.ID == "":
		return fault.New(fault.Invalid, "cases: a case needs an id")
	case strings.TrimSpace(c.Title) == "":
		return fault.New(fault.Invalid, "cases: a case needs a title")
	case strings.TrimSpace(c.Purpose) == "":
		return fault.Hint(fault.New(fault.Invalid, "cases: a case needs a purpose"),
			"the purpose limits what the data may be used for (Directive (EU) 2016/680 art. 4)")
	case c.State != Open && c.State != Closed:
		return fault.New(fault.Invalid, "cases: case state %q is unknown", string(c.State))
	case c.CoversOwn && strings.TrimSpace(c.Authority) == "":
		return fault.New(fault.Invalid, "cases: a case without an authority covers no ingest")
	case c.Opened == 0:
		return fault.New(fault.Invalid, "cases: a case needs the time of its opening")
	}
	return nil
}

// Put opens cases or replaces their records.
func Put(ctx context.Context, w *db.Writer, cs ...Case) error {
	rows := make([]db.Row, 0, len(cs))
	for _, c := range cs {
		if err := c.Check(); err != nil {
			return err
		}
		rows = append(rows, c.row())
	}
	return w.Put(ctx, caseTable, rows...)
}

// Find returns a case by its id, or by the start of it when that is unique; a
// NotFound or Invalid error otherwise.
func Find(ctx context.Context, q db.Queryer, id ID) (Case, error) {
	if id == "" {
		return Case{}, fault.Hint(fault.New(fault.Invalid, "cases: no case named"), "name it with --case; tutela case list shows them")
	}
	start := strings.ToUpper(string(id))
	if strings.Trim(start, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		return Case{}, fault.New(fault.Invalid, "cases: %q is not a case id", string(id))
	}
	cs, err := db.Collect(ctx, q, scanCase, selectCase+" WHERE id LIKE ?1 ORDER BY id LIMIT 2", start+"%")
	switch {
	case err != nil:
		return Case{}, err
	case len(cs) == 0:
		return Case{}, fault.Hint(fault.New(fault.NotFound, "cases: no case %s", id), "tutela case list shows them")
	case len(cs) > 1 && string(cs[0].ID) != start:
		return Case{}, fault.New(fault.Invalid, "cases: %s is the start of several case ids", id)
	}
	return cs[0], nil
}

// Listed is a case in a list.
type Listed struct {
	Case
	AtRisk bool // something in it is marked as a child at risk now
}

// List returns the cases that an officer is entitled to, those with a child at
// risk first, then by time of opening, then by id. Officer "" lists all, for
// the auditor.
func List(ctx context.Context, q db.Queryer, officer staff.ID) ([]Listed, error) {
	return db.Collect(ctx, q, scanListed, selectListed+`
		WHERE ?1 = '' OR EXISTS (SELECT 1 FROM case_member m
			WHERE m.case_id = c.id AND m.officer = ?1 AND m.until_us = 0)
		ORDER BY 11 DESC, c.opened_us, c.id`, string(officer))
}
