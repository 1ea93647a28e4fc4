package hashlists

import (
	"database/sql"
	"strconv"

	"tutela/casework/staff"
	"tutela/vault/db"
)

var (
	listTable = db.Table{Name: "hash_list", Key: 1,
		Columns: []string{"id", "source", "version", "purpose", "terms", "recipients", "officer", "at_us", "document",
			"format", "named", "scheme", "model", "region", "entries", "entry_values", "refused", "digest", "state", "why"}}
	// entryTable is read again from the sealed document at a rebuild.
	entryTable = db.Table{Name: "hash_list_entry", Key: 4, Derived: true, Unlogged: true,
		Columns: []string{"algorithm", "value", "list_id", "number", "category", "source_id", "barred", "state"}}
	// detailTable holds what a list tells of a file beside its hashes, in JSON.
	detailTable = db.Table{Name: "hash_list_detail", Key: 2, Derived: true, Unlogged: true,
		Columns: []string{"list_id", "number", "details"}}
	// readingTable holds what lists imported since then have beyond listTable.
	readingTable = db.Table{Name: "hash_list_reading", Key: 1,
		Columns: []string{"list_id", "delta", "removals", "gone", "release", "next", "mapping", "details"}}
	withdrawalTable = db.Table{Name: "hash_list_withdrawal", Key: 2,
		Columns: []string{"list_id", "number", "officer", "at_us", "why"}}
)

const (
	selectList = `SELECT id, source, version, purpose, terms, recipients, officer, at_us, document,
		format, named, scheme, model, region, entries, entry_values, refused, digest, state, why,
		list_id IS NOT NULL, COALESCE(delta, FALSE), COALESCE(removals, 0), COALESCE(gone, 0), COALESCE(release, ''), COALESCE(next, ''),
		COALESCE(mapping, ''), details FROM hash_list LEFT JOIN hash_list_reading ON list_id = id`
	selectEntry = `SELECT e.algorithm, e.value, e.list_id, e.number, e.category, e.source_id, e.barred, e.state
		FROM hash_list_entry e`
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "hashlists",
		Tables: []db.Table{listTable, entryTable, detailTable, readingTable, withdrawalTable},
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
CREATE INDEX hash_list_entry_number ON hash_list_entry (list_id, number);`, `
CREATE TABLE hash_list_detail (
	list_id TEXT NOT NULL, number BIGINT NOT NULL, details TEXT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (list_id, number));
CREATE TABLE hash_list_reading (
	list_id TEXT NOT NULL PRIMARY KEY, delta BOOLEAN NOT NULL, removals BIGINT NOT NULL, gone BIGINT NOT NULL, release TEXT NOT NULL,
	next TEXT NOT NULL, mapping TEXT NOT NULL, details BYTEA NOT NULL, act TEXT NOT NULL);
CREATE TABLE hash_list_withdrawal (
	list_id TEXT NOT NULL, number BIGINT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL,
	PRIMARY KEY (list_id, number));
CREATE INDEX hash_list_entry_source ON hash_list_entry (source_id) WHERE source_id <> '';`},
	}
}

func (l List) row() db.Row {
	return db.Row{string(l.ID), db.Text(l.Source), db.Text(l.Version), string(l.Purpose), db.Text(l.Terms),
		db.Text(l.Recipients), string(l.Officer), l.At, l.Document[:], l.Format, l.Columns, l.Scheme, l.Model, l.Region,
		l.Entries, l.Values, l.Refused, l.Digest[:], string(l.State), db.Text(l.Why)}
}

func (l List) readingRow() db.Row {
	return db.Row{string(l.ID), l.Delta, l.Removals, l.Gone, db.Text(l.Release), db.Text(l.Next), db.Text(l.Mapping), l.DetailsDigest[:]}
}

func scanList(r *sql.Rows) (List, error) {
	var l List
	var document, sum, details []byte
	err := r.Scan(&l.ID, &l.Source, &l.Version, &l.Purpose, &l.Terms, &l.Recipients, &l.Officer, &l.At, &document,
		&l.Format, &l.Columns, &l.Scheme, &l.Model, &l.Region, &l.Entries, &l.Values, &l.Refused, &sum, &l.State, &l.Why,
		&l.read, &l.Delta, &l.Removals, &l.Gone, &l.Release, &l.Next, &l.Mapping, &details)
	copy(l.Document[:], document)
	copy(l.Digest[:], sum)
	copy(l.DetailsDigest[:], details)
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

// detail is a row of detailTable.
type detail struct {
	List   ID
	Number int64
	Text   string
}

func (d detail) row() db.Row { return db.Row{string(d.List), d.Number, d.Text} }

func scanDetail(r *sql.Rows) (detail, error) {
	var d detail
	err := r.Scan(&d.List, &d.Number, &d.Text)
	return d, err
}

const selectDetail = "SELECT list_id, number, details FROM hash_list_detail"

// Withdrawal is an officer's decision that an entry no longer holds.
type Withdrawal struct {
	List    ID
	Number  int64
	Officer staff.ID
	At      int64 // microseconds UTC
	Why     string
}

func (x Withdrawal) row() db.Row {
	return db.Row{string(x.List), x.Number, string(x.Officer), x.At, db.Text(x.Why)}
}

func scanWithdrawal(r *sql.Rows) (Withdrawal, error) {
	var x Withdrawal
	err := r.Scan(&x.List, &x.Number, &x.Officer, &x.At, &x.Why)
	return x, err
}

const selectWithdrawal = "SELECT list_id, number, officer, at_us, why FROM hash_list_withdrawal"

func scanName(r *sql.Rows) (string, error) {
	var id string
	var n int64
	err := r.Scan(&id, &n)
	if n > 0 {
		id += " without " + strconv.FormatInt(n, 10)
	}
	return id, err
}
