package hashlist

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	_ "github.com/ncruces/go-sqlite3/driver"

	"tutela/fault"
)

// database runs SQL text with SQLite itself and returns the file that comes out.
func database(t testing.TB, texts ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.db")
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, text := range texts {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sqlOf(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(conformance(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readDatabase(b []byte) result {
	r := result{Reader: NewReader(io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), Options{})}
	for e, err := range r.Entries() {
		if err != nil {
			r.err = err
			break
		}
		r.entries = append(r.entries, e)
	}
	return r
}

func distinct(r result, a Algorithm) int {
	seen := map[string]bool{}
	for _, e := range r.entries {
		for _, v := range e.Values {
			if v.Algorithm == a {
				seen[hex.EncodeToString(v.Bytes)] = true
			}
		}
	}
	return len(seen)
}

// TestConformanceNSRL reads the minimal set as a database that SQLite made of it
// and as text, which must give the same entries, and then the changes.
func TestConformanceNSRL(t *testing.T) {
	var want struct {
		FileRows int `json:"file_rows"`
		Distinct int `json:"distinct_hashes"`
		Version  string
		Lookups  []struct {
			SHA256, MD5 string
			Rows        int
		}
	}
	expected(t, "nsrl-v3-minimal.sql", &want)
	text := sqlOf(t, "nsrl-v3-minimal.sql")
	asText, asFile := readText(text, Options{}), readDatabase(database(t, text))
	for _, r := range []result{asText, asFile} {
		h := r.Header()
		if r.err != nil || len(r.entries) != want.FileRows || distinct(r, SHA256) != want.Distinct || h.Release != want.Version || h.Delta {
			t.Errorf("%d entries, %d distinct, %+v, %v", len(r.entries), distinct(r, SHA256), h, r.err)
		}
		for _, l := range want.Lookups {
			if found := r.find(SHA256, l.SHA256); len(found) != l.Rows || l.MD5 != "" && len(r.find(MD5, l.MD5)) != l.Rows {
				t.Errorf("%s gave %+v", l.SHA256, found)
			}
		}
	}
	if diff := cmp.Diff(asText.entries, asFile.entries, cmpopts.IgnoreFields(Entry{}, "Place")); diff != "" {
		t.Error(diff)
	}
	r := readText(sqlOf(t, "nsrl-v3-delta.sql"), Options{})
	h := r.Header()
	if r.err != nil || !h.Delta || h.Entries != 5 || h.Removals != 1 || h.Release != "2026.02.1" || r.code(Unsettled) != 1 {
		t.Errorf("delta: %+v, %+v, %v", h, r.Findings(), r.err)
	}
}

func TestStatements(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	row := "'" + digest + "','','','','it''s; here',7,1"
	for _, c := range []struct {
		name, text string
		kind       fault.Kind
		entries    int
		removed    string // source id of the removal
	}{
		{"insert", "INSERT INTO FILE VALUES (" + row + ");", fault.Unknown, 1, ""},
		{"two rows", "insert into file values (" + row + "), (" + row + ");", fault.Unknown, 2, ""},
		{"other order", "INSERT INTO FILE (package_id, sha256) VALUES (4, '" + digest + "');", fault.Unknown, 1, ""},
		{"delete a row", "DELETE FROM FILE WHERE sha256='" + digest + "' AND file_name='it''s; here' AND package_id=1 AND file_size=7;", fault.Unknown, 0, "1/it's; here"},
		{"delete by name", "DELETE FROM FILE WHERE file_name='x';", fault.Unknown, 0, ""},
		{"delete all", "DELETE FROM FILE;", fault.Corrupt, 0, ""},
		{"delete with or", "DELETE FROM FILE WHERE sha256='" + digest + "' OR 1=1;", fault.Corrupt, 0, ""},
		{"update a digest", "UPDATE FILE SET sha256='" + digest + "' WHERE md5='x';", fault.Corrupt, 0, ""},
		{"no table FILE", "INSERT INTO PKG VALUES (1);", fault.Invalid, 0, ""},
		{"other table", "INSERT INTO sqlite_schema VALUES (1);", fault.Refused, 0, ""},
		{"attach", "BEGIN;\nATTACH DATABASE 'x' AS y;", fault.Refused, 0, ""},
		{"table elsewhere", "CREATE TABLE o.FILE (a);", fault.Refused, 0, ""},
		{"trigger", "CREATE TRIGGER FILE AFTER INSERT ON FILE BEGIN SELECT 1;", fault.Refused, 0, ""},
		{"call", "INSERT INTO FILE VALUES (load_extension('x'),1,1,1,1,1,1);", fault.Corrupt, 0, ""},
		{"no end", "INSERT INTO FILE VALUES (" + row + ")", fault.Corrupt, 0, ""},
		{"open quote", "INSERT INTO FILE VALUES ('" + digest + ");", fault.Corrupt, 0, ""},
		{"too few values", "INSERT INTO FILE VALUES ('" + digest + "');", fault.Corrupt, 0, ""},
		{"endless", "INSERT INTO FILE VALUES ('" + strings.Repeat("x", 1<<21) + "');", fault.Corrupt, 0, ""},
	} {
		r := readText(c.text, Options{Format: NSRLText})
		if fault.KindOf(r.err) != c.kind || (r.err == nil) != (c.kind == fault.Unknown) {
			t.Errorf("%s: %v", c.name, r.err)
		}
		live := r.live(anyOf)
		if live != c.entries {
			t.Errorf("%s: %d entries", c.name, live)
		}
		if gone := strings.Join(r.ids(func(e Entry) bool { return e.Removed }), " "); gone != c.removed {
			t.Errorf("%s: removed %q", c.name, gone)
		}
	}
}

func TestDatabaseWithoutFiles(t *testing.T) {
	if r := readDatabase(database(t, "CREATE TABLE x (sha256)")); fault.KindOf(r.err) != fault.Invalid {
		t.Errorf("another database gave %v", r.err)
	}
	b := database(t, "CREATE TABLE FILE (sha256)")
	if r := readText(string(b), Options{}); r.err != nil { // strings.Reader is Random
		t.Errorf("an empty FILE gave %v", r.err)
	}
	r := NewReader(io.MultiReader(bytes.NewReader(b)), Options{})
	for _, err := range r.Entries() {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a database from a stream gave %v", err)
		}
	}
}
