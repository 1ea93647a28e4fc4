package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

func scanInt(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }

func scanText(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) }

func testReadersCannotWrite(t *testing.T, s *db.Store) {
	act(t, s, "a", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, thing("a", "x")) })
	for _, query := range []string{
		"DELETE FROM kit_thing",
		"UPDATE kit_thing SET name = 'y'",
		"INSERT INTO kit_thing (id, name, act) VALUES ('b', 'b', 'b')",
		"/* SELECT */ DELETE FROM kit_thing",
		"-- SELECT\nDELETE FROM kit_thing",
		"DROP TABLE kit_thing",
		"WITH x AS (SELECT 1) DELETE FROM kit_thing",
		"WITH x AS (DELETE FROM kit_thing RETURNING id) SELECT id FROM x",
		"SELECT id INTO kit_new FROM kit_thing",
		"SELECT 1; DELETE FROM kit_thing",
		"PRAGMA query_only=off",
		"SET default_transaction_read_only=off",
		"",
	} {
		if rows, err := engine.Unlock(s.Raw()).Read().Query(t.Context(), query); err == nil {
			rows.Next()
			rows.Close()
			t.Errorf("a reader may %q", query)
		} else if k := fault.KindOf(err); k != fault.Refused {
			t.Errorf("%q: kind %v", query, k)
		}
	}
	var none *db.Reader
	if _, err := none.Query(t.Context(), "SELECT 1"); fault.KindOf(err) != fault.Refused {
		t.Errorf("a nil reader: %v", err)
	}
	if _, err := new(db.Reader).Query(t.Context(), "SELECT 1"); fault.KindOf(err) != fault.Refused {
		t.Errorf("a made-up reader: %v", err)
	}
	if err := new(db.Writer).Put(t.Context(), things, thing("b", "x")); fault.KindOf(err) != fault.Refused {
		t.Errorf("a made-up writer: %v", err)
	}
	if got := thingsOf(t, engine.Unlock(s.Raw()).Read(), ""); len(got) != 1 || got[0][1] != "x" {
		t.Errorf("rows %v", got)
	}
}

func testArguments(t *testing.T, s *db.Store) {
	got, ok, err := db.One(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, "SELECT CAST(?2 AS TEXT) || '-?1$1-' || CAST(?1 AS TEXT)", "one", "two")
	if err != nil || !ok || got != "two-?1$1-one" {
		t.Errorf("got %q, %v: arguments are bound by order of appearance", got, err)
	}
	type name string
	act(t, s, "a", func(ctx context.Context, w *db.Writer) error {
		return w.Put(ctx, things, db.Row{"a", "x", int64(5), true, []byte{9}, nil})
	})
	for i, args := range [][]any{{name("a"), 5}, {"a", int64(5)}, {"a", int32(5)}} {
		if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "WHERE id = ?1 AND size = ?2 AND seen", args...)); n != 1 {
			t.Errorf("arguments %d: %d rows", i, n)
		}
	}
	if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "WHERE bytes = ?1 AND seen = ?2 LIMIT ?3", []byte{9}, true, 10)); n != 1 {
		t.Errorf("bytes, bool and limit: %d rows", n)
	}
	for query, args := range map[string][]any{
		"SELECT 1 WHERE 'a' = $1": {"a"},
		"SELECT 1 WHERE 'a' = ?":  {"a"},
		"SELECT 1 WHERE 'a' = ?1": {},
		"SELECT 1 WHERE 'b' = ?1": {"a", "b"},
	} {
		if _, err := db.Collect(t.Context(), engine.Unlock(s.Raw()).Read(), scanInt, query, args...); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s with %d arguments: %v", query, len(args), err)
		}
	}
	if _, err := db.Collect(t.Context(), engine.Unlock(s.Raw()).Read(), scanInt, "SELECT nothing FROM nowhere"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a wrong query: %v", err)
	}
	if _, err := db.Collect(t.Context(), engine.Unlock(s.Raw()).Read(), scanInt, "SELECT 'x'"); err == nil {
		t.Error("text was scanned into a number")
	}
}

