package hashlists

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault/db"
)

// page is a part of a list: its values in the order of number, algorithm and
// value, and its details by number.
type page struct {
	values  []Entry
	details []detail
}

// pages reads a list from the database a part at a time, whatever the state of its
// entries.
func pages(ctx context.Context, q db.Queryer, l List) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		const step = 2000 // entries at a time
		for from := int64(0); from == 0 || from < l.Entries; from += step {
			var p page
			var err error
			p.values, err = db.Collect(ctx, q, scanEntry, selectEntry+" WHERE e.list_id = ?1 AND e.number > ?2 AND e.number <= ?3",
				string(l.ID), from, from+step)
			if err == nil {
				p.details, err = db.Collect(ctx, q, scanDetail, selectDetail+" WHERE list_id = ?1 AND number > ?2 AND number <= ?3 ORDER BY number",
					string(l.ID), from, from+step)
			}
			slices.SortFunc(p.values, func(a, b Entry) int {
				return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.Algorithm, b.Algorithm), bytes.Compare(a.Value, b.Value))
			})
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Stream yields the active entries of a list in the order of the document, with
// their details. An error is the last thing it yields.
func Stream(ctx context.Context, q db.Queryer, l List) iter.Seq2[hashlist.Entry, error] {
	return func(yield func(hashlist.Entry, error) bool) {
		for p, err := range pages(ctx, q, l) {
			if err != nil {
				yield(hashlist.Entry{}, err)
				return
			}
			told := map[int64]string{}
			for _, d := range p.details {
				told[d.Number] = d.Text
			}
			for from := 0; from < len(p.values); {
				to := from + 1
				for to < len(p.values) && p.values[to].Number == p.values[from].Number {
					to++
				}
				e, active, err := entryOf(p.values[from:to], told[p.values[from].Number])
				from = to
				if active && !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// entryOf puts the values of an entry together.
func entryOf(values []Entry, details string) (e hashlist.Entry, active bool, err error) {
	e.Category, e.SourceID = values[0].Category, values[0].SourceID
	for _, v := range values {
		if active = v.State == Active; !active {
			return e, false, nil
		}
		e.Values = append(e.Values, hashlist.Value{Algorithm: hashlist.Algorithm(v.Algorithm), Bytes: v.Value, Barred: v.Barred})
	}
	if details != "" {
		if err = json.Unmarshal([]byte(details), &e.Details); err != nil {
			err = fault.New(fault.Corrupt, "hash list: list %s: the details of entry %d: %w", string(values[0].List), values[0].Number, err)
		}
	}
	return e, true, err
}

// Names returns the names of the active lists of the given purposes, by id: for
// each its id, and how many of its entries officers withdrew, where any were. Two
// equal results mean that the same entries answer.
func Names(ctx context.Context, q db.Queryer, purposes ...Purpose) ([]string, error) {
	return db.CollectIn(ctx, q, scanName, `SELECT l.id, (SELECT COUNT(*) FROM hash_list_withdrawal x WHERE x.list_id = l.id)
		FROM hash_list l WHERE l.purpose IN (?*) AND l.state = 'active' ORDER BY l.id`, texts(purposes))
}
