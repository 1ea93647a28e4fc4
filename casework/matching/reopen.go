package matching

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault/db"
)

// Cause says why a match was opened again.
type Cause string

// The causes.
const (
	EntryGone      Cause = "withdrawn" // no active entry of the source carries the value any more
	EntryCorrected Cause = "corrected" // the source gives the value another category now
)

// Reopened is a match whose entry no longer says what it said. It stays until a
// person settles it, also when the match itself is gone: others may have been told.
type Reopened struct {
	Match    string // id of the match
	At       int64  // microseconds UTC
	Case     cases.ID
	Item     media.ID
	List     hashlists.ID
	Version  string // of the list
	Number   int64
	SourceID string

	Algorithm string
	Variant   string
	Distance  int
	Tier      Tier
	Was, Is   string // category with its scheme, version and region; Is is "" for EntryGone
	Cause     Cause
	Officer   staff.ID
	Why       string

	SettledBy  staff.ID // "" while it is open
	SettledAt  int64
	SettledWhy string
}

var reopenedTable = db.Table{Name: "hash_match_reopened", Key: 2, Columns: []string{"match_id", "at_us", "case_id", "item", "list_id", "list_version",
	"number", "source_id", "algorithm", "variant", "distance", "tier", "was", "now", "cause", "officer", "why", "settled_by", "settled_at_us", "settled_why"}}

const (
	reopenedSQL = `
CREATE TABLE hash_match_reopened (
	match_id TEXT NOT NULL, at_us BIGINT NOT NULL, case_id TEXT NOT NULL, item TEXT NOT NULL, list_id TEXT NOT NULL, list_version TEXT NOT NULL,
	number BIGINT NOT NULL, source_id TEXT NOT NULL, algorithm TEXT NOT NULL, variant TEXT NOT NULL, distance BIGINT NOT NULL, tier TEXT NOT NULL,
	was TEXT NOT NULL, now TEXT NOT NULL, cause TEXT NOT NULL, officer TEXT NOT NULL, why TEXT NOT NULL, settled_by TEXT NOT NULL,
	settled_at_us BIGINT NOT NULL, settled_why TEXT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (match_id, at_us));
CREATE INDEX hash_match_reopened_case ON hash_match_reopened (case_id);`
	selectReopened = `SELECT match_id, at_us, case_id, item, list_id, list_version, number, source_id, algorithm, variant, distance, tier, was, now,
		cause, officer, why, settled_by, settled_at_us, settled_why FROM hash_match_reopened`
)

func (r Reopened) row() db.Row {
	return db.Row{r.Match, r.At, string(r.Case), string(r.Item), string(r.List), r.Version, r.Number, r.SourceID, r.Algorithm, r.Variant,
		int64(r.Distance), string(r.Tier), db.Text(r.Was), db.Text(r.Is), string(r.Cause), string(r.Officer), db.Text(r.Why), string(r.SettledBy),
		r.SettledAt, db.Text(r.SettledWhy)}
}

func scanReopened(rows *sql.Rows) (Reopened, error) {
	var r Reopened
	err := rows.Scan(&r.Match, &r.At, &r.Case, &r.Item, &r.List, &r.Version, &r.Number, &r.SourceID, &r.Algorithm, &r.Variant, &r.Distance, &r.Tier,
		&r.Was, &r.Is, &r.Cause, &r.Officer, &r.Why, &r.SettledBy, &r.SettledAt, &r.SettledWhy)
	return r, err
}

// Change is what was done to the lists of a source.
type Change struct {
	Source  string
	Purpose hashlists.Purpose
	Officer staff.ID
	At      int64 // microseconds UTC
	Why     string
}

// Reopen opens again every match that rests on an entry of the source that is no
// longer active, unless another active entry of the source says the same of the
// value. It belongs into the act that changes the lists, after the change. A match
// that is open already is not opened twice.
func Reopen(ctx context.Context, w *db.Writer, c Change) ([]Reopened, error) {
	if c.Officer == "" || c.At == 0 || strings.TrimSpace(c.Why) == "" {
		return nil, fault.New(fault.Invalid, "matching: a match is opened again by an officer, at a time and for a reason")
	}
	found, err := db.Collect(ctx, w, scanMatch, "SELECT "+matchColumns+` FROM hash_match m JOIN hash_list l ON l.id = m.list_id
		WHERE l.source = ?1 AND l.purpose = ?2 AND (l.state <> 'active' OR EXISTS (SELECT 1 FROM hash_list_entry e
			WHERE e.list_id = m.list_id AND e.number = m.number AND e.state <> 'active'))
		AND NOT EXISTS (SELECT 1 FROM hash_match_reopened r WHERE r.match_id = m.id AND r.settled_at_us = 0)
		ORDER BY m.case_id, m.item, m.id`, db.Text(c.Source), string(c.Purpose))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	lists, err := hashlists.All(ctx, w)
	if err != nil {
		return nil, err
	}
	o := opening{Change: c, lists: map[hashlists.ID]hashlists.List{}}
	for _, l := range lists {
		o.lists[l.ID] = l
	}
	var out []Reopened
	for part := range slices.Chunk(found, 2000) {
		opened, err := o.judge(ctx, w, part)
		if err != nil {
			return nil, err
		}
		out = append(out, opened...)
	}
	rows := make([]db.Row, len(out))
	for i, r := range out {
		rows[i] = r.row()
	}
	return out, w.Put(ctx, reopenedTable, rows...)
}

