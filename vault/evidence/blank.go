package evidence

import (
	"context"
	"database/sql"

	"tutela/vault/db"
)

// blankAcquisitions removes where it came from, and what could not be sealed,
// of closed acquisitions that have no exhibit left.
func blankAcquisitions(ctx context.Context, w *db.Writer, exhibits []Exhibit) error {
	var ids []string
	for _, e := range exhibits {
		ids = append(ids, e.Acquisition)
	}
	empty, err := db.CollectIn(ctx, w, scanAcquisition, selectAcquisition+`WHERE id IN (?*) AND state = ?1
		AND NOT EXISTS (SELECT 1 FROM exhibit e WHERE e.acquisition = acquisition.id AND e.state <> ?2)`, ids, Closed, Erased)
	if err != nil {
		return err
	}
	var rows, findings []db.Row
	var gone []string
	for _, a := range empty {
		a.Source, a.FromWhom, a.Device, a.Note = "", "", "", ""
		rows, gone = append(rows, a.row()), append(gone, a.ID)
	}
	scan := func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }
	found, err := db.CollectIn(ctx, w, scan, `SELECT id FROM seal_finding WHERE acquisition IN (?*)`, gone)
	if err != nil {
		return err
	}
	for _, id := range found {
		findings = append(findings, db.Row{id})
	}
	if err := w.Put(ctx, acquisitionTable, rows...); err != nil {
		return err
	}
	return w.Delete(ctx, findingTable, findings...)
}
