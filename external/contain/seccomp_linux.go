package contain

import (
	"runtime"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// The calls that the Go runtime and a decoder need (src/runtime/sys_linux_*.s,
// os_linux.go, netpoll_epoll.go and package syscall of Go 1.26; those for glibc
// only serve builds with the race detector). Those that one architecture does
// not have are left out there.
var allowedCalls = []string{
	// input, answer
	"read", "write", "pread64", "recvmsg", "close", "fstat", "lseek",
	// memory
	"munmap", "madvise", "mincore", "brk", "mremap",
	// threads, signals, time
	"exit", "exit_group", "futex", "gettid", "getpid", "sched_yield", "sched_getaffinity", "set_robust_list", "rseq",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom",
	// the runtime's poller, which timers use
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2",
}

const prSetVMA = 0x53564d41 // names the runtime's mappings (include/uapi/linux/prctl.h)

// restrictCalls loads the list over all threads. What is not on it fails with
// EPERM; clone3 does with ENOSYS, for which glibc falls back to clone.
func restrictCalls(order) (string, error) {
	if err := loadCalls(nil, nil); err != nil {
		return "", err
	}
	return "threads yes; no processes, programs, sockets, files, executable or shared memory", nil
}

// loadCalls loads the list and what is added to it over all threads.
func loadCalls(more []string, conditional []seccomp.NameWithConditions) error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	allow := seccomp.SyscallGroup{Action: seccomp.ActionAllow}
	for _, c := range append(conditions(), conditional...) {
		if _, ok := info.SyscallNames[c.Name]; ok {
			allow.NamesWithCondtions = append(allow.NamesWithCondtions, c)
		}
	}
	for _, name := range slices.Concat(allowedCalls, more) {
		if _, ok := info.SyscallNames[name]; ok {
			allow.Names = append(allow.Names, name)
		}
	}
	missing := seccomp.SyscallGroup{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}}
	policy := seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{allow, missing}}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy})
}

// conditions are the calls allowed with certain arguments only.
func conditions() []seccomp.NameWithConditions {
	const newNamespaces = unix.CLONE_NEWCGROUP | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWNS |
		unix.CLONE_NEWPID | unix.CLONE_NEWUSER | unix.CLONE_NEWUTS
	only := func(name string, conditions ...seccomp.Condition) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: conditions}
	}
	without := func(arg uint32, bits uint64) seccomp.Condition {
		return seccomp.Condition{Argument: arg, Operation: seccomp.BitsNotSet, Value: bits}
	}
	is := func(arg uint32, value uint64) seccomp.Condition {
		return seccomp.Condition{Argument: arg, Operation: seccomp.Equal, Value: value}
	}
	thread := seccomp.Condition{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD}
	return []seccomp.NameWithConditions{
		only("clone", thread, without(0, newNamespaces)),
		only("mmap", without(2, unix.PROT_EXEC), without(3, unix.MAP_SHARED)),
		only("mprotect", without(2, unix.PROT_EXEC)),
		only("tgkill", is(0, uint64(unix.Getpid()))),
		only("prctl", is(0, prSetVMA)),
		only("fcntl", is(1, unix.F_GETFL)),
		only("fcntl", is(1, unix.F_GETFD)),
		only("fcntl", is(1, unix.F_SETFD)),
	}
}
