package db_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

// fileURL returns an address and the file behind it.
func fileURL(t *testing.T) (string, string) {
	url := sqliteURL(t)
	return url, strings.TrimPrefix(url, "sqlite:")
}

func once(t *testing.T, url string, secret []byte, schemas []db.Schema, fn func(*db.Store)) error {
	t.Helper()
	s, err := db.Open(t.Context(), db.Config{URL: url, Key: secret, Schemas: schemas})
	if err != nil {
		return err
	}
	defer s.Close()
	if fn != nil {
		fn(s)
	}
	return nil
}

func TestNothingIsReadableOnDisk(t *testing.T) {
	url, file := fileURL(t)
	canary := "a-canary-that-must-not-be-seen"
	err := once(t, url, secret(), kitSchema(), func(s *db.Store) {
		act(t, s, "a", func(ctx context.Context, w *db.Writer) error {
			return w.Put(ctx, things, thing("a", canary), thing("b", strings.Repeat(canary, 10_000)))
		})
		look(t, filepath.Dir(file), canary, file)
	})
	if err != nil {
		t.Fatal(err)
	}
	look(t, filepath.Dir(file), canary, file)
	err = once(t, url, secret(), kitSchema(), func(s *db.Store) {
		if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "WHERE name = ?1", canary)); n != 1 {
			t.Errorf("%d rows after opening again", n)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// look searches every file of a folder for plain text and for wide access.
func look(t *testing.T, dir, canary, main string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		t.Fatalf("nothing to look at: %v", err)
	}
	for _, e := range list {
		path := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(canary)) || bytes.Contains(text, []byte("SQLite format 3")) || bytes.Contains(text, []byte("kit_thing")) {
			t.Errorf("%s holds plain text", e.Name())
		}
		if st, err := e.Info(); err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", e.Name(), st.Mode(), err)
		}
	}
}

func TestWrongKey(t *testing.T) {
	url, _ := fileURL(t)
	if err := once(t, url, secret(), kitSchema(), nil); err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string][]byte{"other": bytes.Repeat([]byte{1}, 32), "none": nil} {
		err := once(t, url, k, kitSchema(), nil)
		if fault.KindOf(err) != fault.Corrupt || fault.HintOf(err) == "" {
			t.Errorf("%s key: kind %v, hint %q, error %v", name, fault.KindOf(err), fault.HintOf(err), err)
		}
	}
	if err := once(t, url, []byte("short"), kitSchema(), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("short key: %v", err)
	}
	if err := once(t, url, secret(), kitSchema(), nil); err != nil {
		t.Errorf("the tries have done harm: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "rows.db", "sqlite:", "postgres://user:hunter2@host:port/x"} {
		err := once(t, url, nil, nil, nil)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", url, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	if err := once(t, "sqlite:"+filepath.Join(t.TempDir(), "no", "such", "folder.db"), nil, nil, nil); fault.KindOf(err) != fault.Outside {
		t.Errorf("missing folder: %v", err)
	}
	if err := once(t, "postgres:///x?host=/nonexistent", nil, nil, nil); fault.KindOf(err) != fault.Outside {
		t.Errorf("missing server: %v", err)
	}
	odd := "sqlite:" + filepath.Join(t.TempDir(), "50% off? yes#1 é.db")
	if err := once(t, odd, secret(), kitSchema(), nil); err != nil {
		t.Errorf("odd file name: %v", err)
	}
	if _, err := os.Stat(strings.TrimPrefix(odd, "sqlite:")); err != nil {
		t.Error(err)
	}
}

