package blob

import (
	"context"
	"database/sql"

	"tutela/vault/db"
)

// keyTable holds the wrapped data keys. It is not part of the audit items: a
// copy of the log must not carry what opens the store.
var keyTable = db.Table{Name: "blob_key", Key: 1, Unlogged: true,
	Columns: []string{"name", "case_id", "epoch", "object", "wrapped", "size"}}

// Schema returns the table of wrapped keys.
func Schema() db.Schema {
	return db.Schema{Room: "blob", Tables: []db.Table{keyTable}, Migrations: []string{`
CREATE TABLE blob_key (
	name TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, epoch BIGINT NOT NULL, object TEXT NOT NULL,
	wrapped BYTEA NOT NULL, size BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX blob_key_object ON blob_key (object);
`}}
}

// keyRow is a row of keyTable.
type keyRow struct {
	name, caseID string
	epoch        int64
	object       string
	wrapped      []byte
	size         int64
}

func (k keyRow) row() db.Row {
	return db.Row{k.name, k.caseID, k.epoch, k.object, k.wrapped, k.size}
}

const selectKey = `SELECT name, case_id, epoch, object, wrapped, size FROM blob_key `

func scanKey(r *sql.Rows) (k keyRow, err error) {
	return k, r.Scan(&k.name, &k.caseID, &k.epoch, &k.object, &k.wrapped, &k.size)
}

// keysOf returns the key rows of the names that have one.
func keysOf(ctx context.Context, q db.Queryer, names []string) (map[string]keyRow, error) {
	rows, err := db.CollectIn(ctx, q, scanKey, selectKey+`WHERE name IN (?*)`, names)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]keyRow, len(rows))
	for _, k := range rows {
		byName[k.name] = k
	}
	return byName, nil
}
