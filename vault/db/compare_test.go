package db_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

// TestCompare compares an SQLite store with a PostgreSQL one, whose order of
// texts is another where nobody says so.
func TestCompare(t *testing.T) {
	a, b := openAt(t, sqliteURL(t), secret(), kitSchema()), openAt(t, pgtest.URL(t), nil, kitSchema())
	keys := []string{"a", "B", "é", "ab", "Z", "\u007f", "a b", "10", "9"}
	for n, s := range []*db.Store{a, b} {
		act(t, s, fmt.Sprint("act", n), func(ctx context.Context, w *db.Writer) error { // by different acts
			for i, k := range keys {
				if err := w.Put(ctx, things, thing(k, "same")); err != nil {
					return err
				}
				if err := w.Put(ctx, links, db.Row{k, int64(i), "x"}[:len(links.Columns)]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	compare := func(table string) (int64, []string) {
		var out []string
		n, err := engine.Unlock(a.Raw()).Compare(t.Context(), b, table, func(u db.Unequal) error {
			out = append(out, fmt.Sprint(u.Key, u.A != nil, u.B != nil))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n, out
	}
	for _, table := range []string{things.Name, links.Name} {
		if n, out := compare(table); n != int64(len(keys)) || len(out) != 0 {
			t.Errorf("%s: %d rows, %v", table, n, out)
		}
	}
	act(t, b, "later", func(ctx context.Context, w *db.Writer) error {
		if err := w.Put(ctx, things, thing("Z", "other"), thing("zz", "more")); err != nil {
			return err
		}
		return w.Delete(ctx, things, db.Row{"10"})
	})
	n, out := compare(things.Name)
	slices.Sort(out)
	want := []string{`["10"]true false`, `["Z"]true true`, `["zz"]false true`}
	if diff := cmp.Diff(want, out); diff != "" || n != int64(len(keys))+1 {
		t.Errorf("%d rows: %s", n, diff)
	}
	full := openAt(t, sqliteURL(t), secret(), kitSchema())
	if err := engine.Unlock(full.Raw()).CopyTable(t.Context(), b, things.Name, "copy"); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Unlock(full.Raw()).Compare(t.Context(), b, things.Name, func(u db.Unequal) error {
		t.Errorf("copied otherwise: %s", u.Key)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
