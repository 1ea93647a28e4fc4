package exact

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"tutela/fault"
)

func digest(i int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return sum[:]
}

func digests(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			if !yield(digest(i), nil) {
				return
			}
		}
	}
}

func TestBuildAndOpen(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "known")
	const n = 100_000 // some runs at a megabyte
	if err := Build(p, 32, 1<<20, digests(n)); err != nil {
		t.Fatal(err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("%d files are left", len(names))
	}
	s, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Len() != n || s.Verify() != nil {
		t.Errorf("%d digests, %v", s.Len(), s.Verify())
	}
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() {
			for i := part; i < n; i += 7 {
				if found, err := s.Contains(digest(i)); !found || err != nil {
					t.Errorf("digest %d: %v, %v", i, found, err)
				}
				if found, err := s.Contains(digest(n + i)); found || err != nil {
					t.Errorf("digest %d is not there: %v, %v", n+i, found, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestFailedBuildLeavesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "known")
	if err := Build(p, 32, 0, digests(10)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the source broke")
	for name, from := range map[string]iter.Seq2[[]byte, error]{
		"source": func(yield func([]byte, error) bool) {
			for d := range digests(60_000) {
				if !yield(d, nil) {
					return
				}
			}
			yield(nil, broken)
		},
		"width": func(yield func([]byte, error) bool) { yield(make([]byte, 16), nil) },
	} {
		err := Build(p, 32, 0, from)
		if !errors.Is(err, broken) && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := Open(p)
	if err != nil || s.Len() != 10 {
		t.Fatal(err)
	}
	s.Close()
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("%d files are left", len(names))
	}
	if err := Build(p, 33, 0, digests(1)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("width 33: %v", err)
	}
	if err := Build(filepath.Join(dir, "none", "x"), 32, 0, digests(1)); fault.KindOf(err) != fault.Outside {
		t.Errorf("no directory: %v", err)
	}
}

func TestDamage(t *testing.T) {
	p := filepath.Join(t.TempDir(), "known")
	if _, err := Open(p); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no file: %v", err)
	}
	if err := Build(p, 32, 0, digests(1000)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, _ := os.ReadFile(p)
	b[100] ^= 1 // in page 0
	os.WriteFile(p, b, 0o600)
	damaged := 0
	for i := range 1000 {
		switch found, err := s.Contains(digest(i)); {
		case fault.KindOf(err) == fault.Corrupt:
			damaged++
		case !found:
			t.Fatalf("digest %d was missed", i)
		}
	}
	if damaged == 0 || fault.KindOf(s.Verify()) != fault.Corrupt {
		t.Errorf("%d look-ups saw the damage", damaged)
	}
	os.Truncate(p, 5000)
	if _, err := Open(p); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a cut file: %v", err)
	}
	if _, err := s.Contains(digest(1)); err == nil {
		t.Error("reading beyond the end gave an answer")
	}
}
