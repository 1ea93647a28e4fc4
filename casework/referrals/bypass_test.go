package referrals_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBypassesDoNotBuild builds small programs as if they stood in casework:
// each tries to seal without a second officer's approval and must fail with the
// message in its first line; one does it properly and must build.
func TestBypassesDoNotBuild(t *testing.T) {
	files, err := filepath.Glob("testdata/bypass/*.go.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("programs: %v, %v", files, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".go.txt"), func(t *testing.T) { build(t, f) })
	}
}

func build(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	must(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	want := strings.TrimPrefix(first, "// ")
	root, err := filepath.Abs("../..")
	must(t, err)
	source, err := filepath.Abs(file)
	must(t, err)
	// An overlay shows the compiler a package that is not on the disk.
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(root, "casework", "bypass", "bypass.go"): source}})
	must(t, err)
	place := filepath.Join(t.TempDir(), "overlay.json")
	must(t, os.WriteFile(place, overlay, 0o600))
	cmd := exec.Command("go", "build", "-overlay", place, "./casework/bypass")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch {
	case want == "builds" && err != nil:
		t.Errorf("the proper program does not build:\n%s", out)
	case want != "builds" && err == nil:
		t.Error("the bypass builds")
	case want != "builds" && !strings.Contains(string(out), want):
		t.Errorf("fails for another reason than %q:\n%s", want, out)
	}
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
