//go:build !linux

package contain

import (
	"errors"
	"io"
	"os"
	"runtime"

	"tutela/fault"
)

// programInput refuses: only linux can hold a program of others.
func programInput(io.ReaderAt, int64) (*os.File, error) {
	return nil, fault.New(fault.Refused, "%w: decoders of the system are not started on %s", ErrUncontained, runtime.GOOS)
}

var errNoPrograms = errors.New("decoders of the system are started on linux only")

func (o *programOrder) libraries(Program) error { return errNoPrograms }

func confineProgram(programOrder) error { return errNoPrograms }

func killed(*os.ProcessState) bool { return false }
