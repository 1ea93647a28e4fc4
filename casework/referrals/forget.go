package referrals

import (
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// Forget deletes, within an act of class erasure, the statements about exhibits
// of a case that were written so that packages can be proved, from rows and
// log. What was proved and sent stays what it was. It returns the number of
// items that the log dropped.
func (r *Room) Forget(ctx context.Context, w *db.Writer, c cases.ID, exhibits ...string) (int, error) {
	found, err := evidence.ByID(ctx, w, exhibits...)
	if err != nil {
		return 0, err
	}
	sums := map[string]bool{}
	for _, e := range found {
		sums[e.SHA256.String()] = true
	}
	acts, err := r.statementActs(ctx, w, c)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, act := range acts {
		items, err := audit.Items(ctx, w, act)
		if err != nil {
			return n, err
		}
		sel := audit.Selector{Act: act}
		var gone []db.Row
		for _, i := range items {
			row, err := rowOf(i.JSON)
			if err != nil {
				return n, err
			}
			if sums[row.Exhibit] {
				sel.Places, gone = append(sel.Places, i.Place), append(gone, db.Row{row.Leaf})
			}
		}
		if len(gone) == 0 {
			continue
		}
		if err := w.Delete(ctx, statementTable, gone...); err != nil {
			return n, err
		}
		dropped, err := audit.Erase(ctx, w, sel)
		if n += dropped; err != nil {
			return n, err
		}
	}
	return n, nil
}

// statementActs returns the acts that hold statements of a case, by the cuts
// that were recorded of it.
func (r *Room) statementActs(ctx context.Context, q db.Queryer, c cases.ID) ([]string, error) {
	drafts, err := db.Collect(ctx, q, scanDraft, selectDraft+" WHERE case_id = ?1 ORDER BY at_us, id", string(c))
	if err != nil {
		return nil, err
	}
	var acts []string
	for _, d := range drafts {
		cut := r.newCut(d.Request, d.State)
		all, alone := r.anchors(cut)
		for _, leaf := range []string{all, alone, r.formerAnchor(cut)} {
			act, _, err := statedIn(ctx, q, leaf)
			if err != nil {
				return nil, err
			}
			if act != "" && !slices.Contains(acts, act) {
				acts = append(acts, act)
			}
		}
	}
	return acts, nil
}
