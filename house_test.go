package tutela_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// source is one Go file of the house.
type source struct {
	path string // slash-separated, from the root
	pkg  string // import path below the module: "vault/db", "." for the root
	test bool
	file *ast.File
	fset *token.FileSet
	text []byte
	gen  bool
}

// sources parses every Go file outside testdata, whatever its build tags.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "testdata" || name == "node_modules" || (strings.HasPrefix(name, ".") && p != ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		slash := filepath.ToSlash(p)
		all = append(all, source{path: slash, pkg: path.Dir(slash), file: f, fset: fset, text: text,
			test: strings.HasSuffix(name, "_test.go"), gen: ast.IsGenerated(f)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go files found: the house tests look at nothing")
	}
	return all
}

// rule is one line of the import block.
type rule struct {
	pkg   string
	allow []string
}

func importRules(t *testing.T) []rule {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "```imports\n")
	block, _, ok2 := strings.Cut(after, "```")
	if !ok || !ok2 {
		t.Fatal("ARCHITECTURE.md has no imports block")
	}
	var rules []rule
	for line := range strings.Lines(block) {
		left, right, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("import block: line %q has no colon", line)
		}
		rules = append(rules, rule{strings.TrimSpace(left), strings.Fields(right)})
	}
	return rules
}

// matches reports whether an import path matches a pattern of the block.
func matches(pattern, p string) bool {
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		return p == base || strings.HasPrefix(p, base+"/")
	}
	return p == pattern
}

// kind sorts an import path into "std", "third-party" or "" (our own).
func kind(p string) (string, string) {
	if own, ok := strings.CutPrefix(p, "tutela/"); ok {
		return "", own
	}
	first, _, _ := strings.Cut(p, "/")
	if strings.Contains(first, ".") {
		return "third-party", p
	}
	return "std", p
}

func allowed(r rule, imported string) bool {
	k, p := kind(imported)
	for _, a := range r.allow {
		if (k != "" && a == k) || (k != "std" && matches(a, p)) {
			return true
		}
	}
	return false
}

func ruleFor(rules []rule, pkg string) (rule, bool) {
	if pkg == "." {
		pkg = "tutela"
	}
	for _, r := range rules {
		if matches(r.pkg, pkg) {
			return r, true
		}
	}
	return rule{}, false
}

func TestImportOrder(t *testing.T) {
	rules := importRules(t)
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		r, ok := ruleFor(rules, s.pkg)
		if !ok {
			t.Errorf("%s: package %s stands on no floor of ARCHITECTURE.md", s.path, s.pkg)
			continue
		}
		for _, im := range s.file.Imports {
			p := strings.Trim(im.Path.Value, `"`)
			if !allowed(r, p) {
				t.Errorf("%s: %s may not import %s", s.path, s.pkg, p)
			}
		}
	}
}

// TestImportOrderBites proves that the rules refuse what they are there for.
func TestImportOrderBites(t *testing.T) {
	rules := importRules(t)
	for _, c := range []struct{ pkg, imported string }{
		{"hash/pdq", "golang.org/x/image/draw"},
		{"format/mail", "tutela/vault/db"},
		{"vault/evidence", "tutela/format/mail"},
		{"vault/blob", "tutela/casework/cases"},
		{"casework/chats", "tutela/pipeline"},
		{"casework/staff", "tutela/casework/chats"},
		{"cmd/verify-referral", "tutela/format/referral"},
		{"external/contain", "tutela/vault/keys"},
	} {
		r, ok := ruleFor(rules, c.pkg)
		if !ok {
			t.Errorf("no rule for %s", c.pkg)
		} else if allowed(r, c.imported) {
			t.Errorf("%s may import %s: the block is too wide", c.pkg, c.imported)
		}
	}
}

// TestPureFloors looks for calls that reach disk, network or clock in the
// floors that promise not to.
func TestPureFloors(t *testing.T) {
	for _, s := range sources(t) {
		floor, _, _ := strings.Cut(s.pkg, "/")
		if s.test || (floor != "hash" && floor != "format" && floor != "fault" && floor != "phrase") {
			continue
		}
		for _, im := range s.file.Imports {
			switch p := strings.Trim(im.Path.Value, `"`); p {
			case "os", "net", "net/http", "database/sql", "os/exec", "syscall":
				t.Errorf("%s: a pure floor imports %s", s.path, p)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && (sel.Sel.Name == "Now" || sel.Sel.Name == "Since") {
					t.Errorf("%s: a pure floor reads the clock", s.fset.Position(sel.Pos()))
				}
			}
			return true
		})
	}
}

// TestPixelsAreDecodedInTheWorkerOnly looks for decoders of pictures outside
// the package that a contained worker runs: elsewhere its functions may be
// named (for the worker's list), not called.
func TestPixelsAreDecodedInTheWorkerOnly(t *testing.T) {
	for _, s := range sources(t) {
		floor, _, _ := strings.Cut(s.pkg, "/")
		if s.test || s.pkg == "format/picture" || floor == "demo" || floor == "bench" {
			continue
		}
		for _, im := range s.file.Imports {
			p := strings.Trim(im.Path.Value, `"`)
			if strings.HasPrefix(p, "image/") || strings.HasPrefix(p, "golang.org/x/image/") {
				t.Errorf("%s imports %s", s.path, p)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "picture" {
					t.Errorf("%s: picture.%s is called outside of the worker", s.fset.Position(sel.Pos()), sel.Sel.Name)
				}
			}
			return true
		})
	}
}
