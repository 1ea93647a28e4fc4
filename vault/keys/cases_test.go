package keys_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
	"tutela/vault/vaulttest"
)

func do(t *testing.T, v *vault.Vault, fn func(context.Context, *db.Writer) error) error {
	t.Helper()
	act := audit.Act{Class: audit.Alteration, Verb: "case.keys", Why: "test"}
	_, err := v.Desk.Do(context.Background(), act, func(w *db.Writer) error { return fn(context.Background(), w) })
	return err
}

func must(t *testing.T, v *vault.Vault, fn func(context.Context, *db.Writer) error) {
	t.Helper()
	if err := do(t, v, fn); err != nil {
		t.Fatal(err)
	}
}

func reader(t *testing.T, v *vault.Vault) *db.Reader {
	t.Helper()
	q, err := v.Desk.Consult(context.Background(), audit.Act{Verb: "case.keys", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// latest opens the newest key of a case with somebody's key.
func latest(t *testing.T, v *vault.Vault, own keys.Private, caseID string) (int64, []byte, error) {
	t.Helper()
	return keys.NewCases(v.Keys.Ring, own, v.Rand).Latest(context.Background(), reader(t, v), caseID)
}

func TestEntitleAndWithdraw(t *testing.T) {
	run := func(t *testing.T, v *vault.Vault) {
		x := vaulttest.AddOfficer(t, v, "X")
		service := vaulttest.AddService(t, v, "night work")
		me := v.Actor()
		must(t, v, func(ctx context.Context, w *db.Writer) error {
			return v.Keys.Cases.New(ctx, w, "c", 1, me.KeyID())
		})
		_, first, err := latest(t, v, me, "c")
		if err != nil {
			t.Fatal(err)
		}
		if _, key, err := latest(t, v, service, "c"); err != nil || !bytes.Equal(key, first) {
			t.Errorf("service: %v", err)
		}
		if _, _, err := latest(t, v, x, "c"); fault.KindOf(err) != fault.Refused {
			t.Errorf("X before: %v, want refused", err)
		}
		must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Entitle(ctx, w, "c", x.KeyID(), 2) })
		if _, key, err := latest(t, v, x, "c"); err != nil || !bytes.Equal(key, first) {
			t.Errorf("X entitled: %v", err)
		}
		must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Withdraw(ctx, w, "c", x.KeyID()) })
		cx := keys.NewCases(v.Keys.Ring, x, v.Rand)
		for epoch := int64(1); epoch <= 2; epoch++ {
			if _, err := cx.Key(context.Background(), reader(t, v), "c", epoch); fault.KindOf(err) != fault.Refused {
				t.Errorf("X withdrawn, epoch %d: %v, want refused", epoch, err)
			}
		}
		epoch, second, err := latest(t, v, me, "c")
		if err != nil || epoch != 2 || bytes.Equal(first, second) {
			t.Errorf("after the withdrawal epoch %d, %v; want a new key 2", epoch, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, vaulttest.Open(t)) })
	t.Run("postgres", func(t *testing.T) { run(t, vaulttest.OpenPG(t)) })
}

func TestCaseRefusals(t *testing.T) {
	v := vaulttest.Open(t)
	me := v.Actor().KeyID()
	x := vaulttest.AddOfficer(t, v, "X")
	must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, "c", 1, me) })
	cx := keys.NewCases(v.Keys.Ring, x, v.Rand)
	for name, c := range map[string]struct {
		kind fault.Kind
		fn   func(context.Context, *db.Writer) error
	}{
		"twice":    {fault.Refused, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, "c", 1, me) }},
		"nobody":   {fault.Invalid, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, "d", 1) }},
		"unknown":  {fault.NotFound, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Entitle(ctx, w, "c", "SHA256:x", 1) }},
		"last one": {fault.Refused, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Withdraw(ctx, w, "c", me) }},
		"by X":     {fault.Refused, func(ctx context.Context, w *db.Writer) error { return cx.Entitle(ctx, w, "c", x.KeyID(), 1) }},
		"no case":  {fault.NotFound, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Entitle(ctx, w, "e", me, 1) }},
		"again":    {fault.Refused, func(ctx context.Context, w *db.Writer) error { return v.Keys.Ring.Add(ctx, w, x.Public(), 1) }},
	} {
		if err := do(t, v, c.fn); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		}
	}
	if _, _, err := latest(t, v, x, "c"); fault.KindOf(err) != fault.Refused {
		t.Errorf("X after its own attempt: %v, want refused", err)
	}
}

func TestRotateOfficerKey(t *testing.T) {
	v, site := vaulttest.OpenAt(t, "")
	me, fresh := v.Actor(), vaulttest.Key(t, "new")
	must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, "c", 1, me.KeyID()) })
	must(t, v, func(ctx context.Context, w *db.Writer) error {
		left, err := v.Keys.Cases.Rotate(ctx, w, me.KeyID(), fresh.Public(), 2)
		if len(left) != 0 {
			t.Errorf("cases left: %v", left)
		}
		return err
	})
	v.Close()
	site.Options.Actor = me
	if _, err := vault.Open(context.Background(), site.Options); fault.KindOf(err) != fault.Refused {
		t.Errorf("the old key opens the site: %v, want refused", err)
	}
	w := vaulttest.Reopen(t, site, fresh)
	if _, _, err := latest(t, w, fresh, "c"); err != nil {
		t.Errorf("the new key: %v", err)
	}
}

// TestACopyOfTheDiskAndAnotherKey is the promise of the vault: with officer X's
// key and everything on the disk, nothing of a case that X is not entitled to.
func TestACopyOfTheDiskAndAnotherKey(t *testing.T) {
	v, site := vaulttest.OpenAt(t, "")
	x := vaulttest.AddOfficer(t, v, "X")
	for id, who := range map[string][]string{"hers": {v.Actor().KeyID()}, "shared": {v.Actor().KeyID(), x.KeyID()}} {
		must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, id, 1, who...) })
	}
	v.Close()
	stolen := site
	stolen.Options.Data = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(stolen.Options.Data, os.DirFS(site.Options.Data)); err != nil {
		t.Fatal(err)
	}
	w := vaulttest.Reopen(t, stolen, x)
	if _, _, err := w.Keys.Cases.Latest(context.Background(), reader(t, w), "shared"); err != nil {
		t.Errorf("the shared case: %v", err)
	}
	if _, _, err := w.Keys.Cases.Latest(context.Background(), reader(t, w), "hers"); fault.KindOf(err) != fault.Refused {
		t.Errorf("the other case: %v, want refused", err)
	}
	tryEverything(t, w, x)
	plainNowhere(t, stolen.Options.Data)
}

// tryEverything gives every binary value of every table to X's key.
func tryEverything(t *testing.T, v *vault.Vault, x keys.Private) {
	t.Helper()
	type row struct {
		caseID  string
		wrapped []byte
	}
	rows, err := reader(t, v).Query(context.Background(), `SELECT case_id, wrapped FROM case_key`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.caseID, &r.wrapped); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Unwrap(r.wrapped); (err == nil) != (r.caseID == "shared") {
			t.Errorf("X and the key of case %q: %v", r.caseID, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d wrapped keys tried, want 2", n)
	}
}

// plainNowhere looks for table names and case ids in the files of a site.
func plainNowhere(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, s := range []string{"hers", "case_key", "SQLite format 3"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s holds %q in plain", filepath.Base(path), s)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
