package contain

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// confine takes from the process, for all its threads and for good, everything
// that a decoder does not need. The order matters: seccomp comes last, since it
// forbids the other steps.
func confine(o order) ([]Measure, error) {
	time.AfterFunc(0, func() {}) // the runtime makes its poller now, not later
	steps := []struct {
		name string
		take func(order) (string, error)
	}{
		{"file descriptors", closeInherited},
		{"limits", setLimits},
		{"capabilities", dropCapabilities},
		{"landlock", restrictFiles},
		{"seccomp", restrictCalls},
	}
	var measures []Measure
	for _, s := range steps {
		detail, err := s.take(o)
		weak := s.name == "landlock" && o.AllowWeak
		if err != nil && !weak {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if err != nil {
			detail = err.Error()
		}
		measures = append(measures, Measure{Name: s.name, Enforced: err == nil, Detail: detail})
	}
	return measures, tryOut()
}

// tryOut makes sure that the walls stand.
func tryOut() error {
	if fd, err := unix.Open("/proc/self/status", unix.O_RDONLY, 0); err == nil {
		return fmt.Errorf("a file could still be opened (%d)", fd)
	}
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err == nil {
		return fmt.Errorf("a socket could still be opened (%d)", fd)
	}
	return nil
}

// closeInherited closes every descriptor above the standard three that came
// with the process: Go's own are marked close-on-exec, so these are not. What
// remains must be the runtime's.
func closeInherited(order) (string, error) {
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return "", err
	}
	for _, e := range dir {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil {
			continue // the listing's own
		}
		if flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
			continue
		}
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(to, "anon_inode:") {
			return "", fmt.Errorf("a package opened %s before main", to)
		}
	}
	return "only the request channel, the answer pipe and an error pipe are open", nil
}

// reserved is address space that the runtime and the C library set aside and
// never use (64 MiB for an arena of each thread). It holds no memory: what can be
// written and is private counts to RLIMIT_DATA, and seccomp lets nothing be shared.
const reserved = 16 << 30

func setLimits(o order) (string, error) {
	mapped, err := mappedBytes()
	if err != nil {
		return "", err
	}
	limits := []struct {
		what  int
		value uint64
	}{
		{unix.RLIMIT_DATA, uint64(o.Memory)},
		{unix.RLIMIT_AS, mapped + uint64(o.Memory) + reserved},
		{unix.RLIMIT_CPU, uint64(o.CPU)},
		{unix.RLIMIT_NOFILE, 32},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_MEMLOCK, uint64(o.Locked)},
		{unix.RLIMIT_MSGQUEUE, 0},
	}
	for _, l := range limits {
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return "", fmt.Errorf("limit %d: %w", l.what, err)
		}
	}
	// The runtime would ignore the signal that says that the time is over; with
	// the kernel's default action it ends the process.
	var standard [4]uint64
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGXCPU), uintptr(unsafe.Pointer(&standard)), 0, 8, 0, 0)
	if e != 0 {
		return "", fmt.Errorf("signal of the processor time: %w", e)
	}
	return fmt.Sprintf("%d MiB of memory, processor time for each item, no file, no core dump", o.Memory/mib), nil
}

// mappedBytes returns the size of the address space (proc(5), statm).
func mappedBytes() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, _, _ := strings.Cut(string(b), " ")
	n, err := strconv.ParseUint(pages, 10, 64)
	return n * uint64(os.Getpagesize()), err
}

// dropCapabilities empties all capability sets of all threads, which matters
// when the parent runs as root.
func dropCapabilities(order) (string, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, e := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
	runtime.KeepAlive(&header)
	runtime.KeepAlive(&none)
	if e != 0 {
		return "", e
	}
	if _, _, e := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); e != 0 {
		return "", e
	}
	return "none, and no new privileges", nil
}

// restrictFiles forbids the whole file system, TCP, and signals and abstract
// sockets to the outside, as far as the kernel's version of Landlock goes. No
// Landlock at all is an error; what a later version would add is seccomp's too.
func restrictFiles(order) (string, error) {
	const versionFlag = 1 // LANDLOCK_CREATE_RULESET_VERSION
	version, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, versionFlag)
	if e != 0 {
		return "", fmt.Errorf("the kernel has none: %w", e)
	}
	if version < 1 {
		return "", errors.New("the kernel has none")
	}
	if err := landlock.V11.BestEffort().Restrict(); err != nil {
		return "", err
	}
	return fmt.Sprintf("version %d of the kernel interface: no file system, no TCP", version), nil
}
