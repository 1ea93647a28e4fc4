package matching

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tutela/casework/hashlists"
	"tutela/format/hashlist"
	"tutela/hash/pdq"
	"tutela/vault/db"
)

// Matcher holds what is needed to compare many subjects: the active lists for
// cases and their PDQ values, in memory or in an index. It is right for one moment; load
// another one when a list has changed.
type Matcher struct {
	row        []byte
	purposes   []hashlists.Purpose
	lists      map[hashlists.ID]hashlists.List
	names      []string
	perceptual *hashlists.Perceptual
}

// LoadKept prepares a Matcher with the lists for the given purposes, none meaning
// those of cases. siteRow is the site's key of derived ids; dir is where the
// fingerprints of large lists are kept in an index between runs, "" keeps none.
// Matchers of different purposes must not share a dir.
func LoadKept(ctx context.Context, q db.Queryer, siteRow []byte, dir string, purposes ...hashlists.Purpose) (*Matcher, error) {
	if len(purposes) == 0 {
		purposes = hashlists.ForCases()
	}
	lists, err := hashlists.ActiveOf(ctx, q, purposes...)
	if err != nil {
		return nil, err
	}
	m := &Matcher{row: siteRow, purposes: purposes, lists: map[hashlists.ID]hashlists.List{}}
	if m.names, err = hashlists.Names(ctx, q, purposes...); err != nil {
		return nil, err
	}
	for _, l := range lists {
		m.lists[l.ID] = l
	}
	m.perceptual, err = hashlists.OpenPerceptual(ctx, q, hashlists.Keep{Dir: dir, Key: siteRow, State: m.Lists()}, purposes...)
	return m, err
}

// Lists names the lists that take part, as hashlists.Names does: what a stage that
// matches has to keep as its configuration.
func (m *Matcher) Lists() []string { return m.names }

// Match compares the subjects with the lists: digests first, then PDQ. Matches
// come in the order of the subjects, the strongest of each first. One entry
// that an item meets by several digests counts by the strongest of them, and
// one that it meets by several hashes by the strongest; an entry met by digest and
// by PDQ gives two matches.
func (m *Matcher) Match(ctx context.Context, q db.Queryer, subjects []Subject) ([]Match, error) {
	found, err := m.exact(ctx, q, subjects)
	if err != nil {
		return nil, err
	}
	near, err := m.near(ctx, q, subjects)
	if err != nil {
		return nil, err
	}
	var out []Match
	for i := range subjects {
		own := append(found[i], near[i]...)
		slices.SortFunc(own, func(a, b Match) int {
			return cmp.Or(cmp.Compare(a.Tier.rank(), b.Tier.rank()), cmp.Compare(a.Distance, b.Distance),
				strings.Compare(string(a.List), string(b.List)), cmp.Compare(a.Number, b.Number))
		})
		out = append(out, own...)
	}
	for i := range out {
		out[i].ID = matchID(m.row, out[i])
	}
	return out, nil
}

// entryKey tells entries of all lists apart.
type entryKey struct {
	list   hashlists.ID
	number int64
}

func (m *Matcher) exact(ctx context.Context, q db.Queryer, subjects []Subject) ([][]Match, error) {
	out := make([][]Match, len(subjects))
	met := make([]map[entryKey]bool, len(subjects))
	for _, a := range []hashlist.Algorithm{hashlist.SHA256, hashlist.SHA1, hashlist.MD5} {
		values := make([][]byte, len(subjects))
		for i, s := range subjects {
			values[i] = valueOf(s, a)
		}
		entries, err := hashlists.Lookup(ctx, q, m.purposes, a, values)
		if err != nil {
			return nil, err
		}
		byValue := map[string][]hashlists.Entry{}
		for _, e := range entries {
			byValue[string(e.Value)] = append(byValue[string(e.Value)], e)
		}
		for i, s := range subjects {
			for _, e := range byValue[string(values[i])] {
				k := entryKey{e.List, e.Number}
				if _, active := m.lists[e.List]; met[i][k] || !active {
					continue
				}
				if met[i] == nil {
					met[i] = map[entryKey]bool{}
				}
				met[i][k] = true
				out[i] = append(out[i], m.match(s, e, Exact))
			}
		}
	}
	return out, nil
}

func valueOf(s Subject, a hashlist.Algorithm) []byte {
	switch a {
	case hashlist.SHA256:
		return s.SHA256[:]
	case hashlist.SHA1:
		return s.SHA1[:]
	}
	return s.MD5[:]
}

func (m *Matcher) match(s Subject, e hashlists.Entry, t Tier) Match {
	return Match{Case: s.Case, Item: s.Item, List: e.List, Version: m.lists[e.List].Version, Number: e.Number,
		SourceID: e.SourceID, Category: e.Category, Algorithm: e.Algorithm, Tier: t, Matcher: Version}
}

func (m *Matcher) near(ctx context.Context, q db.Queryer, subjects []Subject) ([][]Match, error) {
	out := make([][]Match, len(subjects))
	searched := map[pdq.Hash][]hashlists.Near{}
	wanted := map[hashlists.ID][]int64{}
	for i, s := range subjects {
		best := map[entryKey]Match{}
		for _, p := range s.Prints {
			if !p.Usable() {
				continue
			}
			hits, ok := searched[p.Hash]
			if !ok {
				var err error
				if hits, err = m.perceptual.Search(p.Hash, Radius); err != nil {
					return nil, err
				}
				searched[p.Hash] = hits
			}
			for _, n := range hits {
				k := entryKey{n.List, n.Number}
				e := hashlists.Entry{Algorithm: string(hashlist.PDQ), List: n.List, Number: n.Number}
				hit := m.match(s, e, tierOf(p, n.Distance))
				hit.Variant, hit.Distance, hit.Quality = p.Variant, n.Distance, p.Quality
				if old, ok := best[k]; !ok || stronger(hit, old) < 0 {
					best[k] = hit
				}
			}
		}
		for k, hit := range best {
			out[i] = append(out[i], hit)
			wanted[k.list] = append(wanted[k.list], k.number)
		}
	}
	return out, describe(ctx, q, out, wanted)
}

// stronger orders matches of one item with one entry: by tier, by distance, and
// alike by variant, plain ones first, so that the order of the hashes tells
// nothing.
func stronger(a, b Match) int {
	plain := func(variant string) int { return slices.Index([]string{"full", "ref512"}, variant) }
	return cmp.Or(cmp.Compare(a.Tier.rank(), b.Tier.rank()), cmp.Compare(a.Distance, b.Distance),
		cmp.Compare(plain(b.Variant), plain(a.Variant)), strings.Compare(a.Variant, b.Variant))
}

// describe fills in what the entries say.
func describe(ctx context.Context, q db.Queryer, found [][]Match, wanted map[hashlists.ID][]int64) error {
	said := map[entryKey]hashlists.Entry{}
	for list, numbers := range wanted {
		entries, err := hashlists.Entries(ctx, q, list, numbers...)
		if err != nil {
			return err
		}
		for _, e := range entries {
			said[entryKey{e.List, e.Number}] = e
		}
	}
	for _, own := range found {
		for i := range own {
			e := said[entryKey{own[i].List, own[i].Number}]
			own[i].Category, own[i].SourceID = e.Category, e.SourceID
		}
	}
	return nil
}
