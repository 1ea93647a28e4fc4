package contain

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	ops := map[string]Op{
		"digest": func(in io.ReaderAt, size int64, args []byte) ([]byte, error) {
			h := sha256.New()
			if _, err := io.Copy(h, io.NewSectionReader(in, 0, size)); err != nil {
				return nil, err
			}
			return append(h.Sum(nil), args...), nil
		},
		"fail":  func(io.ReaderAt, int64, []byte) ([]byte, error) { return nil, errors.New("the third chunk is cut off") },
		"panic": func(io.ReaderAt, int64, []byte) ([]byte, error) { panic("secret from the file") },
		"exit":  func(io.ReaderAt, int64, []byte) ([]byte, error) { os.Exit(0); return nil, nil },
		"spin":  spin,
		"sleep": func(io.ReaderAt, int64, []byte) ([]byte, error) { time.Sleep(time.Hour); return nil, nil },
		"grow":  grow,
		"gulp":  func(io.ReaderAt, int64, []byte) ([]byte, error) { return make([]byte, 8<<30), nil },
		"large": func(io.ReaderAt, int64, []byte) ([]byte, error) { return make([]byte, 2<<20), nil },
		"environment": func(io.ReaderAt, int64, []byte) ([]byte, error) {
			var all []byte
			for _, e := range os.Environ() {
				all = append(all, e+"\n"...)
			}
			return all, nil
		},
		"endless": func(io.ReaderAt, int64, []byte) ([]byte, error) {
			junk := make([]byte, 1<<20)
			for {
				if _, err := (answers{}).Write(junk); err != nil {
					return nil, err
				}
			}
		},
		"endless errors": func(io.ReaderAt, int64, []byte) ([]byte, error) {
			junk := make([]byte, 1<<20)
			for {
				if _, err := os.Stderr.Write(junk); err != nil {
					return nil, err
				}
			}
		},
	}
	maps.Copy(ops, escapes())
	Main(ops)
	if len(os.Args) == 5 && os.Args[1] == "hostile" {
		actHostile(os.Args[2], os.Args[3], os.Args[4])
	}
	os.Exit(m.Run())
}

func spin(_ io.ReaderAt, _ int64, args []byte) ([]byte, error) {
	for n := 0; ; n++ {
		if n < 0 {
			return args, nil
		}
	}
}

// grow takes memory in small pieces and keeps it.
func grow(io.ReaderAt, int64, []byte) ([]byte, error) {
	var kept [][]byte
	for {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = byte(i)
		}
		kept = append(kept, b)
		if len(kept) > 1<<20 {
			return kept[0], nil
		}
	}
}

func pool(t *testing.T, c Config) *Pool {
	t.Helper()
	p := NewPool(c)
	t.Cleanup(func() { p.Close() })
	return p
}

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
