// Package jobs keeps promises of work: a job is promised in the transaction of
// the act that orders it and finished in the transaction of the act that does
// it. It promises that no job is lost or done twice; it never looks at content.
//
// One table holds every job on both engines: its key (for ever, so that equal
// keys are one job), its state, and which worker has it. A worker is a row that
// a process renews every few seconds; jobs whose worker is dead go back to the
// others. Finish counts only for the worker that still has the job, in the same
// transaction as the results: a worker that was thought dead and lives cannot
// do a job twice. On SQLite the same table is the queue; on PostgreSQL jobs are
// handed out by River (github.com/riverqueue/river), whose rows are written in
// the same transactions.
package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/failpoint"
	"tutela/vault/internal/engine"
)

// Job is one promise: a stage to be run over a batch of things.
type Job struct {
	Key     string   // idempotency: equal keys are one job
	Case    string   //
	Stage   string   // "identify"
	Version string   // version and configuration of the stage
	Ordered string   // id of the act that ordered it
	Host    string   // "" = any machine; else the only host that can do it
	Things  []string // ids of what to work on (at most about a thousand)
}

// Config of a queue.
type Config struct {
	Store *db.Store // opened with Schema among its schemas
	URL   string    // of the same database
	Clock func() time.Time
	Rand  io.Reader                       // makes the ids of workers
	Lease time.Duration                   // how long a silent worker of another machine is thought alive; 0 = 30 s
	Pause func(attempt int) time.Duration // after the nth failure; nil = 1, 4, 16, 64 s
}

const (
	maxAttempts  = 5  // failures of one job
	maxDeaths    = 25 // workers that may die over one job before it is Failed
	maxErrorText = 300
	jobTime      = time.Hour // for one job; River's own rescue comes after twice as much
	leaseTime    = 30 * time.Second
)

// Queue is the queue of one site.
type Queue struct {
	config Config
	river  *river // nil on SQLite
}

