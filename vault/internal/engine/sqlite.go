package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"tutela/fault"
)

const (
	// KeySize is the length in bytes of the key of an embedded database
	// (Adiantum takes 256 bits).
	KeySize = 32
	// readers is how many connections may read an embedded database at once.
	readers = 8
)

// settings are applied to every connection, after the key. The cache is 8 MiB a
// connection; a busy database is waited for up to a minute.
const settings = `
PRAGMA busy_timeout=60000;
PRAGMA foreign_keys=on;
PRAGMA trusted_schema=off;
PRAGMA secure_delete=on;
PRAGMA temp_store=memory;
PRAGMA cache_size=-8192;
PRAGMA journal_size_limit=67108864;
PRAGMA case_sensitive_like=on;
`

// openSQLite opens the embedded database. A scratch database gives up safety
// against power loss and references between tables, for speed.
func openSQLite(ctx context.Context, path string, key []byte, scratch bool) (*DB, error) {
	if key != nil && len(key) != KeySize {
		return nil, fault.New(fault.Invalid, "db: open: the key has %d bytes, want %d", len(key), KeySize)
	}
	abs, err := filepath.Abs(path)
	if path == "" || err != nil {
		return nil, fault.New(fault.Invalid, "db: open: no file is named")
	}
	fresh, err := touch(abs)
	if err != nil {
		return nil, err
	}
	if _, err := touch(abs + "-shm"); err != nil { // else it would be made for all to read
		return nil, err
	}
	d := &DB{Dialect: SQLite, Path: abs, key: key, fresh: fresh}
	registerGathering()
	more, writes := "PRAGMA journal_mode=wal; PRAGMA synchronous=full;", gatheredWrites
	if scratch {
		writes = plainWrites
		more = "PRAGMA journal_mode=wal; PRAGMA synchronous=off; PRAGMA foreign_keys=off;"
	}
	if d.Write, err = driver.Open(d.dsn("rwc", writes), d.setup(more)); err != nil {
		return nil, fault.New(fault.Outside, "db: open: %w", err)
	}
	d.Write.SetMaxOpenConns(1)
	if err := d.Write.PingContext(ctx); err != nil {
		d.Write.Close()
		return nil, openError(ctx, err)
	}
	if d.Read, err = driver.Open(d.dsn("ro", plainWrites), d.setup("PRAGMA query_only=on;")); err != nil {
		d.Write.Close()
		return nil, fault.New(fault.Outside, "db: open: %w", err)
	}
	d.Read.SetMaxOpenConns(readers)
	d.Read.SetMaxIdleConns(readers / 2)
	return d, nil
}

// Scratch opens a new embedded database in a temporary folder, encrypted with
// key; both are gone after Close.
func Scratch(ctx context.Context, key []byte) (*DB, error) {
	dir, err := os.MkdirTemp("", "tutela-scratch-")
	if err != nil {
		return nil, fault.New(fault.Outside, "db: scratch: %w", err)
	}
	d, err := openSQLite(ctx, filepath.Join(dir, "scratch.db"), key, true)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	d.atClose = func() error { return os.RemoveAll(dir) }
	return d, nil
}

// touch makes the file with mode 0600, so that nobody else can read it even
// without encryption, and says whether there was nothing in it.
func touch(path string) (fresh bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, fault.New(fault.Outside, "db: open: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, fault.New(fault.Outside, "db: open: %w", err)
	}
	return st.Size() == 0, nil
}

// dsn names the file and the file system for an encrypted one. It never holds the
// key: setup gives it to each connection.
func (d *DB) dsn(mode, encrypted string) string {
	q := url.Values{"mode": {mode}}
	if mode != "ro" {
		q.Set("modeof", d.Path) // the write-ahead log is for the same eyes
	}
	if d.key != nil {
		q.Set("vfs", encrypted)
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(d.Path), RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")}
	return u.String() // SQLite takes a plus sign for what it is
}

func (d *DB) setup(more string) func(*sqlite3.Conn) error {
	return func(c *sqlite3.Conn) error {
		if d.key != nil {
			if err := c.Exec("PRAGMA hexkey='" + hex.EncodeToString(d.key) + "'"); err != nil {
				return fmt.Errorf("set key: %w", err)
			}
		}
		return c.Exec(settings + more)
	}
}

// Backup writes a copy of the embedded database, encrypted with the same key,
// to a new file. On PostgreSQL it does nothing: there pg_dump is the tool.
func (d *DB) Backup(ctx context.Context, path string) error {
	if d.Dialect != SQLite {
		return nil
	}
	if _, err := touch(path); err != nil {
		return err
	}
	to := &DB{Path: path, key: d.key}
	dsn := to.dsn("rwc", plainWrites)
	if d.key != nil {
		dsn += "&hexkey=" + hex.EncodeToString(d.key)
	}
	conn, err := d.Write.Conn(ctx)
	if err != nil {
		return Classify(ctx, "backup", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?1", dsn); err != nil {
		return Classify(ctx, "backup", err)
	}
	return syncFile(path)
}

// syncFile makes the file and its name durable.
func syncFile(path string) error {
	for _, p := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(p)
		if err != nil {
			return fault.New(fault.Outside, "db: sync: %w", err)
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return fault.New(fault.Outside, "db: sync: %w", err)
		}
	}
	return nil
}

// Check reads every page and index of an embedded database. Nil means that the
// file holds together; whether its rows are those that acts wrote is a question
// for the log. PostgreSQL has its own means (pg_amcheck, data checksums).
func (d *DB) Check(ctx context.Context) error {
	if d.Dialect != SQLite {
		return nil
	}
	var first string
	if err := d.Read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&first); err != nil {
		return Classify(ctx, "check", err)
	}
	if first != "ok" {
		return fault.New(fault.Corrupt, "db: check: the embedded database is damaged")
	}
	return nil
}
