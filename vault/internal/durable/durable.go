// Package durable makes files that are there as a whole or not at all. It promises
// that a file that Write made outlives a loss of power; it never leaves a half one
// under its name.
package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"tutela/fault"
	"tutela/vault/failpoint"
)

// Part is how the names of files begin that are not finished; after a crash they
// are waste.
const Part = "part-"

// Write makes a file under its name: temporary file, fsync, rename, fsync of the
// directory. step names it for tests that kill.
func Write(dir, name, step string, write func(w io.Writer) error) error {
	f, err := os.CreateTemp(dir, Part+"*")
	if err != nil {
		return fault.New(fault.Outside, "make %s: %w", name, err)
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		if fault.KindOf(err) != fault.Unknown {
			return err
		}
		return fault.New(fault.Outside, "write %s: %w", name, err)
	}
	failpoint.Hit(step + ".written")
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return fault.New(fault.Outside, "name %s: %w", name, err)
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync() // not every system can sync a directory
		d.Close()
	}
	failpoint.Hit(step + ".renamed")
	return nil
}
