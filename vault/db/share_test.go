package db_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

func TestSharedSQLite(t *testing.T)   { shared(t, sqliteURL(t)) }
func TestSharedPostgres(t *testing.T) { shared(t, pgtest.URL(t)) }

// shared opens one fresh database several times at once, as several processes
// would, and lets all of them add to one counter: each act reads it and writes
// the next number, so that a lost update would show.
func shared(t *testing.T, url string) {
	const stores, acts = 4, 10
	var wg sync.WaitGroup
	for n := range stores {
		wg.Go(func() {
			s, err := db.Open(t.Context(), db.Config{URL: url, Key: secret(), Schemas: kitSchema()})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer s.Close()
			for i := range acts {
				if err := add(t.Context(), s, fmt.Sprintf("%d-%d", n, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	s := openAt(t, url, secret(), kitSchema())
	if got := count(t, engine.Unlock(s.Raw()).Read(), "SELECT size FROM kit_thing WHERE id = ?1", "counter"); got != stores*acts {
		t.Errorf("the counter says %d, want %d", got, stores*acts)
	}
	if got := count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_thing"); got != stores*acts+1 {
		t.Errorf("%d rows, want %d", got, stores*acts+1)
	}
}

// add writes a row and raises the counter. PostgreSQL needs the lock that the
// log's head gives to acts; the advisory one stands in for it.
func add(ctx context.Context, s *db.Store, id string) error {
	return engine.Unlock(s.Raw()).Write(ctx, func(w *db.Writer) error {
		engine.Unlock(w.Raw()).Bind(id)
		if s.Dialect() == "postgres" {
			if _, err := engine.Unlock(w.Raw()).Exec(ctx, "SELECT pg_advisory_xact_lock(1)"); err != nil {
				return err
			}
		}
		n, _, err := db.One(ctx, w, scanInt, "SELECT size FROM kit_thing WHERE id = ?1", "counter")
		if err != nil {
			return err
		}
		return w.Put(ctx, things, thing(id, "x"), db.Row{"counter", "x", n + 1, nil, nil, nil})
	})
}
