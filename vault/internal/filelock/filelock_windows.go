package filelock

import (
	"os"

	"golang.org/x/sys/windows"
)

// Lock takes the lock of an open file for this process, alone or shared, or returns
// an error at once. The system lets go of it when the file is closed or the process
// ends, however it ends.
func Lock(f *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	h, over := windows.Handle(f.Fd()), new(windows.Overlapped)
	windows.UnlockFileEx(h, 0, 1, 0, over) // a lock held before is replaced, not stacked
	return windows.LockFileEx(h, flags, 0, 1, 0, over)
}
