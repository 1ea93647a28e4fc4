package vault

import (
	"os"

	"golang.org/x/sys/windows"
)

func flock(f *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	h, over := windows.Handle(f.Fd()), new(windows.Overlapped)
	windows.UnlockFileEx(h, 0, 1, 0, over) // a lock held before is replaced, not stacked
	return windows.LockFileEx(h, flags, 0, 1, 0, over)
}
