package cases

import (
	"context"
	"slices"
	"strings"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

// MarkKind says what an officer marks something as.
type MarkKind string

// The kinds of mark.
const (
	Risk       MarkKind = "risk"       // a child is at risk now: goes to the top of every list
	Protected  MarkKind = "protected"  // a protected source, or a trace of one: shown in no list
	Privileged MarkKind = "privileged" // legally privileged: not to be read
)

// ObjectKind says what kind of thing carries a mark.
type ObjectKind string

// The kinds of marked things.
const (
	ExhibitObject    ObjectKind = "exhibit"
	ItemObject       ObjectKind = "item"
	MessageObject    ObjectKind = "message"
	GroupObject      ObjectKind = "group"
	TipObject        ObjectKind = "tip"
	PersonObject     ObjectKind = "person"
	IdentifierObject ObjectKind = "identifier"
)

// Mark is an officer's decision about one thing. Setting it again replaces the
// earlier decision; the log keeps both. Derived things have stable ids, so a
// mark survives a rebuild.
type Mark struct {
	Case       ID
	ObjectKind ObjectKind
	Object     string // id of the thing
	Kind       MarkKind
	Set        bool // false: the mark is taken back
	Officer    staff.ID
	At         int64  // microseconds UTC
	Why        string // required
}

// View says what a list may show. The zero View hides protected sources and
// shows protected persons by pseudonym; it is right for every list, graph,
// count and package (docs/decisions/0003-protected-exports.md says what is left
// of a protected source's export). Protected is set only within an act that opens the
// protected view.
type View struct {
	Protected bool
}

// PutMarks records marks.
func PutMarks(ctx context.Context, w *db.Writer, ms ...Mark) error {
	rows := make([]db.Row, 0, len(ms))
	for _, m := range ms {
		if m.Case == "" || m.Object == "" || m.ObjectKind == "" || m.Officer == "" {
			return fault.New(fault.Invalid, "cases: a mark needs case, object and officer")
		}
		if !slices.Contains([]MarkKind{Risk, Protected, Privileged}, m.Kind) {
			return fault.New(fault.Invalid, "cases: mark %q is unknown", string(m.Kind))
		}
		if strings.TrimSpace(m.Why) == "" {
			return fault.New(fault.Invalid, "cases: a mark needs a reason")
		}
		rows = append(rows, m.row())
	}
	return w.Put(ctx, markTable, rows...)
}

// Marks lists the decisions of a case, newest first; kind "" means all.
func Marks(ctx context.Context, q db.Queryer, c ID, kind MarkKind) ([]Mark, error) {
	return db.Collect(ctx, q, scanMark, selectMark+
		" WHERE case_id = ?1 AND (?2 = '' OR kind = ?2) ORDER BY at_us DESC, object_kind, object", string(c), string(kind))
}

// Marked is an SQL condition for the rooms' lists: true for rows whose column
// (such as "i.id") is marked as kind. Neither argument may come from outside
// the program.
func Marked(column string, kind MarkKind) string {
	return "EXISTS (SELECT 1 FROM mark k WHERE k.object = " + column +
		" AND k.kind = '" + string(kind) + "' AND k.is_set)"
}
