package engine

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeysComeFromBelow finds keys that are written as a literal: they are the
// zero Key, and open nothing.
func TestKeysComeFromBelow(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "key_test.go") {
			return err
		}
		files++
		text, err := os.ReadFile(p)
		if strings.Contains(string(text), "engine.Key{") {
			t.Errorf("%s: a key is written as a literal; engine.Below gives it out", p)
		}
		return err
	})
	if err != nil || files < 50 {
		t.Errorf("%d files looked at, %v", files, err)
	}
	if (Key{}).Opens() || !Below().Opens() {
		t.Error("the zero key opens, or the key does not")
	}
}
