package db_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	sqlVerb = regexp.MustCompile(`(?i)\b(select\b.*\bfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|values\s*\(|where)\b`)
	dollar  = regexp.MustCompile(`\$[0-9]`)
)

// TestNoDollarPlaceholders looks through the SQL of the whole module. SQLite's
// driver binds $1 by order of appearance: a wrong row would be written silently.
func TestNoDollarPlaceholders(t *testing.T) {
	root := moduleRoot(t)
	looked := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil // the compiler will say it better
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			looked++
			if text, err := strconv.Unquote(lit.Value); err == nil && wrongSQL(text) {
				t.Errorf("%s: SQL with a $ placeholder; write ?1", fset.Position(lit.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if looked < 50 {
		t.Errorf("only %d strings were looked at", looked)
	}
}

func wrongSQL(text string) bool {
	return dollar.MatchString(text) && sqlVerb.MatchString(strings.ReplaceAll(text, "\n", " "))
}

func TestDollarLintBites(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT a FROM b WHERE c = $1":           true,
		"insert into a values ($1, $2)":          true,
		"UPDATE a\nSET b = $2\nWHERE c = $1":     true,
		"DELETE FROM a WHERE b = ?1":             false,
		"costs $100":                             false,
		`"$1" -D "$2/data" -c listen_addresses=`: false,
	} {
		if wrongSQL(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test")
	return ""
}
