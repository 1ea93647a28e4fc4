package audit

import (
	"context"
	"database/sql"
	"encoding/json"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
)

// Selector names what Erase drops: with Act the items at Places (all if nil)
// and, with Header, the header too; with Case and Match every item of the
// case's acts that matches.
type Selector struct {
	Act    string
	Places []int
	Header bool
	Case   string
	// Match is called with the table and the columns of each item (values as
	// JSON).
	Match func(table string, row map[string]json.RawMessage) bool
}

// Erase drops payloads and salts within an act of class erasure, whose items say
// what was dropped. Commitments, and every proof of anything else, stay valid.
// It drops what the log remembers; the rows themselves are deleted through w.
// It returns the number of items and headers dropped.
func Erase(ctx context.Context, w *db.Writer, sel Selector) (int, error) {
	if sel.Act != "" {
		s, err := find(ctx, w, sel.Act)
		if err != nil {
			return 0, err
		}
		return eraseFrom(ctx, w, s, sel)
	}
	if sel.Case == "" || sel.Match == nil {
		return 0, fault.New(fault.Invalid, "audit: erase: neither an act nor a case with a match is named")
	}
	scan := func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err }
	acts, err := db.Collect(ctx, w, scan, `SELECT a.act FROM log_act a JOIN log_item i ON i.idx = a.idx
WHERE a.case_id = ?1 ORDER BY a.idx`, sel.Case)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, act := range acts {
		s, err := find(ctx, w, act)
		if err != nil {
			return total, err
		}
		n, err := eraseFrom(ctx, w, s, Selector{Act: act, Match: sel.Match})
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

func eraseFrom(ctx context.Context, w *db.Writer, s stored, sel Selector) (int, error) {
	frames, err := decodeFrames(s.items)
	if err != nil {
		return 0, err
	}
	chosen, err := sel.choose(frames)
	if err != nil {
		return 0, err
	}
	var rows []db.Row
	for _, i := range chosen {
		if f := &frames[i]; !f.erased {
			*f = frame{erased: true, leaf: proof.Leaf(f.salt, f.item)}
			rows = append(rows, db.Row{s.act, int64(i), "item"})
		}
	}
	if len(rows) > 0 {
		if err := exec(ctx, w, `UPDATE log_item SET items = ?1 WHERE idx = ?2`, encodeFrames(frames), s.index); err != nil {
			return 0, err
		}
	}
	if sel.Header && s.header != nil {
		if err := eraseHeader(ctx, w, s, frames); err != nil {
			return 0, err
		}
		rows = append(rows, db.Row{s.act, int64(-1), "header"})
	}
	return len(rows), w.Put(ctx, erasedTable(), rows...)
}

// choose returns the places that a selector of one act means.
func (sel Selector) choose(frames []frame) ([]int, error) {
	if sel.Match == nil && sel.Places != nil {
		for _, i := range sel.Places {
			if i < 0 || i >= len(frames) {
				return nil, fault.New(fault.NotFound, "audit: act %s has no item %d", sel.Act, i)
			}
		}
		return sel.Places, nil
	}
	var chosen []int
	for i, f := range frames {
		if f.erased {
			continue
		}
		if sel.Match != nil {
			it, err := parseItem(f.item)
			if err != nil {
				return nil, err
			}
			if !sel.Match(it.Table, it.Row) {
				continue
			}
		}
		chosen = append(chosen, i)
	}
	return chosen, nil
}

func eraseHeader(ctx context.Context, w *db.Writer, s stored, frames []frame) error {
	for _, f := range frames {
		if !f.erased {
			return fault.New(fault.Refused, "audit: erase: act %s has items that still stand", s.act)
		}
	}
	err := exec(ctx, w, `UPDATE log_act SET at_us = NULL, class = NULL, verb = NULL, case_id = NULL, object = NULL,
actor = NULL, header = NULL, signature = NULL, salt = NULL WHERE idx = ?1`, s.index)
	if err != nil {
		return err
	}
	return exec(ctx, w, `DELETE FROM log_item WHERE idx = ?1`, s.index)
}

// parsedItem is an item taken apart; the values stay JSON.
type parsedItem struct {
	Op    string                     `json:"op"`
	Row   map[string]json.RawMessage `json:"row"`
	Table string                     `json:"table"`
}

func parseItem(b []byte) (parsedItem, error) {
	var it parsedItem
	if err := json.Unmarshal(b, &it); err != nil {
		return it, fault.New(fault.Corrupt, "audit: an item is not JSON: %w", err)
	}
	return it, nil
}
