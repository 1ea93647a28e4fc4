package blob

import (
	"os"
	"runtime"

	"tutela/fault"
)

// CanBeImmutable tries whether files in a folder can carry the immutable flag:
// nil if they can, else an Outside error that says why not. It leaves nothing
// behind.
func CanBeImmutable(dir string) error {
	if runtime.GOOS != "linux" {
		return fault.New(fault.Outside, "blob: %s has no immutable flag that is used here", runtime.GOOS)
	}
	f, err := os.CreateTemp(dir, ".immutable-*")
	if err != nil {
		return fault.New(fault.Outside, "blob: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := setImmutable(f.Name(), true); err != nil {
		return fault.New(fault.Outside, "blob: the immutable flag cannot be set: %w", err)
	}
	if err := setImmutable(f.Name(), false); err != nil {
		return fault.New(fault.Outside, "blob: the immutable flag cannot be cleared: %w", err)
	}
	return nil
}
