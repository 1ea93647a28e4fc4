package pipeline

import (
	"context"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// propose proposes countries for the identifiers found in items, each with the
// rule that says so. A proposal is no recipient: an officer decides. Its things
// are items; it opens none.
func (l *Line) propose(ctx context.Context, w *work) error {
	c := cases.ID(w.lease.Case)
	found, err := identifiers.InItems(ctx, w.q, c, w.lease.Things...)
	if err != nil {
		return err
	}
	var seen []identifiers.Seen
	for _, i := range found {
		seen = append(seen, identifiers.Seen{Value: identifiers.Value{Kind: i.Kind, Norm: i.Value, Valid: i.Valid}})
	}
	claims := identifiers.Batch{Claims: identifiers.Collate(l.siteRow, c, seen).Claims}
	for _, t := range w.lease.Things {
		w.result(media.ID(t), media.Done, "")
	}
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return identifiers.Put(ctx, dw, claims) })
	return w.commit(ctx, audit.Alteration, true)
}
