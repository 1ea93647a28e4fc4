package engine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tutela/fault"
)

// Room is one room's migrations in order.
type Room struct {
	Name       string
	Migrations []string
}

const versionTable = `CREATE TABLE IF NOT EXISTS schema_version (
	room TEXT NOT NULL, version BIGINT NOT NULL, sha256 TEXT NOT NULL,
	PRIMARY KEY (room, version))`

// lockNumber is the advisory lock under which a PostgreSQL database is
// migrated ("tutela" in ASCII).
const lockNumber = 0x747574656c61

// applied maps room and version (from 1) to the digest of the migration.
type applied map[string]map[int]string

// Migrate brings every room up to date in one transaction. It refuses a
// database that knows more than the program, and a migration that was edited
// after it was applied. Before it changes an embedded database that has
// something in it, it makes a copy beside it.
func (d *DB) Migrate(ctx context.Context, rooms []Room) error {
	if err := d.backupFirst(ctx, rooms); err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *sql.Tx) error {
		if d.Dialect == Postgres {
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", lockNumber)); err != nil {
				return Classify(ctx, "migrate", err)
			}
		}
		if err := d.run(ctx, tx, versionTable); err != nil {
			return err
		}
		have, err := readVersions(ctx, tx)
		if err != nil {
			return err
		}
		if err := have.check(rooms); err != nil {
			return err
		}
		for _, r := range rooms {
			if err := d.migrateRoom(ctx, tx, r, len(have[r.Name])); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *DB) migrateRoom(ctx context.Context, tx *sql.Tx, r Room, from int) error {
	for i := from; i < len(r.Migrations); i++ {
		if err := d.run(ctx, tx, r.Migrations[i]); err != nil {
			return fmt.Errorf("db: migrate %s to version %d: %w", r.Name, i+1, err)
		}
		insert := "INSERT INTO schema_version (room, version, sha256) VALUES (?1, ?2, ?3)"
		st, err := inspect(d.Dialect, insert)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, st.Text, r.Name, i+1, digest(r.Migrations[i])); err != nil {
			return Classify(ctx, "migrate "+r.Name, err)
		}
	}
	return nil
}

// run executes statements separated by semicolons.
func (d *DB) run(ctx context.Context, tx *sql.Tx, script string) error {
	for _, stmt := range split(d.Dialect, script) {
		if _, err := tx.ExecContext(ctx, stmt); err != nil {
			return Classify(ctx, "migrate", err)
		}
	}
	return nil
}

// split cuts a script at semicolons. For PostgreSQL it gives every TEXT column
// the collation "C", so that text is ordered by its bytes as it is in SQLite.
func split(dialect, script string) []string {
	var list []string
	var b strings.Builder
	first, last := "", ""
	flush := func() {
		if first != "" {
			list = append(list, strings.TrimSpace(b.String()))
		}
		b.Reset()
		first, last = "", ""
	}
	for tok := range tokens(script) {
		if tok == ";" {
			flush()
			continue
		}
		b.WriteString(tok)
		if !letter(tok[0]) {
			continue
		}
		word := strings.ToUpper(tok)
		if first == "" {
			first = word
		}
		if dialect == Postgres && tok == "TEXT" && last != "AS" && (first == "CREATE" || first == "ALTER") {
			b.WriteString(` COLLATE "C"`)
		}
		last = word
	}
	flush()
	return list
}

func readVersions(ctx context.Context, tx *sql.Tx) (applied, error) {
	rows, err := tx.QueryContext(ctx, "SELECT room, version, sha256 FROM schema_version")
	if err != nil {
		return nil, Classify(ctx, "migrate", err)
	}
	defer rows.Close()
	have := applied{}
	for rows.Next() {
		var room, sum string
		var version int
		if err := rows.Scan(&room, &version, &sum); err != nil {
			return nil, Classify(ctx, "migrate", err)
		}
		if have[room] == nil {
			have[room] = map[int]string{}
		}
		have[room][version] = sum
	}
	return have, Classify(ctx, "migrate", rows.Err())
}

// check compares what was applied with what the program has.
func (a applied) check(rooms []Room) error {
	known := map[string]Room{}
	for _, r := range rooms {
		if _, twice := known[r.Name]; twice || r.Name == "" {
			return fault.New(fault.Invalid, "db: migrate: room %q is named twice or not at all", r.Name)
		}
		known[r.Name] = r
	}
	for name, versions := range a {
		r, ok := known[name]
		if !ok || len(versions) > len(r.Migrations) {
			return fault.Hint(fault.New(fault.Refused, "db: migrate: the database is newer than this program (room %s, version %d)", name, len(versions)),
				"Use the program that wrote it, or a newer one.")
		}
		for i := range len(versions) {
			if versions[i+1] != digest(r.Migrations[i]) {
				return fault.Hint(fault.New(fault.Refused, "db: migrate: version %d of room %s is not what was applied to this database", i+1, name),
					"A released migration must never be edited; add a new one.")
			}
		}
	}
	return nil
}

// pending returns the first room and version that Migrate would apply.
func (a applied) pending(rooms []Room) (string, int, bool) {
	for _, r := range rooms {
		if n := len(a[r.Name]); n < len(r.Migrations) {
			return r.Name, n + 1, true
		}
	}
	return "", 0, false
}

// backupFirst copies an embedded database that holds something and is about to
// be changed to FILE.before-ROOM-VERSION. A copy that is there already is of an
// attempt that failed, and is replaced: since then more may have been written.
func (d *DB) backupFirst(ctx context.Context, rooms []Room) error {
	if d.Dialect != SQLite || d.fresh {
		return nil
	}
	have, err := d.versions(ctx, rooms)
	if err != nil {
		return openError(ctx, err)
	}
	room, version, ok := have.pending(rooms)
	if !ok || len(have) == 0 {
		return nil
	}
	path := fmt.Sprintf("%s.before-%s-%d", d.Path, room, version)
	part, err := ownPart(path)
	if err != nil {
		return err
	}
	defer os.Remove(part)
	if err := d.Backup(ctx, part); err != nil {
		return err
	}
	if have, err = d.versions(ctx, rooms); err != nil {
		return err
	}
	if r, v, _ := have.pending(rooms); r != room || v != version { // another process was faster, and its copy is the one from before
		return nil
	}
	if err := os.Rename(part, path); err != nil {
		return fault.New(fault.Outside, "db: backup: %w", err)
	}
	return syncFile(path)
}

// ownPart makes an empty file beside path that no other process writes to, and
// removes those of processes that died.
func ownPart(path string) (string, error) {
	const dead = 24 * time.Hour
	old, _ := filepath.Glob(path + ".part*") // a path that is no pattern leaves them where they are
	for _, p := range old {
		if st, err := os.Stat(p); err == nil && time.Since(st.ModTime()) > dead {
			os.Remove(p)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part*")
	if err != nil {
		return "", fault.New(fault.Outside, "db: backup: %w", err)
	}
	return f.Name(), f.Close()
}

// versions reads what was applied, and checks it.
func (d *DB) versions(ctx context.Context, rooms []Room) (have applied, err error) {
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		if err := d.run(ctx, tx, versionTable); err != nil {
			return err
		}
		if have, err = readVersions(ctx, tx); err != nil {
			return err
		}
		return have.check(rooms)
	})
	return have, err
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
