package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
)

func TestPrepare(t *testing.T) {
	for _, c := range []struct {
		in, pg string
		args   int
		reads  bool
	}{
		{"SELECT 1", "SELECT 1", 0, true},
		{"select ?2, ?1 where a = '?3 $4' and \"?5\" = ?1", "select $2, $1 where a = '?3 $4' and \"?5\" = $1", 2, true},
		{"SELECT 'it''s ?1', ?12 -- ?13 $1\n, ?2 /* ?14 */", "SELECT 'it''s ?1', $12 -- ?13 $1\n, $2 /* ?14 */", 12, true},
		{"WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) SELECT * FROM x", 0, true},
		{"SELECT 'delete', updated FROM inserts FOR UPDATE", "SELECT 'delete', updated FROM inserts FOR UPDATE", 0, true},
		{"  -- SELECT\n DELETE FROM x", "  -- SELECT\n DELETE FROM x", 0, false},
		{"WITH x AS (Delete FROM y RETURNING z) SELECT z FROM x", "WITH x AS (Delete FROM y RETURNING z) SELECT z FROM x", 0, false},
		{"INSERT INTO x VALUES (?1)", "INSERT INTO x VALUES ($1)", 1, false},
		{"'unclosed ?1", "'unclosed ?1", 0, false},
		{"", "", 0, false},
	} {
		var cache Statements
		for range 2 {
			st, err := cache.Prepare(Postgres, c.in)
			if err != nil || st != (Statement{c.pg, c.args, c.reads}) {
				t.Errorf("%s: %+v, %v", c.in, st, err)
			}
		}
		if st, err := inspect(SQLite, c.in); err != nil || st.Text != c.in {
			t.Errorf("%s changes for SQLite: %s, %v", c.in, st.Text, err)
		}
	}
	for _, bad := range []string{"SELECT $1", "SELECT ?", "SELECT ?0", "SELECT ?99999999999999999999", "SELECT $$x$$"} {
		if _, err := inspect(SQLite, bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSplit(t *testing.T) {
	script := `CREATE TABLE a (x TEXT PRIMARY KEY, y TEXT DEFAULT 'TEXT;');
-- one; comment
;;ALTER TABLE a ADD COLUMN z TEXT;
UPDATE a SET x = CAST(y AS TEXT) /* ; */; CREATE INDEX i ON a (CAST(y AS TEXT))`
	want := []string{
		`CREATE TABLE a (x TEXT COLLATE "C" PRIMARY KEY, y TEXT COLLATE "C" DEFAULT 'TEXT;')`,
		"ALTER TABLE a ADD COLUMN z TEXT COLLATE \"C\"",
		"UPDATE a SET x = CAST(y AS TEXT) /* ; */",
		"CREATE INDEX i ON a (CAST(y AS TEXT))",
	}
	if diff := cmp.Diff(want, split(Postgres, script)); diff != "" {
		t.Error(diff)
	}
	for i, s := range split(SQLite, script) {
		if s != strings.ReplaceAll(want[i], ` COLLATE "C"`, "") {
			t.Errorf("SQLite gets %s", s)
		}
	}
}

// FuzzTokens demands that tokens joined are the text, and that a rewritten
// statement keeps every quoted part.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{"SELECT ?1 'a''b' \"c\" -- d\n /* e */ `f`", "'", "/*", "--", "?1$1", "é ?2", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := strings.Join(slices.Collect(tokens(s)), ""); got != s {
			t.Fatalf("%q became %q", s, got)
		}
		st, err := inspect(Postgres, s)
		if err != nil {
			return
		}
		if again, err := inspect(SQLite, s); err != nil || again.Text != s || again.Args != st.Args {
			t.Fatalf("%q: the dialects disagree: %+v, %+v", s, st, again)
		}
		split(Postgres, s)
	})
}
