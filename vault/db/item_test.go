package db_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

// TestItems holds the bytes of items still: the log commits to them.
func TestItems(t *testing.T) {
	s := openAt(t, sqliteURL(t), nil, kitSchema())
	act(t, s, "act1", func(ctx context.Context, w *db.Writer) error {
		if err := w.Put(ctx, things, db.Row{"a", "é<&>\"\\\n\x01\u2028\x7f", int64(-5), true, []byte{0xfb, 0xff}, nil}); err != nil {
			return err
		}
		if err := w.Put(ctx, wraps, db.Row{[]byte{1}, []byte{2}}); err != nil {
			return err
		}
		if err := w.Delete(ctx, links, db.Row{"a", int64(2)}); err != nil {
			return err
		}
		want := []string{
			`{"op":"put","row":{"bytes":"+/8=","id":"a","name":"é<&>\"\\\n\u0001` + "\u2028\x7f" + `","seen":true,"size":-5,"zone":null},"table":"kit_thing"}`,
			`{"op":"delete","row":{"ordinal":2,"thing":"a"},"table":"kit_link"}`,
		}
		var got []string
		for _, it := range engine.Unlock(w.Raw()).Items() {
			got = append(got, string(it.JSON))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		return nil
	})
}

// TestReplay applies the items of one store to a scratch store, and compares
// every row, also with a PostgreSQL that went through the same.
func TestReplay(t *testing.T) {
	type logged struct {
		id    string
		items []db.Item
	}
	var log []logged
	s := openAt(t, sqliteURL(t), secret(), kitSchema())
	story := []func(context.Context, *db.Writer) error{
		func(ctx context.Context, w *db.Writer) error {
			return w.Put(ctx, things, db.Row{"b", "x", int64(1), true, []byte{}, ""}, db.Row{"a", "é\n", nil, nil, nil, nil}, thing("C", "x"))
		},
		func(ctx context.Context, w *db.Writer) error {
			if err := w.Delete(ctx, things, db.Row{"C"}); err != nil {
				return err
			}
			return w.Put(ctx, things, thing("b", "again"), thing("-", "x"), thing("B", "x"))
		},
		func(ctx context.Context, w *db.Writer) error {
			return w.Put(ctx, links, db.Row{"b", int64(10), nil}, db.Row{"b", int64(9), "x"})
		},
	}
	for i, fn := range story {
		id := string(rune('1' + i))
		act(t, s, id, func(ctx context.Context, w *db.Writer) error {
			err := fn(ctx, w)
			log = append(log, logged{id, engine.Unlock(w.Raw()).Items()})
			return err
		})
	}
	scratch, err := s.OpenScratch(t.Context(), secret())
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	pg := openAt(t, pgtest.URL(t), nil, kitSchema())
	for _, l := range log {
		for _, into := range []*db.Store{scratch, pg} {
			if err := engine.Unlock(into.Raw()).Apply(t.Context(), l.id, l.items); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, table := range s.Tables() {
		want := dump(t, s, table.Name)
		for _, other := range []*db.Store{scratch, pg} {
			if diff := cmp.Diff(want, dump(t, other, table.Name)); diff != "" {
				t.Errorf("%s on %s: %s", table.Name, other.Dialect(), diff)
			}
		}
	}
	want := []string{
		`{"act":"2","bytes":null,"id":"-","name":"x","seen":null,"size":null,"zone":null}`,
		`{"act":"2","bytes":null,"id":"B","name":"x","seen":null,"size":null,"zone":null}`,
		`{"act":"1","bytes":null,"id":"a","name":"é\n","seen":null,"size":null,"zone":null}`,
		`{"act":"2","bytes":null,"id":"b","name":"again","seen":null,"size":null,"zone":null}`,
	}
	if diff := cmp.Diff(want, dump(t, s, "kit_thing")); diff != "" {
		t.Error(diff)
	}
}

func dump(t *testing.T, s *db.Store, table string) []string {
	t.Helper()
	var out []string
	for line, err := range engine.Unlock(s.Raw()).Dump(t.Context(), table) {
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(line) {
			t.Errorf("not JSON: %s", line)
		}
		out = append(out, string(line))
	}
	return out
}

func TestDumpOfNothing(t *testing.T) {
	s := openAt(t, sqliteURL(t), nil, kitSchema())
	for _, err := range engine.Unlock(s.Raw()).Dump(t.Context(), "nothing") {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("error %v", err)
		}
	}
}

// TestReplayRefuses feeds items that the log could not have come from.
func TestReplayRefuses(t *testing.T) {
	s := openAt(t, sqliteURL(t), nil, kitSchema())
	good := `{"op":"put","row":{"note":null,"ordinal":1,"thing":"a"},"table":"kit_link"}`
	if err := engine.Unlock(s.Raw()).Apply(t.Context(), "x", []db.Item{{Op: db.Put, Table: "kit_link", JSON: []byte(good)}}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []db.Item{
		{Op: db.Put, Table: "nothing", JSON: []byte(good)},
		{Op: "take", Table: "kit_link", JSON: []byte(strings.Replace(good, "put", "take", 1))},
		{Op: db.Delete, Table: "kit_link", JSON: []byte(good)},
		{Op: db.Put, Table: "kit_thing", JSON: []byte(good)},
		{Op: db.Put, Table: "kit_link"},
		{Op: db.Put, Table: "kit_link", JSON: []byte(strings.Replace(good, ":1", `:"1"`, 1))},
		{Op: db.Put, Table: "kit_link", JSON: []byte(strings.Replace(good, ":1", ":1.5", 1))},
		{Op: db.Put, Table: "kit_link", JSON: []byte(strings.Replace(good, ":1", ":null", 1))},
		{Op: db.Put, Table: "kit_link", JSON: []byte(strings.Replace(good, "note", "nota", 1))},
		{Op: db.Put, Table: "kit_link", JSON: []byte(strings.Replace(good, `"a"`, `"\u0061"`, 1))},
		{Op: db.Put, Table: "kit_link", JSON: []byte(good + " ")},
		{Op: db.Put, Table: "kit_link", JSON: []byte(strings.Replace(good, `"note":null,`, `"act":"y","note":null,`, 1))},
	} {
		if err := engine.Unlock(s.Raw()).Apply(t.Context(), "x", []db.Item{bad}); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s %s: %v", bad.Table, bad.JSON, err)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":          "",
		"plain é 😀": "plain é 😀",
		"a\x00b":    "a\u2400b",
		"a\xffb":    "a\uFFFDb",
	} {
		if got := db.Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzItem writes any text and bytes and demands that the item is JSON of the
// same values, and that a replay gives the same row.
func FuzzItem(f *testing.F) {
	f.Add("a", []byte{1}, int64(-1), true)
	f.Add("\"\\/\b\f\n\r\t\x00\x1f\x7f\u2028\xff", []byte(nil), int64(1)<<62, false)
	s := openAt(f, sqliteURL(f), nil, kitSchema())
	f.Fuzz(func(t *testing.T, text string, blob []byte, n int64, b bool) {
		text = db.Text(text)
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			t.Fatalf("Text gave %q", text)
		}
		var items []db.Item
		row := db.Row{"id", text, n, b, blob, text}
		act(t, s, "x", func(ctx context.Context, w *db.Writer) error {
			err := w.Put(ctx, things, row)
			items = engine.Unlock(w.Raw()).Items()
			return err
		})
		before := dump(t, s, "kit_thing")
		var body struct {
			Row struct {
				Name  string
				Size  int64
				Bytes []byte
			}
		}
		if err := json.Unmarshal(items[0].JSON, &body); err != nil {
			t.Fatalf("%s: %v", items[0].JSON, err)
		}
		if body.Row.Name != text || body.Row.Size != n || !bytes.Equal(body.Row.Bytes, blob) {
			t.Fatalf("%s is not %v", items[0].JSON, row)
		}
		if err := engine.Unlock(s.Raw()).Apply(t.Context(), "x", items); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(before, dump(t, s, "kit_thing")) {
			t.Fatal("a replay gives another row")
		}
	})
}
