package mapped

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	"tutela/fault"
)

func TestOpen(t *testing.T) {
	p := filepath.Join(t.TempDir(), "file")
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	if err := os.WriteFile(p, want, 0o400); err != nil {
		t.Fatal(err)
	}
	f, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.Bytes, want) || uintptr(unsafe.Pointer(&f.Bytes[0]))%8 != 0 {
		t.Error("other bytes, or not aligned")
	}
	if err := f.Close(); err != nil || f.Bytes != nil {
		t.Error(err)
	}
	if _, err := Open(p + "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file that is not there: %v", err)
	}
	os.WriteFile(p+"0", nil, 0o600)
	if f, err := Open(p + "0"); err != nil || len(f.Bytes) != 0 || f.Close() != nil {
		t.Errorf("an empty file: %v", err)
	}
}

// TestGuard cuts a mapped file, so that the memory behind it is gone.
func TestGuard(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are read here")
	}
	p := filepath.Join(t.TempDir(), "file")
	os.WriteFile(p, make([]byte, 1<<20), 0o600)
	f, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	os.Truncate(p, 0)
	sum := 0
	err = Guard(func() { sum += int(f.Bytes[1<<19]) })
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("reading what is gone: %v", err)
	}
	if err := Guard(func() {}); err != nil {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a mistake of ours was hidden")
		}
	}()
	Guard(func() { _ = make([]int, 1)[len(p)] })
}
