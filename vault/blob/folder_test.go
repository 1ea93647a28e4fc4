package blob

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestDirectoriesCountOnceTheyAreDurable: as long as no batch has synced a new
// directory, each that puts something there has to; afterwards none does.
func TestDirectoriesCountOnceTheyAreDurable(t *testing.T) {
	dir := t.TempDir()
	b, err := Folder(dir, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := b.(*folder)
	begin := func(name string) *folderBatch {
		batch, err := f.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s, err := batch.Stage()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Keep(name); err != nil {
			t.Fatal(err)
		}
		return batch.(*folderBatch)
	}
	parents := []string{dir, filepath.Join(dir, "ab"), filepath.Join(dir, "ab", "c")}
	named := func(name string) []string {
		batch, dirs := begin(name), map[string]bool{}
		for s, to := range batch.kept {
			if err := f.rename(s.Name(), to, dirs); err != nil {
				t.Fatal(err)
			}
		}
		return slices.Sorted(maps.Keys(dirs))
	}
	for _, name := range []string{"abc1", "abc2"} { // both before any sync
		if got := named(name); !slices.Equal(got, parents) {
			t.Errorf("%s: to sync are %v, want %v", name, got, parents)
		}
	}
	if err := begin("abc3").Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := named("abc4"); !slices.Equal(got, parents[2:]) {
		t.Errorf("after a sync: %v", got)
	}
	if left, err := os.ReadDir(parents[2]); err != nil || len(left) != 4 {
		t.Errorf("%d objects, %v", len(left), err)
	}
}
