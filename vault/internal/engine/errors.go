package engine

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"

	"tutela/fault"
)

// Classify wraps an error of a driver with the operation and the kind of
// failure. It keeps an error that is classified already.
func Classify(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if fault.KindOf(err) != fault.Unknown {
		return err
	}
	if ctx.Err() != nil {
		return fault.New(fault.Busy, "db: %s: %w", op, context.Cause(ctx))
	}
	return fault.New(kind(err), "db: %s: %w", op, quiet(err))
}

// kind sorts the errors of both drivers. SQLSTATE classes are those of
// PostgreSQL's appendix A.
func kind(err error) fault.Kind {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && len(pg.Code) == 5 {
		switch {
		case pg.Code == "25006": // read-only transaction
			return fault.Refused
		case pg.Code == "40001", pg.Code == "40P01", pg.Code == "55P03":
			return fault.Busy
		case pg.Code[:2] == "XX":
			return fault.Corrupt
		case pg.Code[:2] == "22", pg.Code[:2] == "23", pg.Code[:2] == "42":
			return fault.Invalid
		}
		return fault.Outside
	}
	var code sqlite3.ErrorCode
	if !errors.As(err, &code) {
		return fault.Outside
	}
	switch code {
	case sqlite3.READONLY:
		return fault.Refused
	case sqlite3.BUSY, sqlite3.LOCKED, sqlite3.INTERRUPT:
		return fault.Busy
	case sqlite3.CORRUPT, sqlite3.NOTADB:
		return fault.Corrupt
	case sqlite3.CONSTRAINT, sqlite3.ERROR, sqlite3.MISMATCH, sqlite3.RANGE:
		return fault.Invalid
	}
	return fault.Outside
}

// quiet keeps values of rows out of logs: PostgreSQL puts them into Detail and
// Where, which its Error method leaves out, but also into the messages of class
// 22 ("invalid input syntax for type bigint: …"); database/sql quotes what it
// cannot scan.
func quiet(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && len(pg.Code) == 5 && pg.Code[:2] == "22" {
		return errors.New("value refused by the database (SQLSTATE " + pg.Code + ")")
	}
	if head, _, ok := strings.Cut(err.Error(), `": `); ok && strings.HasPrefix(head, "sql: Scan error on column") {
		return errors.New(head + `": the value does not fit`)
	}
	return err
}

// openError explains the errors that a wrong key or a foreign file gives.
func openError(ctx context.Context, err error) error {
	err = Classify(ctx, "open", err)
	if fault.KindOf(err) == fault.Corrupt {
		return fault.Hint(err, "The key does not fit this database, or the file is damaged; a backup may help.")
	}
	return err
}
