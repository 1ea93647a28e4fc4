package tips

import (
	"context"
	"database/sql"

	"tutela/vault/db"
)

// Forget deletes the tips read from exhibits that are being erased, and what was
// decided about them.
func Forget(ctx context.Context, w *db.Writer, exhibits ...string) error {
	scan := func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }
	ids, err := db.CollectIn(ctx, w, scan, "SELECT id FROM tip WHERE exhibit IN (?*)", exhibits)
	if err != nil {
		return err
	}
	decided, err := db.CollectIn(ctx, w, scan, "SELECT id FROM tip_decision WHERE tip IN (?*)", ids)
	if err != nil {
		return err
	}
	if err := w.Delete(ctx, tipTable, keyed(ids)...); err != nil {
		return err
	}
	return w.Delete(ctx, decisionTable, keyed(decided)...)
}

func keyed(ids []string) []db.Row {
	rows := make([]db.Row, len(ids))
	for i, id := range ids {
		rows[i] = db.Row{id}
	}
	return rows
}
