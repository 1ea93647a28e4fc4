package jobs

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// enlist makes the row of a worker of this process, and returns its id.
func (q *Queue) enlist(ctx context.Context, host string) (string, error) {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(q.config.Rand, nonce); err != nil {
		return "", err
	}
	id := hex.EncodeToString(nonce)
	return id, q.beat(ctx, id, host)
}

// beat says that the worker lives.
func (q *Queue) beat(ctx context.Context, id, host string) error {
	return q.write(ctx, func(w *db.Writer) error {
		now, err := q.now(ctx, w)
		if err != nil {
			return err
		}
		_, err = engine.Unlock(w.Raw()).Exec(ctx, `INSERT INTO job_worker (id, host, pid, beat) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (id) DO UPDATE SET beat = excluded.beat`, id, host, int64(os.Getpid()), now)
		return err
	})
}

// dismiss removes the row of a worker that has no jobs left.
func (q *Queue) dismiss(ctx context.Context, id string) error {
	return q.write(ctx, func(w *db.Writer) error { return q.release(ctx, w, id, 0) })
}

type worker struct {
	id, host  string
	pid, beat int64
}

// reap takes the jobs of dead workers back: of those on this machine whose
// process is gone at once, of others when they have been silent for a lease.
// A process number that is in use may be another process's by now, after a
// reboot: ten leases of silence outweigh it.
func (q *Queue) reap(ctx context.Context, self, host string) error {
	all, err := db.Collect(ctx, engine.Unlock(q.config.Store.Raw()).Read(), func(rows *sql.Rows) (w worker, err error) {
		return w, rows.Scan(&w.id, &w.host, &w.pid, &w.beat)
	}, `SELECT id, host, pid, beat FROM job_worker WHERE id <> ?1`, self)
	if err != nil || len(all) == 0 {
		return err
	}
	return q.write(ctx, func(w *db.Writer) error {
		now, err := q.now(ctx, w)
		if err != nil {
			return err
		}
		lease := q.config.Lease.Microseconds()
		for _, o := range all {
			silent := now - o.beat
			dead := silent > lease
			if o.host == host {
				dead = !alive(int(o.pid)) || silent > 10*lease
			}
			if !dead {
				continue
			}
			// It may have spoken since it was looked at.
			res, err := engine.Unlock(w.Raw()).Exec(ctx, `DELETE FROM job_worker WHERE id = ?1 AND beat = ?2`, o.id, o.beat)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				continue
			}
			if err := q.release(ctx, w, o.id, 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// release gives the jobs of a worker back to the others and removes its row.
func (q *Queue) release(ctx context.Context, w *db.Writer, id string, death int) error {
	_, err := engine.Unlock(w.Raw()).Exec(ctx, `UPDATE job SET owner = '', deaths = deaths + ?2, not_before = 0,
		attempts = attempts - 1,
		state = CASE WHEN deaths + ?2 >= ?3 THEN 'failed' ELSE 'waiting' END,
		error = CASE WHEN deaths + ?2 >= ?3 THEN 'every worker that tried it died' ELSE error END
		WHERE owner = ?1 AND state = 'running'`, id, int64(death), int64(maxDeaths))
	if err != nil {
		return err
	}
	if q.river != nil {
		if err := q.river.release(ctx, w, id); err != nil {
			return err
		}
	}
	_, err = engine.Unlock(w.Raw()).Exec(ctx, `DELETE FROM job_worker WHERE id = ?1`, id)
	return err
}

// alive says whether a process with this number runs on this machine.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	if runtime.GOOS == "windows" { // FindProcess has opened it
		p.Release()
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// tick calls fn every so often until ctx ends; errors are for the next time.
func tick(ctx context.Context, every time.Duration, fn func() error) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			fn()
		}
	}
}
