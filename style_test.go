package tutela_test

import (
	"bytes"
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	maxFile = 500 // lines
	maxFunc = 70  // lines
	// minRatio is what lines of test there are at least for a line of code. The
	// goal of the house is 1.0; the bound only ever rises.
	minRatio = 0.6
)

func lines(b []byte) int { return bytes.Count(b, []byte("\n")) }

func TestFileAndFunctionLength(t *testing.T) {
	for _, s := range sources(t) {
		if s.gen {
			continue
		}
		if n := lines(s.text); n > maxFile {
			t.Errorf("%s has %d lines, more than %d", s.path, n, maxFile)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			from, to := s.fset.Position(f.Pos()), s.fset.Position(f.End())
			if n := to.Line - from.Line + 1; n > maxFunc {
				t.Errorf("%s:%d: %s has %d lines, more than %d", s.path, from.Line, f.Name.Name, n, maxFunc)
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s:%d: init function; wiring is a visible list in cmd", s.path, from.Line)
			}
		}
	}
}

func TestTestToCodeRatio(t *testing.T) {
	var code, tests int
	for _, s := range sources(t) {
		switch {
		case s.gen:
		case s.test, testKit(s.pkg):
			tests += lines(s.text)
		default:
			code += lines(s.text)
		}
	}
	if ratio := float64(tests) / float64(code); ratio < minRatio {
		t.Errorf("%d lines of test for %d of code: ratio %.2f, want at least %.2f", tests, code, ratio, minRatio)
	}
}

// testKit reports whether a package is there for tests only: it starts real
// servers, opens whole vaults, or holds a conformance kit.
func testKit(pkg string) bool {
	return strings.HasSuffix(pkg, "test") && strings.Contains(pkg, "/")
}

func TestDocs(t *testing.T) {
	documented := map[string]bool{}
	seen := map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		seen[s.pkg] = s.path
		if s.file.Doc != nil {
			documented[s.pkg] = true
		}
		if s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: exported %s has no doc comment", s.path, name)
			}
		}
	}
	for pkg, file := range seen {
		if !documented[pkg] {
			t.Errorf("package %s (%s) has no doc comment", pkg, file)
		}
	}
}

// undocumented returns the exported names of a declaration that lack a doc
// comment. A comment on a group of constants or variables serves its members.
func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && s.Doc == nil && d.Doc == nil && s.Comment == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
		return names
	}
	return nil
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return true
	}
	name := ""
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return true
	})
	// Methods that only serve an interface of the standard library.
	switch f.Name.Name {
	case "String", "Error", "Unwrap", "Read", "ReadAt", "Write", "Close", "Len", "Less", "Swap", "MarshalJSON", "UnmarshalJSON":
		return false
	}
	return ast.IsExported(name)
}

// TestNoMutableGlobals fails on an assignment to a package-level variable
// anywhere in its package.
func TestNoMutableGlobals(t *testing.T) {
	globals := map[string]map[string]bool{}
	specs := map[*ast.ValueSpec]bool{}
	all := sources(t)
	for _, s := range all {
		for _, d := range s.file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && !s.test {
				for _, spec := range g.Specs {
					specs[spec.(*ast.ValueSpec)] = true
					for _, n := range spec.(*ast.ValueSpec).Names {
						if globals[s.pkg] == nil {
							globals[s.pkg] = map[string]bool{}
						}
						globals[s.pkg][n.Name] = n.Name != "_"
					}
				}
			}
		}
	}
	for _, s := range all {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			as, ok := n.(*ast.AssignStmt)
			if !ok || as.Tok == token.DEFINE {
				return true
			}
			for _, l := range as.Lhs {
				if id := root(l); id != nil && globals[s.pkg][id.Name] && global(id, specs) {
					t.Errorf("%s: package variable %s is assigned", s.fset.Position(id.Pos()), id.Name)
				}
			}
			return true
		})
	}
}

// root returns the leftmost identifier of an assignable expression.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// global reports whether id means one of the given package-level declarations,
// or something of another file, which is package level too.
func global(id *ast.Ident, specs map[*ast.ValueSpec]bool) bool {
	if id.Obj == nil {
		return true
	}
	spec, ok := id.Obj.Decl.(*ast.ValueSpec)
	return ok && specs[spec]
}

func TestNoLeftovers(t *testing.T) {
	left := regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "style_test.go") {
			continue
		}
		for _, g := range s.file.Comments {
			if left.MatchString(g.Text()) {
				t.Errorf("%s: left-over %q", s.fset.Position(g.Pos()), left.FindString(g.Text()))
			}
		}
	}
}

// TestWords fails on the words that the Luxembourg Guidelines ask to avoid.
func TestWords(t *testing.T) {
	avoid := regexp.MustCompile(`(?i)child[ _-]?porn|kiddie|child prostitut|child sex worker|child sex touris|revenge porn`)
	out, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Skip("not a git checkout: the list of files is unknown")
	}
	for f := range strings.Lines(string(out)) {
		f = strings.TrimSuffix(f, "\n")
		if f == "style_test.go" || strings.HasPrefix(f, "format/cybertip/") {
			continue
		}
		text, err := os.ReadFile(f)
		if err == nil && avoid.Match(text) {
			t.Errorf("%s: %q is a word to avoid", f, avoid.Find(text))
		}
	}
}

// TestDependencies compares what the program links with the committed list, and
// asks for a line of reason for every direct dependency.
func TestDependencies(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/tutela")
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := slices.Compact(slices.Sorted(strings.Lines(string(out))))
	linked = slices.DeleteFunc(linked, func(s string) bool { return strings.TrimSpace(s) == "" })
	want, err := os.ReadFile("docs/dependencies.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(linked, ""); got != string(want) {
		t.Errorf("docs/dependencies.txt is not what ./cmd/tutela links; it links:\n%s", got)
	}
	reasons, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.Contains(line, "// indirect") || !strings.Contains(f[0], ".") {
			continue
		}
		if !strings.Contains(string(reasons), f[0]) {
			t.Errorf("docs/dependencies.md gives no reason for %s", f[0])
		}
	}
}
