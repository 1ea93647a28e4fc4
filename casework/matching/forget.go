package matching

import (
	"context"

	"tutela/casework/media"
	"tutela/vault/db"
)

// Forget deletes the matches of items that are being erased, those that were opened
// again too.
func Forget(ctx context.Context, w *db.Writer, items ...media.ID) error {
	keys := make([]string, len(items))
	for i, id := range items {
		keys[i] = string(id)
	}
	found, err := db.CollectIn(ctx, w, scanMatch, "SELECT "+matchColumns+" FROM hash_match m WHERE m.item IN (?*)", keys)
	if err != nil {
		return err
	}
	var gone []db.Row
	for _, m := range found {
		gone = append(gone, db.Row{m.ID})
	}
	if err := w.Delete(ctx, matchTable, gone...); err != nil {
		return err
	}
	opened, err := db.CollectIn(ctx, w, scanReopened, selectReopened+" WHERE item IN (?*)", keys)
	if err != nil || len(opened) == 0 {
		return err
	}
	gone = nil
	for _, r := range opened {
		gone = append(gone, db.Row{r.Match, r.At})
	}
	return w.Delete(ctx, reopenedTable, gone...)
}
