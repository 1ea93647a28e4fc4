package main

import (
	"database/sql"
	"encoding/hex"
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
