package vaulttest_test

import (
	"context"
	"database/sql"
	"testing"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

func noteTable() db.Table {
	return db.Table{Name: "note", Columns: []string{"id", "text"}, Key: 1}
}

func noteSchema() db.Schema {
	return db.Schema{Room: "note", Tables: []db.Table{noteTable()},
		Migrations: []string{`CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT NOT NULL, act TEXT NOT NULL)`}}
}

func TestOpenWriteReadReopen(t *testing.T) {
	ctx := context.Background()
	v, site := vaulttest.OpenAt(t, "", noteSchema())
	r, err := v.Desk.Do(ctx, audit.Act{Class: audit.Collection, Verb: "note.write", Why: "test"}, func(w *db.Writer) error {
		return w.Put(ctx, noteTable(), db.Row{"a", "first"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Index != 1 {
		t.Errorf("the act stands at %d, want 1 (after the founding)", r.Index)
	}
	second := vaulttest.AddOfficer(t, v, "Second Officer")
	v.Close()

	v = vaulttest.Reopen(t, site, second)
	q, err := v.Desk.Consult(ctx, audit.Act{Verb: "note.read", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	scan := func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err }
	got, ok, err := db.One(ctx, q, scan, `SELECT text FROM note WHERE id = ?1`, "a")
	if err != nil || !ok || got != "first" {
		t.Errorf("read %q, %v, %v", got, ok, err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	v := vaulttest.Open(t)
	stranger := v.Ledger.As(vaulttest.Key(t, "stranger"))
	act := audit.Act{Class: audit.Collection, Verb: "note.write", Why: "test"}
	if _, err := stranger.Do(context.Background(), act, func(*db.Writer) error { return nil }); fault.KindOf(err) != fault.Refused {
		t.Errorf("a stranger's act: %v, want refused", err)
	}
	if _, err := stranger.Consult(context.Background(), act); fault.KindOf(err) != fault.Refused {
		t.Errorf("a stranger's consultation: %v, want refused", err)
	}
}
