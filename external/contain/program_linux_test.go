package contain

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// actHostile is what this test program does when it is started as a decoder: the
// way out that is named, or something harmless. It says on its standard output
// what came of it.
func actHostile(way, in, out string) {
	ways := map[string]func() error{
		"copy": func() error {
			b, err := os.ReadFile(in)
			if err == nil {
				err = os.WriteFile(out, b, 0o600)
			}
			return err
		},
		"fail":     func() error { os.Exit(3); return nil },
		"spin":     func() error { _, err := spin(nil, 0, nil); return err },
		"sleep":    func() error { time.Sleep(time.Hour); return nil },
		"grow":     func() error { _, err := grow(nil, 0, nil); return err },
		"endless":  func() error { return flood(os.Stdout) },
		"complain": func() error { return flood(os.Stderr) },
		"itself":   func() error { return verdict(syscall.Exec("/proc/self/exe", []string{"x", "hostile", "copy"}, nil)) },
		"itself by name": func() error {
			path, _ := os.Readlink("/proc/self/exe")
			return verdict(syscall.Exec(path, []string{"x", "hostile", "copy"}, nil))
		},
		"write to the input": func() error { return verdict(os.WriteFile(in, []byte("forged"), 0o600)) },
		"another name beside the output": func() error {
			return verdict(os.WriteFile(filepath.Join(filepath.Dir(out), "second"), []byte("x"), 0o600))
		},
		"list the output's directory": func() error { _, err := os.ReadDir(filepath.Dir(out)); return verdict(err) },
		"descriptors": func() error {
			for fd := 3; fd < 32; fd++ {
				if to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil && !strings.HasPrefix(to, "anon_inode:") {
					return fmt.Errorf("ESCAPED: descriptor %d is %s", fd, to)
				}
			}
			return errors.New("none")
		},
		"environment": func() error {
			if e := os.Environ(); len(e) > 0 {
				return fmt.Errorf("ESCAPED: %v", e)
			}
			return errors.New("empty")
		},
		"writable code": func() error {
			return raw(unix.SYS_MPROTECT, uintptr(unsafe.Pointer(new([8192]byte)))&^4095, 4096, unix.PROT_READ|unix.PROT_EXEC, 0, 0)
		},
	}
	way = strings.TrimPrefix(way, "escape: ")
	if op, ok := escapes()["escape: "+way]; ok && ways[way] == nil {
		ways[way] = func() error { _, err := op(nil, 0, nil); return err }
	}
	if err := ways[way](); err != nil {
		fmt.Print(err)
	}
	os.Exit(0)
}

func flood(w io.Writer) error {
	junk := make([]byte, 1<<20)
	for {
		if _, err := w.Write(junk); err != nil {
			return err
		}
	}
}

