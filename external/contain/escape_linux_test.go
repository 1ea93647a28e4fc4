package contain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// raw calls the kernel and says that it worked unless it was refused.
func raw(trap, a, b, c, d, e uintptr) error {
	r, _, errno := unix.Syscall6(trap, a, b, c, d, e, 0)
	if errno != 0 {
		return errno
	}
	return fmt.Errorf("ESCAPED: call %d returned %d", trap, r)
}

func verdict(err error) error {
	if err == nil {
		return errors.New("ESCAPED")
	}
	return err
}

// escapes are ways out of a worker. Each must end in an error; an error that
// says ESCAPED means that it was not refused.
func escapes() map[string]Op {
	text := func(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s + "\x00"))) }
	ways := map[string]func() error{
		"read a file":         func() error { _, err := os.ReadFile("/etc/hostname"); return verdict(err) },
		"read own memory map": func() error { _, err := os.ReadFile("/proc/self/maps"); return verdict(err) },
		"list a directory":    func() error { _, err := os.ReadDir("/"); return verdict(err) },
		"create a file":       func() error { return verdict(os.WriteFile(filepath.Join(os.TempDir(), "out"), []byte("x"), 0o600)) },
		"stat":                func() error { _, err := os.Stat("/etc/passwd"); return verdict(err) },
		"remove":              func() error { return verdict(os.Remove("/tmp/tutela-never-there")) },
		"dial tcp":            func() error { _, err := net.Dial("tcp", "127.0.0.1:9"); return verdict(err) },
		"dial udp":            func() error { _, err := net.Dial("udp", "127.0.0.1:9"); return verdict(err) },
		"listen":              func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return verdict(err) },
		"exec":                func() error { return verdict(exec.Command("/bin/true").Run()) },
		"become a program":    func() error { return verdict(syscall.Exec("/bin/true", []string{"true"}, nil)) },
		"fork":                func() error { return raw(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0) },
		"clone3":              func() error { return raw(unix.SYS_CLONE3, 0, 0, 0, 0, 0) },
		"thread in new net": func() error {
			return raw(unix.SYS_CLONE, unix.CLONE_THREAD|unix.CLONE_VM|unix.CLONE_SIGHAND|unix.CLONE_NEWNET, 0, 0, 0, 0)
		},
		"multipath socket": func() error { return raw(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 262, 0, 0) },
		"socket pair": func() error {
			var p [2]int32
			return raw(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_STREAM, 0, uintptr(unsafe.Pointer(&p)), 0)
		},
		"send a descriptor": func() error { return raw(unix.SYS_SENDMSG, 0, 0, 0, 0, 0) },
		"ptrace":            func() error { return raw(unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(os.Getppid()), 0, 0, 0) },
		"read the parent":   func() error { return raw(unix.SYS_PROCESS_VM_READV, uintptr(os.Getppid()), 0, 0, 0, 0) },
		"kill the parent":   func() error { return verdict(unix.Kill(os.Getppid(), 0)) },
		"signal others":     func() error { return raw(unix.SYS_TGKILL, 1, 1, 0, 0, 0) },
		"mount":             func() error { return raw(unix.SYS_MOUNT, text("none"), text("/tmp"), text("tmpfs"), 0, 0) },
		"bpf":               func() error { return raw(unix.SYS_BPF, 0, 0, 0, 0, 0) },
		"keyring":           func() error { return raw(unix.SYS_KEYCTL, 0, 0, 0, 0, 0) },
		"io_uring":          func() error { return raw(unix.SYS_IO_URING_SETUP, 8, 0, 0, 0, 0) },
		"user namespace":    func() error { return raw(unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0, 0, 0) },
		"memory file":       func() error { return raw(unix.SYS_MEMFD_CREATE, text("x"), 0, 0, 0, 0) },
		"executable memory": func() error {
			return raw(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE, ^uintptr(0))
		},
		"shared memory": func() error {
			return raw(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_SHARED, ^uintptr(0))
		},
		"raise a limit":     func() error { return verdict(unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: 1 << 50, Max: 1 << 50})) },
		"32-bit numbers":    func() error { return raw(0x40000000|unix.SYS_GETPID, 0, 0, 0, 0, 0) },
		"undo no_new_privs": func() error { return raw(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) },
		"open from threads": fromThreads,
	}
	ops := map[string]Op{"tamper": tamper, "reset signal": resetSignal}
	for name, way := range ways {
		ops["escape: "+name] = func(io.ReaderAt, int64, []byte) ([]byte, error) { return nil, way() }
	}
	return ops
}

