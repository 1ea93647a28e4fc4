package identifiers

import (
	"database/sql"
	"encoding/json"

	"tutela/fault"
	"tutela/vault/db"
)

var (
	identifierTable = db.Table{Name: "identifier", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "kind", "value", "valid"}}
	spellingTable = db.Table{Name: "identifier_spelling", Key: 2, Derived: true,
		Columns: []string{"identifier", "written"}}
	mentionTable = db.Table{Name: "identifier_mention", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "identifier", "relation", "exhibit", "item", "group_id", "message",
			"place", "place_offset", "written", "protected"}}
	claimTable = db.Table{Name: "country_claim", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "identifier", "country", "rule", "version", "basis", "among"}}
	decisionTable = db.Table{Name: "country_decision", Key: 1,
		Columns: []string{"id", "case_id", "identifier", "country", "verdict", "officer", "at_us", "why"}}
)

const (
	selectIdentifier = "SELECT i.id, i.case_id, i.kind, i.value, i.valid FROM identifier i"
	selectMention    = `SELECT m.id, m.case_id, m.identifier, m.relation, m.exhibit, m.item, m.group_id, m.message, m.place,
		m.written, m.protected FROM identifier_mention m`
	selectClaim    = "SELECT id, case_id, identifier, country, rule, version, basis, among FROM country_claim"
	selectDecision = "SELECT id, case_id, identifier, country, verdict, officer, at_us, why FROM country_decision"
)

// selectListed has the case as its 1st and View.Protected as its 3rd argument;
// the 7th column is what the list orders by.
var selectListed = `SELECT i.id, i.case_id, i.kind, i.value, i.valid,
	(SELECT COUNT(*) FROM identifier_mention m WHERE m.identifier = i.id AND (?3 OR NOT ` + trace("m") + `)),
	EXISTS (SELECT 1 FROM mark k WHERE k.object = i.id AND k.kind = 'risk' AND k.is_set)
	OR (EXISTS (SELECT 1 FROM mark k WHERE k.case_id = ?1 AND k.kind = 'risk' AND k.is_set)
		AND EXISTS (SELECT 1 FROM identifier_mention m JOIN mark k ON k.object IN (m.exhibit, m.item, m.message)
			WHERE m.identifier = i.id AND k.kind = 'risk' AND k.is_set AND (?3 OR NOT ` + trace("m") + `)))
	FROM identifier i`

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "identifiers",
		Tables: []db.Table{identifierTable, spellingTable, mentionTable, claimTable, decisionTable},
		Migrations: []string{`
CREATE TABLE identifier (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
	valid BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX identifier_value ON identifier (value);
CREATE INDEX identifier_case ON identifier (case_id, kind);
CREATE TABLE identifier_spelling (
	identifier TEXT NOT NULL, written TEXT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (identifier, written));
CREATE TABLE identifier_mention (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, identifier TEXT NOT NULL, relation TEXT NOT NULL,
	exhibit TEXT NOT NULL, item TEXT NOT NULL, group_id TEXT NOT NULL, message TEXT NOT NULL, place TEXT NOT NULL,
	place_offset BIGINT NOT NULL, written TEXT NOT NULL, protected BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX identifier_mention_of ON identifier_mention (identifier, relation);
CREATE INDEX identifier_mention_case ON identifier_mention (case_id);
CREATE INDEX identifier_mention_item ON identifier_mention (item);
CREATE INDEX identifier_mention_group ON identifier_mention (group_id);
CREATE INDEX identifier_mention_owner ON identifier_mention (identifier) WHERE relation = 'owner';
CREATE TABLE country_claim (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, identifier TEXT NOT NULL, country TEXT NOT NULL,
	rule TEXT NOT NULL, version TEXT NOT NULL, basis TEXT NOT NULL, among BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX country_claim_case ON country_claim (case_id, identifier);
CREATE TABLE country_decision (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, identifier TEXT NOT NULL, country TEXT NOT NULL,
	verdict TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX country_decision_case ON country_decision (case_id, identifier);`},
	}
}

func (i Identifier) row() db.Row {
	return db.Row{string(i.ID), string(i.Case), string(i.Kind), db.Text(i.Value), i.Valid}
}

func scanIdentifier(r *sql.Rows) (Identifier, error) {
	var i Identifier
	err := r.Scan(&i.ID, &i.Case, &i.Kind, &i.Value, &i.Valid)
	return i, err
}

func scanListed(r *sql.Rows) (Listed, error) {
	var l Listed
	err := r.Scan(&l.ID, &l.Case, &l.Kind, &l.Value, &l.Valid, &l.Mentions, &l.AtRisk)
	return l, err
}

func scanSpelling(r *sql.Rows) (Spelling, error) {
	var s Spelling
	err := r.Scan(&s.Identifier, &s.Written)
	return s, err
}

func (m Mention) row() db.Row {
	place, _ := json.Marshal(m.Place) // strings and integers cannot fail
	return db.Row{m.ID, string(m.Case), string(m.Identifier), string(m.Relation), m.Exhibit, m.Item, m.Group, m.Message,
		string(place), m.Place.Offset, db.Text(m.Written), m.Protected}
}

func scanMention(r *sql.Rows) (Mention, error) {
	var m Mention
	var place string
	err := r.Scan(&m.ID, &m.Case, &m.Identifier, &m.Relation, &m.Exhibit, &m.Item, &m.Group, &m.Message, &place,
		&m.Written, &m.Protected)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(place), &m.Place); err != nil {
		return m, fault.New(fault.Corrupt, "identifiers: place of mention %s: %w", m.ID, err)
	}
	return m, nil
}

func (c Claim) row() db.Row {
	return db.Row{c.ID, string(c.Case), string(c.Identifier), c.Country, c.Rule, c.Version, c.Basis, int64(c.Among)}
}

func scanClaim(r *sql.Rows) (Claim, error) {
	var c Claim
	err := r.Scan(&c.ID, &c.Case, &c.Identifier, &c.Country, &c.Rule, &c.Version, &c.Basis, &c.Among)
	return c, err
}

func (d Decision) row() db.Row {
	return db.Row{d.ID, string(d.Case), string(d.Identifier), d.Country, string(d.Verdict), string(d.Officer), d.At, d.Why}
}

func scanDecision(r *sql.Rows) (Decision, error) {
	var d Decision
	err := r.Scan(&d.ID, &d.Case, &d.Identifier, &d.Country, &d.Verdict, &d.Officer, &d.At, &d.Why)
	return d, err
}
