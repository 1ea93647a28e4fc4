package db_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

func TestSQLite(t *testing.T) {
	conformance(t, func(t testing.TB) *db.Store { return openAt(t, sqliteURL(t), secret(), kitSchema()) })
}

func TestSQLitePlain(t *testing.T) {
	conformance(t, func(t testing.TB) *db.Store { return openAt(t, sqliteURL(t), nil, kitSchema()) })
}

func TestPostgres(t *testing.T) {
	conformance(t, func(t testing.TB) *db.Store { return openAt(t, pgtest.URL(t), nil, kitSchema()) })
}

func TestScratch(t *testing.T) {
	conformance(t, func(t testing.TB) *db.Store {
		s, err := openAt(t, sqliteURL(t), nil, kitSchema()).OpenScratch(t.Context(), secret())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}

// conformance is the behaviour that both engines owe.
func conformance(t *testing.T, open func(testing.TB) *db.Store) {
	s := open(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *db.Store)
	}{
		{"types", testTypes},
		{"order of text", testOrder},
		{"replace and delete", testReplaceDelete},
		{"two-column keys", testTwoColumnKeys},
		{"duplicates in a call", testDuplicates},
		{"own writes", testOwnWrites},
		{"rollback", testRollback},
		{"panic", testPanic},
		{"cancel", testCancel},
		{"what Put refuses", testPutRefuses},
		{"readers cannot write", testReadersCannotWrite},
		{"arguments", testArguments},
		{"collect in", testCollectIn},
		{"one", testOne},
		{"readers beside a writer", testConcurrent},
		{"raw", testRaw},
		{"large batch", testLargeBatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			act(t, s, "clean", func(ctx context.Context, w *db.Writer) error {
				for _, table := range []string{"kit_thing", "kit_link", "kit_wrap", "kit_raw"} {
					if _, err := engine.Unlock(w.Raw()).Exec(ctx, "DELETE FROM "+table); err != nil {
						return err
					}
				}
				return nil
			})
			c.run(t, s)
		})
	}
}

func testTypes(t *testing.T, s *db.Store) {
	rows := []db.Row{
		{"a", "", int64(0), false, []byte{}, ""},
		{"b", "naïve ✓ \"quoted\" \\ \n\t\u2028<&>", int64(math.MaxInt64), true, []byte{0, 1, 255}, "2026-01-02T03:04:05Z"},
		{"c", "plain", int64(math.MinInt64), nil, nil, nil},
		{"d", "nil slice", nil, nil, []byte(nil), nil},
	}
	act(t, s, "act1", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, rows...) })
	var want []db.Row
	for _, r := range rows {
		want = append(want, append(r[:6:6], "act1"))
	}
	want[3][4] = nil
	if diff := cmp.Diff(want, thingsOf(t, engine.Unlock(s.Raw()).Read(), "ORDER BY id")); diff != "" {
		t.Error(diff)
	}
}

// testOrder holds the promise that text is ordered by bytes, which a server
// with a dictionary's order would break.
func testOrder(t *testing.T, s *db.Store) {
	names := []string{"B", "Z", "_", "a", "a b", "a-b", "aB", "ab", "z", "É", "é", "漢", "😀"}
	act(t, s, "order", func(ctx context.Context, w *db.Writer) error {
		for i := len(names) - 1; i >= 0; i-- {
			if err := w.Put(ctx, things, thing(names[i], names[i])); err != nil {
				return err
			}
		}
		return nil
	})
	var got []string
	for _, r := range thingsOf(t, engine.Unlock(s.Raw()).Read(), "ORDER BY name") {
		got = append(got, r[1].(string))
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Error(diff)
	}
	if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "WHERE name < ?1", "a")); n != 3 {
		t.Errorf("%d names before a, want 3", n)
	}
	if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "WHERE name LIKE ?1", "A%")); n != 0 {
		t.Errorf("LIKE looks away from case: %d", n)
	}
}

func thing(id, name string) db.Row { return db.Row{id, name, nil, nil, nil, nil} }

