package contain

import (
	"errors"
	"io"
	"time"
)

// Op is one thing that a worker can do: it reads size bytes of in and returns
// the answer. An error of it reaches the caller of Run as a *Failure.
type Op func(in io.ReaderAt, size int64, args []byte) (out []byte, err error)

// Errors of Run, to be told apart with errors.Is. After each of them the pool
// goes on with a fresh worker.
var (
	ErrCrashed     = errors.New("worker crashed")
	ErrTimeout     = errors.New("worker used more time than it was given")
	ErrMemory      = errors.New("worker used more memory than it was given")
	ErrOutput      = errors.New("worker answered more than it was allowed to")
	ErrInput       = errors.New("input is larger than a worker is given")
	ErrUncontained = errors.New("worker could not be contained")
	ErrClosed      = errors.New("pool is closed")
)

// Failure is the error that an Op returned, as text (at most 1 KiB).
type Failure struct {
	Op   string
	Text string
}

// Error returns the name of the op and the text.
func (f *Failure) Error() string { return "contain: " + f.Op + ": " + f.Text }

// Limits of one worker. Zero means the default in brackets.
type Limits struct {
	Wall    time.Duration // for one item (30 s)
	CPU     time.Duration // for one item, in whole seconds, over all threads (20 s)
	Memory  int64         // private memory of the worker in bytes, its own program included (768 MiB; at least 128 MiB)
	Input   int64         // bytes of one input (1 GiB)
	Output  int64         // bytes of one answer (64 MiB)
	Threads int           // that run Go code at once (2)
}

// Config of a pool. Zero means the default in brackets.
type Config struct {
	Size      int // workers at once (1)
	Limits    Limits
	Recycle   int  // items after which a worker is replaced (200)
	AllowWeak bool // work although Landlock is missing; seccomp and limits are required all the same
}

const (
	mib          = 1 << 20
	minMemory    = 128 * mib
	maxErrorText = 1024
)

func (c Config) filled() Config {
	set := func(p *int, def int) {
		if *p <= 0 {
			*p = def
		}
	}
	set64 := func(p *int64, def int64) {
		if *p <= 0 {
			*p = def
		}
	}
	set(&c.Size, 1)
	set(&c.Recycle, 200)
	set(&c.Limits.Threads, 2)
	set64((*int64)(&c.Limits.Wall), int64(30*time.Second))
	set64((*int64)(&c.Limits.CPU), int64(20*time.Second))
	set64(&c.Limits.Memory, 768*mib)
	set64(&c.Limits.Input, 1024*mib)
	set64(&c.Limits.Output, 64*mib)
	c.Limits.Memory = max(c.Limits.Memory, minMemory)
	c.Limits.CPU = max(c.Limits.CPU.Round(time.Second), time.Second)
	return c
}

// Measure is one way in which workers are contained on this machine.
type Measure struct {
	Name     string `json:"name"`     // "landlock"
	Enforced bool   `json:"enforced"` //
	Detail   string `json:"detail"`   // what it takes away, or why it is missing
}
