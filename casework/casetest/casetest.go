// Package casetest runs the tests of the rooms on both real engines. It
// promises that every write of a test is an act and every look a consultation,
// as in the program; it never knows a room.
package casetest

import (
	"context"
	"testing"

	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

// Desk is a test's place at a new site with one officer.
type Desk struct {
	t     testing.TB
	Vault *vault.Vault
}

// Each runs fn on SQLite and, unless the tests are short, on PostgreSQL, each
// time on a new site with the given tables.
func Each(t *testing.T, fn func(t *testing.T, d Desk), schemas ...db.Schema) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		fn(t, Desk{t, vaulttest.Open(t, schemas...)})
	})
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("short: a PostgreSQL server takes seconds to start")
		}
		v, _ := vaulttest.OpenAt(t, pgtest.URL(t), schemas...)
		fn(t, Desk{t, v})
	})
}

// Try runs fn in an act and returns its error.
func (d Desk) Try(fn func(*db.Writer) error) error {
	_, err := d.Vault.Desk.Do(context.Background(), audit.Act{Class: audit.Alteration, Verb: "test.write", Why: "test"}, fn)
	return err
}

// Do is Try that ends the test on an error.
func (d Desk) Do(fn func(*db.Writer) error) {
	d.t.Helper()
	if err := d.Try(fn); err != nil {
		d.t.Fatal(err)
	}
}

// Look returns a reader in exchange for a consultation.
func (d Desk) Look() *db.Reader {
	d.t.Helper()
	r, err := d.Vault.Desk.Consult(context.Background(), audit.Act{Verb: "test.look", Why: "test"})
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// Officer returns the id of the site's first officer.
func (d Desk) Officer() string { return d.Vault.Desk.KeyID() }