func hostileProgram(t *testing.T, way string) Program {
	t.Helper()
	if underRace {
		t.Skip("this program, built with the race detector, is too large to be a contained one")
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program{Path: path, Args: []string{"hostile", way, In, Out}, Suffix: ".png",
		Limits: Limits{Wall: 20 * time.Second, CPU: 2 * time.Second, Memory: 768 * mib, Output: mib}}
}

func TestProgramReadsAndWrites(t *testing.T) {
	want := bytes.Repeat([]byte("picture"), 1000)
	out, err := hostileProgram(t, "copy").Run(background(t), bytes.NewReader(want), int64(len(want)))
	if err != nil || !bytes.Equal(out, want) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func TestProgramHasNoWayOut(t *testing.T) {
	ways := []string{"itself", "itself by name", "write to the input", "another name beside the output",
		"list the output's directory", "descriptors", "environment", "writable code"}
	for way := range escapes() {
		if strings.HasPrefix(way, "escape: ") {
			ways = append(ways, way)
		}
	}
	for _, way := range ways {
		out, err := hostileProgram(t, way).Run(background(t), bytes.NewReader([]byte("x")), 1)
		if err != nil || len(out) == 0 || strings.Contains(string(out), "ESCAPED") {
			t.Errorf("%s: %q, %v", way, out, err)
			continue
		}
		t.Logf("%-35s %s", way, out)
	}
}

func TestProgramIsBounded(t *testing.T) {
	for way, want := range map[string]error{"spin": ErrTimeout, "grow": ErrMemory, "endless": ErrOutput, "sleep": ErrTimeout} {
		p := hostileProgram(t, way)
		p.Limits.Memory = 256 * mib
		if way == "sleep" {
			p.Limits.Wall = time.Second
		}
		if _, err := p.Run(background(t), bytes.NewReader(nil), 0); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", way, err, want)
		}
	}
	var own *Failure
	if _, err := hostileProgram(t, "fail").Run(background(t), bytes.NewReader(nil), 0); !errors.As(err, &own) {
		t.Errorf("a program that fails: %v", err)
	}
	p := hostileProgram(t, "complain")
	p.Limits.Wall = time.Second
	if _, err := p.Run(background(t), bytes.NewReader(nil), 0); !errors.Is(err, ErrTimeout) {
		t.Errorf("endless complaints: %v", err)
	}
	p = hostileProgram(t, "copy")
	p.Limits.Input = 10
	if _, err := p.Run(background(t), bytes.NewReader(make([]byte, 11)), 11); !errors.Is(err, ErrInput) {
		t.Errorf("too much input: %v", err)
	}
}

func TestProgramThatIsMissing(t *testing.T) {
	p := Program{Path: filepath.Join(t.TempDir(), "never-there")}
	if _, err := p.Run(background(t), bytes.NewReader(nil), 0); err == nil {
		t.Error("a program that does not exist ran")
	}
	text := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(text, []byte("#!/bin/sh\necho hello\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := (Program{Path: text}).Run(background(t), bytes.NewReader(nil), 0); err == nil {
		t.Errorf("a script ran: %q", out)
	}
}

// TestProgramFailsClosed runs under a filter that takes Landlock away.
func TestProgramFailsClosed(t *testing.T) {
	if os.Getenv("CONTAIN_NO_LANDLOCK") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProgramFailsClosed$", "-test.v")
		cmd.Env = append(os.Environ(), "CONTAIN_NO_LANDLOCK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := forbidLandlock(); err != nil {
		t.Fatal(err)
	}
	if out, err := hostileProgram(t, "copy").Run(t.Context(), bytes.NewReader(nil), 0); !errors.Is(err, ErrUncontained) {
		t.Errorf("without Landlock: %q, %v", out, err)
	}
}

// TestDecodersOfTheSystem runs the real ones, where they are installed, on what
// their own encoders write.
func TestDecodersOfTheSystem(t *testing.T) {
	for _, c := range []struct {
		encode []string
		decode Program
	}{
		{[]string{"heif-enc", "in.png", "-o", "a.heic"}, Program{Path: "heif-convert", Args: []string{"--quiet", In, Out}, Suffix: ".png"}},
		{[]string{"heif-enc", "-A", "in.png", "-o", "a.avif"}, Program{Path: "heif-convert", Args: []string{"--quiet", In, Out}, Suffix: ".png"}},
		{[]string{"cjxl", "in.png", "a.jxl"}, Program{Path: "djxl", Args: []string{In, Out}, Suffix: ".png"}},
	} {
		name := c.encode[len(c.encode)-1]
		t.Run(name, func(t *testing.T) {
			path, err := exec.LookPath(c.decode.Path)
			if _, missing := exec.LookPath(c.encode[0]); err != nil || missing != nil {
				t.Skipf("%s or %s is not installed", c.encode[0], c.decode.Path)
			}
			c.decode.Path = path
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "in.png"), ramp(t), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(c.encode[0], c.encode[1:]...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Skipf("%v: %s", err, out)
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			out, err := c.decode.Run(background(t), bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			config, err := png.DecodeConfig(bytes.NewReader(out))
			if err != nil || config.Width != 320 || config.Height != 200 {
				t.Errorf("%d×%d, %v", config.Width, config.Height, err)
			}
			t.Logf("%d bytes to %d bytes in %v", len(b), len(out), time.Since(start))
			if out, err := c.decode.Run(background(t), bytes.NewReader(b[:len(b)/2]), int64(len(b)/2)); err == nil {
				t.Logf("half of the file still gives %d bytes", len(out))
			}
			if _, err := c.decode.Run(background(t), strings.NewReader("no picture"), 10); err == nil {
				t.Error("text was decoded")
			}
		})
	}
}

// ramp is a picture of 320×200 as PNG.
func ramp(t *testing.T) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			m.SetNRGBA(x, y, color.NRGBA{byte(x), byte(y), byte(x + y), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
