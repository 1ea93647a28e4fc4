package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/vaulttest"
)

// column is one column of the log's tables: key is what names a row.
type column struct{ table, key, name, kind string }

func logColumns() []column {
	var out []column
	add := func(table, key, kind string, names ...string) {
		for _, n := range names {
			out = append(out, column{table, key, n, kind})
		}
	}
	add("log_act", "idx", "BYTEA", "commitment", "salt", "signature", "header")
	add("log_act", "idx", "TEXT", "act", "class", "verb", "case_id", "object", "actor")
	add("log_act", "idx", "BIGINT", "at_us", "idx")
	add("log_item", "idx", "BYTEA", "seed", "items")
	add("log_item", "idx", "BIGINT", "idx")
	add("log_hash", "id", "BYTEA", "hash")
	add("log_hash", "id", "BIGINT", "id")
	add("log_head", "id", "BYTEA", "edge")
	add("log_head", "id", "TEXT", "note")
	add("log_head", "id", "BIGINT", "size", "id")
	add("log_checkpoint", "size", "TEXT", "note")
	add("log_checkpoint", "size", "BIGINT", "size")
	return out
}

// TestEveryByteOfTheLogCounts changes every byte of every column of every row,
// one at a time, and expects the check to say so. Without -short on SQLite each
// byte, elsewhere every few.
func TestEveryByteOfTheLogCounts(t *testing.T) {
	stride := 5
	if testing.Short() {
		stride = 41
	}
	run := func(stride int) func(*testing.T, *vault.Vault) {
		return func(t *testing.T, v *vault.Vault) { flipEverything(t, v, stride) }
	}
	t.Run("sqlite", func(t *testing.T) { run(max(1, stride/5))(t, vaulttest.Open(t, schema())) })
	t.Run("postgres", func(t *testing.T) { run(stride)(t, vaulttest.OpenPG(t, schema())) })
}

