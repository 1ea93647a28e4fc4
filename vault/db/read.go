package db

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/vault/internal/engine"
)

// Reader reads committed rows over connections that cannot write.
type Reader struct {
	store *Store
	pool  querier
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Queryer is what Collect and the rooms' read functions take: a *Reader or a
// *Writer.
type Queryer interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Query runs a SELECT. Placeholders are ?1, ?2, … in both dialects, and there
// must be as many arguments as the highest of them. A statement that could
// change something is refused.
func (r *Reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if r == nil || r.store == nil {
		return nil, fault.New(fault.Refused, "db: query: this handle was not given out by a store")
	}
	st, err := r.store.prepare(query, args)
	if err != nil {
		return nil, err
	}
	if !st.Reads {
		return nil, fault.New(fault.Refused, "db: query: the statement is not a question")
	}
	rows, err := r.pool.QueryContext(ctx, st.Text, args...)
	if err != nil {
		return nil, engine.Classify(ctx, "query", err)
	}
	return rows, nil
}

// prepare checks the number of arguments: SQLite would take a missing one for
// NULL.
func (s *Store) prepare(query string, args []any) (engine.Statement, error) {
	st, err := s.cache.Prepare(s.eng.Dialect, query)
	if err != nil {
		return st, err
	}
	if st.Args != len(args) {
		return st, fault.New(fault.Invalid, "db: query: %d arguments for %d placeholders", len(args), st.Args)
	}
	return st, nil
}

// Collect runs a query and scans every row.
func Collect[T any](ctx context.Context, q Queryer, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	return collect(ctx, q, nil, scan, query, args)
}

func collect[T any](ctx context.Context, q Queryer, list []T, scan func(*sql.Rows) (T, error), query string, args []any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, engine.Classify(ctx, "scan", err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, engine.Classify(ctx, "query", err)
	}
	return list, nil
}

// inPortion is how many keys CollectIn sends at once.
const inPortion = 512

// CollectIn is Collect for a list: "?*" in the query stands for the list, which
// may be of any length (it is sent in portions); args follow as ?1, ?2, …
// Duplicate keys count once; an order in the query holds within a portion only.
func CollectIn[T any, K any](ctx context.Context, q Queryer, scan func(*sql.Rows) (T, error), query string, keys []K, args ...any) ([]T, error) {
	if !strings.Contains(query, "?*") {
		return nil, fault.New(fault.Invalid, "db: query: CollectIn without ?*")
	}
	var list []T
	rest := distinct(keys)
	for len(rest) > 0 {
		n := min(inPortion, len(rest))
		size := 1
		for size < n {
			size *= 2
		}
		all := append(make([]any, 0, len(args)+size), args...)
		all = append(all, rest[:n]...)
		for len(all) < len(args)+size { // so that there are only ten different statements
			all = append(all, rest[n-1])
		}
		var err error
		list, err = collect(ctx, q, list, scan, strings.ReplaceAll(query, "?*", marks(len(args)+1, size)), all)
		if err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return list, nil
}

// marks returns n placeholders from ?first on.
func marks(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('?')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

func distinct[K any](keys []K) []any {
	seen := make(map[any]bool, len(keys))
	out := make([]any, 0, len(keys))
	for _, k := range keys {
		id := any(k)
		if b, ok := id.([]byte); ok {
			id = string(b)
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, any(k))
		}
	}
	return out
}

// One is Collect for at most one row; false means there is none. More than one
// is an error.
func One[T any](ctx context.Context, q Queryer, scan func(*sql.Rows) (T, error), query string, args ...any) (T, bool, error) {
	var zero T
	list, err := Collect(ctx, q, scan, query, args...)
	switch {
	case err != nil || len(list) == 0:
		return zero, false, err
	case len(list) > 1:
		return zero, false, fault.New(fault.Invalid, "db: query: %d rows where one at most was expected", len(list))
	}
	return list[0], true, nil
}
