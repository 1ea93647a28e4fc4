package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/vaulttest"
)

func noteTable() db.Table {
	return db.Table{Name: "note", Columns: []string{"id", "text"}, Key: 1}
}

func madeTable() db.Table {
	return db.Table{Name: "made", Columns: []string{"id", "text"}, Key: 1, Derived: true}
}

func schema() db.Schema {
	return db.Schema{Room: "note", Tables: []db.Table{noteTable(), madeTable()}, Migrations: []string{`
CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT NOT NULL, act TEXT NOT NULL);
CREATE TABLE made (id TEXT PRIMARY KEY, text TEXT NOT NULL, act TEXT NOT NULL)`}}
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(*testing.T, *vault.Vault)) {
	t.Run("sqlite", func(t *testing.T) { test(t, vaulttest.Open(t, schema())) })
	t.Run("postgres", func(t *testing.T) { test(t, vaulttest.OpenPG(t, schema())) })
}

func act(verb string) audit.Act {
	return audit.Act{Class: audit.Collection, Verb: verb, Case: "case-1", Why: "test"}
}

// write puts notes in one act.
func write(t *testing.T, v *vault.Vault, notes ...string) audit.Receipt {
	t.Helper()
	r, err := v.Desk.Do(context.Background(), act("note.write"), func(w *db.Writer) error {
		var rows []db.Row
		for _, n := range notes {
			rows = append(rows, db.Row{n, "text of " + n})
		}
		return w.Put(context.Background(), noteTable(), rows...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reader returns a read handle.
func reader(t *testing.T, v *vault.Vault) *db.Reader {
	t.Helper()
	q, err := v.Desk.Consult(context.Background(), act("note.read"))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// problems runs a check.
func problems(t *testing.T, v *vault.Vault, known ...string) []audit.Problem {
	t.Helper()
	var out []audit.Problem
	for p, err := range v.Ledger.Check(context.Background(), known...) {
		if err != nil {
			t.Fatalf("check: %v", err)
		}
		out = append(out, p)
	}
	return out
}

func mustBeClean(t *testing.T, v *vault.Vault, known ...string) {
	t.Helper()
	if ps := problems(t, v, known...); len(ps) > 0 {
		t.Fatalf("check found %d problems, the first: %+v", len(ps), ps[0])
	}
}

// damage runs a statement behind the log's back.
func damage(t *testing.T, v *vault.Vault, query string, args ...any) {
	t.Helper()
	err := engine.Unlock(v.Store.Raw()).Write(context.Background(), func(w *db.Writer) error {
		_, err := engine.Unlock(w.Raw()).Exec(context.Background(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDoAndCheck(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		ctx := context.Background()
		first := write(t, v, "a", "b")
		early, err := v.Ledger.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		write(t, v, "b", "c")
		_, err = v.Desk.Do(ctx, audit.Act{Class: audit.Erasure, Verb: "note.drop", Why: "test"}, func(w *db.Writer) error {
			return w.Delete(ctx, noteTable(), db.Row{"a"})
		})
		if err != nil {
			t.Fatal(err)
		}
		q := reader(t, v)
		mustBeClean(t, v, early)
		n := 0
		for e, err := range audit.Acts(ctx, q, audit.Filter{Case: "case-1", Verb: "note.write"}) {
			if err != nil || e.Header.Why != "test" || (n == 0 && e.Receipt != first) {
				t.Errorf("listed %+v, %v", e, err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%d acts listed, want 2", n)
		}
		items, err := audit.Items(ctx, q, first.Act)
		if err != nil || len(items) != 2 || string(items[0].JSON) != `{"op":"put","row":{"id":"a","text":"text of a"},"table":"note"}` {
			t.Errorf("items %v, %v", items, err)
		}
	})
}

func TestRefusals(t *testing.T) {
	v := vaulttest.Open(t, schema())
	ctx := context.Background()
	for name, a := range map[string]audit.Act{
		"no class":      {Verb: "x", Why: "y"},
		"unknown class": {Class: "looking", Verb: "x", Why: "y"},
		"no verb":       {Class: audit.Collection, Why: "y"},
		"no reason":     {Class: audit.Collection, Verb: "x"},
	} {
		if _, err := v.Desk.Do(ctx, a, func(*db.Writer) error { t.Error("fn ran"); return nil }); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v, want refused", name, err)
		}
	}
	second := vaulttest.AddOfficer(t, v, "Second")
	_, err := v.Desk.Do(ctx, act("officer.revoke"), func(w *db.Writer) error {
		return v.Keys.Ring.Revoke(ctx, w, second.KeyID(), v.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Ledger.As(second).Do(ctx, act("x"), func(*db.Writer) error { return nil }); fault.KindOf(err) != fault.Refused {
		t.Errorf("act of a revoked officer: %v, want refused", err)
	}
	if _, err := v.Ledger.As(second).Consult(ctx, act("x")); fault.KindOf(err) != fault.Refused {
		t.Errorf("consultation of a revoked officer: %v, want refused", err)
	}
	mustBeClean(t, v)
}

func TestFailedActLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		ctx := context.Background()
		before, _ := v.Ledger.Checkpoint(ctx)
		boom := errors.New("boom")
		_, err := v.Desk.Do(ctx, act("note.write"), func(w *db.Writer) error {
			if err := w.Put(ctx, noteTable(), db.Row{"a", "x"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("got %v, want the error of fn", err)
		}
		if after, _ := v.Ledger.Checkpoint(ctx); after != before {
			t.Error("a failed act moved the log")
		}
		mustBeClean(t, v)
	})
}

func TestConcurrentActsAndConsultations(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 5 {
					if _, err := v.Desk.Consult(context.Background(), act("note.read")); err != nil {
						t.Error(err)
					}
					if i%2 == 0 {
						write(t, v, fmt.Sprint(i, "-", j))
					}
				}
			})
		}
		wg.Wait()
		mustBeClean(t, v)
		q, n := reader(t, v), 0
		for _, err := range audit.Acts(context.Background(), q, audit.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if want := 1 + 40 + 20 + 1; n != want {
			t.Errorf("%d entries, want %d: each consultation has its own", n, want)
		}
	})
}

func TestPackageVaultDoesNotLendTheLogsTables(t *testing.T) {
	v := vaulttest.Open(t, schema())
	ctx := context.Background()
	for _, name := range []string{"log_act", "log_item", "log_hash", "log_head", "log_checkpoint"} {
		_, err := v.Desk.Do(ctx, act("x"), func(w *db.Writer) error {
			return w.Put(ctx, db.Table{Name: name, Columns: []string{"idx"}, Key: 1}, db.Row{int64(1)})
		})
		if err == nil {
			t.Errorf("table %s could be written by an act", name)
		}
	}
}
