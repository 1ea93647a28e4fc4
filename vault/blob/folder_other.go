//go:build !linux

package blob

import (
	"io/fs"
	"os"
	"runtime"
)

// syncFileSystem cannot be done here: files are synced one by one.
func syncFileSystem(string) (bool, error) { return false, nil }

// syncPath makes one file durable, and a directory where the system can.
func syncPath(p string) error {
	st, err := os.Stat(p)
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // a directory cannot be flushed, and a flush needs write access
		if st.IsDir() {
			return nil
		}
		if err := os.Chmod(p, 0o600); err != nil {
			return err
		}
		defer os.Chmod(p, 0o400)
		f, err := os.OpenFile(p, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	}
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// renameNew renames; two writers never use one name, so looking first is
// enough.
func renameNew(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// setImmutable is not available here.
func setImmutable(string, bool) error { return nil }
