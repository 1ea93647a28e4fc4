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
	UntilIdle bool   // return when no job of the case is left, in whatever hands, but for those of other hosts
	Progress  func(Counts)
}

const (
	look     = 50 * time.Millisecond // for new jobs, when there were none
	announce = time.Second           // counts
	// claimAhead is how many jobs a worker claims in one transaction of the
	// embedded database.
	claimAhead = 4
	lastWord   = 10 * time.Second // to record what became of a job when work is stopped
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

// table works from the table alone: the queue of the embedded database. It
// claims ahead, since each claim is a transaction; what is claimed and not begun
// goes back when work ends.
func (s *session) table(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	busy := make(chan struct{}, s.Workers)
	var ahead []row
	for {
		if len(ahead) == 0 {
			var err error
			if ahead, err = s.next(ctx, claimAhead*s.Workers); err != nil {
				return err
			}
		}
		for len(ahead) > 0 {
			select {
			case busy <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			r := ahead[0]
			ahead = ahead[1:]
			running.Go(func() {
				defer func() { <-busy }()
				s.one(ctx, &Lease{Job: r.Job, queue: s.Queue, worker: s.id, attempt: r.attempts})
			})
		}
		if some, err := s.claimable(ctx); err != nil || some {
			if err != nil {
				return err
			}
			continue
		}
		if len(busy) == 0 && s.UntilIdle {
			if idle, err := s.Idle(ctx, s.Case, s.Host); err != nil || idle {
				return err
			}
		}
		if err := wait(ctx, len(busy)); err != nil {
			return err
		}
	}
}

// claimable asks a reader, so that an idle worker leaves the writer alone.
func (s *session) claimable(ctx context.Context) (bool, error) {
	// ?1 and ?5 belong to claim.
	return s.exists(ctx, `SELECT 1 FROM job WHERE `+claimable+` AND ?1 <> '' LIMIT 1`,
		s.id, s.Case, s.Host, s.config.Clock().UnixMicro())
}

// next claims up to n jobs.
func (s *session) next(ctx context.Context, n int) ([]row, error) {
	some, err := s.claimable(ctx)
	if err != nil || !some {
		return nil, err
	}
	claimed, err := s.claim(ctx, s.id, s.Options, n)
	if len(claimed) > 0 {
		failpoint.Hit("jobs.claimed")
	}
	return claimed, err
}

// wait pauses a little, less when a worker may soon be free.
func wait(ctx context.Context, busy int) error {
	pause := look
	if busy > 0 {
		pause = look / 10
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
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
