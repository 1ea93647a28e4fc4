//go:build unix

package evidence_test

import (
	"syscall"
	"testing"
)

// makePipe makes a named pipe in a folder.
func makePipe(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
