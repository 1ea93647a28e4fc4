package hashlists

import (
	"database/sql"

	"tutela/vault/db"
)

var (
	listTable = db.Table{Name: "hash_list", Key: 1,
		Columns: []string{"id", "source", "version", "purpose", "terms", "recipients", "officer", "at_us", "document",
			"format", "named", "scheme", "model", "region", "entries", "entry_values", "refused", "digest", "state", "why"}}
	// entryTable is read again from the sealed document at a rebuild.
	entryTable = db.Table{Name: "hash_list_entry", Key: 4, Derived: true, Unlogged: true,
		Columns: []string{"algorithm", "value", "list_id", "number", "category", "source_id", "barred", "state"}}
)

const (
	selectList = `SELECT id, source, version, purpose, terms, recipients, officer, at_us, document,
		format, named, scheme, model, region, entries, entry_values, refused, digest, state, why FROM hash_list`
	selectEntry = `SELECT e.algorithm, e.value, e.list_id, e.number, e.category, e.source_id, e.barred, e.state
		FROM hash_list_entry e`
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "hashlists",
		Tables: []db.Table{listTable, entryTable},
		Migrations: []string{`
CREATE TABLE hash_list (
	id TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, version TEXT NOT NULL, purpose TEXT NOT NULL,
	terms TEXT NOT NULL, recipients TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL,
	document BYTEA NOT NULL, format TEXT NOT NULL, named TEXT NOT NULL, scheme TEXT NOT NULL,
	model TEXT NOT NULL, region TEXT NOT NULL, entries BIGINT NOT NULL, entry_values BIGINT NOT NULL,
	refused BIGINT NOT NULL, digest BYTEA NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL);
CREATE TABLE hash_list_entry (
	algorithm TEXT NOT NULL, value BYTEA NOT NULL, list_id TEXT NOT NULL, number BIGINT NOT NULL,
	category TEXT NOT NULL, source_id TEXT NOT NULL, barred BOOLEAN NOT NULL, state TEXT NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (algorithm, value, list_id, number));
CREATE INDEX hash_list_entry_number ON hash_list_entry (list_id, number);`},
	}
}

func (l List) row() db.Row {
	return db.Row{string(l.ID), db.Text(l.Source), db.Text(l.Version), string(l.Purpose), db.Text(l.Terms),
		db.Text(l.Recipients), string(l.Officer), l.At, l.Document[:], l.Format, l.Columns, l.Scheme, l.Model, l.Region,
		l.Entries, l.Values, l.Refused, l.Digest[:], string(l.State), db.Text(l.Why)}
}

func scanList(r *sql.Rows) (List, error) {
	var l List
	var document, sum []byte
	err := r.Scan(&l.ID, &l.Source, &l.Version, &l.Purpose, &l.Terms, &l.Recipients, &l.Officer, &l.At, &document,
		&l.Format, &l.Columns, &l.Scheme, &l.Model, &l.Region, &l.Entries, &l.Values, &l.Refused, &sum, &l.State, &l.Why)
	copy(l.Document[:], document)
	copy(l.Digest[:], sum)
	return l, err
}

func (e Entry) row() db.Row {
	return db.Row{e.Algorithm, e.Value, string(e.List), e.Number, db.Text(e.Category), db.Text(e.SourceID), e.Barred, string(e.State)}
}

func scanEntry(r *sql.Rows) (Entry, error) {
	var e Entry
	err := r.Scan(&e.Algorithm, &e.Value, &e.List, &e.Number, &e.Category, &e.SourceID, &e.Barred, &e.State)
	return e, err
}
