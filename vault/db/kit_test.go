package db_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// The tables of a small room with every type and both sorts of key.
var (
	things = db.Table{Name: "kit_thing", Key: 1,
		Columns: []string{"id", "name", "size", "seen", "bytes", "zone"}}
	links = db.Table{Name: "kit_link", Key: 2, Derived: true,
		Columns: []string{"thing", "ordinal", "note"}}
	wraps = db.Table{Name: "kit_wrap", Key: 1, Unlogged: true,
		Columns: []string{"digest", "wrapped"}}
)

const kitSQL = `
CREATE TABLE kit_thing (
	id TEXT PRIMARY KEY, name TEXT NOT NULL, size BIGINT, seen BOOLEAN, bytes BYTEA, zone TEXT,
	act TEXT NOT NULL);
CREATE INDEX kit_thing_name ON kit_thing (name); -- a comment; with a semicolon
CREATE TABLE kit_link (
	thing TEXT NOT NULL, ordinal BIGINT NOT NULL, note TEXT, act TEXT NOT NULL,
	PRIMARY KEY (thing, ordinal));
CREATE TABLE kit_wrap (digest BYTEA PRIMARY KEY, wrapped BYTEA NOT NULL, act TEXT NOT NULL);
CREATE TABLE kit_raw (id BIGINT PRIMARY KEY, state TEXT NOT NULL DEFAULT ';');
`

func kitSchema() []db.Schema {
	return []db.Schema{{Room: "kit", Tables: []db.Table{things, links, wraps}, Migrations: []string{kitSQL}}}
}

func openAt(t testing.TB, url string, secret []byte, schemas []db.Schema) *db.Store {
	t.Helper()
	s, err := db.Open(t.Context(), db.Config{URL: url, Key: secret, Schemas: schemas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func secret() []byte { return []byte("0123456789abcdef0123456789ABCDEF") }

func sqliteURL(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "rows.db") }

// act runs fn as an act called id.
func act(t testing.TB, s *db.Store, id string, fn func(context.Context, *db.Writer) error) {
	t.Helper()
	err := engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error {
		engine.Unlock(w.Raw()).Bind(id)
		return fn(t.Context(), w)
	})
	if err != nil {
		t.Fatalf("act %s: %v", id, err)
	}
}

func scanThing(rows *sql.Rows) (db.Row, error) {
	var id, name, act string
	var size sql.NullInt64
	var seen sql.NullBool
	var bytes []byte
	var zone sql.NullString
	err := rows.Scan(&id, &name, &size, &seen, &bytes, &zone, &act)
	r := db.Row{id, name, nil, nil, nil, nil, act}
	if size.Valid {
		r[2] = size.Int64
	}
	if seen.Valid {
		r[3] = seen.Bool
	}
	if bytes != nil {
		r[4] = bytes
	}
	if zone.Valid {
		r[5] = zone.String
	}
	return r, err
}

const selectThings = "SELECT id, name, size, seen, bytes, zone, act FROM kit_thing"

func thingsOf(t testing.TB, q db.Queryer, where string, args ...any) []db.Row {
	t.Helper()
	list, err := db.Collect(t.Context(), q, scanThing, selectThings+" "+where, args...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
