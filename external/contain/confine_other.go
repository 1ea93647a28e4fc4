//go:build !linux

package contain

import (
	"io"
	"os"
	"runtime"
	"runtime/metrics"
	"time"
)

const (
	rootDir    = ""
	exitMemory = 97
)

func self() (string, error) { return os.Executable() }

// confine starts a watchdog over the memory of the process: it ends a worker
// that grows, not one that was taken over.
func confine(o order) ([]Measure, error) {
	go func() {
		for range time.Tick(20 * time.Millisecond) {
			if inUse() > uint64(o.Memory) {
				os.Exit(exitMemory)
			}
		}
	}()
	return []Measure{
		{Name: "process", Enforced: true, Detail: "a process of its own, ended when it takes too long or too much memory"},
		{Name: "files and network", Enforced: false, Detail: "a decoder that is taken over has the user's rights on " + runtime.GOOS},
	}, nil
}

func inUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// channel is a pipe: the input follows each request.
func channel() (parent, child *os.File, err error) {
	child, parent, err = os.Pipe()
	return parent, child, err
}

func send(control *os.File, head []byte, in io.ReaderAt, size int64) error {
	if _, err := control.Write(head); err != nil {
		return err
	}
	buf := make([]byte, min(size, mib))
	for off := int64(0); off < size; {
		b := buf[:min(size-off, int64(len(buf)))]
		n, err := in.ReadAt(b, off)
		if n < len(b) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return &inputError{err}
		}
		if _, err := control.Write(b); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// answers is the worker's end of the answer pipe.
type answers struct{}

func (answers) Write(b []byte) (int, error) { return os.Stdout.Write(b) }

func receive(o order) (request, error) {
	head := make([]byte, requestHead)
	if _, err := io.ReadFull(os.Stdin, head); err != nil {
		return request{}, err
	}
	q, err := readRequest(head, os.Stdin)
	if err != nil {
		return request{}, err
	}
	if q.size > o.Input {
		return request{}, io.ErrShortBuffer
	}
	data, err := readGrowing(os.Stdin, q.size)
	q.in = bytesAt(data)
	return q, err
}

type bytesAt []byte

func (b bytesAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
