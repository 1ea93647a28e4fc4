package audit_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// TestBypassesDoNotBuild builds small programs as if they stood in casework:
// each tries to write without an act and must fail with the message in its first
// line; one does it properly and must build.
func TestBypassesDoNotBuild(t *testing.T) {
	files, err := filepath.Glob("testdata/bypass/*.go.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("programs: %v, %v", files, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".go.txt"), func(t *testing.T) { build(t, f) })
	}
}

func build(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	want := strings.TrimPrefix(first, "// ")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	// An overlay shows the compiler a package that is not on the disk.
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(root, "casework", "bypass", "bypass.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(place, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
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

// TestEmptyHandlesDoNothing covers what the compiler cannot refuse: the zero
// value of a handle.
func TestEmptyHandlesDoNothing(t *testing.T) {
	ctx := context.Background()
	if err := new(db.Writer).Put(ctx, noteTable(), db.Row{"a", "b"}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a writer out of nothing: %v, want refused", err)
	}
	if _, err := new(db.Reader).Query(ctx, `SELECT 1`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a reader out of nothing: %v, want refused", err)
	}
}

// inferred calls a method of the raw side with a key whose type the compiler
// infers: it needs no name of it, and builds anywhere.
func inferred[K any](ctx context.Context, write func(context.Context, K, func(*db.Writer) error) error, fn func(*db.Writer) error) error {
	var key K
	return write(ctx, key, fn)
}

func inferredRead[K any](read func(K) *db.Reader) *db.Reader { var key K; return read(key) }

func inferredExec[K, R any](ctx context.Context, exec func(context.Context, K, string, ...any) (R, error)) error {
	var key K
	_, err := exec(ctx, key, `DELETE FROM note`)
	return err
}

// TestAnInferredKeyOpensNothing covers the one way past the compiler: type
// inference makes a key without naming it.
func TestAnInferredKeyOpensNothing(t *testing.T) {
	v := vaulttest.Open(t, schema())
	ctx := context.Background()
	write(t, v, "a")
	put := func(w *db.Writer) error { return w.Put(ctx, noteTable(), db.Row{"z", "without an act"}) }
	if err := inferred(ctx, v.Store.Write, put); fault.KindOf(err) != fault.Refused {
		t.Errorf("a write without an act: %v, want refused", err)
	}
	if _, err := inferredRead(v.Store.Read).Query(ctx, `SELECT id FROM note`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a look without a consultation: %v, want refused", err)
	}
	_, err := v.Desk.Do(ctx, act("note.write"), func(w *db.Writer) error {
		for name, err := range map[string]error{"exec": inferredExec(ctx, w.Exec), "raw": inferredExec(ctx, w.Raw)} {
			if fault.KindOf(err) != fault.Refused {
				t.Errorf("%s past the act's items: %v, want refused", name, err)
			}
		}
		defer func() {
			if recover() == nil {
				t.Error("the act's id was changed with a key out of nothing")
			}
		}()
		inferredBind(w.Bind)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mustBeClean(t, v)
}

func inferredBind[K any](bind func(K, string)) { var key K; bind(key, "made up") }
