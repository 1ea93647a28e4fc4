package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/ncruces/go-sqlite3/driver"

	"tutela/fault"
	"tutela/format"
)

// made returns the bytes of a database that SQLite itself makes, and the rows of
// table t as SQLite reads them.
func made(t testing.TB, pageSize int, encoding string, statements ...string) (file []byte, want [][]any) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.db")
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range append([]string{fmt.Sprintf("PRAGMA page_size = %d", pageSize), "PRAGMA encoding = '" + encoding + "'"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%.60s: %v", s, err)
		}
	}
	rows, err := db.Query("SELECT * FROM t ORDER BY rowid")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	for rows.Next() {
		values, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			at[i] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		want = append(want, values)
	}
	rows.Close()
	db.Close()
	if file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return file, want
}

func read(b []byte, name string) (got [][]any, err error) {
	f, err := Open(bytes.NewReader(b), int64(len(b)), format.Limits{})
	if err != nil {
		return nil, err
	}
	tables, err := f.Tables()
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if t.Name != name {
			continue
		}
		for row, err := range f.Rows(t) {
			if err != nil {
				return got, err
			}
			got = append(got, row.Values)
		}
	}
	return got, nil
}

// TestAgreesWithSQLite reads databases that SQLite made, with rows that overflow,
// trees of several levels, deleted rows and all kinds of values.
func TestAgreesWithSQLite(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{512, 4096, 65536} {
		for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
			var s []string
			s = append(s, "CREATE TABLE other (x)", "CREATE TABLE t (a TEXT, b INTEGER, c REAL, d BLOB, e)", "CREATE INDEX i ON t (b)", "BEGIN")
			for i := range 900 {
				long := strings.Repeat("é漢x", random.IntN(40)*(1+99*(i%90/89)))
				s = append(s, fmt.Sprintf("INSERT INTO t VALUES ('%s', %d, %g, x'%x', NULL)", long,
					int64(random.Uint64())>>(random.IntN(64)), random.NormFloat64()*1e9, []byte(strings.Repeat("\xfe", i%7))),
					fmt.Sprintf("INSERT INTO other VALUES (%d)", i%3))
			}
			s = append(s, "INSERT INTO t VALUES ('', 0, 1.5, x'', 1)", "DELETE FROM t WHERE rowid % 7 = 3", "COMMIT")
			file, want := made(t, size, encoding, s...)
			got, err := read(file, "t")
			if err != nil || len(got) != len(want) {
				t.Fatalf("page size %d, %s: %d rows of %d, %v", size, encoding, len(got), len(want), err)
			}
			for i := range want {
				if diff := cmp.Diff(want[i], got[i]); diff != "" {
					t.Fatalf("page size %d, %s, row %d: %s", size, encoding, i, diff)
				}
			}
		}
	}
}

func TestColumns(t *testing.T) {
	for sql, want := range map[string][]string{
		"CREATE TABLE FILE (sha256 VARCHAR NOT NULL, n DECIMAL(10, 5), CONSTRAINT pk PRIMARY KEY (sha256, n))": {"sha256", "n"},
		"CREATE TABLE x (\"a,b\" TEXT DEFAULT 'a)', [c d] INT, `e`, PRIMARY KEY(e))":                           {"a,b", "c d", "e"},
		"CREATE TABLE x(a)": {"a"}, "": nil, ")(": nil,
	} {
		if diff := cmp.Diff(want, Columns(sql)); diff != "" {
			t.Errorf("%q: %s", sql, diff)
		}
	}
}

func TestTablesWithoutRowIDsAreLeftOut(t *testing.T) {
	file, _ := made(t, 4096, "UTF-8", "CREATE TABLE t (a)", "CREATE TABLE w (a PRIMARY KEY) WITHOUT  ROWID", "CREATE VIEW v AS SELECT a FROM t")
	f, err := Open(bytes.NewReader(file), int64(len(file)), format.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tables, err := f.Tables()
	if err != nil || len(tables) != 1 || tables[0].Name != "t" {
		t.Errorf("%+v, %v", tables, err)
	}
}

// TestDamage cuts, and changes single bytes; each file must end in rows or in an
// error that names a page or the header.
func TestDamage(t *testing.T) {
	var s []string
	s = append(s, "CREATE TABLE t (a, b)", "BEGIN")
	for i := range 300 {
		s = append(s, fmt.Sprintf("INSERT INTO t VALUES (%d, '%s')", i, strings.Repeat("x", i*5)))
	}
	file, want := made(t, 512, "UTF-8", append(s, "COMMIT")...)
	if _, err := read(file[:len(file)/2], "t"); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("half a file gave %v", err)
	}
	if _, err := read([]byte("nothing of the kind"), "t"); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("no database gave %v", err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	failed := 0
	for range 3000 {
		b := bytes.Clone(file)
		for range 1 + random.IntN(4) {
			b[random.IntN(len(b))] = byte(random.Uint32())
		}
		got, err := read(b, "t")
		if len(got) > 4*len(want) {
			t.Fatalf("%d rows from damage", len(got))
		}
		if err != nil {
			if failed++; fault.KindOf(err) != fault.Corrupt {
				t.Fatalf("damage gave %v", err)
			}
		}
	}
	if failed == 0 {
		t.Error("no damage was noticed")
	}
}

func FuzzRows(f *testing.F) {
	file, err := os.ReadFile("testdata/sqlite3-512.db")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := read(b, "t"); err != nil && fault.KindOf(err) != fault.Corrupt {
			t.Fatal(err)
		}
	})
}
