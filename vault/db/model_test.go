package db_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

// model is what the tables should hold: table, key, row with act last.
type model map[string]map[string]db.Row

// step is one call in an act.
type step struct {
	table db.Table
	op    string
	rows  []db.Row
}

func (m model) apply(act string, s step) {
	for _, r := range s.rows {
		k := fmt.Sprint(r[:s.table.Key]...)
		if s.op == db.Delete {
			delete(m[s.table.Name], k)
		} else {
			m[s.table.Name][k] = append(slices.Clone(r), act)
		}
	}
}

// lines renders a table of the model as Dump should, by way of encoding/json.
func (m model) lines(t *rapid.T, table db.Table) []string {
	var list []db.Row
	for _, r := range m[table.Name] {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b db.Row) int {
		for i := range table.Key {
			if c := compare(a[i], b[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	out := []string{}
	for _, r := range list {
		object := map[string]any{"act": r[len(r)-1]}
		for i, c := range table.Columns {
			object[c] = r[i]
		}
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(line))
	}
	return out
}

func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return slices.Compare([]byte(a), []byte(b.(string)))
	case []byte:
		return slices.Compare(a, b.([]byte))
	}
	return int(a.(int64) - b.(int64))
}

// drawStep makes a call with few different keys, so that they meet again.
// The alphabet has no character that encoding/json escapes differently.
func drawStep(t *rapid.T) step {
	id := rapid.StringMatching(`[aBé_]{1,2}`)
	text := rapid.StringMatching(`[a-zA-Z éß漢😀"\\\n.]{0,8}`)
	s := step{
		table: rapid.SampledFrom([]db.Table{things, links, wraps}).Draw(t, "table"),
		op:    rapid.SampledFrom([]string{db.Put, db.Put, db.Delete}).Draw(t, "op"),
	}
	or := func(v any) any {
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		return v
	}
	for range rapid.IntRange(0, 40).Draw(t, "rows") {
		var r db.Row
		switch s.table.Name {
		case "kit_thing":
			r = db.Row{id.Draw(t, "id"), text.Draw(t, "name"), or(rapid.Int64().Draw(t, "size")), or(rapid.Bool().Draw(t, "seen")),
				or(rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "bytes")), or(text.Draw(t, "zone"))}
		case "kit_link":
			r = db.Row{id.Draw(t, "thing"), rapid.Int64Range(-2, 2).Draw(t, "ordinal"), or(text.Draw(t, "note"))}
		default:
			r = db.Row{rapid.SliceOfN(rapid.ByteRange(0, 3), 0, 2).Draw(t, "digest"), []byte(text.Draw(t, "wrapped"))}
		}
		if s.op == db.Delete {
			r = r[:s.table.Key]
		}
		s.rows = append(s.rows, r)
	}
	return s
}

// TestModel runs random acts, some of them rolled back, on both engines and on
// a map, and compares; then it replays the items of all acts elsewhere.
func TestModel(t *testing.T) {
	sqlite := openAt(t, sqliteURL(t), secret(), kitSchema())
	stores := []*db.Store{sqlite}
	if url := maybePostgres(t); url != "" {
		stores = append(stores, openAt(t, url, nil, kitSchema()))
	}
	replayed, err := sqlite.OpenScratch(t.Context(), secret())
	if err != nil {
		t.Fatal(err)
	}
	defer replayed.Close()
	rapid.Check(t, func(rt *rapid.T) {
		for _, s := range append(stores, replayed) {
			clean(t, s)
		}
		m := model{"kit_thing": {}, "kit_link": {}, "kit_wrap": {}}
		for a := range rapid.IntRange(1, 4).Draw(rt, "acts") {
			id := fmt.Sprint("act", a)
			steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 4).Draw(rt, "steps")
			fails := rapid.IntRange(0, 4).Draw(rt, "fails") == 0
			items := runSteps(rt, stores, id, steps, fails)
			if fails {
				continue
			}
			for _, s := range steps {
				m.apply(id, s)
			}
			if err := engine.Unlock(replayed.Raw()).Apply(t.Context(), id, items); err != nil {
				rt.Fatal(err)
			}
		}
		for _, table := range sqlite.Tables() {
			for _, s := range append(stores, replayed) {
				if s == replayed && table.Unlogged {
					continue
				}
				got := append([]string{}, dump(t, s, table.Name)...)
				if diff := cmp.Diff(m.lines(rt, table), got); diff != "" {
					rt.Fatalf("%s on %s: %s", table.Name, s.Dialect(), diff)
				}
			}
		}
	})
}

// maybePostgres returns an address for the whole test, or "" without a server.
func maybePostgres(t *testing.T) (url string) {
	found := true
	t.Run("server", func(t *testing.T) {
		found = false
		pgtest.URL(t)
		found = true
	})
	if found {
		url = pgtest.URL(t)
	}
	return url
}

var errUndone = fmt.Errorf("undone")

// runSteps runs an act on every store and returns its items, which must be the
// same everywhere.
func runSteps(t *rapid.T, stores []*db.Store, id string, steps []step, fails bool) []db.Item {
	var all [][]db.Item
	for _, s := range stores {
		err := engine.Unlock(s.Raw()).Write(context.Background(), func(w *db.Writer) error {
			engine.Unlock(w.Raw()).Bind(id)
			for _, st := range steps {
				call := w.Put
				if st.op == db.Delete {
					call = w.Delete
				}
				if err := call(context.Background(), st.table, st.rows...); err != nil {
					return err
				}
			}
			all = append(all, engine.Unlock(w.Raw()).Items())
			if fails {
				return errUndone
			}
			return nil
		})
		if (err == errUndone) != fails || err != nil && !fails {
			t.Fatalf("%s: %v", s.Dialect(), err)
		}
	}
	for _, items := range all[1:] {
		if diff := cmp.Diff(all[0], items); diff != "" {
			t.Fatalf("the engines record different items: %s", diff)
		}
	}
	return all[0]
}

func clean(t *testing.T, s *db.Store) {
	t.Helper()
	err := engine.Unlock(s.Raw()).Write(t.Context(), func(w *db.Writer) error {
		for _, table := range []string{"kit_thing", "kit_link", "kit_wrap"} {
			if _, err := engine.Unlock(w.Raw()).Exec(t.Context(), "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
