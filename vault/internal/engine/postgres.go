package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"tutela/fault"
)

// serverConns bounds each of the two pools of one process.
const serverConns = 8

func openPostgres(ctx context.Context, url string) (*DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		// The text of the error may quote the password.
		return nil, fault.New(fault.Invalid, "db: open: the address of the server cannot be read")
	}
	cfg.RuntimeParams["application_name"] = "tutela"
	ro := cfg.Copy()
	ro.RuntimeParams["default_transaction_read_only"] = "on"
	d := &DB{Dialect: Postgres, Write: stdlib.OpenDB(*cfg), Read: stdlib.OpenDB(*ro)}
	d.Write.SetMaxOpenConns(serverConns)
	d.Write.SetMaxIdleConns(serverConns / 2)
	d.Write.SetConnMaxIdleTime(5 * time.Minute)
	d.Read.SetMaxOpenConns(serverConns)
	d.Read.SetMaxIdleConns(serverConns / 2)
	d.Read.SetConnMaxIdleTime(5 * time.Minute)
	var encoding string
	if err := d.Write.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		d.Close()
		return nil, Classify(ctx, "open", err)
	}
	if encoding != "UTF8" {
		d.Close()
		return nil, fault.Hint(fault.New(fault.Refused, "db: open: the database's encoding is %s", encoding),
			"Create the database with ENCODING 'UTF8'.")
	}
	return d, nil
}
