package identifiers

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"tutela/casework/cases"
	"tutela/vault/db"
)

// table is what standings are computed from, by identifier.
type table struct {
	claims    map[ID][]Claim
	decisions map[ID][]Decision // oldest first
	relations map[ID][]Relation
}

func loadTable(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (table, error) {
	t := table{map[ID][]Claim{}, map[ID][]Decision{}, map[ID][]Relation{}}
	cs, err := db.Collect(ctx, q, scanClaim, selectClaim+" WHERE case_id = ?1 ORDER BY identifier, rule, version, country", string(c))
	if err != nil {
		return t, err
	}
	for _, x := range cs {
		t.claims[x.Identifier] = append(t.claims[x.Identifier], x)
	}
	ds, err := Decisions(ctx, q, c)
	if err != nil {
		return t, err
	}
	for _, d := range ds {
		t.decisions[d.Identifier] = append(t.decisions[d.Identifier], d)
	}
	type pair struct {
		id  ID
		rel Relation
	}
	rs, err := db.Collect(ctx, q, func(r *sql.Rows) (pair, error) {
		var p pair
		return p, r.Scan(&p.id, &p.rel)
	}, `SELECT DISTINCT identifier, relation FROM identifier_mention WHERE case_id = ?1 AND (?2 OR NOT `+trace("identifier_mention")+`)
		ORDER BY identifier, relation`, string(c), v.Protected)
	for _, p := range rs {
		t.relations[p.id] = append(t.relations[p.id], p.rel)
	}
	return t, err
}

// standings returns one Standing for each country proposed or decided.
func (t table) standings(i Listed) []Standing {
	by := map[string]*Standing{}
	get := func(country string) *Standing {
		if by[country] == nil {
			by[country] = &Standing{Identifier: i.Identifier, AtRisk: i.AtRisk, Country: country, Verdict: Proposed, Relations: t.relations[i.ID]}
		}
		return by[country]
	}
	for _, c := range t.claims[i.ID] {
		s := get(c.Country)
		s.Claims = append(s.Claims, c)
		s.Why = c.Basis
	}
	for _, d := range t.decisions[i.ID] {
		s := get(d.Country)
		s.Verdict, s.Why, s.By = d.Verdict, d.Why, d.Officer
	}
	if len(by) == 0 {
		get(Nowhere)
	}
	out := make([]Standing, 0, len(by))
	for _, s := range by {
		out = append(out, *s)
	}
	return out
}

func sortStandings(all []Standing) {
	calm := func(s Standing) int {
		if s.AtRisk {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(calm(a), calm(b)), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Value, b.Value), cmp.Compare(a.ID, b.ID))
	})
}
