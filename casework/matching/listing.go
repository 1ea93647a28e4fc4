package matching

import (
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/vault/db"
)

// Store makes matches all that is known of the given items: earlier matches that
// the rules or the lists no longer give are removed. A match of another item is
// an Invalid error; one with a list that is not for cases is Refused.
func Store(ctx context.Context, w *db.Writer, items []media.ID, matches []Match) error {
	known := map[media.ID]bool{}
	names := make([]string, len(items))
	for i, id := range items {
		known[id] = true
		names[i] = string(id)
	}
	kept := map[string]bool{}
	rows := make([]db.Row, len(matches))
	for i, m := range matches {
		if !known[m.Item] || m.ID == "" || m.Case == "" {
			return fault.New(fault.Invalid, "matching: a match of an item that was not compared")
		}
		kept[m.ID] = true
		rows[i] = m.row()
	}
	if err := forCases(ctx, w, matches); err != nil {
		return err
	}
	old, err := db.CollectIn(ctx, w, scanMatch, "SELECT "+matchColumns+" FROM hash_match m WHERE m.item IN (?*) ORDER BY m.id", names)
	if err != nil {
		return err
	}
	var gone []db.Row
	for _, m := range old {
		if !kept[m.ID] {
			gone = append(gone, db.Row{m.ID})
		}
	}
	if len(gone) > 0 {
		if err := w.Delete(ctx, matchTable, gone...); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return w.Put(ctx, matchTable, rows...)
}

// forCases refuses matches with lists of another purpose, whoever found them.
func forCases(ctx context.Context, q db.Queryer, matches []Match) error {
	known := map[hashlists.ID]bool{}
	for _, m := range matches {
		if known[m.List] {
			continue
		}
		l, err := hashlists.Find(ctx, q, m.List)
		if err != nil {
			return err
		}
		if !slices.Contains(hashlists.ForCases(), l.Purpose) {
			return fault.New(fault.Refused, "matching: list %s is for %s, not for cases", string(l.ID), string(l.Purpose))
		}
		known[m.List] = true
	}
	return nil
}

// Listed is a match with what a person needs to judge it.
type Listed struct {
	Match
	Source     string // of the list
	Purpose    hashlists.Purpose
	Terms      string
	Recipients string
	Scheme     string // whose numbering the category follows, with its version and region
	Model      string
	Region     string
	ListState  hashlists.State
	Exhibit    string
	Path       string // of the item
	Name       string
	AtRisk     bool // a child at risk was marked on the item or its exhibit
}

// Explanation returns the key of a sentence of package phrase and its arguments:
// why this is a match, and what it amounts to.
func (l Listed) Explanation() (key string, args []any) {
	if l.Tier == Exact {
		return "match.exact", []any{l.Algorithm, l.Source, l.Version}
	}
	return "match." + string(l.Tier), []any{l.Distance, l.Variant, l.Source, l.Version}
}

// OfCase lists the matches of a case: child at risk first, then the strongest,
// then by list, item and id. Items of protected sources are left out unless the
// view is protected.
func OfCase(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) ([]Listed, error) {
	return db.Collect(ctx, q, scanListed, selectListed+" ORDER BY "+riskFirst+", "+tierOrder+", m.distance, m.list_id, m.item, m.id",
		string(c), v.Protected)
}

// Count counts the items of a case with a match, by tier of their strongest one.
func Count(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (map[Tier]int, error) {
	all, err := OfCase(ctx, q, c, v)
	if err != nil {
		return nil, err
	}
	best := map[media.ID]Tier{}
	for _, l := range all {
		if old, ok := best[l.Item]; !ok || l.Tier.rank() < old.rank() {
			best[l.Item] = l.Tier
		}
	}
	out := map[Tier]int{}
	for _, t := range best {
		out[t]++
	}
	return out, nil
}
