package media

import (
	"context"
	"database/sql"
	"encoding/hex"

	"tutela/casework/cases"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// Forget deletes everything derived from exhibits that are being erased: items,
// findings, results, and the fingerprints and results of contents that nothing
// else in the case has. It returns the items, for the rooms above.
func Forget(ctx context.Context, w *db.Writer, c cases.ID, exhibits ...string) ([]ID, error) {
	items, err := db.CollectIn(ctx, w, scanItem, selectItem+" WHERE i.exhibit IN (?*) AND i.case_id = ?1", exhibits, string(c))
	if err != nil {
		return nil, err
	}
	found, err := db.CollectIn(ctx, w, scanFinding, selectFinding+" WHERE f.exhibit IN (?*) AND f.case_id = ?1", exhibits, string(c))
	if err != nil {
		return nil, err
	}
	ids, subjects := make([]ID, len(items)), make([]string, len(items))
	contents := map[digest.ID]bool{}
	var gone, findings []db.Row
	for i, it := range items {
		ids[i], subjects[i], contents[it.SHA256] = it.ID, string(it.ID), true
		gone = append(gone, db.Row{string(it.ID)})
	}
	for _, f := range found {
		findings = append(findings, db.Row{f.ID})
	}
	if err := w.Delete(ctx, itemTable, gone...); err != nil {
		return nil, err
	}
	if err := w.Delete(ctx, findingTable, findings...); err != nil {
		return nil, err
	}
	lost, err := unheld(ctx, w, c, contents)
	if err != nil {
		return nil, err
	}
	for _, l := range lost {
		subjects = append(subjects, hex.EncodeToString(l))
	}
	if err := forgetResults(ctx, w, c, subjects); err != nil {
		return nil, err
	}
	return ids, forgetFingerprints(ctx, w, c, lost)
}

// unheld returns the contents that no item of the case has any more.
func unheld(ctx context.Context, q db.Queryer, c cases.ID, contents map[digest.ID]bool) ([][]byte, error) {
	keys := make([][]byte, 0, len(contents))
	for d := range contents {
		keys = append(keys, d[:])
	}
	scan := func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) }
	held, err := db.CollectIn(ctx, q, scan, "SELECT sha256 FROM item WHERE sha256 IN (?*) AND case_id = ?1", keys, string(c))
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		delete(contents, digest.ID(h))
	}
	keys = keys[:0]
	for d := range contents {
		keys = append(keys, append([]byte(nil), d[:]...))
	}
	return keys, nil
}

func forgetResults(ctx context.Context, w *db.Writer, c cases.ID, subjects []string) error {
	rs, err := Results(ctx, w, c, subjects...)
	if err != nil {
		return err
	}
	var gone []db.Row
	for _, r := range rs {
		gone = append(gone, db.Row{string(r.Case), r.Subject, r.Stage, r.Version})
	}
	return w.Delete(ctx, resultTable, gone...)
}

func forgetFingerprints(ctx context.Context, w *db.Writer, c cases.ID, contents [][]byte) error {
	ids := make([]digest.ID, len(contents))
	for i, b := range contents {
		ids[i] = digest.ID(b)
	}
	fs, err := Fingerprints(ctx, w, c, "", ids...)
	if err != nil {
		return err
	}
	var gone []db.Row
	for _, f := range fs {
		gone = append(gone, db.Row{string(f.Case), f.SHA256[:], f.Variant, f.Version})
	}
	return w.Delete(ctx, fingerprintTable, gone...)
}
