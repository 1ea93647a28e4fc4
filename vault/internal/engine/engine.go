package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"tutela/fault"
)

// Dialects.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// DB is an open database with two pools: Write, which can change rows, and
// Read, whose connections refuse to.
type DB struct {
	Dialect string
	Write   *sql.DB
	Read    *sql.DB
	Path    string // file of the embedded database, "" for PostgreSQL

	key     []byte
	fresh   bool
	atClose func() error
}

// Open opens the database that url names, "sqlite:FILE" or "postgres://…", and
// makes the file of an embedded database when it does not exist. key (32 bytes)
// encrypts it at rest; nil leaves it plain.
func Open(ctx context.Context, url string, key []byte) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), key, false)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url)
	}
	return nil, fault.Hint(fault.New(fault.Invalid, "db: open: unknown kind of database"),
		"Use sqlite:FILE or postgres://USER@HOST/NAME.")
}

// Close closes both pools, waiting for queries that run.
func (d *DB) Close() error {
	err := errors.Join(d.Read.Close(), d.Write.Close())
	if d.atClose != nil {
		err = errors.Join(err, d.atClose())
	}
	if err != nil {
		return fmt.Errorf("db: close: %w", err)
	}
	return nil
}

// Tx runs fn in one transaction that can write: BEGIN IMMEDIATE on SQLite,
// READ COMMITTED on PostgreSQL. An error or a panic of fn rolls back. On SQLite
// there is one writer, so fn must not begin another transaction.
func (d *DB) Tx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := d.Write.BeginTx(ctx, nil)
	if err != nil {
		return Classify(ctx, "begin", err)
	}
	done := false
	defer func() {
		if !done {
			tx.Rollback()
		}
	}()
	if err := fn(tx); err != nil {
		if ctx.Err() != nil && errors.Is(err, sql.ErrTxDone) {
			return Classify(ctx, "write", ctx.Err())
		}
		return err
	}
	done = true
	if err := tx.Commit(); err != nil {
		tx.Rollback()
		return Classify(ctx, "commit", err)
	}
	return nil
}
