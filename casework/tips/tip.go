package tips

import (
	"context"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/when"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// ID identifies a tip: a stable id derived from the item it was read from.
type ID string

// State of a tip.
type State string

// The states.
const (
	New    State = "new" // nobody decided yet
	Taken  State = "taken"
	Merged State = "merged" // belongs to another tip or case
	Closed State = "closed" // with a reason
)

// Tip is one message to the agency. The row is derived from its exhibit.
type Tip struct {
	ID          ID
	Case        cases.ID
	Exhibit     string
	Item        string
	MessageID   string // as written in the mail, "" if none
	From        string // as written; withheld for a protected source
	Subject     string // as written, "" if none is stated
	Received    when.Time
	Text        string // the readable text
	Attachments int
	Protected   bool // the sender is a protected source
}

// Listed is a tip in a list, with what officers decided.
type Listed struct {
	Tip
	State  State
	AtRisk bool
}

// Decision is what an officer decided about a tip; the newest counts.
type Decision struct {
	ID      string // ULID
	Tip     ID
	State   State
	Into    string // id of the tip or case it was merged into
	Officer staff.ID
	At      int64 // microseconds UTC
	Why     string
}

// NewID returns the id of the tip read from an item.
func NewID(siteRow []byte, exhibit, item string) ID {
	return ID(ids.Derive(siteRow, "tip", exhibit, item))
}

// Put writes tips.
func Put(ctx context.Context, w *db.Writer, ts ...Tip) error {
	rows := make([]db.Row, 0, len(ts))
	for _, t := range ts {
		if t.ID == "" || t.Case == "" || t.Exhibit == "" {
			return fault.New(fault.Invalid, "tips: a tip needs id, case and exhibit")
		}
		rows = append(rows, t.row())
	}
	return w.Put(ctx, tipTable, rows...)
}

// Decide records decisions. The last act counts: where the clock of this
// machine is behind another's, the time of a decision is set behind that of the
// one it replaces.
func Decide(ctx context.Context, w *db.Writer, ds ...Decision) error {
	rows := make([]db.Row, 0, len(ds))
	for _, d := range ds {
		if d.ID == "" || d.Tip == "" || d.Officer == "" || strings.TrimSpace(d.Why) == "" {
			return fault.New(fault.Invalid, "tips: a decision needs id, tip, officer and reason")
		}
		if !slices.Contains([]State{New, Taken, Merged, Closed}, d.State) {
			return fault.New(fault.Invalid, "tips: state %q is unknown", string(d.State))
		}
		if d.State == Merged && d.Into == "" {
			return fault.New(fault.Invalid, "tips: say what the tip was merged into")
		}
		before, err := History(ctx, w, d.Tip)
		if err != nil {
			return err
		}
		if n := len(before); n > 0 {
			d.At = max(d.At, before[n-1].At+1)
		}
		rows = append(rows, d.row())
	}
	return w.Put(ctx, decisionTable, rows...)
}

// List lists the tips of a case ("" = of all): child at risk now first, then
// by time, then by id. Tips of protected sources are left out unless the view
// is protected.
func List(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) ([]Listed, error) {
	return db.Collect(ctx, q, scanListed, selectListed+" WHERE (?1 = '' OR t.case_id = ?1) AND "+visible+
		" ORDER BY 13 DESC, t.wall, t.id", string(c), v.Protected)
}

// Find returns one tip, or a NotFound error: also for a protected one, unless
// the view is protected.
func Find(ctx context.Context, q db.Queryer, id ID, v cases.View) (Listed, error) {
	t, ok, err := db.One(ctx, q, scanListed, selectListed+" WHERE t.id = ?1 AND "+visible, string(id), v.Protected)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "tips: no tip %s", id)
	}
	return t, err
}

// History returns the decisions about a tip, oldest first.
func History(ctx context.Context, q db.Queryer, id ID) ([]Decision, error) {
	return db.Collect(ctx, q, scanDecision, selectDecision+" WHERE tip = ?1 ORDER BY at_us, id", string(id))
}

// visible hides protected sources; argument 2 is View.Protected.
var visible = "(?2 OR NOT (t.protected OR " + cases.Marked("t.id", cases.Protected) + " OR " +
	cases.Marked("t.item", cases.Protected) + " OR " + cases.Marked("t.exhibit", cases.Protected) + "))"
