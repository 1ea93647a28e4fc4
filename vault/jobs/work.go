package jobs

import (
	"context"
	"sync"
	"time"

	"tutela/fault"
	"tutela/vault/failpoint"
)

// Options of a worker.
type Options struct {
	Workers   int    // jobs at once
	Host      string // this machine's name
	Case      string // "" = every case
	UntilIdle bool   // return when no job of the case is left, in whatever hands
	Progress  func(Counts)
}

const (
	look     = 50 * time.Millisecond // for new jobs, when there were none
	announce = time.Second           // counts
	lastWord = 10 * time.Second      // to record what became of a job when work is stopped
)

// session is one call of Work.
type session struct {
	*Queue
	Options
	id string
	do func(context.Context, *Lease) error
}

// Work claims jobs and calls do for each until ctx ends (or the queue is idle).
// do must call Finish in the act that writes its results; a job whose do
// returns an error is tried again with growing pauses, at most 5 times, then it
// is Failed and stays visible. What a dead worker left on this machine is taken
// up at once. Work returns nil when the queue is idle, ctx's error when ctx
// ended; the jobs at work then have ended too.
func (q *Queue) Work(ctx context.Context, o Options, do func(context.Context, *Lease) error) error {
	if o.Workers <= 0 {
		o.Workers = 1
	}
	if o.Host == "" {
		return fault.New(fault.Invalid, "jobs: work: the host has no name")
	}
	id, err := q.enlist(ctx, o.Host)
	if err != nil {
		return err
	}
	s := &session{Queue: q, Options: o, id: id, do: do}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
		defer cancel()
		q.dismiss(last, id) // a row that stays is reaped when the process is gone
	}()
	if err := q.reap(ctx, id, o.Host); err != nil {
		return err
	}
	inner, cancel := context.WithCancel(ctx)
	var side sync.WaitGroup
	side.Go(func() { tick(inner, q.config.Lease/3, func() error { return q.beat(inner, id, o.Host) }) })
	side.Go(func() { tick(inner, q.config.Lease/5, func() error { return q.reap(inner, id, o.Host) }) })
	if o.Progress != nil {
		side.Go(func() { tick(inner, announce, func() error { return s.announce(inner) }) })
	}
	if q.river != nil {
		err = q.river.work(inner, s)
	} else {
		err = s.table(inner)
	}
	cancel()
	side.Wait()
	if err == nil && o.Progress != nil {
		err = s.announce(ctx)
	}
	return err
}

func (s *session) announce(ctx context.Context) error {
	c, err := s.Counts(ctx, s.Case)
	if err == nil {
		s.Progress(c)
	}
	return err
}

// table works from the table alone: the queue of the embedded database.
func (s *session) table(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, s.Workers)
	for {
		n := s.Workers - len(free)
		claimed, err := s.next(ctx, n)
		if err != nil {
			return err
		}
		for _, r := range claimed {
			free <- struct{}{}
			running.Go(func() {
				defer func() { <-free }()
				s.one(ctx, &Lease{Job: r.Job, queue: s.Queue, worker: s.id, attempt: r.attempts})
			})
		}
		if len(claimed) > 0 && len(free) < s.Workers {
			continue
		}
		if len(claimed) == 0 && len(free) == 0 && s.UntilIdle {
			if idle, err := s.idle(ctx, s.Case); err != nil || idle {
				return err
			}
		}
		if err := wait(ctx, free, s.Workers); err != nil {
			return err
		}
	}
}

// next claims up to n jobs; it asks a reader first, so that an idle worker
// leaves the writer alone.
func (s *session) next(ctx context.Context, n int) ([]row, error) {
	if n <= 0 {
		return nil, ctx.Err()
	}
	// ?1 and ?5 belong to claim.
	some, err := s.exists(ctx, `SELECT 1 FROM job WHERE `+claimable+` AND ?1 <> '' LIMIT 1`,
		s.id, s.Case, s.Host, s.config.Clock().UnixMicro())
	if err != nil || !some {
		return nil, err
	}
	claimed, err := s.claim(ctx, s.id, s.Options, n)
	if len(claimed) > 0 {
		failpoint.Hit("jobs.claimed")
	}
	return claimed, err
}

// wait pauses until a worker is free again, or a little when one is.
func wait(ctx context.Context, free chan struct{}, workers int) error {
	t := time.NewTicker(look / 10)
	defer t.Stop()
	for n := 0; ; n++ {
		if n >= 10 && len(free) < workers {
			return ctx.Err()
		}
		before := len(free)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			if len(free) < before {
				return nil
			}
		}
	}
}

// one does one job and records what became of it.
func (s *session) one(ctx context.Context, l *Lease) verdict {
	bounded, cancel := context.WithTimeout(ctx, jobTime)
	defer cancel()
	failure := s.do(bounded, l)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	v, err := s.settle(last, l, failure, ctx.Err() != nil)
	if err != nil {
		// Nobody can record it now: the lease says the rest.
		return verdict{state: "lost"}
	}
	failpoint.Hit("jobs.settled")
	return v
}
