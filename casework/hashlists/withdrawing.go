package hashlists

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault/db"
)

// earlier limits a query on entries e to this list and to those before it that it
// may change: of the same source and purpose, and for a part of a list of the same
// version. Only the order of the import counts, not the state of the lists, so that
// a refill finds what the import found.
const earlier = ` AND e.state = 'active' AND (e.list_id = ?1 OR EXISTS (SELECT 1 FROM hash_list l WHERE l.id = e.list_id
	AND l.source = ?2 AND l.purpose = ?3 AND (l.at_us < ?4 OR (l.at_us = ?4 AND l.id < ?1)) AND (?5 OR l.version = ?6)))`

func (f *filling) scope() []any {
	l := f.list
	return []any{string(l.ID), db.Text(l.Source), string(l.Purpose), l.At, l.Delta, db.Text(l.Version)}
}

// end ends the earlier entries that the given ones name. Whoever is not found was
// never there, or is gone already: that is no fault.
func (f *filling) end(by []hashlist.Entry, s State) error {
	if len(by) == 0 {
		return nil
	}
	found, err := f.named(by)
	if err != nil || len(found) == 0 {
		return err
	}
	whole := map[spot][]Entry{}
	for _, e := range found {
		at := spot{e.List, e.Number}
		whole[at] = append(whole[at], e)
	}
	members, err := f.members(by, whole)
	if err != nil {
		return err
	}
	index := indexed(whole)
	var rows []db.Row
	for _, x := range by {
		for _, at := range index[keyOf(x)] {
			entry := whole[at]
			if entry == nil || !carries(entry, x.Values) && (x.Removed || x.SourceID == "") || other(members[at], x) {
				continue
			}
			for _, e := range entry {
				e.State = s
				rows = append(rows, e.row())
			}
			delete(whole, at)
			f.list.Gone++
		}
	}
	return f.w.Put(f.ctx, entryTable, rows...)
}

// spot names an entry of any list.
type spot struct {
	list   ID
	number int64
}

// named returns all values of the active entries that have the source id or the
// first value of one of the given ones.
func (f *filling) named(by []hashlist.Entry) ([]Entry, error) {
	var ids []string
	values := map[hashlist.Algorithm][][]byte{}
	for _, x := range by {
		if x.SourceID != "" {
			ids = append(ids, db.Text(x.SourceID))
		} else if len(x.Values) > 0 {
			a := x.Values[0].Algorithm
			values[a] = append(values[a], x.Values[0].Bytes)
		}
	}
	// the index on source ids leaves out those without one, and serves only queries that say so
	found, err := db.CollectIn(f.ctx, f.w, scanEntry, selectEntry+" WHERE e.source_id IN (?*) AND e.source_id <> ''"+earlier, ids, f.scope()...)
	if err != nil {
		return nil, err
	}
	for a, bs := range values {
		hits, err := db.CollectIn(f.ctx, f.w, scanEntry, selectEntry+" WHERE e.value IN (?*) AND e.algorithm = ?7"+earlier, bs,
			append(f.scope(), string(a))...)
		if err != nil {
			return nil, err
		}
		of := map[ID][]int64{}
		for _, e := range hits {
			of[e.List] = append(of[e.List], e.Number)
		}
		for list, numbers := range of {
			all, err := Entries(f.ctx, f.w, list, numbers...)
			if err != nil {
				return nil, err
			}
			found = append(found, all...)
		}
	}
	return found, nil
}

// keyOf is the key of an entry of a document by which indexed finds others.
func keyOf(x hashlist.Entry) string {
	x.Replaces = true
	if x.SourceID == "" && len(x.Values) == 0 {
		return ""
	}
	x.SourceID = db.Text(x.SourceID)
	return takesPlace(x)
}

// indexed finds entries by source id and by value.
func indexed(whole map[spot][]Entry) map[string][]spot {
	index := map[string][]spot{}
	for at, entry := range whole {
		keys := map[string]bool{}
		for _, e := range entry {
			keys[e.Algorithm+" "+string(e.Value)] = true
			if e.SourceID != "" {
				keys["id "+e.SourceID] = true
			}
		}
		for k := range keys {
			index[k] = append(index[k], at)
		}
	}
	return index
}

