package contain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tutela/fault"
)

// process is one worker, seen from the parent. One goroutine at a time uses it,
// but for kill.
type process struct {
	cmd      *exec.Cmd
	control  *os.File // requests; its end is the end of the worker
	answers  *os.File
	errs     *head
	limits   Limits
	measures []Measure
	served   int
	ended    bool
	guard    guard // what the platform keeps beside the process
}

// startTime is how long a worker may take until it is contained and ready.
const startTime = 20 * time.Second

func start(ctx context.Context, c Config) (*process, error) {
	said, err := json.Marshal(order{Memory: c.Limits.Memory, Input: c.Limits.Input, AllowWeak: c.AllowWeak,
		CPU: int64(c.Limits.CPU/time.Second+1) * int64(c.Recycle+1)})
	if err != nil {
		return nil, err
	}
	path, err := self()
	if err != nil {
		return nil, fault.New(fault.Outside, "start worker: %w", err)
	}
	control, childControl, err := channel()
	if err != nil {
		return nil, fault.New(fault.Outside, "start worker: %w", err)
	}
	answers, childAnswers, err := os.Pipe()
	if err != nil {
		control.Close()
		childControl.Close()
		return nil, fault.New(fault.Outside, "start worker: %w", err)
	}
	p := &process{control: control, answers: answers, errs: &head{}, limits: c.Limits}
	p.cmd = &exec.Cmd{Path: path, Args: []string{marker, string(said)}, Dir: rootDir,
		Stdin: childControl, Stdout: childAnswers, Stderr: p.errs,
		// No secret of the parent's environment goes along. Traces would
		// quote what the worker read; the cgroup watcher would keep a file.
		Env: []string{"GOTRACEBACK=none", "GODEBUG=containermaxprocs=0,updatemaxprocs=0",
			fmt.Sprintf("GOMAXPROCS=%d", c.Limits.Threads)}}
	err = p.cmd.Start()
	// The worker's ends are closed here at once: a worker that dies before it
	// is ready must end the wait for its first answer.
	childControl.Close()
	childAnswers.Close()
	if err != nil {
		control.Close()
		answers.Close()
		return nil, fault.New(fault.Outside, "start worker: %w", err)
	}
	if err := p.ready(ctx, c); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// ready waits until the worker says that it is contained.
func (p *process) ready(ctx context.Context, c Config) error {
	var err error
	if p.guard, err = watch(p.cmd.Process, c.Limits); err != nil {
		return fault.New(fault.Refused, "%w: %w", ErrUncontained, err)
	}
	kind, payload, err := p.read(ctx, startTime, mib)
	switch {
	case err != nil:
		return err
	case kind == kindRefused:
		return fault.Hint(fault.New(fault.Refused, "%w: %s", ErrUncontained, payload),
			"A kernel with Landlock (linux 5.13 or later) and seccomp is needed to read hostile files.")
	case kind != kindReady:
		return fmt.Errorf("%w: it did not say that it is ready; is contain.Main called first in main?", ErrCrashed)
	}
	return json.Unmarshal(payload, &p.measures)
}

func (p *process) run(ctx context.Context, op string, in io.ReaderAt, size int64, args []byte) ([]byte, error) {
	p.served++
	if err := grant(p.cmd.Process, p.limits.CPU); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCrashed, err)
	}
	head, err := putRequest(op, args, size)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	sent := make(chan error, 1)
	go func() {
		err := send(p.control, head, in, size)
		if err != nil {
			p.kill() // it would wait for the rest
		}
		sent <- err
	}()
	kind, payload, err := p.read(ctx, p.limits.Wall, p.limits.Output)
	if err != nil {
		p.kill() // frees a sender that still writes
	}
	sendErr := <-sent
	var source *inputError
	switch {
	case errors.As(sendErr, &source):
		p.kill()
		return nil, fault.New(fault.Outside, "read input: %w", source.err)
	case err != nil:
		return nil, err
	case kind == kindAnswer:
		return payload, nil
	case kind == kindFailed && len(payload) <= maxErrorText:
		return nil, &Failure{Op: op, Text: strings.ToValidUTF8(string(payload), "�")}
	}
	return nil, fmt.Errorf("%w: its answer is malformed", ErrCrashed)
}

// inputError is a failure to read the caller's input.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }

// read reads one frame, and kills the worker when it takes too long or when ctx
// ends.
func (p *process) read(ctx context.Context, wall time.Duration, limit int64) (byte, []byte, error) {
	var late atomic.Bool
	timer := time.AfterFunc(wall, func() { late.Store(true); p.kill() })
	stop := context.AfterFunc(ctx, p.kill)
	kind, payload, err := readFrame(p.answers, limit)
	timer.Stop()
	stop()
	switch {
	case err == nil:
		return kind, payload, nil
	case late.Load():
		return 0, nil, fmt.Errorf("%w: %v of wall time", ErrTimeout, wall)
	case ctx.Err() != nil:
		return 0, nil, ctx.Err()
	case errors.Is(err, errOverlong):
		return 0, nil, fmt.Errorf("%w: %d bytes", ErrOutput, limit)
	}
	p.reap()
	return 0, nil, p.obituary()
}

// memoryTexts are what the Go runtime says when it ends for want of memory
// (src/runtime: malloc.go, mem_linux.go, mpagealloc_64bit.go, os_linux.go and,
// with the C library, cgo/gcc_util.c): the stack of a thread is memory too.
var memoryTexts = []string{"out of memory", "cannot allocate memory", "failed to reserve page summary memory",
	"failed to create new OS thread", "pthread_create failed"}

func saysMemory(text string) bool {
	return slices.ContainsFunc(memoryTexts, func(s string) bool { return strings.Contains(text, s) })
}

// obituary says why an ended worker ended. At the limit the Go runtime itself may
// fault instead of saying so (Go 1.26: src/runtime/mgcmark_greenteagc.go uses what
// it could not get), so a runtime that ends with most of its memory used ended
// for want of memory; a panic of the decoder stays one.
func (p *process) obituary() error {
	text := p.errs.String()
	state := p.cmd.ProcessState
	switch {
	case outOfTime(state):
		return fmt.Errorf("%w: %v of processor time", ErrTimeout, p.limits.CPU)
	case saysMemory(text),
		state != nil && state.ExitCode() == exitMemory,
		!strings.HasPrefix(text, "panic: ") && peak(state) >= p.limits.Memory/4*3:
		return fmt.Errorf("%w: %d MiB", ErrMemory, p.limits.Memory/mib)
	}
	// The text of a panic may quote what was read: only the status is told.
	return fmt.Errorf("%w: %v", ErrCrashed, state)
}

func (p *process) kill() { p.cmd.Process.Kill() }

// reap kills the worker if it lives, and waits for it.
func (p *process) reap() {
	if !p.ended {
		p.ended = true
		p.kill()
		p.cmd.Wait()
	}
}

// end reaps the worker and frees what the parent held for it.
func (p *process) end() {
	p.reap()
	p.control.Close()
	p.answers.Close()
	p.guard.release()
}

// head keeps the first 16 KiB that are written to it, and forgets the rest.
type head struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if room := 16<<10 - h.buf.Len(); room > 0 {
		h.buf.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf.String()
}
