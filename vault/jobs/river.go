package jobs

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	queue "github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/failpoint"
	"tutela/vault/internal/engine"
)

// river hands jobs out on PostgreSQL. Its rows hold nothing but our key.
type river struct {
	*Queue
	pool   *sql.DB // River's own; nothing else reaches it
	driver *riverdatabasesql.Driver
	insert *queue.Client[*sql.Tx] // enqueues only
}

// promise is what River keeps for us.
type promise struct {
	Key string `json:"key"`
}

// Kind names the one kind of job that River knows.
func (promise) Kind() string { return "tutela" }

const (
	riverConns = 6
	// migrateLock keeps two processes from making River's tables at once.
	migrateLock = "128034844732513" // "tutela" as a number
)

func openRiver(ctx context.Context, q *Queue) (*river, error) {
	cfg, err := pgx.ParseConfig(q.config.URL)
	if err != nil {
		// The text of the error may quote the password.
		return nil, fault.New(fault.Invalid, "jobs: open: the address of the server cannot be read")
	}
	cfg.RuntimeParams["application_name"] = "tutela jobs"
	r := &river{Queue: q, pool: stdlib.OpenDB(*cfg)}
	r.pool.SetMaxOpenConns(riverConns)
	r.pool.SetMaxIdleConns(riverConns)
	r.driver = riverdatabasesql.New(r.pool)
	if err := r.migrate(ctx); err != nil {
		r.pool.Close()
		return nil, err
	}
	if r.insert, err = queue.NewClient(r.driver, &queue.Config{Logger: slog.New(slog.DiscardHandler)}); err != nil {
		r.pool.Close()
		return nil, fault.New(fault.Outside, "jobs: open: %w", err)
	}
	return r, nil
}

func (r *river) migrate(ctx context.Context) error {
	m, err := rivermigrate.New(r.driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fault.New(fault.Outside, "jobs: migrate: %w", err)
	}
	lock, err := r.pool.Conn(ctx)
	if err != nil {
		return fault.New(fault.Outside, "jobs: migrate: %w", err)
	}
	defer lock.Close()
	var ignored any
	if err := lock.QueryRowContext(ctx, "SELECT pg_advisory_lock("+migrateLock+")").Scan(&ignored); err != nil {
		return fault.New(fault.Outside, "jobs: migrate: %w", err)
	}
	defer lock.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+migrateLock+")")
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fault.New(fault.Outside, "jobs: migrate: %w", err)
	}
	return nil
}

// enqueue gives jobs to River in the transaction that promises them.
func (r *river) enqueue(ctx context.Context, w *db.Writer, js []row) error {
	if len(js) == 0 {
		return nil
	}
	params := make([]queue.InsertManyParams, len(js))
	for i, j := range js {
		params[i] = queue.InsertManyParams{Args: promise{Key: j.Key}, InsertOpts: &queue.InsertOpts{Queue: j.queue}}
	}
	if _, err := r.insert.InsertManyFastTx(ctx, engine.Unlock(w.Raw()).SQLTx(), params); err != nil {
		return fault.New(fault.Outside, "jobs: promise: %w", err)
	}
	return nil
}

