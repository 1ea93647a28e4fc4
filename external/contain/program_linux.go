package contain

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// programInput is the sealed copy that a program reads.
func programInput(in io.ReaderAt, size int64) (*os.File, error) {
	fd, err := sealed(in, size)
	if err != nil {
		return nil, err
	}
	if _, err := unix.Seek(fd, 0, io.SeekStart); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "input"), nil
}

// killed reports whether a program that nobody here has killed was killed.
func killed(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == unix.SIGKILL
}

// libraryDirs are where the dynamic loader looks (ld.so(8)), with the folders of
// each architecture that Debian and its kin use.
var libraryDirs = []string{"/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"}

const maxLibraries = 300

// libraries finds the loader and the libraries of a program and of its plugins:
// the only files that it may open.
func (o *programOrder) libraries(p Program) error {
	path, err := filepath.EvalSymlinks(p.Path)
	if err != nil {
		return err
	}
	o.Path = path
	todo := []string{path}
	for _, pattern := range p.Plugins {
		found, _ := filepath.Glob(pattern)
		todo = append(todo, found...)
		for _, f := range found {
			o.Dirs = append(o.Dirs, filepath.Dir(f))
		}
		o.Libs = append(o.Libs, found...)
	}
	var dirs []string
	for _, d := range libraryDirs {
		found, _ := filepath.Glob(d)
		dirs = append(dirs, found...)
	}
	known := map[string]bool{}
	for ; len(todo) > 0; todo = todo[1:] {
		f, err := linked(todo[0])
		if err != nil {
			return err
		}
		if f.loader != "" {
			o.Loader = f.loader
		}
		for _, name := range f.needed {
			lib := within(append(f.dirs, dirs...), name)
			if known[name] || lib == "" {
				continue
			}
			if known[name] = true; len(known) > maxLibraries {
				return fmt.Errorf("%s needs more than %d libraries", path, maxLibraries)
			}
			o.Libs, todo = append(o.Libs, lib), append(todo, lib)
		}
	}
	return nil
}

// elfFile is what an ELF file asks of the loader.
type elfFile struct {
	needed []string // names of libraries
	dirs   []string // where to look for them first, absolute
	loader string
}

// linked reads it.
func linked(path string) (out elfFile, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return out, fmt.Errorf("read what %s needs: %w", path, err)
	}
	defer f.Close()
	for _, s := range f.Progs {
		if s.Type == elf.PT_INTERP && s.Filesz < 4096 {
			b := make([]byte, s.Filesz)
			if _, err := s.ReadAt(b, 0); err != nil {
				return out, err
			}
			out.loader = strings.TrimRight(string(b), "\x00")
		}
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		paths, _ := f.DynString(tag) // a static program has none
		for _, p := range paths {
			for _, d := range strings.Split(p, ":") {
				if filepath.IsAbs(d) {
					out.dirs = append(out.dirs, d)
				}
			}
		}
	}
	out.needed, err = f.ImportedLibraries()
	return out, err
}

func within(dirs []string, name string) string {
	for _, d := range dirs {
		if path := filepath.Join(d, name); !strings.Contains(name, "/") {
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	return ""
}

// confineProgram takes every right from the process that the program does not
// need, and becomes the program. It returns only when that failed.
func confineProgram(o programOrder) error {
	runtime.LockOSThread()
	for _, take := range []func(order) (string, error){closeInherited, setLimits, dropCapabilities} {
		if _, err := take(o.Limits); err != nil {
			return err
		}
	}
	if err := o.restrictFiles(); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	path, argv, err := o.strings()
	if err != nil {
		return err
	}
	if err := restrictProgramCalls(uint64(uintptr(unsafe.Pointer(path)))); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	var none *byte
	_, _, e := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&none)))
	runtime.KeepAlive(path)
	runtime.KeepAlive(argv)
	return fmt.Errorf("start: %w", e)
}

func (o programOrder) strings() (path *byte, argv []*byte, err error) {
	if path, err = unix.BytePtrFromString(o.Path); err != nil {
		return nil, nil, err
	}
	for _, a := range append([]string{o.Path}, o.Args...) {
		b, err := unix.BytePtrFromString(a)
		if err != nil {
			return nil, nil, err
		}
		argv = append(argv, b)
	}
	return path, append(argv, nil), nil
}

// restrictFiles leaves the program, its loader and its libraries, to be read;
// of these only the first two can be started. Pipes and memory files that are
// open already are no part of the file system: /proc/self/fd leads to them.
func (o programOrder) restrictFiles() error {
	version, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, 1)
	if e != 0 || version < 1 {
		return errors.New("the kernel has none")
	}
	const read, run, list = llsys.AccessFSReadFile, llsys.AccessFSExecute, llsys.AccessFSReadDir
	started := []string{o.Path}
	if o.Loader != "" {
		started = append(started, o.Loader)
	}
	rules := []landlock.Rule{
		landlock.PathAccess(read|run, started...),
		landlock.PathAccess(read, append(o.Libs, "/etc/ld.so.cache")...).IgnoreIfMissing(),
		landlock.PathAccess(list, o.Dirs...),
	}
	return landlock.V11.BestEffort().Restrict(rules...)
}

// programCalls are what the loader, the C and C++ libraries and the decoders of
// libheif, libjxl and ffmpeg need beyond allowedCalls. libgcrypt, which ffmpeg
// brings, says something on the error pipe when it can lock no memory.
var programCalls = []string{
	"open", "openat", "writev", "getdents64", "set_tid_address", "arch_prctl", "sysinfo", "uname", "getrusage",
	"pwrite64", "readv", "mlock",
}

// restrictProgramCalls loads the list of calls. A program can be started only
// with its name at the given place in memory, which is gone once it was.
func restrictProgramCalls(name uint64) error {
	const emptyPath = 0x1000 // AT_EMPTY_PATH: fstat by another name
	is := func(arg uint32, op seccomp.Operation, v uint64) seccomp.Condition {
		return seccomp.Condition{Argument: arg, Operation: op, Value: v}
	}
	own := []seccomp.NameWithConditions{
		{Name: "execve", Conditions: []seccomp.Condition{is(0, seccomp.Equal, name)}},
		{Name: "mmap", Conditions: []seccomp.Condition{is(2, seccomp.BitsNotSet, unix.PROT_WRITE), is(3, seccomp.BitsNotSet, unix.MAP_SHARED)}},
		{Name: "newfstatat", Conditions: []seccomp.Condition{is(3, seccomp.BitsSet, emptyPath)}},
		{Name: "prlimit64", Conditions: []seccomp.Condition{is(2, seccomp.Equal, 0)}},
	}
	return loadCalls(programCalls, own)
}
