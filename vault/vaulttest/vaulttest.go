// Package vaulttest opens whole vaults for tests, on real engines in temporary
// places. It promises that each vault is new and ends with its test; it never
// stands in for an engine.
package vaulttest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"path/filepath"
	"testing"

	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
	"tutela/vault/pgtest"
)

// Site is where a test vault lives, so that a test can open it a second time.
type Site struct {
	Options  vault.Options
	Recovery string // path of the recovery key
}

// Open founds a site with one officer on SQLite and opens it.
func Open(t testing.TB, schemas ...db.Schema) *vault.Vault {
	t.Helper()
	v, _ := OpenAt(t, "", schemas...)
	return v
}

// OpenAt is Open with rows in the given database ("" = SQLite, "postgres://…");
// it also says where everything is.
func OpenAt(t testing.TB, url string, schemas ...db.Schema) (*vault.Vault, Site) {
	t.Helper()
	dir := t.TempDir()
	s := Site{Recovery: filepath.Join(dir, "recovery.txt"), Options: vault.Options{
		Data: filepath.Join(dir, "data"), DB: url, Actor: Key(t, "first officer"), Schemas: schemas}}
	v, err := vault.Create(context.Background(), s.Options, vault.Founding{Officer: "First Officer", Recovery: s.Recovery, Why: "test"})
	if err != nil {
		t.Fatalf("found a test site: %v", err)
	}
	t.Cleanup(func() { v.Close() })
	return v, s
}

// Reopen opens a site once more, with the key of whoever acts now.
func Reopen(t testing.TB, s Site, actor keys.Private) *vault.Vault {
	t.Helper()
	s.Options.Actor = actor
	v, err := vault.Open(context.Background(), s.Options)
	if err != nil {
		t.Fatalf("open a test site: %v", err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// Key makes a new key that exists in memory only.
func Key(t testing.TB, name string) keys.Private {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, err := keys.FromKey(key, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// AddOfficer lets a second officer act, and returns the officer's key; use
// v.Ledger.As(key) for the officer's desk.
func AddOfficer(t testing.TB, v *vault.Vault, name string) keys.Private {
	t.Helper()
	return add(t, v, name, keys.Officer)
}

// AddService lets a service act, and returns its key.
func AddService(t testing.TB, v *vault.Vault, name string) keys.Private {
	t.Helper()
	return add(t, v, name, keys.Service)
}

func add(t testing.TB, v *vault.Vault, name, kind string) keys.Private {
	t.Helper()
	key := Key(t, name)
	public := key.Public()
	public.Kind = kind
	act := audit.Act{Class: audit.Collection, Verb: "officer.add", Object: public.ID, Why: "test"}
	_, err := v.Desk.Do(context.Background(), act, func(w *db.Writer) error {
		return v.Keys.Ring.Add(context.Background(), w, public, v.Now())
	})
	if err != nil {
		t.Fatalf("add %s: %v", kind, err)
	}
	return key
}

// OpenPG is Open on PostgreSQL; the test is skipped where there is none.
func OpenPG(t testing.TB, schemas ...db.Schema) *vault.Vault {
	t.Helper()
	v, _ := OpenAt(t, pgtest.URL(t), schemas...)
	return v
}