// carries reports whether an entry has all of the values.
func carries(entry []Entry, values []hashlist.Value) bool {
	for _, v := range values {
		if !slices.ContainsFunc(entry, func(e Entry) bool { return e.Algorithm == string(v.Algorithm) && bytes.Equal(e.Value, v.Bytes) }) {
			return false
		}
	}
	return true
}

// members returns who reported the found entries, where an entry that takes the
// place of others says who reported it: ids of two members may be the same.
func (f *filling) members(by []hashlist.Entry, whole map[spot][]Entry) (map[spot]string, error) {
	if !slices.ContainsFunc(by, func(x hashlist.Entry) bool { return x.Replaces && x.Details.Member != "" }) {
		return nil, nil
	}
	numbers := map[ID][]int64{}
	for at := range whole {
		numbers[at.list] = append(numbers[at.list], at.number)
	}
	out := map[spot]string{}
	for list, ns := range numbers {
		found, err := db.CollectIn(f.ctx, f.w, scanDetail, selectDetail+" WHERE number IN (?*) AND list_id = ?1", ns, string(list))
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			var told hashlist.Details
			if err := json.Unmarshal([]byte(d.Text), &told); err != nil {
				return nil, fault.New(fault.Corrupt, "hash list: list %s: the details of entry %d: %w", string(list), d.Number, err)
			}
			out[spot{d.List, d.Number}] = told.Member
		}
	}
	return out, nil
}

func other(member string, x hashlist.Entry) bool {
	return x.Replaces && member != "" && x.Details.Member != "" && member != x.Details.Member
}

// Withdraw ends single entries of a list by the decision of an officer, for the
// stated reason. They stay, so that earlier matches can be explained. A number that
// the list does not have is a NotFound error.
func Withdraw(ctx context.Context, w *db.Writer, by Withdrawal, numbers ...int64) error {
	if strings.TrimSpace(by.Why) == "" || by.Officer == "" || by.At == 0 {
		return fault.New(fault.Invalid, "hash list: a withdrawal needs a reason, an officer and a time")
	}
	if len(numbers) == 0 {
		return fault.New(fault.Invalid, "hash list: no entry is named")
	}
	if _, err := Find(ctx, w, by.List); err != nil {
		return err
	}
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	found, err := withdraw(ctx, w, by.List, numbers)
	if err != nil {
		return err
	}
	var rows []db.Row
	for _, n := range numbers {
		if !found[n] {
			return fault.New(fault.NotFound, "hash list: list %s has no entry %d", string(by.List), n)
		}
		by.Number = n
		rows = append(rows, by.row())
	}
	return w.Put(ctx, withdrawalTable, rows...)
}

func withdraw(ctx context.Context, w *db.Writer, list ID, numbers []int64) (map[int64]bool, error) {
	entries, err := Entries(ctx, w, list, numbers...)
	if err != nil {
		return nil, err
	}
	found := map[int64]bool{}
	var rows []db.Row
	for _, e := range entries {
		found[e.Number] = true
		e.State = Withdrawn
		rows = append(rows, e.row())
	}
	return found, w.Put(ctx, entryTable, rows...)
}

// again repeats the withdrawals of a list that was read again.
func again(ctx context.Context, w *db.Writer, list ID) error {
	all, err := Withdrawals(ctx, w, list)
	if err != nil || len(all) == 0 {
		return err
	}
	numbers := make([]int64, len(all))
	for i, x := range all {
		numbers[i] = x.Number
	}
	_, err = withdraw(ctx, w, list, numbers)
	return err
}

// Withdrawals lists which entries of a list officers withdrew, by number.
func Withdrawals(ctx context.Context, q db.Queryer, list ID) ([]Withdrawal, error) {
	return db.Collect(ctx, q, scanWithdrawal, selectWithdrawal+" WHERE list_id = ?1 ORDER BY number", string(list))
}
