package contain

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	rootDir    = "/"
	exitMemory = -2 // no such status: the kernel's limit is what ends a worker
)

// self is the running program even when its file has been replaced since.
func self() (string, error) { return "/proc/self/exe", nil }

// channel is a socket pair: memory files can be handed over on it.
func channel() (parent, child *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "worker control"), nil
}

// send copies the input into a sealed memory file, so that neither side can
// change it afterwards, and hands it over with the request.
func send(control *os.File, head []byte, in io.ReaderAt, size int64) error {
	fd, err := sealed(in, size)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	conn := int(control.Fd())
	n, err := retry(func() (int, error) {
		return unix.SendmsgN(conn, head, unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL)
	})
	if err != nil {
		return err
	}
	for head = head[n:]; len(head) > 0; head = head[n:] {
		if n, err = retry(func() (int, error) { return unix.SendmsgN(conn, head, nil, nil, unix.MSG_NOSIGNAL) }); err != nil {
			return err
		}
	}
	return nil
}

func sealed(in io.ReaderAt, size int64) (int, error) {
	flags := unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("input", flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // kernels before 6.3
		fd, err = unix.MemfdCreate("input", flags)
	}
	if err != nil {
		return -1, err
	}
	n, err := io.Copy(fdFile(fd), &source{io.NewSectionReader(in, 0, size)})
	if err == nil && n < size {
		err = &inputError{io.ErrUnexpectedEOF}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// source marks the errors of the caller's input.
type source struct{ r io.Reader }

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		err = &inputError{err}
	}
	return n, err
}

// fdFile is a file descriptor without the runtime's poller, which a contained
// worker should not need.
type fdFile int

func (f fdFile) Read(b []byte) (int, error) {
	n, err := retry(func() (int, error) { return unix.Read(int(f), b) })
	if n == 0 && err == nil && len(b) > 0 {
		return 0, io.EOF
	}
	return max(n, 0), err
}

func (f fdFile) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		n, err := retry(func() (int, error) { return unix.Write(int(f), b[done:]) })
		if err != nil {
			return done, err
		}
		done += n
	}
	return len(b), nil
}

func (f fdFile) ReadAt(b []byte, off int64) (int, error) {
	done := 0
	for done < len(b) {
		n, err := retry(func() (int, error) { return unix.Pread(int(f), b[done:], off+int64(done)) })
		if err != nil {
			return done, err
		}
		if n == 0 {
			return done, io.EOF
		}
		done += n
	}
	return done, nil
}

func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// answers is the worker's end of the answer pipe.
type answers struct{}

func (answers) Write(b []byte) (int, error) { return fdFile(1).Write(b) }

// receive waits for the next request; io.EOF means that there is none.
func receive(order) (request, error) {
	head, rights := make([]byte, requestHead), make([]byte, unix.CmsgSpace(4))
	input := -1
	for got := 0; got < len(head); {
		var rightsLen int
		n, err := retry(func() (n int, err error) {
			n, rightsLen, _, _, err = unix.Recvmsg(0, head[got:], rights, unix.MSG_CMSG_CLOEXEC)
			return n, err
		})
		if err != nil {
			return request{}, err
		}
		if n == 0 {
			return request{}, io.EOF
		}
		got += n
		if fd, ok := handed(rights[:rightsLen]); ok {
			input = fd
		}
	}
	q, err := readRequest(head, fdFile(0))
	if err != nil {
		return request{}, err
	}
	if input < 0 {
		return request{}, errors.New("request without input")
	}
	q.in, q.close = fdFile(input), func() { unix.Close(input) }
	return q, nil
}

func handed(rights []byte) (int, bool) {
	msgs, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(msgs) != 1 {
		return -1, false
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return -1, false
	}
	return fds[0], true
}

// guard is empty on linux: the worker's limits are in the kernel already.
type guard struct{}

func (guard) release() {}

func watch(*os.Process, Limits) (guard, error) { return guard{}, nil }

// grant lets the worker use cpu more of processor time, counted in the whole
// seconds that the kernel knows.
func grant(p *os.Process, cpu time.Duration) error {
	used, err := cpuTime(p.Pid)
	if err != nil {
		return err
	}
	var old unix.Rlimit
	if err := unix.Prlimit(p.Pid, unix.RLIMIT_CPU, nil, &old); err != nil {
		return err
	}
	soft := min(uint64((used+cpu+time.Second-1)/time.Second), old.Max)
	return unix.Prlimit(p.Pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: soft, Max: old.Max}, nil)
}

// cpuTime reads the clock of all threads of a process (clock_gettime with the
// clock id that pid stands for; include/linux/posix-timers.h, CPUCLOCK_SCHED).
func cpuTime(pid int) (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}

func outOfTime(state *os.ProcessState) bool {
	if state == nil {
		return false
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == unix.SIGXCPU
}

// peak is the most memory that an ended worker had in use, in bytes
// (getrusage(2): ru_maxrss is in KiB).
func peak(state *os.ProcessState) int64 {
	if state == nil {
		return 0
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(usage.Maxrss) << 10
}
