package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tutela/fault"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	put := func(text string, err error) error {
		return Write(dir, "file", "test", func(w io.Writer) error {
			io.WriteString(w, text)
			return err
		})
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("half", errors.New("broke")); fault.KindOf(err) != fault.Outside {
		t.Errorf("kind of %v", err)
	}
	if err := put("half", fault.New(fault.Corrupt, "broke")); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("kind of %v", err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, "file"))
	names, _ := os.ReadDir(dir)
	if string(b) != "one" || len(names) != 1 {
		t.Errorf("%q, %d files", b, len(names))
	}
	if err := put("two", nil); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "file")); string(b) != "two" {
		t.Errorf("%q", b)
	}
	if err := Write(filepath.Join(dir, "none"), "file", "test", nil); fault.KindOf(err) != fault.Outside {
		t.Errorf("no directory: %v", err)
	}
}
