package db

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"strings"

	"tutela/fault"
	"tutela/vault/internal/engine"
)

// Unequal is a row that two stores do not have alike.
type Unequal struct {
	Key  string // its key columns, as a JSON array
	A, B []byte // canonical JSON of the row without the column act; nil where there is none
}

// Compare goes through a declared table of two stores (A is this one) in the order of its key
// and calls differ for each row that is not the same in both, whoever wrote it.
// It returns how many rows were compared.
func (r Raw) Compare(ctx context.Context, b *Store, table string, differ func(Unequal) error) (int64, error) {
	a := r.s
	if a == nil {
		return 0, errEmpty()
	}
	ta, tb := a.tables[table], b.tables[table]
	if ta == nil || tb == nil {
		return 0, fault.New(fault.NotFound, "db: compare: no table is called %q", table)
	}
	nextA, stopA := iter.Pull2(a.rows(ctx, ta))
	defer stopA()
	nextB, stopB := iter.Pull2(b.rows(ctx, tb))
	defer stopB()
	left, errA, moreA := nextA()
	right, errB, moreB := nextB()
	for n := int64(0); ; n++ {
		if err := cmp.Or(errA, errB); err != nil {
			return n, err
		}
		order := 0
		switch {
		case !moreA && !moreB:
			return n, nil
		case !moreB:
			order = -1
		case !moreA:
			order = 1
		default:
			order = ta.compareKeys(left, right)
		}
		if err := ta.differ(left, right, order, differ); err != nil {
			return n, err
		}
		if order <= 0 {
			left, errA, moreA = nextA()
		}
		if order >= 0 {
			right, errB, moreB = nextB()
		}
	}
}

// differ calls fn when rows are not the same; order says which of them count.
func (t *table) differ(left, right Row, order int, fn func(Unequal) error) error {
	u := Unequal{}
	key := left
	if order <= 0 {
		u.A = append(t.fields([]byte{'{'}, left, ""), '}')
	} else {
		key = right
	}
	if order >= 0 {
		u.B = append(t.fields([]byte{'{'}, right, ""), '}')
	}
	if order == 0 && bytes.Equal(u.A, u.B) {
		return nil
	}
	b := []byte{'['}
	for i := range t.Key {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, key[i])
	}
	u.Key = string(append(b, ']'))
	return fn(u)
}

// compareKeys orders keys as both engines do.
func (t *table) compareKeys(a, b Row) int {
	for i := range t.Key {
		c := 0
		switch x := a[i].(type) {
		case string:
			c = strings.Compare(x, b[i].(string))
		case int64:
			c = cmp.Compare(x, b[i].(int64))
		case bool:
			y := b[i].(bool)
			if x != y {
				c = 1
				if y {
					c = -1
				}
			}
		case []byte:
			c = bytes.Compare(x, b[i].([]byte))
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// rows yields each committed row of a table in the order of its key.
func (s *Store) rows(ctx context.Context, d *table) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		key := strings.Join(d.Columns[:d.Key], ", ")
		rows, err := Raw{s}.Read().Query(ctx, "SELECT "+strings.Join(d.Columns, ", ")+", act FROM "+d.Name+" ORDER BY "+key)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			row, _, err := d.scan(rows)
			if err != nil {
				yield(nil, engine.Classify(ctx, "compare", err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, engine.Classify(ctx, "compare", err))
		}
	}
}

// CopyTable copies the rows of a declared table from another store, for a
// rebuild: the wrapped keys are no part of the log.
func (r Raw) CopyTable(ctx context.Context, from *Store, table, act string) error {
	if r.s == nil {
		return errEmpty()
	}
	d := r.s.tables[table]
	if d == nil || from.tables[table] == nil {
		return fault.New(fault.NotFound, "db: copy: no table is called %q", table)
	}
	return r.Write(ctx, func(w *Writer) error {
		w.act = act
		w.plain = true
		var batch []Row
		for row, err := range from.rows(ctx, from.tables[table]) {
			if err != nil {
				return err
			}
			if batch = append(batch, row); len(batch) == portionPG {
				if err := w.Put(ctx, d.Table, batch...); err != nil {
					return err
				}
				batch = batch[:0]
			}
		}
		if len(batch) == 0 {
			return nil
		}
		return w.Put(ctx, d.Table, batch...)
	})
}
