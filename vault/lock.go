package vault

import (
	"os"
	"path/filepath"

	"tutela/fault"
	"tutela/vault/internal/filelock"
)

// lockFile is the directory's lock. The system lets go of it when the process
// ends, however it ends.
type lockFile struct{ f *os.File }

func takeLock(dir string, exclusive bool) (*lockFile, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Outside, "vault: %w", err)
	}
	if err := filelock.Lock(f, exclusive); err != nil {
		f.Close()
		return nil, fault.Hint(fault.New(fault.Busy, "vault: %s is in use: %w", dir, err), "Wait until the other tutela has finished.")
	}
	return &lockFile{f}, nil
}

// share turns an exclusive lock into a shared one.
func (l *lockFile) share() error { return filelock.Lock(l.f, false) }

func (l *lockFile) release() error {
	if l == nil || l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close()
}
