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
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"tutela/fault"
)

// In and Out stand in Program.Args for the names of input and output.
const (
	In  = "{in}"
	Out = "{out}"
)

// Program is a decoder of this system, such as libheif's. It is started for one
// input and ends with it. It can read the input, its own libraries and nothing
// else, start no program, open no socket, and write only to the pipe that its
// output is read from.
type Program struct {
	Path    string   // absolute
	Args    []string // In and Out are replaced
	Suffix  string   // of the output's name, since some programs go by it: ".png"
	Plugins []string // patterns of further libraries, that it opens by itself
	Limits  Limits   // zero fields are defaults; Threads has no meaning here
}

// programMarker is the first argument of a process that becomes a program; a
// JSON programOrder follows.
const programMarker = "tutela: contained program"

// programOrder is what such a process is told.
type programOrder struct {
	Path   string   `json:"path"`
	Loader string   `json:"loader"` // the program's interpreter, "" for none
	Args   []string `json:"args"`
	Libs   []string `json:"libs"`
	Dirs   []string `json:"dirs"` // that may be listed: of the plugins
	Limits order    `json:"limits"`
}

// exitUncontained is the status of a process that could not contain itself.
const exitUncontained = 125

// becomeProgram is Main for a process that was started by Program.Run.
func becomeProgram() {
	var o programOrder
	err := json.Unmarshal([]byte(os.Args[1]), &o)
	if err == nil {
		err = confineProgram(o) // does not return when all is well
	}
	fmt.Fprint(os.Stderr, err)
	os.Exit(exitUncontained)
}

// Libraries returns the files that the program may read beside its input: the
// libraries that it needs, and its plugins. They are looked up, not loaded.
func (p Program) Libraries() ([]string, error) {
	var o programOrder
	err := o.libraries(p)
	return o.Libs, err
}

// Run gives the program the first size bytes of in and returns what it writes.
// The error is a *Failure when the program said that it failed (then what it wrote
// is returned too), and wraps one of this package's errors otherwise.
func (p Program) Run(ctx context.Context, in io.ReaderAt, size int64) ([]byte, error) {
	var out bytes.Buffer
	_, err := p.Stream(ctx, in, size, func(r io.Reader) error { _, err := out.ReadFrom(r); return err })
	var own *Failure
	if err != nil && !errors.As(err, &own) {
		return nil, err
	}
	return out.Bytes(), err
}

// Stream is Run for a program that writes much: use reads what it writes while it
// runs. When use returns before the end, the program is ended: nil means that use
// has enough. An error of use is that of Stream, unless the program failed first.
// complained says that the program wrote something on its error pipe, which is
// never told since it may quote the input.
func (p Program) Stream(ctx context.Context, in io.ReaderAt, size int64, use func(io.Reader) error) (complained bool, err error) {
	name := filepath.Base(p.Path)
	p.Limits = Config{Limits: p.Limits}.filled().Limits
	if size < 0 || size > p.Limits.Input {
		return false, fault.New(fault.Refused, "contain: %s: %d bytes: %w", name, size, ErrInput)
	}
	complained, err = p.stream(ctx, in, size, use)
	var own *Failure
	var theirs *useError
	switch {
	case errors.As(err, &theirs):
		return complained, theirs.error
	case err != nil && !errors.As(err, &own):
		return complained, fmt.Errorf("contain: %s: %w", name, err)
	}
	return complained, err
}

// useError marks the errors of the caller's use.
type useError struct{ error }

