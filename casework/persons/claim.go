package persons

import (
	"context"
	"regexp"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/db"
)

// Basis separates facts from assessments (Directive (EU) 2016/680 art. 7).
type Basis string

// The bases.
const (
	Observed Basis = "observed" // seen in an exhibit
	Reported Basis = "reported" // said by somebody: a witness, an operator, an agency
	Assessed Basis = "assessed" // concluded by an officer
)

// Source is where a claim comes from.
type Source struct {
	Exhibit string // exhibit id, or "" when reported from outside
	Item    string
	Place   format.Place
	// Evaluation of source and information in the 4×4 scheme: A, B, C or X and
	// 1 to 4; "" = not evaluated.
	Evaluation string
}

// Claim says one thing about a person or an identifier.
type Claim struct {
	ID         string // ULID
	Case       cases.ID
	Person     ID             // the subject: a person …
	Identifier identifiers.ID // … or an identifier, never both
	Predicate  string         // "name", "role.shared-first", "born", "lives-in", …
	Object     string
	Basis      Basis
	Source     Source
	Officer    staff.ID
	At         int64 // microseconds UTC
	Withdrawn  bool
}

// Assignment is the claim that a person uses an identifier.
type Assignment struct {
	Case       cases.ID
	Person     ID
	Identifier identifiers.ID
	Relation   string // "uses", "subscribes", "shares"
	Basis      Basis
	Source     Source
	Officer    staff.ID
	At         int64 // microseconds UTC
	Why        string
	Withdrawn  bool
}

var evaluation = regexp.MustCompile(`^([ABCX][1-4])?$`)

func checkBasis(b Basis, s Source) error {
	switch {
	case b != Observed && b != Reported && b != Assessed:
		return fault.New(fault.Invalid, "persons: basis %q is none of observed, reported, assessed", string(b))
	case b == Observed && s.Exhibit == "":
		return fault.New(fault.Invalid, "persons: what was observed needs the exhibit it was observed in")
	case !evaluation.MatchString(s.Evaluation):
		return fault.New(fault.Invalid, "persons: evaluation %q is not of the 4×4 scheme", s.Evaluation)
	}
	return nil
}

// PutClaims records claims or, with Withdrawn, takes them back.
func PutClaims(ctx context.Context, w *db.Writer, cs ...Claim) error {
	rows := make([]db.Row, 0, len(cs))
	for _, c := range cs {
		if c.ID == "" || c.Case == "" || c.Officer == "" || c.Predicate == "" || (c.Person == "") == (c.Identifier == "") {
			return fault.New(fault.Invalid, "persons: a claim needs id, case, officer, predicate and one subject")
		}
		if err := checkBasis(c.Basis, c.Source); err != nil {
			return err
		}
		rows = append(rows, c.row())
	}
	return w.Put(ctx, claimTable, rows...)
}

// Claims lists the claims of a case that stand, by time and id.
func Claims(ctx context.Context, q db.Queryer, c cases.ID) ([]Claim, error) {
	return db.Collect(ctx, q, scanClaim, selectClaim+" WHERE case_id = ?1 AND NOT withdrawn ORDER BY at_us, id", string(c))
}

// Assign records that persons use identifiers, as claims with basis and
// reason. An identifier may be assigned to several persons: a shared telephone.
func Assign(ctx context.Context, w *db.Writer, as ...Assignment) error {
	rows := make([]db.Row, 0, len(as))
	for _, a := range as {
		if a.Case == "" || a.Person == "" || a.Identifier == "" || a.Officer == "" {
			return fault.New(fault.Invalid, "persons: an assignment needs case, person, identifier and officer")
		}
		if strings.TrimSpace(a.Why) == "" {
			return fault.New(fault.Invalid, "persons: an assignment needs a reason")
		}
		if a.Relation == "" {
			a.Relation = "uses"
		}
		if err := checkBasis(a.Basis, a.Source); err != nil {
			return err
		}
		rows = append(rows, a.row())
	}
	return w.Put(ctx, assignmentTable, rows...)
}

// Assignments lists the assignments of a case that stand, by person and
// identifier.
func Assignments(ctx context.Context, q db.Queryer, c cases.ID) ([]Assignment, error) {
	return db.Collect(ctx, q, scanAssignment, selectAssignment+
		" WHERE case_id = ?1 AND NOT withdrawn ORDER BY person, identifier", string(c))
}
