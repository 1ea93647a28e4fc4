package staff

import (
	"database/sql"
	"strings"

	"tutela/vault/db"
)

var (
	officerTable = db.Table{Name: "officer", Key: 1,
		Columns: []string{"id", "name", "roles", "state", "since_us"}}
	agencyTable = db.Table{Name: "agency", Key: 1,
		Columns: []string{"id", "name", "country", "own", "channel", "address", "state"}}
	keyTable = db.Table{Name: "agency_key", Key: 2,
		Columns: []string{"agency", "fingerprint", "kind", "text", "expires_us", "revoked"}}
	confirmationTable = db.Table{Name: "agency_confirmation", Key: 3,
		Columns: []string{"agency", "fingerprint", "officer", "at_us", "how"}}
)

const (
	selectOfficer      = "SELECT id, name, roles, state, since_us FROM officer"
	selectAgency       = "SELECT id, name, country, own, channel, address, state FROM agency"
	selectKey          = "SELECT agency, fingerprint, kind, text, expires_us, revoked FROM agency_key"
	selectConfirmation = "SELECT agency, fingerprint, officer, at_us, how FROM agency_confirmation"
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "staff",
		Tables: []db.Table{officerTable, agencyTable, keyTable, confirmationTable},
		Migrations: []string{`
CREATE TABLE officer (
	id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, roles TEXT NOT NULL, state TEXT NOT NULL,
	since_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE TABLE agency (
	id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, own BOOLEAN NOT NULL,
	channel TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL, act TEXT NOT NULL);
CREATE TABLE agency_key (
	agency TEXT NOT NULL, fingerprint TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
	expires_us BIGINT NOT NULL, revoked BOOLEAN NOT NULL, act TEXT NOT NULL,
	PRIMARY KEY (agency, fingerprint));
CREATE TABLE agency_confirmation (
	agency TEXT NOT NULL, fingerprint TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL,
	how TEXT NOT NULL, act TEXT NOT NULL,
	PRIMARY KEY (agency, fingerprint, officer));`},
	}
}

func (o Officer) row() db.Row {
	roles := make([]string, len(o.Roles))
	for i, r := range o.Roles {
		roles[i] = string(r)
	}
	return db.Row{string(o.ID), o.Name, strings.Join(roles, " "), string(o.State), o.Since}
}

func scanOfficer(r *sql.Rows) (Officer, error) {
	var o Officer
	var roles string
	err := r.Scan(&o.ID, &o.Name, &roles, &o.State, &o.Since)
	for _, s := range strings.Fields(roles) {
		o.Roles = append(o.Roles, Role(s))
	}
	return o, err
}

func (a Agency) row() db.Row {
	return db.Row{string(a.ID), a.Name, a.Country, a.Own, a.Channel, a.Address, string(a.State)}
}

func scanAgency(r *sql.Rows) (Agency, error) {
	var a Agency
	err := r.Scan(&a.ID, &a.Name, &a.Country, &a.Own, &a.Channel, &a.Address, &a.State)
	return a, err
}

func (k Key) row() db.Row {
	return db.Row{string(k.Agency), k.Fingerprint, string(k.Kind), k.Text, k.Expires, k.Revoked}
}

func scanKey(r *sql.Rows) (Key, error) {
	var k Key
	err := r.Scan(&k.Agency, &k.Fingerprint, &k.Kind, &k.Text, &k.Expires, &k.Revoked)
	return k, err
}

func (c Confirmation) row() db.Row {
	return db.Row{string(c.Agency), c.Fingerprint, string(c.Officer), c.At, c.How}
}

func scanConfirmation(r *sql.Rows) (Confirmation, error) {
	var c Confirmation
	err := r.Scan(&c.Agency, &c.Fingerprint, &c.Officer, &c.At, &c.How)
	return c, err
}
