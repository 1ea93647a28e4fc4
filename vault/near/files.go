package near

import (
	"os"
	"path/filepath"
	"strings"

	"tutela/fault"
	"tutela/vault/internal/durable"
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

// sweep deletes what the manifest does not name. A file that cannot be deleted is
// waste until the next time.
func sweep(dir string, keep map[string]bool) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, n := range names {
		name := n.Name()
		ours := strings.HasPrefix(name, "segment-") || strings.HasPrefix(name, "log-") || strings.HasPrefix(name, durable.Part)
		if ours && !keep[name] {
			os.Remove(filepath.Join(dir, name))
		}
	}
}
