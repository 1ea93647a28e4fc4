package db

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/vault/failpoint"
	"tutela/vault/internal/engine"
)

// Writer is one act's transaction. It reads its own writes. Everything it
// writes becomes an item of the act, in the order of the calls. It serves one
// goroutine at a time.
type Writer struct {
	Reader
	tx    *sql.Tx
	act   string
	items []Item
	stmts map[string]*sql.Stmt
	plain bool // a replay: nothing is recorded
}

// Write runs fn in one transaction that can write. On SQLite there is one writer
// at a time: fn must not call Write.
func (r Raw) Write(ctx context.Context, fn func(*Writer) error) error {
	if r.s == nil {
		return errEmpty()
	}
	err := r.s.eng.Tx(ctx, func(tx *sql.Tx) error {
		w := &Writer{Reader: Reader{store: r.s, pool: tx}, tx: tx, stmts: map[string]*sql.Stmt{}}
		if err := fn(w); err != nil {
			return err
		}
		failpoint.Hit("db.written")
		return nil
	})
	if err == nil {
		failpoint.Hit("db.committed")
	}
	return err
}

// Act returns the id of the act that this transaction belongs to.
func (w *Writer) Act() string { return w.act }

// Put inserts rows, or replaces the rows with the same key. Of rows with the
// same key in one call the last one counts.
func (w *Writer) Put(ctx context.Context, t Table, rows ...Row) error {
	d, err := w.begin(t)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := d.check(r, len(d.Columns)); err != nil {
			return err
		}
	}
	rows = d.latest(rows)
	if w.store.eng.Dialect == engine.Postgres {
		err = w.putArrays(ctx, d, rows)
	} else {
		err = w.putValues(ctx, d, rows)
	}
	if err == nil {
		w.record(d, Put, rows)
	}
	return err
}

// Delete removes the rows with the given keys (each a Row of Table.Key values).
func (w *Writer) Delete(ctx context.Context, t Table, keys ...Row) error {
	d, err := w.begin(t)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := d.check(k, d.Key); err != nil {
			return err
		}
	}
	keys = d.latest(keys)
	for rest := keys; len(rest) > 0; {
		n := size(len(rest))
		if err := w.exec(ctx, d.deleteSQL(w.store.eng.Dialect, n), d.args(rest[:n], "")); err != nil {
			return err
		}
		rest = rest[n:]
	}
	w.record(d, Delete, keys)
	return nil
}

// begin refuses a Writer that belongs to no act and a table that is not the
// declared one.
func (w *Writer) begin(t Table) (*table, error) {
	if w == nil || w.store == nil || w.tx == nil {
		return nil, fault.New(fault.Refused, "db: write: this writer belongs to no transaction")
	}
	if w.act == "" {
		return nil, fault.New(fault.Refused, "db: write: no act, no write")
	}
	d, ok := w.store.tables[t.Name]
	if !ok || d.Key != t.Key || len(d.Columns) != len(t.Columns) {
		return nil, fault.New(fault.Invalid, "db: write: table %q is not declared in a schema", t.Name)
	}
	return d, nil
}

// record keeps the items of the act. They share one buffer a call.
func (w *Writer) record(d *table, op string, rows []Row) {
	if w.plain || d.Unlogged || len(rows) == 0 {
		return
	}
	var buf []byte
	ends := make([]int, len(rows))
	for i, r := range rows {
		if buf == nil {
			buf = d.item(make([]byte, 0, 256), op, r)
			buf = append(make([]byte, 0, (len(buf)+16)*len(rows)), buf...)
		} else {
			buf = d.item(buf, op, r)
		}
		ends[i] = len(buf)
	}
	start := 0
	for _, end := range ends {
		w.items = append(w.items, Item{Op: op, Table: d.Name, JSON: buf[start:end:end]})
		start = end
	}
}

// size returns how many of n rows go into the next statement: a power of two,
// so that there are few different statements.
func size(n int) int {
	s := portion
	for s > n {
		s /= 2
	}
	return s
}

// putValues writes rows with INSERT … VALUES (…),(…).
func (w *Writer) putValues(ctx context.Context, d *table, rows []Row) error {
	for len(rows) > 0 {
		n := size(len(rows))
		if err := w.exec(ctx, d.putSQL(n), d.args(rows[:n], w.act)); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// exec prepares a statement once a transaction.
func (w *Writer) exec(ctx context.Context, query string, args []any) error {
	st, err := w.store.cache.Prepare(w.store.eng.Dialect, query)
	if err != nil {
		return err
	}
	if w.store.eng.Dialect == engine.Postgres { // its driver keeps prepared statements itself
		_, err := w.tx.ExecContext(ctx, st.Text, args...)
		return engine.Classify(ctx, "write", err)
	}
	stmt := w.stmts[st.Text]
	if stmt == nil {
		if stmt, err = w.tx.PrepareContext(ctx, st.Text); err != nil {
			return engine.Classify(ctx, "write", err)
		}
		w.stmts[st.Text] = stmt
	}
	if _, err := stmt.ExecContext(ctx, args...); err != nil {
		return engine.Classify(ctx, "write", err)
	}
	return nil
}

// args flattens rows; act, when not empty, follows each.
func (t *table) args(rows []Row, act string) []any {
	out := make([]any, 0, len(rows)*(len(t.Columns)+1))
	for _, r := range rows {
		for _, v := range r {
			if b, ok := v.([]byte); ok && b == nil {
				v = nil
			}
			out = append(out, v)
		}
		if act != "" {
			out = append(out, act)
		}
	}
	return out
}

// putSQL returns the statement that writes n rows.
func (t *table) putSQL(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.Name + " (" + strings.Join(t.Columns, ", ") + ", act) VALUES ")
	width := len(t.Columns) + 1
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(" + marks(i*width+1, width) + ")")
	}
	return b.String() + t.onConflict()
}

func (t *table) onConflict() string {
	var b strings.Builder
	b.WriteString(" ON CONFLICT (" + strings.Join(t.Columns[:t.Key], ", ") + ") DO UPDATE SET act = excluded.act")
	for _, c := range t.Columns[t.Key:] {
		b.WriteString(", " + c + " = excluded." + c)
	}
	return b.String()
}

// deleteSQL returns the statement that removes n rows.
func (t *table) deleteSQL(dialect string, n int) string {
	var b strings.Builder
	b.WriteString("DELETE FROM " + t.Name + " WHERE (" + strings.Join(t.Columns[:t.Key], ", ") + ") IN (VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range t.Key {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString("?" + strconv.Itoa(i*t.Key+j+1))
			if dialect == engine.Postgres {
				b.WriteString("::" + t.kinds[j].String())
			}
		}
		b.WriteByte(')')
	}
	return b.String() + ")"
}