type opening struct {
	Change
	lists map[hashlists.ID]hashlists.List
}

// judge decides which of the matches lost their ground.
func (o opening) judge(ctx context.Context, q db.Queryer, part []Match) ([]Reopened, error) {
	numbers := map[hashlists.ID][]int64{}
	for _, m := range part {
		numbers[m.List] = append(numbers[m.List], m.Number)
	}
	values := map[entryKey][]hashlists.Entry{}
	wanted := map[string][][]byte{}
	for list, ns := range numbers {
		entries, err := hashlists.Entries(ctx, q, list, ns...)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			k := entryKey{e.List, e.Number}
			values[k] = append(values[k], e)
			wanted[e.Algorithm] = append(wanted[e.Algorithm], e.Value)
		}
	}
	now := map[string][]string{} // categories by algorithm and value
	for a, vs := range wanted {
		entries, err := hashlists.Lookup(ctx, q, []hashlists.Purpose{o.Purpose}, hashlist.Algorithm(a), vs)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if o.lists[e.List].Source == o.Source {
				k := a + " " + string(e.Value)
				now[k] = append(now[k], o.category(e.List, e.Category))
			}
		}
	}
	var out []Reopened
	for _, m := range part {
		if r, opened := o.one(m, values[entryKey{m.List, m.Number}], now); opened {
			out = append(out, r)
		}
	}
	return out, nil
}

func (o opening) one(m Match, entry []hashlists.Entry, now map[string][]string) (Reopened, bool) {
	r := Reopened{Match: m.ID, At: o.At, Case: m.Case, Item: m.Item, List: m.List, Version: m.Version, Number: m.Number, SourceID: m.SourceID,
		Algorithm: m.Algorithm, Variant: m.Variant, Distance: m.Distance, Tier: m.Tier, Was: o.category(m.List, m.Category), Officer: o.Officer, Why: o.Why}
	said, answered := []string(nil), false
	for _, e := range entry {
		if e.Algorithm == m.Algorithm {
			codes := now[e.Algorithm+" "+string(e.Value)]
			if answered = len(codes) > 0; !answered {
				break
			}
			said = append(said, codes...)
		}
	}
	switch {
	case !answered:
		r.Cause = EntryGone
	case !slices.Contains(said, r.Was):
		r.Cause, r.Is = EntryCorrected, said[0]
	default:
		return r, false
	}
	return r, true
}

// category writes a code with whose it is; never a bare number. The version of the
// data model is left out: a new one alone corrects nothing.
func (o opening) category(list hashlists.ID, code string) string {
	l := o.lists[list]
	return fmt.Sprintf("%s/%s/%s", cmp.Or(l.Scheme, l.Source), l.Region, code)
}

// ReopenedOf lists the matches of a case that were opened again, the latest first;
// with open, only those that nobody has settled. Items of protected sources are
// left out unless the view is protected.
func ReopenedOf(ctx context.Context, q db.Queryer, c cases.ID, v cases.View, open bool) ([]Reopened, error) {
	return db.Collect(ctx, q, scanReopened, selectReopened+` WHERE case_id = ?1 AND (NOT ?2 OR settled_at_us = 0)
		AND (?3 OR EXISTS (SELECT 1 FROM item i WHERE i.id = item AND NOT `+hidden+`))
		ORDER BY at_us DESC, match_id`, string(c), open, v.Protected)
}

// Settle records that a person has looked at a match of a case that was opened
// again, and what came of it. It returns how many it settled: none is a NotFound
// error.
func Settle(ctx context.Context, w *db.Writer, c cases.ID, match string, by staff.ID, at int64, why string) (int, error) {
	if by == "" || at == 0 || strings.TrimSpace(why) == "" {
		return 0, fault.New(fault.Invalid, "matching: a match is settled by an officer, at a time and for a reason")
	}
	found, err := db.Collect(ctx, w, scanReopened, selectReopened+" WHERE case_id = ?1 AND match_id = ?2 AND settled_at_us = 0", string(c), match)
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fault.New(fault.NotFound, "matching: no match %s of the case is open again", match)
	}
	var rows []db.Row
	for _, r := range found {
		r.SettledBy, r.SettledAt, r.SettledWhy = by, at, why
		rows = append(rows, r.row())
	}
	return len(rows), w.Put(ctx, reopenedTable, rows...)
}
