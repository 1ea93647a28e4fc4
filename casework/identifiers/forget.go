package identifiers

import (
	"context"

	"tutela/casework/cases"
	"tutela/vault/db"
)

// Forget deletes the occurrences of identifiers in exhibits that are being
// erased, the spellings that occur nowhere else, and the identifiers that then
// have no occurrence left, with the countries proposed for them. What officers
// decided stays; it names an identifier by its id only.
func Forget(ctx context.Context, w *db.Writer, c cases.ID, exhibits ...string) error {
	gone, err := db.CollectIn(ctx, w, scanMention, selectMention+" WHERE m.exhibit IN (?*) AND m.case_id = ?1", exhibits, string(c))
	if err != nil {
		return err
	}
	var rows []db.Row
	touched := map[ID]bool{}
	for _, m := range gone {
		rows, touched[m.Identifier] = append(rows, db.Row{m.ID}), true
	}
	if err := w.Delete(ctx, mentionTable, rows...); err != nil {
		return err
	}
	return tidy(ctx, w, touched)
}

// tidy deletes spellings of the given identifiers that occur nowhere any more,
// and those of them that have no occurrence at all.
func tidy(ctx context.Context, w *db.Writer, touched map[ID]bool) error {
	ids := make([]ID, 0, len(touched))
	for id := range touched {
		ids = append(ids, id)
	}
	written, err := stillWritten(ctx, w, ids)
	if err != nil {
		return err
	}
	if err := forgetSpellings(ctx, w, ids, written); err != nil {
		return err
	}
	var lost []string
	for _, id := range ids {
		if written[id] == nil {
			lost = append(lost, string(id))
		}
	}
	return forgetIdentifiers(ctx, w, lost)
}

// stillWritten returns the spellings of each identifier that occur.
func stillWritten(ctx context.Context, q db.Queryer, ids []ID) (map[ID]map[string]bool, error) {
	left, err := Mentions(ctx, q, cases.View{Protected: true}, ids...)
	out := map[ID]map[string]bool{}
	for _, m := range left {
		if out[m.Identifier] == nil {
			out[m.Identifier] = map[string]bool{}
		}
		out[m.Identifier][m.Written] = true
	}
	return out, err
}

func forgetSpellings(ctx context.Context, w *db.Writer, ids []ID, written map[ID]map[string]bool) error {
	all, err := Spellings(ctx, w, ids...)
	if err != nil {
		return err
	}
	var rows []db.Row
	for _, s := range all {
		if !written[s.Identifier][s.Written] {
			rows = append(rows, db.Row{string(s.Identifier), s.Written})
		}
	}
	return w.Delete(ctx, spellingTable, rows...)
}

func forgetIdentifiers(ctx context.Context, w *db.Writer, ids []string) error {
	claims, err := db.CollectIn(ctx, w, scanClaim, selectClaim+" WHERE identifier IN (?*)", ids)
	if err != nil {
		return err
	}
	var proposed, gone []db.Row
	for _, cl := range claims {
		proposed = append(proposed, db.Row{cl.ID})
	}
	for _, id := range ids {
		gone = append(gone, db.Row{id})
	}
	if err := w.Delete(ctx, claimTable, proposed...); err != nil {
		return err
	}
	return w.Delete(ctx, identifierTable, gone...)
}