func (p Program) stream(ctx context.Context, in io.ReaderAt, size int64, use func(io.Reader) error) (complained bool, err error) {
	input, err := programInput(in, size)
	if err != nil {
		return false, err
	}
	defer input.Close()
	dir, err := outputNames(p.Suffix)
	if err != nil {
		return false, fault.New(fault.Outside, "%w", err)
	}
	defer os.RemoveAll(dir)
	cmd, errs, err := p.command(filepath.Join(dir, "out"+p.Suffix))
	if err != nil {
		return false, err
	}
	cmd.Stdin = input
	answer, err := cmd.StdoutPipe()
	if err != nil {
		return false, fault.New(fault.Outside, "%w", err)
	}
	if err := cmd.Start(); err != nil {
		return false, fault.New(fault.Outside, "%w", err)
	}
	var late atomic.Bool
	timer := time.AfterFunc(p.Limits.Wall, func() { late.Store(true); cmd.Process.Kill() })
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	out := &counted{r: answer, left: p.Limits.Output}
	useErr := use(out)
	if !out.ended {
		cmd.Process.Kill()
	}
	waitErr := cmd.Wait()
	timer.Stop()
	stop()
	text := errs.String()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case late.Load():
		return text != "", fmt.Errorf("%w: %v of wall time", ErrTimeout, p.Limits.Wall)
	case out.left < 0:
		return text != "", fmt.Errorf("%w: %d bytes", ErrOutput, p.Limits.Output)
	case waitErr != nil && out.ended:
		return text != "", p.ending(cmd.ProcessState, text)
	case useErr != nil:
		return text != "", &useError{useErr}
	}
	return text != "", nil
}

// counted is the program's output. It ends after left bytes, with left below 0 if
// there was more.
type counted struct {
	r     io.Reader
	left  int64
	ended bool // the program has closed it
}

func (c *counted) Read(b []byte) (int, error) {
	if c.left < 0 {
		return 0, ErrOutput
	}
	n, err := c.r.Read(b)
	c.ended = err != nil
	if c.left -= int64(n); c.left < 0 {
		n, err = n+int(c.left), ErrOutput
	}
	return n, err
}

// outputNames makes a directory with the names under which a program finds its
// standard output, the second one being that of the first of several pictures.
func outputNames(suffix string) (string, error) {
	dir, err := os.MkdirTemp("", "tutela-out-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"out", "out-1"} {
		if err := os.Symlink("/proc/self/fd/1", filepath.Join(dir, name+suffix)); err != nil {
			os.RemoveAll(dir)
			return "", err
		}
	}
	return dir, nil
}

// command prepares the process that contains itself and becomes the program.
func (p Program) command(out string) (*exec.Cmd, *head, error) {
	o := programOrder{Limits: order{Memory: p.Limits.Memory, CPU: int64(p.Limits.CPU / time.Second), Locked: mib}}
	for _, a := range p.Args {
		o.Args = append(o.Args, strings.NewReplacer(In, "/proc/self/fd/0", Out, out).Replace(a))
	}
	if err := o.libraries(p); err != nil {
		return nil, nil, fault.New(fault.Outside, "%w", err)
	}
	said, err := json.Marshal(o)
	if err != nil {
		return nil, nil, err
	}
	path, err := self()
	if err != nil {
		return nil, nil, fault.New(fault.Outside, "%w", err)
	}
	errs := &head{}
	return &exec.Cmd{Path: path, Args: []string{programMarker, string(said)}, Dir: rootDir, Stderr: errs,
		Env: []string{"GOTRACEBACK=none", "GODEBUG=containermaxprocs=0,updatemaxprocs=0", "GOMAXPROCS=1"}}, errs, nil
}

// ending says why a program ended without success. What it wrote to the error
// pipe may quote the input: only that of a process that did not become the
// program is told.
func (p Program) ending(state *os.ProcessState, text string) error {
	switch {
	case state.ExitCode() == exitUncontained:
		return fault.New(fault.Refused, "%w: %s", ErrUncontained, clip(text))
	case saysMemory(text), strings.Contains(text, "std::bad_alloc"), peak(state) >= p.Limits.Memory/4*3:
		return fmt.Errorf("%w: %d MiB", ErrMemory, p.Limits.Memory/mib)
	case outOfTime(state), killed(state): // both are the kernel's answers to that limit
		return fmt.Errorf("%w: %v of processor time", ErrTimeout, p.Limits.CPU)
	case state.ExitCode() > 0:
		return &Failure{Op: filepath.Base(p.Path), Text: state.String()}
	}
	return fmt.Errorf("%w: %v", ErrCrashed, state)
}
