// Package mapped gives the bytes of a file as memory, without reading what is not
// looked at where the system allows that. It promises bytes that are aligned to 64
// bits and stay until Close; it never lets them be changed.
package mapped

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime/debug"

	"tutela/fault"
)

// File is a file as memory.
type File struct {
	Bytes []byte
	close func() error
}

// Open maps a file, or reads it on systems where mapping is not done.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "map: %w", err)
	} else if err != nil {
		return nil, fault.New(fault.Outside, "map: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fault.New(fault.Outside, "map: %w", err)
	}
	if st.Size() == 0 {
		return &File{close: func() error { return nil }}, nil
	}
	if int64(int(st.Size())) != st.Size() {
		return nil, fault.New(fault.Outside, "map: %d bytes are more than this machine can address", st.Size())
	}
	b, unmap, err := mapFile(f, int(st.Size()))
	if err != nil {
		return nil, fault.New(fault.Outside, "map: %s: %w", path, err)
	}
	return &File{b, unmap}, nil
}

// Close gives the memory back. The bytes must not be used any more.
func (f *File) Close() error {
	f.Bytes = nil
	return f.close()
}

// Guard calls fn and turns a fault of mapped memory (the disk failed, or somebody
// cut the file) into an error of kind Corrupt instead of the end of the process.
func Guard(fn func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case interface {
			error
			Addr() uintptr
		}:
			err = fault.New(fault.Corrupt, "map: the file can no longer be read: %w", p)
		default:
			panic(p)
		}
	}()
	fn()
	return nil
}

// read is what stands in for a mapping.
func read(f *os.File, size int) ([]byte, func() error, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, nil, err
	}
	return b, func() error { return nil }, nil
}
