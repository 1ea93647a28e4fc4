package near

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tutela/fault"
	"tutela/vault/failpoint"
	"tutela/vault/internal/filelock"
)

const lockName = "lock"

// lockFile is held by the one process that writes.
type lockFile struct{ f *os.File }

func takeLock(dir string) (*lockFile, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Outside, "near: %w", err)
	}
	if err := filelock.Lock(f, true); err != nil {
		f.Close()
		return nil, fault.New(fault.Busy, "near: %s is in use: %w", dir, err)
	}
	return &lockFile{f}, nil
}

func (l *lockFile) release() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}

// writeFile makes a file under its name durably: temporary file, fsync, rename,
// fsync of the directory. step names it for tests that kill.
func writeFile(dir, name, step string, write func(w io.Writer) error) error {
	f, err := os.CreateTemp(dir, "part-*")
	if err != nil {
		return fault.New(fault.Outside, "near: %w", err)
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault.New(fault.Outside, "near: write %s: %w", name, err)
	}
	failpoint.Hit("near." + step + ".written")
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return fault.New(fault.Outside, "near: %w", err)
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync() // not every system can sync a directory
		d.Close()
	}
	failpoint.Hit("near." + step + ".renamed")
	return nil
}

// sweep deletes what the manifest does not name. A file that cannot be deleted is
// waste until the next time.
func sweep(dir string, keep map[string]bool) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, n := range names {
		name := n.Name()
		ours := strings.HasPrefix(name, "segment-") || strings.HasPrefix(name, "log-") || strings.HasPrefix(name, "part-")
		if ours && !keep[name] {
			os.Remove(filepath.Join(dir, name))
		}
	}
}
