package contain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"tutela/fault"
)

// Pool keeps workers: they start when they are first needed, live long, and
// are replaced after Config.Recycle items and after every fault. All methods
// may be called at once from many goroutines.
type Pool struct {
	config Config
	slots  chan *process // nil: a worker not started yet
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	live map[*process]bool
}

// NewPool returns a pool; it starts no process yet.
func NewPool(c Config) *Pool {
	c = c.filled()
	p := &Pool{config: c, slots: make(chan *process, c.Size), closed: make(chan struct{}), live: map[*process]bool{}}
	for range c.Size {
		p.slots <- nil
	}
	return p
}

// Run has a worker do op over the first size bytes of in. It waits for a free
// worker. The error is a *Failure when the op itself failed, wraps one of this
// package's errors when the worker did, and is ctx's error when ctx ended.
func (p *Pool) Run(ctx context.Context, op string, in io.ReaderAt, size int64, args []byte) ([]byte, error) {
	if size < 0 || size > p.config.Limits.Input {
		return nil, fault.New(fault.Refused, "contain: %s: %d bytes: %w", op, size, ErrInput)
	}
	w, err := p.take(ctx)
	if err != nil {
		return nil, fmt.Errorf("contain: %s: %w", op, err)
	}
	out, err := w.run(ctx, op, in, size, args)
	var own *Failure
	if err == nil || errors.As(err, &own) {
		p.give(w)
		return out, err
	}
	p.drop(w)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return nil, fmt.Errorf("contain: %s: %w", op, err)
}

// take waits for a slot and makes sure that a worker is in it.
func (p *Pool) take(ctx context.Context) (*process, error) {
	select {
	case <-p.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case w := <-p.slots:
		if w != nil {
			return w, nil
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, ErrClosed
	}
	w, err := start(ctx, p.config)
	if err != nil {
		p.slots <- nil
		return nil, err
	}
	p.mu.Lock()
	p.live[w] = true
	p.mu.Unlock()
	return w, nil
}

func (p *Pool) give(w *process) {
	select {
	case <-p.closed:
		p.drop(w)
		return
	default:
	}
	if w.served >= p.config.Recycle {
		p.drop(w)
		return
	}
	p.slots <- w
}

func (p *Pool) drop(w *process) {
	w.end()
	p.mu.Lock()
	delete(p.live, w)
	p.mu.Unlock()
	p.slots <- nil
}

// Processes returns the process ids of the workers that live now.
func (p *Pool) Processes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []int
	for w := range p.live {
		ids = append(ids, w.cmd.Process.Pid)
	}
	return ids
}

// Close ends all workers, those at work too, and waits for them.
func (p *Pool) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.mu.Lock()
		for w := range p.live {
			w.kill()
		}
		p.mu.Unlock()
		for range p.config.Size {
			if w := <-p.slots; w != nil {
				w.end()
			}
		}
	})
	return nil
}

// Report starts a worker and says how it is contained on this machine. The
// error wraps ErrUncontained when it refused to work, with the reason.
func Report(ctx context.Context, c Config) ([]Measure, error) {
	w, err := start(ctx, c.filled())
	if err != nil {
		return nil, fmt.Errorf("contain: report: %w", err)
	}
	defer w.end()
	return w.measures, nil
}
