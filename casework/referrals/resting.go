package referrals

import (
	"context"
	"database/sql"
	"slices"

	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/vault/db"
)

// restTable holds which matches a sealed package told of; for each package there
// is one row without an item besides, so that a package that told of none differs
// from one that was sealed before this was kept.
var restTable = db.Table{Name: "referral_rest", Key: 4, Columns: []string{"referral", "item", "list_id", "number", "case_id"}}

const restSQL = `
CREATE TABLE referral_rest (
	referral TEXT NOT NULL, item TEXT NOT NULL, list_id TEXT NOT NULL, number BIGINT NOT NULL, case_id TEXT NOT NULL, act TEXT NOT NULL,
	PRIMARY KEY (referral, item, list_id, number));
CREATE INDEX referral_rest_item ON referral_rest (item);`

// rest is one match that a package tells of.
type rest struct {
	item   media.ID
	list   hashlists.ID
	number int64
}

func (x rest) row(d Draft) db.Row {
	return db.Row{string(d.ID), string(x.item), string(x.list), x.number, string(d.Case)}
}

// putRests records what a sealed package rests on.
func putRests(ctx context.Context, w *db.Writer, d Draft, rests []rest) error {
	rows := []db.Row{rest{}.row(d)}
	for _, x := range rests {
		rows = append(rows, x.row(d))
	}
	return w.Put(ctx, restTable, rows...)
}

// Resting returns the sealed packages that told of one of the matches, oldest
// first; and those of the same cases for which nobody kept what they told of,
// because they may have.
func Resting(ctx context.Context, q db.Queryer, on ...matching.Reopened) ([]Sealing, error) {
	var items, all []string
	told := map[rest]bool{}
	for _, m := range on {
		items, all = append(items, string(m.Item)), append(all, string(m.Case))
		told[rest{m.Item, m.List, m.Number}] = true
	}
	type row struct {
		rest
		of ID
	}
	rows, err := db.CollectIn(ctx, q, func(r *sql.Rows) (x row, err error) {
		return x, r.Scan(&x.of, &x.item, &x.list, &x.number)
	}, "SELECT referral, item, list_id, number FROM referral_rest WHERE item IN (?*) ORDER BY referral", items)
	if err != nil {
		return nil, err
	}
	var named []string
	for _, x := range rows {
		if told[x.rest] {
			named = append(named, string(x.of))
		}
	}
	out, err := db.CollectIn(ctx, q, scanSealing, selectSealing+" WHERE referral IN (?*)", named)
	if err != nil {
		return nil, err
	}
	older, err := db.CollectIn(ctx, q, scanSealing, selectSealing+` s WHERE case_id IN (?*)
		AND NOT EXISTS (SELECT 1 FROM referral_rest x WHERE x.referral = s.referral)`, all)
	if err != nil {
		return nil, err
	}
	out = append(out, older...)
	slices.SortFunc(out, func(a, b Sealing) int { return int(min(1, max(-1, a.At-b.At))) })
	return out, nil
}
