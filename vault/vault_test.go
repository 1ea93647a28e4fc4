package vault_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

func act(verb string) audit.Act {
	return audit.Act{Class: audit.Collection, Verb: verb, Case: "case-1", Why: "test"}
}

// openCase makes the key of a case.
func openCase(t *testing.T, v *vault.Vault, id string, members ...string) {
	t.Helper()
	_, err := v.Desk.Do(context.Background(), act("case.open"), func(w *db.Writer) error {
		return v.Keys.Cases.New(context.Background(), w, id, v.Now(), members...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, v *vault.Vault, known ...string) {
	t.Helper()
	for p, err := range v.Ledger.Check(context.Background(), known...) {
		t.Fatalf("check: %+v, %v", p, err)
	}
}

func TestCreateOnce(t *testing.T) {
	_, site := vaulttest.OpenAt(t, "")
	f := vault.Founding{Officer: "Again", Recovery: filepath.Join(t.TempDir(), "r")}
	if _, err := vault.Create(context.Background(), site.Options, f); fault.KindOf(err) != fault.Busy {
		t.Errorf("founding over an open site: %v, want busy", err)
	}
}

func TestNothingIsFoundedImplicitly(t *testing.T) {
	o := vault.Options{Data: filepath.Join(t.TempDir(), "data"), Actor: vaulttest.Key(t, "x")}
	if _, err := vault.Open(context.Background(), o); fault.KindOf(err) != fault.NotFound {
		t.Errorf("opening an empty place: %v, want not found", err)
	}
	if _, err := os.Stat(o.Data); err == nil {
		t.Error("opening made the directory")
	}
}

func TestInterruptedFoundingIsFoundedOver(t *testing.T) {
	dir := t.TempDir()
	o := vault.Options{Data: filepath.Join(dir, "data"), Actor: vaulttest.Key(t, "x")}
	os.MkdirAll(o.Data, 0o700)
	for _, f := range []string{"tutela.db", "tutela.db-wal"} {
		os.WriteFile(filepath.Join(o.Data, f), []byte("left behind"), 0o600)
	}
	v, err := vault.Create(context.Background(), o, vault.Founding{Officer: "A", Recovery: filepath.Join(dir, "r")})
	if err != nil {
		t.Fatal(err)
	}
	check(t, v)
	v.Close()
	if _, err := vault.Create(context.Background(), o, vault.Founding{Officer: "A", Recovery: filepath.Join(dir, "r2")}); fault.KindOf(err) != fault.Refused {
		t.Errorf("founding over a site: %v, want refused", err)
	}
}

func TestForeignKeyOpensNothing(t *testing.T) {
	v, site := vaulttest.OpenAt(t, "")
	v.Close()
	site.Options.Actor = vaulttest.Key(t, "stranger")
	if _, err := vault.Open(context.Background(), site.Options); fault.KindOf(err) != fault.Refused {
		t.Errorf("a stranger opens the site: %v, want refused", err)
	}
}

func TestKeysStayOutsideTheDirectory(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	key := filepath.Join(data, "key")
	if err := keys.Generate(key, "", "x", strings.NewReader(strings.Repeat("k", 32))); err != nil {
		t.Fatal(err)
	}
	own, err := keys.LoadFile(key, "")
	if err != nil {
		t.Fatal(err)
	}
	f := vault.Founding{Officer: "A", Recovery: filepath.Join(dir, "r")}
	if _, err := vault.Create(context.Background(), vault.Options{Data: data, Actor: own}, f); fault.KindOf(err) != fault.Refused {
		t.Errorf("key inside the data directory: %v, want refused", err)
	}
	f.Recovery = filepath.Join(data, "r")
	o := vault.Options{Data: data, Actor: vaulttest.Key(t, "x")}
	if _, err := vault.Create(context.Background(), o, f); fault.KindOf(err) != fault.Refused {
		t.Errorf("recovery key inside the data directory: %v, want refused", err)
	}
}

func TestSecondMachineFetchesTheKeyring(t *testing.T) {
	v, site := vaulttest.OpenAt(t, pgtest.URL(t))
	second := vaulttest.AddOfficer(t, v, "Second")
	openCase(t, v, "case-1", v.Actor().KeyID(), second.KeyID())
	site.Options.Data = filepath.Join(t.TempDir(), "elsewhere")
	w := vaulttest.Reopen(t, site, second)
	if w.Keys.Site.ID != v.Keys.Site.ID || !bytes.Equal(w.Keys.Site.Name, v.Keys.Site.Name) {
		t.Error("the second machine has another site")
	}
	q, err := w.Desk.Consult(context.Background(), act("case.read"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Keys.Cases.Latest(context.Background(), q, "case-1"); err != nil {
		t.Errorf("case key on the second machine: %v", err)
	}
	// A revocation on one machine counts on the other at once.
	_, err = v.Desk.Do(context.Background(), act("officer.revoke"), func(tx *db.Writer) error {
		return v.Keys.Ring.Revoke(context.Background(), tx, second.KeyID(), v.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Desk.Consult(context.Background(), act("case.read")); fault.KindOf(err) != fault.Refused {
		t.Errorf("revoked elsewhere: %v, want refused", err)
	}
	check(t, v)
}

func TestBackupAndRestore(t *testing.T) {
	ctx := context.Background()
	v, site := vaulttest.OpenAt(t, "")
	openCase(t, v, "case-1", v.Actor().KeyID())
	object := strings.Repeat("ab", 32) + "-0123456789abcdef"
	if err := v.Backend.Put(ctx, object, strings.NewReader("encrypted"), 9); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := v.Backup(ctx, file, "nightly"); err != nil {
		t.Fatal(err)
	}
	openCase(t, v, "case-2", v.Actor().KeyID()) // lost
	later, err := v.Ledger.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()

	o := site.Options
	o.Data = filepath.Join(t.TempDir(), "restored")
	w, err := vault.Restore(ctx, o, file, "disk failed", later)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	check(t, w, later)
	if w.Keys.Site.Epoch != 2 {
		t.Errorf("epoch %d after a restore, want 2", w.Keys.Site.Epoch)
	}
	q, err := w.Desk.Consult(ctx, act("case.read"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Keys.Cases.Latest(ctx, q, "case-1"); err != nil {
		t.Errorf("case key after the restore: %v", err)
	}
	found := false
	for e, err := range audit.Acts(ctx, q, audit.Filter{Verb: "log.epoch"}) {
		found = err == nil && e.Header.Detail["checkpoint"] == later && e.Header.Epoch == 2
	}
	if !found {
		t.Error("the new epoch does not name the last checkpoint known")
	}
	got, err := w.Backend.Open(ctx, object)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if b, err := io.ReadAll(io.NewSectionReader(got, 0, got.Size())); err != nil || string(b) != "encrypted" {
		t.Errorf("object %q, %v", b, err)
	}
}

func TestRotateLogKey(t *testing.T) {
	v, site := vaulttest.OpenAt(t, "")
	before, _ := v.Ledger.Checkpoint(context.Background())
	if err := v.RotateLogKey(context.Background(), "yearly"); err != nil {
		t.Fatal(err)
	}
	v.Close()
	v = vaulttest.Reopen(t, site, site.Options.Actor)
	openCase(t, v, "c", v.Actor().KeyID())
	check(t, v, before)
	if !strings.HasSuffix(v.Keys.Site.Origin, "/2") {
		t.Errorf("origin %q", v.Keys.Site.Origin)
	}
}
