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
	if _, err := (db.Raw{}).Read().Query(ctx, `SELECT 1`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a raw side out of nothing reads: %v, want refused", err)
	}
	if err := (db.Raw{}).Write(ctx, func(*db.Writer) error { return nil }); fault.KindOf(err) != fault.Refused {
		t.Errorf("a raw side out of nothing writes: %v, want refused", err)
	}
	if _, err := (db.RawWriter{}).Exec(ctx, `DELETE FROM note`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a raw writer out of nothing: %v, want refused", err)
	}
}