func flipEverything(t *testing.T, v *vault.Vault, stride int) {
	write(t, v, "a", "b")
	write(t, v, "b")
	reader(t, v)
	mustBeClean(t, v)
	ctx, enough, tried := context.Background(), errors.New("enough"), 0
	err := engine.Unlock(v.Store.Raw()).Write(ctx, func(w *db.Writer) error {
		for _, c := range logColumns() {
			for _, key := range rowKeys(t, w, c) {
				n, err := flipValue(t, v, w, c, key, stride)
				if err != nil {
					return err
				}
				tried += n
			}
		}
		ps, err := v.Ledger.CheckIn(ctx, w)
		if err != nil || len(ps) > 0 {
			t.Errorf("after everything was put back: %v, %v", ps, err)
		}
		return enough
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	t.Logf("%d changes of one byte, all seen", tried)
}

func rowKeys(t *testing.T, w *db.Writer, c column) []int64 {
	t.Helper()
	scan := func(r *sql.Rows) (n int64, err error) { err = r.Scan(&n); return n, err }
	list, err := db.Collect(context.Background(), w, scan, `SELECT `+c.key+` FROM `+c.table+` ORDER BY 1`)
	if err != nil || len(list) == 0 {
		t.Fatalf("%s has no rows: %v", c.table, err)
	}
	return list
}

func flipValue(t *testing.T, v *vault.Vault, w *db.Writer, c column, key int64, stride int) (int, error) {
	ctx := context.Background()
	scan := func(r *sql.Rows) (b []byte, err error) { err = r.Scan(&b); return b, err }
	cast := map[string]string{"BYTEA": c.name, "TEXT": c.name, "BIGINT": "CAST(" + c.name + " AS TEXT)"}[c.kind]
	old, _, err := db.One(ctx, w, scan, `SELECT `+cast+` FROM `+c.table+` WHERE `+c.key+` = ?1`, key)
	if err != nil {
		return 0, err
	}
	tried := 0
	for i := 0; i < len(old); i += stride {
		changed := append([]byte(nil), old...)
		where := key
		var value, before any = changed, old
		switch c.kind {
		case "BYTEA":
			changed[i] ^= 1 << (i % 8)
		case "TEXT":
			changed[i] ^= 1
			if changed[i] >= 0x80 {
				continue // not UTF-8: the engine itself refuses it
			}
			value, before = string(changed), string(old)
		case "BIGINT":
			var n int64
			fmt.Sscan(string(old), &n)
			value, before = n^(1<<(7*i%40+20)), n
			if c.name == c.key {
				where = value.(int64)
			}
		}
		set := `UPDATE ` + c.table + ` SET ` + c.name + ` = ?1 WHERE ` + c.key + ` = ?2`
		if _, err := engine.Unlock(w.Raw()).Exec(ctx, set, value, key); err != nil {
			return tried, err
		}
		ps, err := v.Ledger.CheckIn(ctx, w)
		if len(ps) == 0 && err == nil {
			t.Errorf("%s.%s of row %d: change of byte %d is not seen", c.table, c.name, key, i)
		}
		tried++
		if _, err := engine.Unlock(w.Raw()).Exec(ctx, set, before, where); err != nil {
			return tried, err
		}
	}
	return tried, nil
}

func TestDamageToRows(t *testing.T) {
	cases := map[string]struct{ sql, want string }{
		"changed row":    {`UPDATE note SET text = 'other' WHERE id = 'a'`, "is not what the act wrote"},
		"changed act":    {`UPDATE note SET act = 'other' WHERE id = 'a'`, "is not what the act wrote"},
		"changed key":    {`UPDATE note SET id = 'x' WHERE id = 'a'`, "written by no act"},
		"deleted row":    {`DELETE FROM note WHERE id = 'a'`, "is missing"},
		"smuggled row":   {`INSERT INTO note (id, text, act) VALUES ('z', 'z', 'z')`, "written by no act"},
		"derived row":    {`UPDATE made SET text = 'other'`, "is not what the act wrote"},
		"deleted item":   {`DELETE FROM log_item WHERE idx = 1`, "items have been altered"},
		"last entry cut": {`DELETE FROM log_act WHERE idx = 2`, "the head says"},
		"entry cut":      {`DELETE FROM log_act WHERE idx = 1`, "not complete"},
		"false erasure":  {`UPDATE log_act SET header = NULL, signature = NULL, salt = NULL WHERE idx = 1`, "no act has erased"},
		"hidden erasure": {`INSERT INTO log_erased (erased_act, place, what, act) VALUES ('a', 0, 'item', 'z')`, "log_erased was written by no act"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := vaulttest.Open(t, schema())
			write(t, v, "a", "b")
			_, err := v.Desk.Do(context.Background(), act("make"), func(w *db.Writer) error {
				return w.Put(context.Background(), madeTable(), db.Row{"d", "derived"})
			})
			if err != nil {
				t.Fatal(err)
			}
			mustBeClean(t, v)
			damage(t, v, c.sql)
			var all []string
			for _, p := range problems(t, v) {
				all = append(all, p.What)
			}
			if !strings.Contains(strings.Join(all, "\n"), c.want) {
				t.Errorf("found %q, want something with %q", all, c.want)
			}
		})
	}
}

// TestRollbackIsSeenByWhoKeptACheckpoint cuts the log cleanly back: nothing in
// the database tells, only the checkpoint kept elsewhere does.
func TestRollbackIsSeenByWhoKeptACheckpoint(t *testing.T) {
	v := vaulttest.Open(t, schema())
	old := v.Ledger
	write(t, v, "a")
	kept, err := old.Checkpoint(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	mustBeClean(t, v, kept)
	damage(t, v, `DELETE FROM note`)
	damage(t, v, `DELETE FROM log_act WHERE idx = 1`)
	damage(t, v, `DELETE FROM log_item WHERE idx = 1`)
	damage(t, v, `DELETE FROM log_hash WHERE id > 0`)
	damage(t, v, `DELETE FROM log_checkpoint WHERE size = 2`)
	damage(t, v, `UPDATE log_head SET size = 1, edge = (SELECT hash FROM log_hash WHERE id = 0), note = (SELECT note FROM log_checkpoint WHERE size = 1)`)
	mustBeClean(t, v)
	ps := problems(t, v, kept)
	if len(ps) != 1 || !strings.Contains(ps[0].What, "rolled back") {
		t.Errorf("with the kept checkpoint: %+v", ps)
	}
	var _ audit.Problem = ps[0]
}