// Open returns the queue of an open database. On PostgreSQL it opens a pool of
// its own for River and brings River's tables up to date.
func Open(ctx context.Context, c Config) (*Queue, error) {
	if c.Store == nil || c.Clock == nil || c.Rand == nil {
		return nil, fault.New(fault.Invalid, "jobs: open: store, clock and randomness are needed")
	}
	if c.Lease <= 0 {
		c.Lease = leaseTime
	}
	if c.Pause == nil {
		c.Pause = func(attempt int) time.Duration { return time.Second << (2 * (attempt - 1)) }
	}
	q := &Queue{config: c}
	if c.Store.Dialect() == engine.Postgres {
		var err error
		if q.river, err = openRiver(ctx, q); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// Close frees what the queue holds. Work must have returned.
func (q *Queue) Close() error {
	if q.river != nil {
		return q.river.pool.Close()
	}
	return nil
}

// Promise enqueues jobs in w's transaction. A job whose key is already known
// is left as it is.
func (q *Queue) Promise(ctx context.Context, w *db.Writer, js ...Job) error {
	for _, j := range js {
		if j.Key == "" || j.Stage == "" {
			return fault.New(fault.Invalid, "jobs: promise: a job needs a key and a stage")
		}
	}
	// In one order, so that two acts that promise the same do not wait for
	// each other.
	js = slices.Clone(js)
	slices.SortStableFunc(js, func(a, b Job) int { return strings.Compare(a.Key, b.Key) })
	js = slices.CompactFunc(js, func(a, b Job) bool { return a.Key == b.Key })
	for part := range slices.Chunk(js, 64) {
		fresh, err := q.insert(ctx, w, part)
		if err != nil {
			return err
		}
		if q.river != nil {
			if err := q.river.enqueue(ctx, w, fresh); err != nil {
				return err
			}
		}
	}
	return nil
}

// Retry makes Failed jobs wait again, with new attempts.
func (q *Queue) Retry(ctx context.Context, w *db.Writer, keys ...string) error {
	for _, k := range keys {
		js, err := q.raw(ctx, w, `UPDATE job SET state = 'waiting', attempts = 0, deaths = 0, not_before = 0, error = ''
			WHERE key = ?1 AND state = 'failed' RETURNING `+columns, k)
		if err != nil {
			return err
		}
		if len(js) == 0 {
			return fault.New(fault.NotFound, "jobs: retry: no failed job has this key")
		}
		if q.river != nil {
			if err := q.river.enqueue(ctx, w, js); err != nil {
				return err
			}
		}
	}
	return nil
}

// Lease is a job in the hands of a worker.
type Lease struct {
	Job
	queue    *Queue
	worker   string
	attempt  int64
	complete func(context.Context, *sql.Tx) error // River's part
}

// Attempt says how often the job was begun, this time included.
func (l *Lease) Attempt() int { return int(l.attempt) }

// Finish marks the job as done in w's transaction. It returns a Busy error when
// the job has meanwhile gone to another worker; the transaction must then be
// rolled back.
func (l *Lease) Finish(ctx context.Context, w *db.Writer) error {
	res, err := engine.Unlock(w.Raw()).Exec(ctx, `UPDATE job SET state = 'done', owner = '', error = ''
		WHERE key = ?1 AND state = 'running' AND owner = ?2 AND attempts = ?3`, l.Key, l.worker, l.attempt)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fault.New(fault.Busy, "jobs: finish: another worker has taken this job over")
	}
	if l.complete != nil {
		err = l.complete(ctx, engine.Unlock(w.Raw()).SQLTx())
	}
	failpoint.Hit("jobs.finished") // in the transaction still
	return err
}

// Counts of the jobs of a case by state.
type Counts struct{ Waiting, Running, Done, Failed int }

// Counts returns the counts of a case ("" = all).
func (q *Queue) Counts(ctx context.Context, caseID string) (Counts, error) {
	type group struct {
		state string
		n     int
	}
	groups, err := db.Collect(ctx, engine.Unlock(q.config.Store.Raw()).Read(), func(rows *sql.Rows) (g group, err error) {
		return g, rows.Scan(&g.state, &g.n)
	}, `SELECT state, COUNT(*) FROM job WHERE (?1 = '' OR case_id = ?1) GROUP BY state`, caseID)
	var c Counts
	for _, g := range groups {
		c.add(g.state, g.n)
	}
	return c, err
}

// CountsOf is Counts of those jobs of which at least one thing is shown.
func (q *Queue) CountsOf(ctx context.Context, caseID string, shown func(thing string) bool) (Counts, error) {
	type job struct {
		state  string
		things []string
	}
	all, err := db.Collect(ctx, engine.Unlock(q.config.Store.Raw()).Read(), func(rows *sql.Rows) (j job, err error) {
		var things string
		if err := rows.Scan(&j.state, &things); err != nil {
			return j, err
		}
		return j, json.Unmarshal([]byte(things), &j.things)
	}, `SELECT state, things FROM job WHERE (?1 = '' OR case_id = ?1)`, caseID)
	var c Counts
	for _, j := range all {
		if slices.ContainsFunc(j.things, shown) {
			c.add(j.state, 1)
		}
	}
	return c, err
}

func (c *Counts) add(state string, n int) {
	switch state {
	case "waiting":
		c.Waiting += n
	case "running":
		c.Running += n
	case "done":
		c.Done += n
	case "failed":
		c.Failed += n
	}
}

// Failure is a job that was given up, with the text of the last error.
type Failure struct {
	Job
	Attempts int
	Error    string
}

// Failures lists the Failed jobs of a case ("" = all), by key.
func (q *Queue) Failures(ctx context.Context, caseID string) ([]Failure, error) {
	return db.Collect(ctx, engine.Unlock(q.config.Store.Raw()).Read(), func(rows *sql.Rows) (Failure, error) {
		r, err := scan(rows)
		return Failure{Job: r.Job, Attempts: int(r.attempts), Error: r.err}, err
	}, `SELECT `+columns+` FROM job WHERE state = 'failed' AND (?1 = '' OR case_id = ?1) ORDER BY key`, caseID)
}

func toJSON(things []string) (string, error) {
	if things == nil {
		things = []string{}
	}
	b, err := json.Marshal(things)
	return string(b), err
}
