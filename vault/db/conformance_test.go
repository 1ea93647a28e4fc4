package db_test

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/vault/db"
)

func TestSQLite(t *testing.T) {
	conformance(t, func(t testing.TB) *db.Store { return openAt(t, sqliteURL(t), secret(), kitSchema()) })
}

func TestSQLitePlain(t *testing.T) {
	conformance(t, func(t testing.TB) *db.Store { return openAt(t, sqliteURL(t), nil, kitSchema()) })
}

// conformance is the behaviour that both engines owe.
func conformance(t *testing.T, open func(testing.TB) *db.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *db.Store)
	}{
		{"types", testTypes},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func testTypes(t *testing.T, s *db.Store) {
	rows := []db.Row{
		{"a", "", int64(0), false, []byte{}, ""},
		{"b", "naïve ✓ \"quoted\" \\ \n\t\u2028<&>", int64(math.MaxInt64), true, []byte{0, 1, 255}, "2026-01-02T03:04:05Z"},
		{"c", "plain", int64(math.MinInt64), nil, nil, nil},
	}
	act(t, s, "act1", func(ctx context.Context, w *db.Writer) error { return w.Put(ctx, things, rows...) })
	var want []db.Row
	for _, r := range rows {
		want = append(want, append(r, "act1"))
	}
	if diff := cmp.Diff(want, thingsOf(t, s.Read(key), "ORDER BY id")); diff != "" {
		t.Error(diff)
	}
}