// release makes River hand out again what a dead worker held. River itself
// would wait for RescueStuckJobsAfter, since it has no heartbeats.
func (r *river) release(ctx context.Context, w *db.Writer, worker string) error {
	_, err := engine.Unlock(w.Raw()).Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now()
		WHERE state = 'running' AND attempted_by[array_length(attempted_by, 1)] = ?1`, worker)
	return err
}

// riverWorker is what River calls for each job.
type riverWorker struct {
	queue.WorkerDefaults[promise]
	*session
	slots chan struct{}
}

// work runs a River client until ctx ends or the queue is idle.
func (r *river) work(ctx context.Context, s *session) error {
	workers := queue.NewWorkers()
	queue.AddWorker(workers, &riverWorker{session: s, slots: make(chan struct{}, s.Workers)})
	known := map[string]bool{}
	names := []string{queueName(s.Case, ""), queueName(s.Case, s.Host)}
	each := queue.QueueConfig{MaxWorkers: s.Workers}
	queues := map[string]queue.QueueConfig{}
	for _, n := range names {
		queues[n], known[n] = each, true
	}
	client, err := queue.NewClient(r.driver, &queue.Config{
		ID: s.id, Queues: queues, Workers: workers, Logger: slog.New(slog.DiscardHandler),
		PollOnly: true, FetchCooldown: look / 10, FetchPollInterval: 4 * look,
		JobTimeout: jobTime + time.Minute, RescueStuckJobsAfter: 2 * jobTime,
	})
	if err != nil {
		return fault.New(fault.Outside, "jobs: work: %w", err)
	}
	// River stops by Stop; a context that ends would cut its last writes off.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fault.New(fault.Outside, "jobs: work: %w", err)
	}
	err = r.watch(ctx, s, client, known, each)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*lastWord)
	defer cancel()
	if stop := client.StopAndCancel(last); err == nil && stop != nil {
		err = fault.New(fault.Outside, "jobs: work: %w", stop)
	}
	return err
}

// watch adds the queues of new cases, and returns when the queue is idle.
func (r *river) watch(ctx context.Context, s *session, client *queue.Client[*sql.Tx], known map[string]bool, each queue.QueueConfig) error {
	t := time.NewTicker(2 * look)
	defer t.Stop()
	for {
		if s.UntilIdle {
			if idle, err := s.Idle(ctx, s.Case, s.Host); err != nil || idle {
				return err
			}
		}
		if s.Case == "" {
			names, err := db.Collect(ctx, engine.Unlock(r.config.Store.Raw()).Read(), func(rows *sql.Rows) (n string, err error) { return n, rows.Scan(&n) },
				`SELECT DISTINCT queue FROM job WHERE state = 'waiting' AND host IN ('', ?1)`, s.Host)
			if err != nil {
				return err
			}
			for _, n := range names {
				if !known[n] {
					known[n] = true
					if err := client.Queues().Add(n, each); err != nil {
						return fault.New(fault.Outside, "jobs: work: %w", err)
					}
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// Work does one job that River handed out.
func (w *riverWorker) Work(ctx context.Context, job *queue.Job[promise]) error {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return queue.JobSnooze(0)
	}
	var claimed []row
	err := w.write(ctx, func(t *db.Writer) (err error) {
		claimed, err = w.raw(ctx, t, `UPDATE job SET state = 'running', owner = ?1, attempts = attempts + 1
			WHERE key = ?2 AND state = 'waiting' RETURNING `+columns, w.id, job.Args.Key)
		return err
	})
	if err != nil {
		return queue.JobSnooze(time.Second)
	}
	if len(claimed) == 0 {
		return w.stray(ctx, job.Args.Key)
	}
	failpoint.Hit("jobs.claimed")
	r := claimed[0]
	v := w.one(ctx, &Lease{Job: r.Job, queue: w.Queue, worker: w.id, attempt: r.attempts,
		complete: func(_ context.Context, tx *sql.Tx) error {
			// River finds its client in the context of the work.
			if _, err := queue.JobCompleteTx[*riverdatabasesql.Driver](ctx, tx, job); err != nil {
				return fault.New(fault.Busy, "jobs: finish: %w", err)
			}
			return nil
		}})
	switch v.state {
	case "waiting":
		return queue.JobSnooze(v.pause)
	case "lost":
		return queue.JobSnooze(w.config.Lease)
	}
	return nil
}

// stray is a River job whose own row does not wait: done, failed, or in other
// hands.
func (w *riverWorker) stray(ctx context.Context, key string) error {
	running, err := w.exists(ctx, `SELECT 1 FROM job WHERE key = ?1 AND state = 'running'`, key)
	if err != nil || running {
		return queue.JobSnooze(time.Second)
	}
	return nil
}
