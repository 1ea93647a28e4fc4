package jobs

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// Schema returns the tables of the queue. They hold no case data but ids, so
// they belong to no act.
func Schema() db.Schema {
	return db.Schema{Room: "jobs", Migrations: []string{schemaSQL}}
}

const schemaSQL = `
CREATE TABLE job (
	key TEXT PRIMARY KEY,
	case_id TEXT NOT NULL,
	stage TEXT NOT NULL,
	version TEXT NOT NULL,
	ordered TEXT NOT NULL,
	host TEXT NOT NULL,
	things TEXT NOT NULL,
	queue TEXT NOT NULL,
	state TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	deaths BIGINT NOT NULL,
	owner TEXT NOT NULL,
	promised BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	error TEXT NOT NULL);
CREATE INDEX job_state ON job (state, case_id, promised);
CREATE INDEX job_owner ON job (owner);
CREATE TABLE job_worker (
	id TEXT PRIMARY KEY,
	host TEXT NOT NULL,
	pid BIGINT NOT NULL,
	beat BIGINT NOT NULL);
`

const columns = `key, case_id, stage, version, ordered, host, things, queue, attempts, error`

// row is a job as the table has it.
type row struct {
	Job
	queue    string
	attempts int64
	err      string
}

func scan(rows *sql.Rows) (row, error) {
	var r row
	var things string
	err := rows.Scan(&r.Key, &r.Case, &r.Stage, &r.Version, &r.Ordered, &r.Host, &things, &r.queue, &r.attempts, &r.err)
	if err == nil {
		err = json.Unmarshal([]byte(things), &r.Things)
	}
	return r, err
}

// raw runs a changing statement that returns jobs.
func (q *Queue) raw(ctx context.Context, w *db.Writer, query string, args ...any) ([]row, error) {
	rows, err := engine.Unlock(w.Raw()).Returning(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// insert adds the jobs whose keys are new and returns them.
func (q *Queue) insert(ctx context.Context, w *db.Writer, js []Job) ([]row, error) {
	now := q.config.Clock().UnixMicro()
	var text strings.Builder
	text.WriteString(`INSERT INTO job (key, case_id, stage, version, ordered, host, things, queue, promised,
		state, attempts, deaths, owner, not_before, error) VALUES `)
	var args []any
	for i, j := range js {
		things, err := toJSON(j.Things)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteByte('(')
		for _, v := range []any{j.Key, j.Case, j.Stage, j.Version, j.Ordered, j.Host, things, queueName(j.Case, j.Host), now} {
			args = append(args, v)
			text.WriteString("?" + strconv.Itoa(len(args)) + ",")
		}
		text.WriteString("'waiting',0,0,'',0,'')")
	}
	text.WriteString(` ON CONFLICT (key) DO NOTHING RETURNING ` + columns)
	return q.raw(ctx, w, text.String(), args...)
}

// queueName names the River queue of a case on a host: workers that may not
// open a case do not fetch its jobs.
func queueName(caseID, host string) string {
	name := "site"
	if caseID != "" {
		name = "case-" + short(caseID)
	}
	if host != "" {
		name += "-host-" + short(host)
	}
	return name
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}

// write runs fn in a transaction that belongs to no act.
func (q *Queue) write(ctx context.Context, fn func(*db.Writer) error) error {
	return engine.Unlock(q.config.Store.Raw()).Write(ctx, fn)
}

// now is the clock that workers of several machines share: the server's, where
// there is one.
func (q *Queue) now(ctx context.Context, w *db.Writer) (int64, error) {
	if q.config.Store.Dialect() != engine.Postgres {
		return q.config.Clock().UnixMicro(), nil
	}
	us, _, err := db.One(ctx, w, func(rows *sql.Rows) (us int64, err error) { return us, rows.Scan(&us) },
		`SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`)
	return us, err
}

// claim gives up to n waiting jobs to a worker, oldest first.
func (q *Queue) claim(ctx context.Context, worker string, o Options, n int) (claimed []row, err error) {
	err = q.write(ctx, func(w *db.Writer) error {
		claimed, err = q.raw(ctx, w, `UPDATE job SET state = 'running', owner = ?1, attempts = attempts + 1
			WHERE key IN (SELECT key FROM job WHERE `+claimable+` ORDER BY promised, key LIMIT ?5) RETURNING `+columns,
			worker, o.Case, o.Host, q.config.Clock().UnixMicro(), n)
		return err
	})
	return claimed, err
}

const claimable = `state = 'waiting' AND (?2 = '' OR case_id = ?2) AND (host = '' OR host = ?3) AND not_before <= ?4`

// exists asks a yes-or-no question over a reader.
func (q *Queue) exists(ctx context.Context, query string, args ...any) (bool, error) {
	_, ok, err := db.One(ctx, engine.Unlock(q.config.Store.Raw()).Read(), func(rows *sql.Rows) (n int, err error) { return n, rows.Scan(&n) }, query, args...)
	return ok, err
}

// Idle says whether no job of the case ("" = of any) runs, in whatever hands, or
// waits for this host or for any. What waits for another machine is its own.
func (q *Queue) Idle(ctx context.Context, caseID, host string) (bool, error) {
	busy, err := q.exists(ctx, `SELECT 1 FROM job WHERE (state = 'running' OR state = 'waiting' AND (host = '' OR host = ?2))
		AND (?1 = '' OR case_id = ?1) LIMIT 1`, caseID, host)
	return !busy, err
}

// verdict is what becomes of a job whose worker is through with it.
type verdict struct {
	state string        // "done", "waiting", "failed" or "lost"
	pause time.Duration // before it is tried again
}

// settle records what became of a job that its worker did not finish.
func (q *Queue) settle(ctx context.Context, l *Lease, failure error, stopped bool) (verdict, error) {
	v := verdict{state: "done"}
	if failure == nil { // a reader may know already, and spares a transaction
		if done, err := q.exists(ctx, `SELECT 1 FROM job WHERE key = ?1 AND state = 'done'`, l.Key); err == nil && done {
			return v, nil
		}
	}
	err := q.write(ctx, func(w *db.Writer) error {
		mine, err := q.raw(ctx, w, `UPDATE job SET owner = '' WHERE key = ?1 AND state = 'running' AND owner = ?2 AND attempts = ?3
			RETURNING `+columns, l.Key, l.worker, l.attempt)
		if err != nil || len(mine) == 0 {
			return err // finished, or lost to another worker
		}
		attempts, until := l.attempt, q.config.Clock().UnixMicro()
		switch {
		case stopped:
			v, attempts = verdict{state: "waiting"}, attempts-1
		case attempts >= maxAttempts:
			v = verdict{state: "failed"}
		default:
			v = verdict{state: "waiting", pause: q.config.Pause(int(attempts))}
		}
		_, err = engine.Unlock(w.Raw()).Exec(ctx, `UPDATE job SET state = ?2, attempts = ?3, not_before = ?4, error = ?5 WHERE key = ?1`,
			l.Key, v.state, attempts, until+v.pause.Microseconds(), clip(failure))
		return err
	})
	return v, err
}

func clip(err error) string {
	if err == nil {
		return "the work ended without being finished"
	}
	text := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "")
	}
	return text
}
