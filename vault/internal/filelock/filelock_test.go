package filelock

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	p := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(p, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b := open(), open()
	if err := Lock(a, true); err != nil {
		t.Fatal(err)
	}
	if Lock(b, true) == nil || Lock(b, false) == nil {
		t.Error("a second one got in")
	}
	if err := Lock(a, false); err != nil {
		t.Fatal(err)
	}
	if err := Lock(b, false); err != nil {
		t.Errorf("a shared lock is not shared: %v", err)
	}
	a.Close()
	if err := Lock(b, true); err != nil {
		t.Errorf("closing did not let go: %v", err)
	}
}
