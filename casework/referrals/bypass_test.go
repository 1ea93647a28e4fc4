package referrals_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/vault/vaulttest"
)

// TestBypassesDoNotBuild builds small programs as if they stood in casework:
// each tries to seal without a second officer's approval and must fail with the
// message in its first line; one does it properly and must build.
func TestBypassesDoNotBuild(t *testing.T) {
	vaulttest.BypassesDoNotBuild(t, 8)
}

// TestOnlyThisRoomSeals looks for the calls that sign and encrypt a package in
// all that is built: outside of this room and the format they are nowhere.
func TestOnlyThisRoomSeals(t *testing.T) {
	sealing := []string{"envelope.SealOpenPGP", "envelope.SealAge", "envelope.SignSSH", "envelope.SignOpenPGP", "referral.Write"}
	allowed, found := map[string]bool{"casework/referrals": true, "format/envelope": true, "format/referral": true}, 0
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			if ok && slices.Contains(sealing, x.Name+"."+s.Sel.Name) {
				found++
				if !allowed[filepath.ToSlash(filepath.Dir(path))] {
					t.Errorf("%s calls %s.%s", path, x.Name, s.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	must(t, err)
	if found < 5 {
		t.Errorf("only %d calls were found: the test looks at nothing", found)
	}
}
