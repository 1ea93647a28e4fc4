package contain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"tutela/fault"
)

// works fails unless the pool answers correctly.
func works(t *testing.T, p *Pool, input []byte) {
	t.Helper()
	out, err := p.Run(background(t), "digest", bytes.NewReader(input), int64(len(input)), []byte("args"))
	if err != nil {
		t.Fatalf("a good item after: %v", err)
	}
	want := sha256.Sum256(input)
	if !bytes.Equal(out, append(want[:], "args"...)) {
		t.Fatal("a good item after: wrong answer")
	}
}

func TestAnswers(t *testing.T) {
	p := pool(t, Config{})
	for _, size := range []int{0, 1, 4095, 4096, 4097, 3<<20 + 17} {
		works(t, p, bytes.Repeat([]byte("neutral "), size/8+1)[:size])
	}
	if n := len(p.Processes()); n != 1 {
		t.Errorf("%d workers for a pool of one", n)
	}
}

func TestRecycle(t *testing.T) {
	p := pool(t, Config{Recycle: 2})
	seen := map[int]bool{}
	for range 6 {
		works(t, p, []byte("x"))
		for _, pid := range p.Processes() {
			seen[pid] = true
		}
	}
	if len(seen) < 2 || len(seen) > 3 {
		t.Errorf("6 items at 2 an item were done by %d workers that stayed", len(seen))
	}
}

func TestManyAtOnce(t *testing.T) {
	p := pool(t, Config{Size: 2, Recycle: 5})
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			if i%5 == 4 {
				if _, err := p.Run(t.Context(), "panic", bytes.NewReader(nil), 0, nil); !errors.Is(err, ErrCrashed) {
					t.Errorf("panic: %v", err)
				}
				return
			}
			in := bytes.Repeat([]byte{byte(i)}, 1000*i)
			out, err := p.Run(t.Context(), "digest", bytes.NewReader(in), int64(len(in)), nil)
			want := sha256.Sum256(in)
			if err != nil || !bytes.Equal(out, want[:]) {
				t.Errorf("item %d: wrong answer, %v", i, err)
			}
		})
	}
	wg.Wait()
}

func TestFaults(t *testing.T) {
	limits := Limits{Wall: 20 * time.Second, CPU: 10 * time.Second, Memory: smallMemory, Output: mib, Input: 1 << 10}
	short := limits
	short.Wall = 300 * time.Millisecond
	frugal := limits
	frugal.CPU = time.Second
	for _, c := range []struct {
		op     string
		limits Limits
		want   error
	}{
		{"panic", limits, ErrCrashed},
		{"exit", limits, ErrCrashed},
		{"sleep", short, ErrTimeout},
		{"spin", short, ErrTimeout},
		{"spin", frugal, ErrTimeout},
		{"grow", limits, memoryFault()},
		{"gulp", limits, memoryFault()},
		{"large", limits, ErrOutput},
		{"endless", limits, ErrCrashed},
		{"endless errors", short, ErrTimeout},
	} {
		t.Run(c.op, func(t *testing.T) {
			t.Parallel()
			p := pool(t, Config{Limits: c.limits})
			from := time.Now()
			_, err := p.Run(background(t), c.op, bytes.NewReader(nil), 0, nil)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the file: %v", err)
			}
			t.Logf("%v after %v", err, time.Since(from).Round(time.Millisecond))
			works(t, p, []byte("after"))
		})
	}
}

// TestDeathBeforeReady starts workers that die before they say that they are
// ready, for want of memory or because nobody wants them any more: that ends
// the wait for them. A worker that was quicker than its death lives.
func TestDeathBeforeReady(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	died := 0
	for _, c := range []struct {
		ctx    context.Context
		memory int64
	}{{over, 768 * mib}, {background(t), mib}, {background(t), 4096}} {
		config := Config{}.filled()
		config.Limits.Memory = c.memory
		from := time.Now()
		w, err := start(c.ctx, config)
		if spent := time.Since(from); spent > startTime/2 {
			t.Errorf("%v after %v", err, spent)
		}
		if err == nil {
			w.end()
		} else {
			died++
		}
	}
	if died == 0 {
		t.Error("all of them lived: the test waits for nobody")
	}
}

