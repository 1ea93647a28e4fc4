package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tutela/vault"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// TestFoundingThatFails can be repeated: no recovery key of nothing stands in
// the way.
func TestFoundingThatFails(t *testing.T) {
	dir := t.TempDir()
	o := vault.Options{Data: filepath.Join(dir, "data"), Actor: vaulttest.Key(t, "first")}
	f := vault.Founding{Officer: "First", Recovery: filepath.Join(dir, "recovery.key"),
		First: func(context.Context, *db.Writer) error { return errors.New("no") }}
	if _, err := vault.Create(t.Context(), o, f); err == nil {
		t.Fatal("founded")
	}
	if _, err := os.Stat(f.Recovery); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the recovery key is left behind: %v", err)
	}
	f.First = nil
	v, err := vault.Create(t.Context(), o, f)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
}
