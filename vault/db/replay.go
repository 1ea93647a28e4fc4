package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"strings"

	"tutela/fault"
	"tutela/vault/internal/engine"
)

// Apply repeats the items of an act in one transaction, as the log holds them,
// into a store that is being rebuilt. Nothing is recorded. An item that is not
// canonical or does not fit its table is a Corrupt error.
func (r Raw) Apply(ctx context.Context, act string, items []Item) error {
	return r.Write(ctx, func(w *Writer) error {
		w.act = act
		w.plain = true
		for len(items) > 0 {
			n := 1
			for n < len(items) && items[n].Table == items[0].Table && items[n].Op == items[0].Op {
				n++
			}
			if err := w.apply(ctx, items[:n]); err != nil {
				return err
			}
			items = items[n:]
		}
		return nil
	})
}

// apply writes items of one table and operation.
func (w *Writer) apply(ctx context.Context, items []Item) error {
	d := w.store.tables[items[0].Table]
	if d == nil {
		return fault.New(fault.Corrupt, "db: replay: an item names a table that does not exist")
	}
	rows := make([]Row, len(items))
	for i, it := range items {
		var err error
		if rows[i], err = d.parse(it); err != nil {
			return err
		}
	}
	switch items[0].Op {
	case Put:
		return w.Put(ctx, d.Table, rows...)
	case Delete:
		return w.Delete(ctx, d.Table, rows...)
	}
	return fault.New(fault.Corrupt, "db: replay: table %s: an item is neither put nor delete", d.Name)
}

// parse reads an item back and insists that it is what item would write.
func (t *table) parse(it Item) (Row, error) {
	var body struct {
		Op    string                     `json:"op"`
		Row   map[string]json.RawMessage `json:"row"`
		Table string                     `json:"table"`
	}
	n := len(t.Columns)
	if it.Op == Delete {
		n = t.Key
	}
	err := json.Unmarshal(it.JSON, &body)
	if err != nil || body.Op != it.Op || body.Table != t.Name || len(body.Row) != n {
		return nil, fault.New(fault.Corrupt, "db: replay: table %s: an item does not have the form of one", t.Name)
	}
	row := make(Row, n)
	for i := range row {
		raw, ok := body.Row[t.Columns[i]]
		if ok {
			row[i], err = t.decode(i, raw)
		}
		if !ok || err != nil {
			return nil, fault.New(fault.Corrupt, "db: replay: table %s: an item lacks column %s or has it wrong", t.Name, t.Columns[i])
		}
	}
	if err := t.check(row, n); err != nil {
		return nil, fault.New(fault.Corrupt, "db: replay: %w", err)
	}
	if string(t.item(nil, it.Op, row)) != string(it.JSON) {
		return nil, fault.New(fault.Corrupt, "db: replay: table %s: an item is not in canonical form", t.Name)
	}
	return row, nil
}

// Dump yields each committed row of a declared table as canonical JSON, an
// object of all columns and act sorted by name, in the order of the key. Equal
// tables give equal bytes on both engines.
func (r Raw) Dump(ctx context.Context, table string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if r.s == nil {
			yield(nil, errEmpty())
			return
		}
		d := r.s.tables[table]
		if d == nil {
			yield(nil, fault.New(fault.NotFound, "db: dump: no table is called %q", table))
			return
		}
		key := strings.Join(d.Columns[:d.Key], ", ")
		rows, err := r.Read().Query(ctx, "SELECT "+strings.Join(d.Columns, ", ")+", act FROM "+d.Name+" ORDER BY "+key)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			row, act, err := d.scan(rows)
			if err != nil {
				yield(nil, engine.Classify(ctx, "dump", err))
				return
			}
			if !yield(append(d.fields([]byte{'{'}, row, act), '}'), nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, engine.Classify(ctx, "dump", err))
		}
	}
}

// scan reads all columns and act.
func (t *table) scan(rows *sql.Rows) (Row, string, error) {
	var act string
	into := make([]any, 0, len(t.kinds)+1)
	for _, k := range t.kinds {
		switch k {
		case engine.Text:
			into = append(into, new(sql.NullString))
		case engine.Int:
			into = append(into, new(sql.NullInt64))
		case engine.Bool:
			into = append(into, new(sql.NullBool))
		default:
			into = append(into, new([]byte))
		}
	}
	if err := rows.Scan(append(into, &act)...); err != nil {
		return nil, "", err
	}
	row := make(Row, len(into))
	for i, v := range into {
		switch v := v.(type) {
		case *sql.NullString:
			if v.Valid {
				row[i] = v.String
			}
		case *sql.NullInt64:
			if v.Valid {
				row[i] = v.Int64
			}
		case *sql.NullBool:
			if v.Valid {
				row[i] = v.Bool
			}
		case *[]byte:
			if *v != nil {
				row[i] = *v
			}
		}
	}
	return row, act, nil
}
