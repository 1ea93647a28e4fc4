package vaulttest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BypassesDoNotBuild builds the programs testdata/bypass/*.go.txt of a package two
// folders below the module, each as if it stood in casework. The first line of
// each is a comment: "builds", or what the compiler must say. There are at least
// that many.
func BypassesDoNotBuild(t *testing.T, atLeast int) {
	files, err := filepath.Glob("testdata/bypass/*.go.txt")
	if err != nil || len(files) < atLeast {
		t.Fatalf("programs: %v, %v", files, err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".go.txt"), func(t *testing.T) { bypass(t, root, f) })
	}
}

func bypass(t *testing.T, root, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	want := strings.TrimPrefix(first, "// ")
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