func TestFailureOfTheOp(t *testing.T) {
	p := pool(t, Config{})
	works(t, p, nil)
	before := p.Processes()
	_, err := p.Run(t.Context(), "fail", bytes.NewReader(nil), 0, nil)
	var own *Failure
	if !errors.As(err, &own) || own.Op != "fail" || own.Text != "the third chunk is cut off" {
		t.Errorf("got %v", err)
	}
	if _, err := p.Run(t.Context(), "unheard of", bytes.NewReader(nil), 0, nil); !errors.As(err, &own) {
		t.Errorf("unknown op: %v", err)
	}
	works(t, p, nil)
	if after := p.Processes(); after[0] != before[0] {
		t.Error("a failure of the op cost the worker")
	}
}

func TestInputs(t *testing.T) {
	p := pool(t, Config{Limits: Limits{Input: 100}})
	if _, err := p.Run(t.Context(), "digest", bytes.NewReader(make([]byte, 101)), 101, nil); !errors.Is(err, ErrInput) || fault.KindOf(err) != fault.Refused {
		t.Errorf("too large: %v", err)
	}
	if _, err := p.Run(t.Context(), "digest", bytes.NewReader(make([]byte, 10)), 20, nil); !errors.Is(err, io.ErrUnexpectedEOF) || fault.KindOf(err) != fault.Outside {
		t.Errorf("shorter than said: %v", err)
	}
	works(t, p, []byte("after"))
	broken := io.NewSectionReader(brokenDisk{}, 0, 50)
	if _, err := p.Run(t.Context(), "digest", broken, 50, nil); !errors.Is(err, errDisk) {
		t.Errorf("broken disk: %v", err)
	}
	if _, err := p.Run(t.Context(), strings.Repeat("x", 300), broken, 0, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("overlong name: %v", err)
	}
	works(t, p, []byte("after"))
}

var errDisk = errors.New("the disk is broken")

type brokenDisk struct{}

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func TestContextEnds(t *testing.T) {
	p := pool(t, Config{})
	works(t, p, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := p.Run(ctx, "sleep", bytes.NewReader(nil), 0, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	works(t, p, nil)
}

func TestClose(t *testing.T) {
	p := NewPool(Config{Size: 2})
	done := make(chan error, 1)
	go func() {
		_, err := p.Run(context.Background(), "sleep", bytes.NewReader(nil), 0, nil)
		done <- err
	}()
	for len(p.Processes()) == 0 {
		time.Sleep(time.Millisecond)
	}
	p.Close()
	p.Close()
	if err := <-done; !errors.Is(err, ErrCrashed) {
		t.Errorf("the item at work: %v", err)
	}
	if _, err := p.Run(t.Context(), "digest", bytes.NewReader(nil), 0, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	if n := len(p.Processes()); n != 0 {
		t.Errorf("%d workers live on", n)
	}
}

func TestNoSecretsInTheEnvironment(t *testing.T) {
	t.Setenv("TUTELA_PASSPHRASE", "correct horse")
	out, err := pool(t, Config{}).Run(t.Context(), "environment", bytes.NewReader(nil), 0, nil)
	if err != nil || len(out) != 0 {
		t.Errorf("environment %q, %v", out, err)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		if _, err := Report(b.Context(), Config{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	p := NewPool(Config{Recycle: 1 << 30})
	defer p.Close()
	in := make([]byte, 100<<10)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := p.Run(b.Context(), "digest", bytes.NewReader(in), int64(len(in)), nil); err != nil {
			b.Fatal(err)
		}
	}
}
