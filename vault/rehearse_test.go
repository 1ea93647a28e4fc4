package vault_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

// TestRehearse seals in a site, opens the same content in a rehearsal of it and
// seals there: the site neither changes nor sees it.
func TestRehearse(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { rehearse(t, "") })
	t.Run("postgres", func(t *testing.T) { rehearse(t, pgtest.URL(t)) })
}

func rehearse(t *testing.T, url string) {
	ctx := context.Background()
	v, _ := vaulttest.OpenAt(t, url)
	openCase(t, v, "case-1", v.Desk.KeyID())
	sealText(t, v, "of the site")
	if _, err := v.Desk.Do(ctx, act("authorise"), func(w *db.Writer) error {
		_, err := v.Evidence.Authorise(ctx, w, evidence.Authorisation{Case: "case-1", Issuer: "Court", Reference: "1", Covers: evidence.Covers{All: true}, RecordedBy: v.Desk.KeyID()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	before := objects(t, v)
	r, err := v.Rehearse(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Store.Tables() {
		n, err := r.Compare(ctx, table.Name, func(u db.Unequal) error {
			t.Errorf("%s %s: %s is replayed as %s", table.Name, u.Key, u.A, u.B)
			return nil
		})
		if err != nil || table.Name == "exhibit" && n != 1 {
			t.Errorf("%s: %d rows, %v", table.Name, n, err)
		}
	}
	if got := onlyText(t, r.Vault); !bytes.Equal(got, []byte("of the site")) {
		t.Errorf("read %q", got)
	}
	sealText(t, r.Vault, "of the rehearsal")
	differences := 0
	if _, err := r.Compare(ctx, "exhibit", func(u db.Unequal) error {
		if u.A != nil || u.B == nil {
			t.Errorf("%+v", u)
		}
		differences++
		return nil
	}); err != nil || differences != 1 {
		t.Errorf("%d differences, %v", differences, err)
	}
	if now := objects(t, r.Vault); now != before+1 {
		t.Errorf("the rehearsal sees %d objects, the site has %d", now, before)
	}
	if _, err := r.Compare(ctx, "absent", nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a table that is not there: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if now := objects(t, v); now != before {
		t.Errorf("%d objects before, %d after", before, now)
	}
	check(t, v)
}

func objects(t *testing.T, v *vault.Vault) (n int) {
	t.Helper()
	for _, err := range v.Backend.List(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func sealText(t *testing.T, v *vault.Vault, content string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.bin")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Evidence.Seal(context.Background(), v.Desk, evidence.Order{Case: "case-1", Path: path, Why: "test"}); err != nil {
		t.Fatal(err)
	}
}

// onlyText reads the only exhibit.
func onlyText(t *testing.T, v *vault.Vault) []byte {
	t.Helper()
	ctx := context.Background()
	q, err := v.Desk.Consult(ctx, audit.Act{Verb: "test.read", Case: "case-1", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := evidence.Exhibits(ctx, q, evidence.Query{Case: "case-1"})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	sealed, err := v.Evidence.Open(ctx, v.Desk, list[0].ID, "read", "test")
	if err != nil {
		t.Fatal(err)
	}
	src, err := sealed.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return got
}
