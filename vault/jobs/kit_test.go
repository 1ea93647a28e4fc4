package jobs

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

// The kit's work leaves one row an effect; a job done twice leaves two.
var kitSchema = db.Schema{Room: "kit", Migrations: []string{
	`CREATE TABLE effect (nonce TEXT PRIMARY KEY, job TEXT NOT NULL, worker TEXT NOT NULL)`}}

func openStore(ctx context.Context, url string) (*db.Store, error) {
	return db.Open(ctx, db.Config{URL: url, Schemas: []db.Schema{Schema(), kitSchema}})
}

func config(s *db.Store, url string) Config {
	return Config{Store: s, URL: url, Clock: time.Now, Rand: rand.Reader,
		Pause: func(int) time.Duration { return 10 * time.Millisecond }}
}

// kit is an open queue and its store.
type kit struct {
	testing.TB
	url   string
	store *db.Store
	queue *Queue
}

// onBoth runs a test on a fresh SQLite file and a fresh PostgreSQL database.
func onBoth(t *testing.T, run func(*kit)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(open(t, "sqlite:"+filepath.Join(t.TempDir(), "rows.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(open(t, pgtest.URL(t)))
	})
}

func open(t testing.TB, url string) *kit {
	t.Helper()
	s, err := openStore(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Open(t.Context(), config(s, url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close(); s.Close() })
	return &kit{TB: t, url: url, store: s, queue: q}
}

// act runs fn as an act would.
func act(ctx context.Context, s *db.Store, fn func(*db.Writer) error) error {
	return engine.Unlock(s.Raw()).Write(ctx, func(w *db.Writer) error {
		engine.Unlock(w.Raw()).Bind("act")
		return fn(w)
	})
}

func (k *kit) promise(js ...Job) {
	k.Helper()
	if err := act(k.Context(), k.store, func(w *db.Writer) error { return k.queue.Promise(k.Context(), w, js...) }); err != nil {
		k.Fatal(err)
	}
}

func some(n int) []Job {
	js := make([]Job, n)
	for i := range js {
		js[i] = Job{Key: fmt.Sprintf("job-%04d", i), Case: "case", Stage: "identify", Version: "1", Things: []string{"a", "b"}}
	}
	return js
}

// effect writes the result of a job and finishes it in the same transaction.
func effect(ctx context.Context, s *db.Store, l *Lease) error {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	return act(ctx, s, func(w *db.Writer) error {
		if _, err := engine.Unlock(w.Raw()).Exec(ctx, `INSERT INTO effect (nonce, job, worker) VALUES (?1, ?2, ?3)`,
			hex.EncodeToString(nonce), l.Key, l.worker); err != nil {
			return err
		}
		return l.Finish(ctx, w)
	})
}

func (k *kit) do(ctx context.Context, l *Lease) error { return effect(ctx, k.store, l) }

// work works until the queue is idle.
func (k *kit) work(o Options, do func(context.Context, *Lease) error) {
	k.Helper()
	o.UntilIdle = true
	if o.Host == "" {
		o.Host = "here"
	}
	ctx, cancel := context.WithTimeout(k.Context(), time.Minute)
	defer cancel()
	if err := k.queue.Work(ctx, o, do); err != nil {
		k.Fatal(err)
	}
}

// effects returns how often each job had its effect.
func (k *kit) effects() map[string]int {
	k.Helper()
	all := map[string]int{}
	_, err := db.Collect(k.Context(), engine.Unlock(k.store.Raw()).Read(), func(rows *sql.Rows) (s string, err error) {
		var n int
		err = rows.Scan(&s, &n)
		all[s] = n
		return s, err
	}, `SELECT job, COUNT(*) FROM effect GROUP BY job`)
	if err != nil {
		k.Fatal(err)
	}
	return all
}

// once fails unless each of n jobs had its effect exactly once.
func (k *kit) once(n int) {
	k.Helper()
	all := k.effects()
	if len(all) != n {
		k.Errorf("%d jobs had an effect, want %d", len(all), n)
	}
	for job, times := range all {
		if times != 1 {
			k.Errorf("%s was done %d times", job, times)
		}
	}
}

func (k *kit) counts(want Counts) {
	k.Helper()
	got, err := k.queue.Counts(k.Context(), "")
	if err != nil || got != want {
		k.Errorf("counts %+v, want %+v (%v)", got, want, err)
	}
}
