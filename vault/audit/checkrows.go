package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"iter"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// rowState is what the log says of one row.
type rowState struct {
	digest [16]byte
	index  int64 // entry that wrote it
	table  string
}

// rowKey and rowDigest name and sum up a row by its JSON values, which are
// canonical on both sides.
func rowKey(t db.Table, row map[string]json.RawMessage) [16]byte {
	return sum(t.Name, t.Columns[:t.Key], row)
}

func rowDigest(t db.Table, row map[string]json.RawMessage, act string) [16]byte {
	return sum(act, t.Columns, row)
}

func sum(first string, columns []string, row map[string]json.RawMessage) [16]byte {
	h := sha256.New()
	h.Write([]byte(first))
	for _, c := range columns {
		h.Write([]byte{0})
		h.Write(row[c])
	}
	return [16]byte(h.Sum(nil))
}

// take notes what an item says of a row.
func (c *checker) take(s stored, item []byte) error {
	it, err := parseItem(item)
	if err != nil {
		return c.report(s.index, s.act, "an item cannot be read")
	}
	t, ok := c.l.store.Table(it.Table)
	if !ok {
		return c.report(s.index, s.act, "an item is of table %q, which is not known", it.Table)
	}
	key := rowKey(t, it.Row)
	if it.Op == db.Delete {
		delete(c.rows, key)
		return nil
	}
	c.rows[key] = rowState{rowDigest(t, it.Row, s.act), s.index, t.Name}
	return nil
}

// checkRows compares every row of every logged table with what the log says.
func (c *checker) checkRows(size int64) error {
	var found []Problem
	for _, t := range c.l.store.Tables() {
		if t.Unlogged {
			continue
		}
		for raw, err := range engine.Unlock(c.l.store.Raw()).Dump(c.ctx, t.Name) {
			if err != nil {
				return err
			}
			if p := c.checkRow(t, raw); p.What != "" {
				found = append(found, p)
			}
		}
	}
	for _, s := range c.rows {
		found = append(found, Problem{Index: s.index, What: "a row of table " + s.table + " that this act wrote is missing"})
	}
	if len(found) == 0 {
		return nil
	}
	h, err := readHead(c.ctx, c.q)
	if err != nil {
		return err
	}
	if h.size != size {
		return fault.Hint(fault.New(fault.Busy, "audit: check: the log has grown meanwhile"), "Check again while nothing else is running.")
	}
	for _, p := range found {
		if err := c.report(p.Index, p.Act, "%s", p.What); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkRow(t db.Table, raw []byte) Problem {
	var row map[string]json.RawMessage
	var act string
	if err := json.Unmarshal(raw, &row); err != nil {
		return Problem{Index: -1, What: "a row of table " + t.Name + " cannot be read"}
	}
	if err := json.Unmarshal(row["act"], &act); err != nil {
		return Problem{Index: -1, What: "a row of table " + t.Name + " names no act"}
	}
	key := rowKey(t, row)
	s, ok := c.rows[key]
	delete(c.rows, key)
	switch {
	case !ok:
		return Problem{Index: -1, Act: act, What: "a row of table " + t.Name + " was written by no act that the log remembers"}
	case s.digest != rowDigest(t, row, act):
		return Problem{Index: s.index, Act: act, What: "a row of table " + t.Name + " is not what the act wrote"}
	}
	return Problem{}
}

// Replay repeats the items of every act in order in a fresh store, without those
// of derived tables, which the pipeline makes again.
func (l *Ledger) Replay(ctx context.Context, into *db.Store) error {
	for s, err := range entries(ctx, engine.Unlock(l.store.Raw()).Read()) {
		if err != nil {
			return err
		}
		frames, err := decodeFrames(s.items)
		if err != nil {
			return err
		}
		var items []db.Item
		for _, f := range frames {
			if f.erased {
				continue
			}
			it, err := parseItem(f.item)
			if err != nil {
				return err
			}
			if t, ok := into.Table(it.Table); ok && t.Derived {
				continue
			}
			items = append(items, db.Item{Op: it.Op, Table: it.Table, JSON: f.item})
		}
		if len(items) == 0 {
			continue
		}
		if err := engine.Unlock(into.Raw()).Apply(ctx, s.act, items); err != nil {
			return fault.New(fault.KindOf(err), "audit: replay entry %d: %w", s.index, err)
		}
	}
	return nil
}

type storedHash struct {
	id   int64
	hash []byte
}

func scanHash(r *sql.Rows) (h storedHash, err error) { err = r.Scan(&h.id, &h.hash); return h, err }

// storedHashes returns the stored hashes in the order of their ids.
func storedHashes(ctx context.Context, q db.Queryer) iter.Seq2[storedHash, error] {
	return pages(ctx, q, scanHash, `SELECT id, hash FROM log_hash WHERE id > ?1 ORDER BY id LIMIT ?2`, 1000,
		func(h storedHash) int64 { return h.id })
}

type storedNote struct {
	size int64
	note string
}

func scanNote(r *sql.Rows) (n storedNote, err error) { err = r.Scan(&n.size, &n.note); return n, err }

// checkpoints returns the checkpoints that were signed, oldest first.
func checkpoints(ctx context.Context, q db.Queryer) iter.Seq2[storedNote, error] {
	return pages(ctx, q, scanNote, `SELECT size, note FROM log_checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2`, 1000,
		func(n storedNote) int64 { return n.size })
}

// pages runs a query page by page; it takes the last key and the page size.
func pages[T any](ctx context.Context, q db.Queryer, scan func(*sql.Rows) (T, error), query string, page int, key func(T) int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for from := int64(-1 << 62); ; {
			list, err := db.Collect(ctx, q, scan, query, from, int64(page))
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, x := range list {
				if !yield(x, nil) {
					return
				}
				from = key(x)
			}
			if len(list) < page {
				return
			}
		}
	}
}
