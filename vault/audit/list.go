package audit

import (
	"context"
	"database/sql"
	"iter"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
)

// stored is an entry as it stands in the tables.
type stored struct {
	index                               int64
	act                                 string
	at                                  sql.NullInt64
	class, verb, caseID, object, actor  sql.NullString
	header, signature, salt, commitment []byte
	seed, items                         []byte
}

const storedColumns = `a.idx, a.act, a.at_us, a.class, a.verb, a.case_id, a.object, a.actor, a.header, a.signature, a.salt, a.commitment`

func scanStored(r *sql.Rows) (s stored, err error) {
	err = r.Scan(&s.index, &s.act, &s.at, &s.class, &s.verb, &s.caseID, &s.object, &s.actor,
		&s.header, &s.signature, &s.salt, &s.commitment)
	return s, err
}

func scanWithItems(r *sql.Rows) (s stored, err error) {
	err = r.Scan(&s.index, &s.act, &s.at, &s.class, &s.verb, &s.caseID, &s.object, &s.actor,
		&s.header, &s.signature, &s.salt, &s.commitment, &s.seed, &s.items)
	return s, err
}

// portion is how many entries are read at once.
const portion = 64

// entries returns every stored entry with its items, in order.
func entries(ctx context.Context, q db.Queryer) iter.Seq2[stored, error] {
	return pages(ctx, q, scanWithItems, `SELECT `+storedColumns+`, i.seed, i.items
FROM log_act a LEFT JOIN log_item i ON i.idx = a.idx WHERE a.idx > ?1 ORDER BY a.idx LIMIT ?2`, portion,
		func(s stored) int64 { return s.index })
}

// find returns the entry of an act with its items.
func find(ctx context.Context, q db.Queryer, act string) (stored, error) {
	s, ok, err := db.One(ctx, q, scanWithItems, `SELECT `+storedColumns+`, i.seed, i.items
FROM log_act a LEFT JOIN log_item i ON i.idx = a.idx WHERE a.act = ?1`, act)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "audit: no act %s", act)
	}
	return s, err
}

// Entry is an act as the log lists it.
type Entry struct {
	Receipt
	Header proof.Header // zero if erased
	Erased bool
}

// Filter chooses entries; a zero field chooses all.
type Filter struct {
	Case   string
	Object string
	Actor  string
	Class  Class
	Verb   string
	From   int64 // first index
	Until  int64 // index after the last, 0 = no end
}

// Acts lists entries in the order of the log.
func Acts(ctx context.Context, q db.Queryer, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		until := f.Until
		if until == 0 {
			until = 1<<63 - 1
		}
		for from := f.From; ; {
			list, err := db.Collect(ctx, q, scanStored, `SELECT `+storedColumns+` FROM log_act a
WHERE a.idx >= ?1 AND a.idx < ?2 AND (?3 = '' OR a.case_id = ?3) AND (?4 = '' OR a.object = ?4)
AND (?5 = '' OR a.actor = ?5) AND (?6 = '' OR a.class = ?6) AND (?7 = '' OR a.verb = ?7) ORDER BY a.idx LIMIT ?8`,
				from, until, f.Case, f.Object, f.Actor, string(f.Class), f.Verb, int64(portion))
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, s := range list {
				if !yield(s.entry()) {
					return
				}
				from = s.index + 1
			}
			if len(list) < portion {
				return
			}
		}
	}
}

func (s stored) entry() (Entry, error) {
	e := Entry{Receipt: Receipt{Act: s.act, Index: s.index}, Erased: s.header == nil}
	if e.Erased {
		return e, nil
	}
	var err error
	if e.Header, err = proof.ParseHeader(s.header); err != nil {
		return e, fault.New(fault.Corrupt, "audit: entry %d: %w", s.index, err)
	}
	return e, nil
}

// Item is one row change of an act.
type Item struct {
	Place int
	JSON  []byte // canonical, docs/formats/audit.md §1
}

// Items returns the items of an act that still stand.
func Items(ctx context.Context, q db.Queryer, act string) ([]Item, error) {
	s, err := find(ctx, q, act)
	if err != nil {
		return nil, err
	}
	frames, err := decodeFrames(s.items)
	if err != nil {
		return nil, err
	}
	var out []Item
	for i, f := range frames {
		if !f.erased {
			out = append(out, Item{i, f.item})
		}
	}
	return out, nil
}
