// Package db keeps rows: one schema on SQLite (embedded, encrypted at rest) or
// PostgreSQL. It promises that a Writer exists only inside an act and that a
// Reader cannot write; it never hands out a connection.
//
// What a room may rely on, on both engines: text is valid UTF-8 without NUL
// (see Text), compared and ordered by its bytes; a nil slice is NULL; an act is
// all there or not at all; a Writer sees its own rows, a Reader those of acts
// that are over. SQL is the portable subset: placeholders ?1, ?2, …; columns
// TEXT, BIGINT, BOOLEAN, BYTEA; no autoincrement. A parameter that is compared
// with nothing but NULL needs a cast on PostgreSQL: CAST(?1 AS TEXT) IS NULL.
package db

import (
	"context"
	"sync"

	"tutela/fault"
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
	Name     string
	Columns  []string // all columns but "act", in the order of a Row
	Key      int      // the first Key columns are the primary key
	Derived  bool     // rebuilt from exhibits by the pipeline instead of replayed from the log
	Unlogged bool     // written within an act but not an item of it: for wrapped keys, which hold no case data
}

// Row holds one value for each of Table.Columns: string, int64, bool, []byte
// or nil.
type Row []any

// Store is one open database.
type Store struct {
	eng     *engine.DB
	schemas []Schema
	tables  map[string]*table
	cache   engine.Statements
	closing sync.Once
	closed  error
}

// Open opens or creates the database, brings every schema up to date (a backup
// of the embedded file is made before a migration of existing data), and
// recovers from a crash.
func Open(ctx context.Context, c Config) (*Store, error) {
	eng, err := engine.Open(ctx, c.URL, c.Key)
	if err != nil {
		return nil, err
	}
	return open(ctx, eng, c.Schemas)
}

// OpenScratch opens an empty embedded store with the same schemas in a
// temporary folder, encrypted with key (32 random bytes), for a rebuild. It
// does not survive Close, and does not enforce references between tables.
func (s *Store) OpenScratch(ctx context.Context, key []byte) (*Store, error) {
	eng, err := engine.Scratch(ctx, key)
	if err != nil {
		return nil, err
	}
	return open(ctx, eng, s.schemas)
}

// open brings the schemas up to date and looks at every table.
func open(ctx context.Context, eng *engine.DB, schemas []Schema) (*Store, error) {
	s := &Store{eng: eng, schemas: schemas, tables: map[string]*table{}}
	rooms := make([]engine.Room, len(schemas))
	for i, sc := range schemas {
		rooms[i] = engine.Room{Name: sc.Room, Migrations: sc.Migrations}
	}
	err := eng.Migrate(ctx, rooms)
	if err == nil {
		err = s.describe(ctx)
	}
	if err != nil {
		eng.Close()
		return nil, err
	}
	return s, nil
}

// describe checks the declared tables against the database.
func (s *Store) describe(ctx context.Context) error {
	columns, err := s.eng.Columns(ctx)
	if err != nil {
		return err
	}
	for _, sc := range s.schemas {
		for _, t := range sc.Tables {
			if s.tables[t.Name] != nil {
				return fault.New(fault.Invalid, "db: open: table %s is declared twice", t.Name)
			}
			d, err := describe(t, s.eng.Dialect, columns[t.Name])
			if err != nil {
				return err
			}
			s.tables[t.Name] = d
		}
	}
	return nil
}

// Close waits for readers and writers and closes the database. Closing again
// does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.eng.Close() })
	return s.closed
}

// Dialect returns "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.eng.Dialect }

// Tables returns every declared table in the order of the schemas.
func (s *Store) Tables() []Table {
	var all []Table
	for _, sc := range s.schemas {
		all = append(all, sc.Tables...)
	}
	return all
}

// Table returns the declared table of that name.
func (s *Store) Table(name string) (Table, bool) {
	d, ok := s.tables[name]
	if !ok {
		return Table{}, false
	}
	return d.Table, true
}

// Backup writes a copy of the embedded database, encrypted with the same key,
// to a file that does not exist yet. For PostgreSQL it returns a Refused error
// with a hint.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.eng.Dialect != engine.SQLite {
		return fault.Hint(fault.New(fault.Refused, "db: backup: the rows are in a PostgreSQL server"), "Use pg_dump.")
	}
	return s.eng.Backup(ctx, file)
}

// Check reads every page and index of the embedded database and returns a
// Corrupt error when they do not hold together. On PostgreSQL it does nothing.
func (s *Store) Check(ctx context.Context) error { return s.eng.Check(ctx) }
