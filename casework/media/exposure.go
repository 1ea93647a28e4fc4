package media

import (
	"context"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

// Exposure is one view of one item by one person. Exposures are counted to
// spare people views, never to rank people.
type Exposure struct {
	ID      string // ULID
	Case    cases.ID
	Item    ID
	Officer staff.ID
	At      int64  // microseconds UTC
	Seconds int64  // how long it was on screen
	Filter  string // "grey", "blur", … or "" for none
}

// PutExposures records views.
func PutExposures(ctx context.Context, w *db.Writer, es ...Exposure) error {
	rows := make([]db.Row, 0, len(es))
	for _, e := range es {
		if e.ID == "" || e.Case == "" || e.Item == "" || e.Officer == "" {
			return fault.New(fault.Invalid, "media: an exposure needs id, case, item and officer")
		}
		rows = append(rows, e.row())
	}
	return w.Put(ctx, exposureTable, rows...)
}

// Exposures lists the views of a case by time and id; officer "" means all.
func Exposures(ctx context.Context, q db.Queryer, c cases.ID, officer staff.ID) ([]Exposure, error) {
	return db.Collect(ctx, q, scanExposure, selectExposure+
		" WHERE case_id = ?1 AND (?2 = '' OR officer = ?2) ORDER BY at_us, id", string(c), string(officer))
}
