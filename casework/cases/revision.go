package cases

import (
	"context"
	"database/sql"

	"tutela/fault"
	"tutela/vault/db"
)

// Revision is the state of a case that a referral is cut from: how many acts
// changed it, and the last of them. Consultations and cuts do not raise it, so
// that the same state gives the same package.
type Revision struct {
	Count int64
	Act   string // ULID of the last act that raised it, "" at revision 0
}

// Raise records that the act of w changes the case; several calls in one act
// count once. Every act that writes rows of a case calls it, but for cuts. The
// row is keyed by the act, so that concurrent acts do not wait for each other.
func Raise(ctx context.Context, w *db.Writer, cs ...ID) error {
	rows := make([]db.Row, 0, len(cs))
	for _, c := range cs {
		if c == "" {
			return fault.New(fault.Invalid, "cases: no case to raise")
		}
		rows = append(rows, db.Row{string(c), w.Act()})
	}
	return w.Put(ctx, revisionTable, rows...)
}

// RevisionOf returns the revision of a case, or with upTo the one that the act
// upTo left behind. Acts stand in the order of the log: their ids carry a clock
// in milliseconds and cannot say which was first.
func RevisionOf(ctx context.Context, q db.Queryer, c ID, upTo string) (Revision, error) {
	r, _, err := db.One(ctx, q, scanRevision, `SELECT l.act, COUNT(*) OVER () FROM case_revision r
		JOIN log_act l ON l.act = r.by_act WHERE r.case_id = ?1
		AND (?2 = '' OR l.idx <= (SELECT u.idx FROM log_act u WHERE u.act = ?2))
		ORDER BY l.idx DESC LIMIT 1`, string(c), upTo)
	return r, err
}

func scanRevision(rows *sql.Rows) (Revision, error) {
	var r Revision
	err := rows.Scan(&r.Act, &r.Count)
	return r, err
}
