package db

import (
	"context"
	"strconv"
	"strings"

	"tutela/vault/internal/engine"
)

// putArrays writes rows to PostgreSQL with one array a column, a thousand rows
// a statement: ten times faster than a statement a row.
func (w *Writer) putArrays(ctx context.Context, d *table, rows []Row) error {
	query := d.arraySQL()
	for len(rows) > 0 {
		n := min(portionPG, len(rows))
		args := make([]any, 0, len(d.Columns)+1)
		for i, k := range d.kinds {
			args = append(args, array(k, rows[:n], i))
		}
		args = append(args, w.act)
		if err := w.exec(ctx, query, args); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// arraySQL returns the statement that writes any number of rows.
func (t *table) arraySQL() string {
	arrays := make([]string, len(t.Columns))
	for i, k := range t.kinds {
		arrays[i] = "?" + strconv.Itoa(i+1) + "::" + k.String() + "[]"
	}
	names := strings.Join(t.Columns, ", ")
	return "INSERT INTO " + t.Name + " (" + names + ", act) SELECT " + names + ", ?" + strconv.Itoa(len(t.Columns)+1) +
		"::TEXT FROM unnest(" + strings.Join(arrays, ", ") + ") AS u(" + names + ")" + t.onConflict()
}

// array collects column i of rows that table.check let through.
func array(k engine.Kind, rows []Row, i int) any {
	switch k {
	case engine.Text:
		return pointers[string](rows, i)
	case engine.Int:
		return pointers[int64](rows, i)
	case engine.Bool:
		return pointers[bool](rows, i)
	}
	out := make([][]byte, len(rows))
	for j, r := range rows {
		out[j], _ = r[i].([]byte)
	}
	return out
}

// pointers returns a column with nil for NULL.
func pointers[T any](rows []Row, i int) []*T {
	values := make([]T, len(rows))
	out := make([]*T, len(rows))
	for j, r := range rows {
		if v, ok := r[i].(T); ok {
			values[j] = v
			out[j] = &values[j]
		}
	}
	return out
}
