package main

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/adiantum"
	"github.com/rogpeppe/go-internal/testscript"

	"tutela/vault/keys"
)

// editRowCmd changes rows behind the program's back, as somebody with the disk
// and an officer's key could: editrow KEYFILE SQL
func editRowCmd(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.Getenv("TUTELA_DATA")
	key, err := keys.LoadFile(ts.MkAbs(args[0]), "")
	ts.Check(err)
	ring, err := keys.Load(data)
	ts.Check(err)
	site, err := ring.Unlock(key)
	ts.Check(err)
	db, err := openBehind(ts.Getenv("TUTELA_DB"), filepath.Join(data, "tutela.db"), site.DB)
	ts.Check(err)
	defer db.Close()
	res, err := db.Exec(args[1])
	ts.Check(err)
	if n, _ := res.RowsAffected(); n == 0 {
		ts.Fatalf("no row was changed by %s", args[1])
	}
}

// openBehind opens the database without the program.
func openBehind(address, file string, key []byte) (*sql.DB, error) {
	if address != "" {
		return sql.Open("pgx", address)
	}
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(file), RawQuery: "vfs=adiantum&mode=rw"}
	return driver.Open(u.String(), func(c *sqlite3.Conn) error { return c.Exec("PRAGMA hexkey='" + hex.EncodeToString(key) + "'") })
}

// findsCmd looks for texts in every column of every row, those of the log too:
// finds KEYFILE TEXT…; with ! none may be there.
func findsCmd(ts *testscript.TestScript, neg bool, args []string) {
	data := ts.Getenv("TUTELA_DATA")
	key, err := keys.LoadFile(ts.MkAbs(args[0]), "")
	ts.Check(err)
	ring, err := keys.Load(data)
	ts.Check(err)
	site, err := ring.Unlock(key)
	ts.Check(err)
	db, err := openBehind(ts.Getenv("TUTELA_DB"), filepath.Join(data, "tutela.db"), site.DB)
	ts.Check(err)
	defer db.Close()
	for _, text := range args[1:] {
		where, err := search(db, ts.Getenv("TUTELA_DB") != "", text)
		ts.Check(err)
		if neg == (where != "") {
			ts.Fatalf("%q: found in %q", text, where)
		}
	}
}

// search returns the table that holds a text, "" for none.
func search(db *sql.DB, postgres bool, text string) (string, error) {
	list := `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`
	if postgres {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
	}
	tables, err := column1(db, list)
	if err != nil {
		return "", err
	}
	for _, table := range tables {
		found, err := inTable(db, string(table), []byte(text))
		if err != nil || found {
			return string(table), err
		}
	}
	return "", nil
}

func column1(db *sql.DB, query string) (out [][]byte, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

func inTable(db *sql.DB, table string, text []byte) (bool, error) {
	rows, err := db.Query(`SELECT * FROM "` + table + `"`)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return false, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return false, err
		}
		for _, v := range values {
			if bytes.Contains(fmt.Append(nil, asText(v)), text) {
				return true, nil
			}
		}
	}
	return false, rows.Err()
}

func asText(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}