func testReplaceDelete(t *testing.T, s *db.Store) {
	act(t, s, "one", func(ctx context.Context, w *db.Writer) error {
		return w.Put(ctx, things, thing("a", "1"), thing("b", "1"), thing("c", "1"))
	})
	act(t, s, "two", func(ctx context.Context, w *db.Writer) error {
		if err := w.Put(ctx, things, db.Row{"b", "2", int64(7), true, []byte("x"), "z"}); err != nil {
			return err
		}
		return w.Delete(ctx, things, db.Row{"a"}, db.Row{"never"})
	})
	want := []db.Row{
		{"b", "2", int64(7), true, []byte("x"), "z", "two"},
		{"c", "1", nil, nil, nil, nil, "one"},
	}
	if diff := cmp.Diff(want, thingsOf(t, engine.Unlock(s.Raw()).Read(), "ORDER BY id")); diff != "" {
		t.Error(diff)
	}
}

func testTwoColumnKeys(t *testing.T, s *db.Store) {
	act(t, s, "one", func(ctx context.Context, w *db.Writer) error {
		err := w.Put(ctx, links, db.Row{"a", int64(1), nil}, db.Row{"a", int64(2), "x"}, db.Row{"b", int64(1), "y"})
		if err != nil {
			return err
		}
		if err := w.Put(ctx, wraps, db.Row{[]byte{1}, []byte("p")}, db.Row{[]byte{2}, []byte("q")}); err != nil {
			return err
		}
		if err := w.Delete(ctx, wraps, db.Row{[]byte{1}}); err != nil {
			return err
		}
		return w.Delete(ctx, links, db.Row{"a", int64(1)}, db.Row{"b", int64(2)})
	})
	for query, want := range map[string]int64{
		"SELECT COUNT(*) FROM kit_link":                       2,
		"SELECT COUNT(*) FROM kit_link WHERE ordinal = 2":     1,
		"SELECT COUNT(*) FROM kit_wrap WHERE wrapped IS NULL": 0,
		"SELECT COUNT(*) FROM kit_wrap":                       1,
	} {
		if got := count(t, engine.Unlock(s.Raw()).Read(), query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func testDuplicates(t *testing.T, s *db.Store) {
	act(t, s, "dup", func(ctx context.Context, w *db.Writer) error {
		if err := w.Put(ctx, things, thing("a", "first"), thing("b", "b"), thing("a", "last")); err != nil {
			return err
		}
		if n := len(engine.Unlock(w.Raw()).Items()); n != 2 {
			t.Errorf("%d items, want 2", n)
		}
		return w.Put(ctx, links, db.Row{"a", int64(12), "x"}, db.Row{"a1", int64(2), "y"}, db.Row{"a", int64(12), "z"})
	})
	if got := thingsOf(t, engine.Unlock(s.Raw()).Read(), "WHERE id = ?1", "a"); len(got) != 1 || got[0][1] != "last" {
		t.Errorf("got %v", got)
	}
	if n := count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_link"); n != 2 {
		t.Errorf("%d links, want 2", n)
	}
}

func testOwnWrites(t *testing.T, s *db.Store) {
	act(t, s, "own", func(ctx context.Context, w *db.Writer) error {
		if w.Act() != "own" {
			t.Errorf("act %q", w.Act())
		}
		if err := w.Put(ctx, things, thing("a", "x")); err != nil {
			return err
		}
		if n := len(thingsOf(t, w, "")); n != 1 {
			t.Errorf("the writer sees %d rows", n)
		}
		if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 0 {
			t.Errorf("a reader sees %d rows of an act that is not over", n)
		}
		return nil
	})
}

func testRollback(t *testing.T, s *db.Store) {
	boom := errors.New("boom")
	var kept *db.Writer
	err := engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error {
		kept = w
		engine.Unlock(w.Raw()).Bind("lost")
		if err := w.Put(t.Context(), things, thing("a", "x")); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if err := kept.Put(t.Context(), things, thing("b", "x")); err == nil {
		t.Error("a writer whose transaction is over still writes")
	}
}

func testPanic(t *testing.T, s *db.Store) {
	func() {
		defer func() { recover() }()
		engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error {
			engine.Unlock(w.Raw()).Bind("lost")
			w.Put(t.Context(), things, thing("a", "x"))
			panic("boom")
		})
	}()
	act(t, s, "next", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, thing("b", "x")) })
	if got := thingsOf(t, engine.Unlock(s.Raw()).Read(), ""); len(got) != 1 || got[0][0] != "b" {
		t.Errorf("rows %v", got)
	}
}