func testCollectIn(t *testing.T, s *db.Store) {
	const n = 5000
	rows := make([]db.Row, n)
	keys := make([]string, 0, n+2)
	for i := range rows {
		id := fmt.Sprintf("%05d", i)
		rows[i] = db.Row{id, "x", int64(i % 2), nil, []byte(id), nil}
		keys = append(keys, id)
	}
	keys = append(keys, "00000", "none")
	act(t, s, "many", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, rows...) })
	query := "SELECT id FROM kit_thing WHERE size = ?1 AND id IN (?*)"
	got, err := db.CollectIn(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, query, keys, int64(1))
	if err != nil || len(got) != n/2 {
		t.Errorf("%d rows, want %d: %v", len(got), n/2, err)
	}
	for _, size := range []int{0, 1, 2, 3, 511, 512, 513} {
		got, err := db.CollectIn(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, "SELECT id FROM kit_thing WHERE id IN (?*)", keys[:size])
		if err != nil || len(got) != size {
			t.Errorf("%d rows, want %d: %v", len(got), size, err)
		}
	}
	bytes := [][]byte{[]byte("00001"), []byte("00001"), []byte("x")}
	if got, err := db.CollectIn(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, "SELECT id FROM kit_thing WHERE bytes IN (?*)", bytes); err != nil || len(got) != 1 {
		t.Errorf("by bytes: %v, %v", got, err)
	}
	if _, err := db.CollectIn(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, "SELECT id FROM kit_thing", keys); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without ?*: %v", err)
	}
}

func testOne(t *testing.T, s *db.Store) {
	act(t, s, "a", func(ctx context.Context, w *db.Writer) error {
		return w.Put(ctx, things, thing("a", "x"), thing("b", "x"))
	})
	query := "SELECT id FROM kit_thing WHERE id = ?1"
	if got, ok, err := db.One(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, query, "b"); got != "b" || !ok || err != nil {
		t.Errorf("%q %v %v", got, ok, err)
	}
	if got, ok, err := db.One(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, query, "c"); got != "" || ok || err != nil {
		t.Errorf("%q %v %v", got, ok, err)
	}
	if _, _, err := db.One(t.Context(), engine.Unlock(s.Raw()).Read(), scanText, "SELECT id FROM kit_thing"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("two rows: %v", err)
	}
}

func testRaw(t *testing.T, s *db.Store) {
	err := engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error {
		if _, err := engine.Unlock(w.Raw()).Exec(t.Context(), "INSERT INTO kit_raw (id) VALUES (?1), (?2)", 1, 2); err != nil {
			return err
		}
		res, err := engine.Unlock(w.Raw()).Exec(t.Context(), "UPDATE kit_raw SET state = ?1 WHERE id = ?2", "x", 2)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n != 1 || err != nil {
			t.Errorf("%d rows affected, %v", n, err)
		}
		rows, err := engine.Unlock(w.Raw()).Returning(t.Context(), "DELETE FROM kit_raw WHERE state = ?1 RETURNING id", ";")
		if err != nil {
			return err
		}
		defer rows.Close()
		var id int64
		if !rows.Next() || rows.Scan(&id) != nil || id != 1 || rows.Next() {
			t.Errorf("returned id %d", id)
		}
		if engine.Unlock(w.Raw()).SQLTx() == nil || len(engine.Unlock(w.Raw()).Items()) != 0 {
			t.Error("raw statements left items, or there is no transaction")
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_raw"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func testLargeBatch(t *testing.T, s *db.Store) {
	const n = 10_000
	rows := make([]db.Row, n)
	for i := range rows {
		rows[i] = db.Row{fmt.Sprintf("%06d", i*7919%n), "name", int64(i), i%2 == 0, []byte{byte(i)}, nil}
	}
	act(t, s, "large", func(ctx context.Context, w *db.Writer) error {
		if err := w.Put(ctx, things, rows...); err != nil {
			return err
		}
		if len(engine.Unlock(w.Raw()).Items()) != n {
			t.Errorf("%d items", len(engine.Unlock(w.Raw()).Items()))
		}
		return nil
	})
	if got := count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_thing WHERE seen"); got != n/2 {
		t.Errorf("%d rows, want %d", got, n/2)
	}
	keys := make([]db.Row, n-1)
	for i := range keys {
		keys[i] = db.Row{fmt.Sprintf("%06d", i)}
	}
	act(t, s, "gone", func(ctx context.Context, w *db.Writer) error { return w.Delete(ctx, things, keys...) })
	if got := count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_thing"); got != 1 {
		t.Errorf("%d rows after deletion, want 1", got)
	}
}