// fromThreads tries on many threads, old and new.
func fromThreads() error {
	found := make(chan error, 40)
	for range cap(found) {
		go func() {
			runtime.LockOSThread()
			fd, err := unix.Open("/etc/hostname", unix.O_RDONLY, 0)
			if err == nil {
				err = fmt.Errorf("ESCAPED: descriptor %d", fd)
			}
			time.Sleep(5 * time.Millisecond)
			found <- err
		}()
	}
	var last error
	for range cap(found) {
		if last = <-found; strings.Contains(last.Error(), "ESCAPED") {
			return last
		}
	}
	return last
}

// tamper writes to the input through the descriptor that was handed over.
func tamper(in io.ReaderAt, _ int64, _ []byte) ([]byte, error) {
	fd := int(in.(fdFile))
	if _, err := unix.Write(fd, []byte("forged")); err == nil {
		return nil, errors.New("ESCAPED: the input was changed")
	}
	if _, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		return nil, errors.New("ESCAPED: the input was mapped for writing")
	}
	return []byte("sealed"), nil
}

// resetSignal ignores the signal of the processor time and spins: only the
// parent's clock can end that.
func resetSignal(in io.ReaderAt, size int64, args []byte) ([]byte, error) {
	ignore := [4]uint64{1}
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGXCPU), uintptr(unsafe.Pointer(&ignore)), 0, 8, 0, 0)
	return spin(in, size, args)
}

func TestNoWayOut(t *testing.T) {
	p := pool(t, Config{Limits: Limits{Wall: 10 * time.Second}})
	for op := range escapes() {
		if !strings.HasPrefix(op, "escape: ") {
			continue
		}
		_, err := p.Run(background(t), op, bytes.NewReader(nil), 0, nil)
		if err == nil || strings.Contains(err.Error(), "ESCAPED") {
			t.Errorf("%s: %v", op, err)
			continue
		}
		t.Logf("%v", err)
		works(t, p, []byte("after"))
	}
}

func TestInputIsSealed(t *testing.T) {
	p := pool(t, Config{})
	out, err := p.Run(t.Context(), "tamper", bytes.NewReader(make([]byte, 5000)), 5000, nil)
	if err != nil || string(out) != "sealed" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestIgnoredClock(t *testing.T) {
	p := pool(t, Config{Limits: Limits{CPU: time.Second, Wall: 1500 * time.Millisecond}})
	if _, err := p.Run(t.Context(), "reset signal", bytes.NewReader(nil), 0, nil); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v", err)
	}
	works(t, p, nil)
}

var libc = regexp.MustCompile(`/(libc|libm|libpthread|libresolv|ld-linux[-a-z0-9_]*)\.so`)

// TestMaps shows that a worker has nothing mapped but the program itself.
func TestMaps(t *testing.T) {
	p := pool(t, Config{})
	works(t, p, []byte("x"))
	pid := p.Processes()[0]
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		f := strings.Fields(line)
		if len(f) < 6 || strings.HasPrefix(f[5], "[") || f[5] == own || (cLibrary && libc.MatchString(f[5])) {
			continue
		}
		t.Errorf("mapped: %s", line)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("status of the worker lacks %q", want)
		}
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name()))
		if !strings.HasPrefix(to, "pipe:") && !strings.HasPrefix(to, "socket:") && !strings.HasPrefix(to, "anon_inode:") {
			t.Errorf("descriptor %s of the worker is %s", fd.Name(), to)
		}
	}
}

// TestInheritedDescriptor leaves a descriptor open for programs that are
// started, as a careless grandparent would, and finds it closed in the worker.
func TestInheritedDescriptor(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(secret, unix.O_RDONLY, 0) // not close-on-exec
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	p := pool(t, Config{})
	works(t, p, nil)
	if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", p.Processes()[0], fd)); err == nil && to == secret {
		t.Error("the worker has the parent's open file")
	}
}

func TestReport(t *testing.T) {
	measures, err := Report(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range measures {
		t.Logf("%-18s %v  %s", m.Name, m.Enforced, m.Detail)
		if !m.Enforced {
			t.Errorf("%s is not enforced", m.Name)
		}
	}
}

// TestFailsClosed starts a worker under a filter that takes Landlock away, as an
// old kernel would lack it.
func TestFailsClosed(t *testing.T) {
	if os.Getenv("CONTAIN_NO_LANDLOCK") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFailsClosed$", "-test.v")
		cmd.Env = append(os.Environ(), "CONTAIN_NO_LANDLOCK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := forbidLandlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := Report(context.Background(), Config{}); !errors.Is(err, ErrUncontained) {
		t.Errorf("without Landlock: %v", err)
	}
	measures, err := Report(context.Background(), Config{AllowWeak: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range measures {
		if m.Enforced == (m.Name == "landlock") {
			t.Errorf("%s: enforced %v", m.Name, m.Enforced)
		}
	}
}
