// Package db keeps rows: one schema on SQLite (embedded, encrypted at rest) or
// PostgreSQL. It promises that a Writer exists only inside an act and that a
// Reader cannot write; it never hands out a connection.
package db

import (
	"context"
	"database/sql"

	"tutela/vault/internal/engine"
)

// Config says which database to open.
type Config struct {
	URL     string   // "sqlite:FILE" or "postgres://…"
	Key     []byte   // 32 bytes; encrypts the embedded database at rest, ignored by PostgreSQL
	Schemas []Schema // every room's tables, in the order of the floors
}

// Schema is one room's part of the database.
type Schema struct {
	Room       string   // "chats"
	Tables     []Table  // what acts may write
	Migrations []string // portable SQL, one string a version, never edited once released
}

// Table describes a table to Writer. Its SQL is in the room's migrations and
// must also have the column "act TEXT NOT NULL", which Writer fills with the
// id of the act that wrote the row.
type Table struct {
	Name    string
	Columns []string // all columns but "act", in the order of a Row
	Key     int      // the first Key columns are the primary key
	Derived bool     // rebuilt from exhibits by the pipeline instead of replayed from the log
}

// Row holds one value for each of Table.Columns: string, int64, bool, []byte
// or nil.
type Row []any

// Store is one open database.
type Store struct {
	// filled in by the implementation
}

// Open opens or creates the database, brings every schema up to date (a backup
// of the embedded file is made before a migration of existing data), and
// recovers from a crash.
func Open(ctx context.Context, c Config) (*Store, error) { panic("not built yet") }

// Close waits for readers and writers and closes the database.
func (s *Store) Close() error { panic("not built yet") }

// Dialect returns "sqlite" or "postgres".
func (s *Store) Dialect() string { panic("not built yet") }

// Write runs fn in one transaction that can write; it is for package audit,
// jobs and keys, which alone can name the key.
func (s *Store) Write(ctx context.Context, _ engine.Key, fn func(*Writer) error) error {
	panic("not built yet")
}

// Read returns a read-only handle; packages above get theirs from audit in
// exchange for a recorded consultation.
func (s *Store) Read(_ engine.Key) *Reader { panic("not built yet") }

// Reader reads committed rows over connections that cannot write.
type Reader struct{}

// Query runs a SELECT. Placeholders are ?1, ?2, … in both dialects.
func (r *Reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	panic("not built yet")
}

// Writer is one act's transaction. It reads its own writes. Everything it
// writes becomes an item of the act, in the order of the calls.
type Writer struct{ Reader }

// Put inserts rows, or replaces the rows with the same key.
func (w *Writer) Put(ctx context.Context, t Table, rows ...Row) error { panic("not built yet") }

// Delete removes the rows with the given keys (each a Row of Table.Key values).
func (w *Writer) Delete(ctx context.Context, t Table, keys ...Row) error { panic("not built yet") }

// Act returns the id of the act that this transaction belongs to.
func (w *Writer) Act() string { panic("not built yet") }

// Queryer is what Collect and the rooms' read functions take: a *Reader or a
// *Writer.
type Queryer interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Collect runs a query and scans every row.
func Collect[T any](ctx context.Context, q Queryer, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	panic("not built yet")
}

// CollectIn is Collect for a list: "?*" in the query stands for the list, which
// may be of any length (it is sent in portions); args follow as ?1, ?2, …
func CollectIn[T any, K any](ctx context.Context, q Queryer, scan func(*sql.Rows) (T, error), query string, keys []K, args ...any) ([]T, error) {
	panic("not built yet")
}

// One is Collect for at most one row; false means there is none.
func One[T any](ctx context.Context, q Queryer, scan func(*sql.Rows) (T, error), query string, args ...any) (T, bool, error) {
	panic("not built yet")
}
