package engine

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tutela/fault"
)

var testKey = bytes.Repeat([]byte{7}, KeySize)

func opened(t *testing.T, file string) *DB {
	t.Helper()
	d, err := Open(t.Context(), "sqlite:"+file, testKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func write(t *testing.T, d *DB, statements ...string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, d *DB, query string) (n int) {
	t.Helper()
	if err := d.Read.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

const (
	firstSQL  = "CREATE TABLE note (id TEXT PRIMARY KEY, said TEXT)"
	secondSQL = "ALTER TABLE note ADD COLUMN more BIGINT; UPDATE note SET more = 1"
)

func room(migrations ...string) []Room { return []Room{{"r", migrations}} }

// TestAFailedMigrationLeavesTheOldSchema, whichever of its statements fails, and
// the migrations of the same run before it too.
func TestAFailedMigrationLeavesTheOldSchema(t *testing.T) {
	for what, bad := range map[string]string{
		"at its first statement": "CREATE TABLE note (id TEXT)",
		"at its last":            "CREATE TABLE half (id TEXT); DELETE FROM note; INSERT INTO note (id) VALUES ('x'); INSERT INTO nowhere VALUES (1)",
		"on a row":               "CREATE TABLE half (id TEXT NOT NULL); INSERT INTO half SELECT NULL FROM note",
		"on a word":              "CREATE TABLE half (id TEXT); CRAETE TABLE x (id TEXT)",
	} {
		file := filepath.Join(t.TempDir(), "a.db")
		d := opened(t, file)
		if err := d.Migrate(t.Context(), room(firstSQL)); err != nil {
			t.Fatal(err)
		}
		write(t, d, "INSERT INTO note VALUES ('a', 'kept')")
		d.Close()
		d = opened(t, file)
		if err := d.Migrate(t.Context(), room(firstSQL, secondSQL, bad)); err == nil {
			t.Errorf("fails %s: no error", what)
		}
		columns, err := d.Columns(t.Context())
		if err != nil || len(columns["note"]) != 2 || columns["half"] != nil {
			t.Errorf("fails %s: the schema is %v, %v", what, columns, err)
		}
		if n := number(t, d, "SELECT COUNT(*) FROM note WHERE said = 'kept'"); n != 1 {
			t.Errorf("fails %s: %d rows", what, n)
		}
		if n := number(t, d, "SELECT MAX(version) FROM schema_version"); n != 1 {
			t.Errorf("fails %s: version %d", what, n)
		}
		if err := d.Migrate(t.Context(), room(firstSQL, secondSQL)); err != nil {
			t.Errorf("fails %s: the mended program: %v", what, err)
		}
	}
}

// TestTheCopyIsFromJustBefore: after an attempt that failed work goes on; the
// copy from before the attempt that succeeds has that work too.
func TestTheCopyIsFromJustBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	d := opened(t, file)
	if err := d.Migrate(t.Context(), room(firstSQL)); err != nil {
		t.Fatal(err)
	}
	d.Close()
	for i := range 3 {
		d = opened(t, file)
		write(t, d, fmt.Sprintf("INSERT INTO note VALUES ('%d', '')", i))
		if err := d.Migrate(t.Context(), room(firstSQL, "CREATE TABLE note (id TEXT)")); err == nil {
			t.Fatal("no error")
		}
		d.Close()
	}
	old := time.Now().Add(-48 * time.Hour)
	for name, when := range map[string]time.Time{".part": old, ".part1": old, ".part2": time.Now()} {
		if err := os.WriteFile(file+".before-r-2"+name, []byte("cut short"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file+".before-r-2"+name, when, when); err != nil {
			t.Fatal(err)
		}
	}
	d = opened(t, file)
	write(t, d, "INSERT INTO note VALUES ('last', '')")
	if err := d.Migrate(t.Context(), room(firstSQL, secondSQL)); err != nil {
		t.Fatal(err)
	}
	before := file + ".before-r-2"
	if left, err := filepath.Glob(before + ".part*"); err != nil || len(left) != 1 {
		t.Errorf("unfinished copies are left: %v, %v", left, err) // one was young, and may be another process's
	}
	if n := number(t, opened(t, before), "SELECT COUNT(*) FROM note"); n != 4 {
		t.Errorf("the copy has %d rows, want 4", n)
	}
}

// TestTwoProcessesMigrate: each migration is applied once, all are content, and
// the copy is from before.
func TestTwoProcessesMigrate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	d := opened(t, file)
	if err := d.Migrate(t.Context(), room(firstSQL)); err != nil {
		t.Fatal(err)
	}
	write(t, d, "INSERT INTO note VALUES ('a', '')")
	d.Close()
	var wg sync.WaitGroup
	for range 4 {
		own := opened(t, file)
		wg.Go(func() {
			if err := own.Migrate(context.Background(), room(firstSQL, secondSQL, "INSERT INTO note VALUES ('b', '', 2)")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d = opened(t, file)
	if n := number(t, d, "SELECT SUM(more) FROM note"); n != 3 {
		t.Errorf("the sum is %d, want 3", n)
	}
	columns, err := opened(t, file+".before-r-2").Columns(t.Context())
	if err != nil || len(columns["note"]) != 2 {
		t.Errorf("the copy has %v, %v", columns["note"], err)
	}
}

// TestVersionsMustBeWhole: a version that is missing between others, or is not
// what was applied, is refused and changes nothing.
func TestVersionsMustBeWhole(t *testing.T) {
	for what, damage := range map[string]string{
		"a gap":            "DELETE FROM schema_version WHERE version = 1",
		"another digest":   "UPDATE schema_version SET sha256 = 'x' WHERE version = 2",
		"a later version":  "INSERT INTO schema_version VALUES ('r', 3, '')",
		"an unknown room":  "INSERT INTO schema_version VALUES ('s', 1, '')",
		"a version nought": "UPDATE schema_version SET version = 0 WHERE version = 1",
	} {
		d := opened(t, filepath.Join(t.TempDir(), "a.db"))
		if err := d.Migrate(t.Context(), room(firstSQL, secondSQL)); err != nil {
			t.Fatal(err)
		}
		write(t, d, damage)
		if err := d.Migrate(t.Context(), room(firstSQL, secondSQL)); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", what, err)
		}
	}
}