func TestDeclarations(t *testing.T) {
	const sql = `CREATE TABLE x (id TEXT PRIMARY KEY, n BIGINT, act TEXT NOT NULL);
		CREATE TABLE y (id TEXT PRIMARY KEY, f REAL, act TEXT NOT NULL);
		CREATE TABLE z (id TEXT PRIMARY KEY);`
	for name, table := range map[string]db.Table{
		"no such table": {Name: "w", Columns: []string{"id"}, Key: 1},
		"no key":        {Name: "x", Columns: []string{"id", "n"}},
		"key too long":  {Name: "x", Columns: []string{"id", "n"}, Key: 3},
		"column lacks":  {Name: "x", Columns: []string{"id"}, Key: 1},
		"column wrong":  {Name: "x", Columns: []string{"id", "m"}, Key: 1},
		"odd type":      {Name: "y", Columns: []string{"id", "f"}, Key: 1},
		"no act":        {Name: "z", Columns: []string{"id"}, Key: 1},
		"odd name":      {Name: "x; DROP", Columns: []string{"id", "n"}, Key: 1},
	} {
		schema := []db.Schema{{Room: "r", Tables: []db.Table{table}, Migrations: []string{sql}}}
		if err := once(t, sqliteURL(t), nil, schema, nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	x := db.Table{Name: "x", Columns: []string{"id", "n"}, Key: 1}
	schema := []db.Schema{{Room: "r", Tables: []db.Table{x, x}, Migrations: []string{sql}}}
	if err := once(t, sqliteURL(t), nil, schema, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("declared twice: %v", err)
	}
	schema[0].Tables = schema[0].Tables[:1]
	err := once(t, sqliteURL(t), nil, schema, func(s *db.Store) {
		if got, ok := s.Table("x"); !ok || got.Key != 1 || len(s.Tables()) != 1 {
			t.Errorf("table %v", got)
		}
		if _, ok := s.Table("y"); ok {
			t.Error("an undeclared table is known")
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMigrateSQLite(t *testing.T) {
	url, file := fileURL(t)
	migrations(t, url, secret())
	old := file + ".before-kit-2"
	look(t, filepath.Dir(file), "row-one", file)
	err := once(t, "sqlite:"+old, secret(), kitSchema(), func(s *db.Store) {
		if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 1 {
			t.Errorf("the copy has %d rows", n)
		}
	})
	if err != nil {
		t.Errorf("the copy from before the migration: %v", err)
	}
	if _, err := os.Stat(file + ".before-kit-1"); err == nil {
		t.Error("an empty database was copied")
	}
}

func TestMigratePostgres(t *testing.T) { migrations(t, pgtest.URL(t), nil) }

// migrations goes through the life of a schema: made, opened again, extended,
// broken, edited, opened by an older program.
func migrations(t *testing.T, url string, secret []byte) {
	one := kitSchema()
	two := kitSchema()
	two[0].Migrations = append(two[0].Migrations, "ALTER TABLE kit_raw ADD COLUMN note TEXT; UPDATE kit_raw SET note = 'a;b'")
	two = append(two, db.Schema{Room: "more", Migrations: []string{"CREATE TABLE more (id TEXT)"}})
	bad := kitSchema()
	bad[0].Migrations = append(bad[0].Migrations, "CREATE TABLE half (id TEXT); CREATE TABLE kit_raw (id TEXT)")
	edited := kitSchema()
	edited[0].Migrations = []string{kitSQL + " "}

	err := once(t, url, secret, one, func(s *db.Store) {
		act(t, s, "a", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, thing("a", "row-one")) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := once(t, url, secret, one, nil); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := once(t, url, secret, bad, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a migration that fails: %v", err)
	}
	err = once(t, url, secret, two, func(s *db.Store) {
		if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 1 {
			t.Errorf("%d rows after the migration", n)
		}
		if _, err := engine.Unlock(s.Raw()).Read().Query(t.Context(), "SELECT id FROM half"); err == nil {
			t.Error("half of a failed migration is left")
		}
	})
	if err != nil {
		t.Errorf("extended: %v", err)
	}
	for name, schemas := range map[string][]db.Schema{"older program": one, "room unknown": two[:1], "edited": edited, "twice": append(one, one...)} {
		err := once(t, url, secret, schemas, nil)
		if k := fault.KindOf(err); k != fault.Refused && name != "twice" || err == nil {
			t.Errorf("%s: kind %v, error %v", name, k, err)
		}
	}
}

func TestBackup(t *testing.T) {
	s := openAt(t, sqliteURL(t), secret(), kitSchema())
	act(t, s, "a", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, thing("a", "kept")) })
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	look(t, filepath.Dir(file), "kept", file)
	if err := s.Backup(t.Context(), file); err == nil {
		t.Error("a backup was written over another")
	}
	err := once(t, "sqlite:"+file, secret(), kitSchema(), func(s *db.Store) {
		if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 1 {
			t.Errorf("the copy has %d rows", n)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCloseTwice(t *testing.T) {
	s := openAt(t, sqliteURL(t), secret(), kitSchema())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := engine.Unlock(s.Raw()).Write(t.Context(), func(*db.Writer) error { return nil }); err == nil {
		t.Error("a closed store was written to")
	}
}