func testCancel(t *testing.T, s *db.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := engine.Unlock(s.Raw()).Write(ctx, func(w *db.Writer) error {
		engine.Unlock(w.Raw()).Bind("lost")
		if err := w.Put(ctx, things, thing("a", "x")); err != nil {
			return err
		}
		cancel()
		return w.Put(ctx, things, thing("b", "x"))
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context canceled", err)
	}
	if _, err := engine.Unlock(s.Raw()).Read().Query(ctx, selectThings); !errors.Is(err, context.Canceled) {
		t.Errorf("query: %v, want context canceled", err)
	}
	if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func testPutRefuses(t *testing.T, s *db.Store) {
	undeclared := db.Table{Name: "kit_raw", Columns: []string{"id", "state"}, Key: 1}
	for name, c := range map[string]struct {
		table db.Table
		row   db.Row
	}{
		"too few values":   {things, db.Row{"a"}},
		"int":              {things, db.Row{"a", "x", 1, nil, nil, nil}},
		"text as number":   {things, db.Row{"a", "x", "1", nil, nil, nil}},
		"number as bool":   {things, db.Row{"a", "x", nil, int64(1), nil, nil}},
		"text as bytes":    {things, db.Row{"a", "x", nil, nil, "x", nil}},
		"nil key":          {things, db.Row{nil, "x", nil, nil, nil, nil}},
		"nil bytes as key": {wraps, db.Row{[]byte(nil), []byte("x")}},
		"not UTF-8":        {things, thing("a", "x\xff")},
		"NUL":              {things, thing("a", "x\x00")},
		"not null":         {things, db.Row{"a", nil, nil, nil, nil, nil}},
		"undeclared":       {undeclared, db.Row{int64(1), "x"}},
	} {
		err := engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error {
			engine.Unlock(w.Raw()).Bind("bad")
			return w.Put(t.Context(), c.table, c.row)
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: kind %v, error %v", name, fault.KindOf(err), err)
		}
	}
	err := engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error { return w.Put(t.Context(), things, thing("a", "x")) })
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("a write without an act: %v", err)
	}
	if n := len(thingsOf(t, engine.Unlock(s.Raw()).Read(), "")); n != 0 {
		t.Errorf("%d rows got through", n)
	}
}

func count(t testing.TB, q db.Queryer, query string, args ...any) int64 {
	t.Helper()
	n, ok, err := db.One(t.Context(), q, scanInt, query, args...)
	if err != nil || !ok {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// testConcurrent counts rows from several readers while acts of 50 rows are
// being written: each count must be of whole acts.
func testConcurrent(t *testing.T, s *db.Store) {
	const acts, rows = 20, 50
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for last := int64(0); ; {
				n, _, err := db.One(t.Context(), engine.Unlock(s.Raw()).Read(), scanInt, "SELECT COUNT(*) FROM kit_thing")
				if err != nil || n%rows != 0 || n < last {
					t.Errorf("%d rows after %d: %v", n, last, err)
					return
				}
				last = n
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for a := range acts {
		act(t, s, fmt.Sprint("act", a), func(ctx context.Context, w *db.Writer) error {
			for r := range rows {
				if err := w.Put(ctx, things, thing(fmt.Sprintf("%d-%d", a, r), "x")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	close(done)
	wg.Wait()
}
