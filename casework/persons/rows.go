package persons

import (
	"database/sql"
	"encoding/json"

	"tutela/fault"
	"tutela/vault/db"
)

var (
	personTable = db.Table{Name: "person", Key: 1,
		Columns: []string{"id", "case_id", "label", "category", "minor", "pseudonym", "opened_us"}}
	historyTable = db.Table{Name: "person_history", Key: 1,
		Columns: []string{"id", "person", "category", "minor", "officer", "at_us", "why"}}
	claimTable = db.Table{Name: "claim", Key: 1,
		Columns: []string{"id", "case_id", "person", "identifier", "predicate", "object", "basis", "source", "officer",
			"at_us", "withdrawn"}}
	assignmentTable = db.Table{Name: "person_identifier", Key: 2,
		Columns: []string{"person", "identifier", "case_id", "relation", "basis", "source", "officer", "at_us", "why",
			"withdrawn"}}
)

const (
	selectPerson     = "SELECT id, case_id, label, category, minor, pseudonym, opened_us FROM person"
	selectHistory    = "SELECT id, person, category, minor, officer, at_us, why FROM person_history"
	selectClaim      = "SELECT id, case_id, person, identifier, predicate, object, basis, source, officer, at_us, withdrawn FROM claim"
	selectAssignment = "SELECT person, identifier, case_id, relation, basis, source, officer, at_us, why, withdrawn FROM person_identifier"
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "persons",
		Tables: []db.Table{personTable, historyTable, claimTable, assignmentTable},
		Migrations: []string{`
CREATE TABLE person (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, label TEXT NOT NULL, category TEXT NOT NULL,
	minor TEXT NOT NULL, pseudonym TEXT NOT NULL, opened_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE UNIQUE INDEX person_pseudonym ON person (case_id, pseudonym);
CREATE TABLE person_history (
	id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, category TEXT NOT NULL, minor TEXT NOT NULL,
	officer TEXT NOT NULL, at_us BIGINT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX person_history_of ON person_history (person);
CREATE TABLE claim (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, person TEXT NOT NULL, identifier TEXT NOT NULL,
	predicate TEXT NOT NULL, object TEXT NOT NULL, basis TEXT NOT NULL, source TEXT NOT NULL, officer TEXT NOT NULL,
	at_us BIGINT NOT NULL, withdrawn BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX claim_case ON claim (case_id, person);
CREATE TABLE person_identifier (
	person TEXT NOT NULL, identifier TEXT NOT NULL, case_id TEXT NOT NULL, relation TEXT NOT NULL, basis TEXT NOT NULL,
	source TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, why TEXT NOT NULL, withdrawn BOOLEAN NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (person, identifier));
CREATE INDEX person_identifier_case ON person_identifier (case_id);
CREATE INDEX person_identifier_of ON person_identifier (identifier);`},
	}
}

func (p Person) row() db.Row {
	return db.Row{string(p.ID), string(p.Case), p.Label, string(p.Category), string(p.Minor), p.Pseudonym, p.Opened}
}

func scanPerson(r *sql.Rows) (Person, error) {
	var p Person
	err := r.Scan(&p.ID, &p.Case, &p.Label, &p.Category, &p.Minor, &p.Pseudonym, &p.Opened)
	return p, err
}

func (c Change) row() db.Row {
	return db.Row{c.ID, string(c.Person), string(c.Category), string(c.Minor), string(c.Officer), c.At, c.Why}
}

func scanChange(r *sql.Rows) (Change, error) {
	var c Change
	err := r.Scan(&c.ID, &c.Person, &c.Category, &c.Minor, &c.Officer, &c.At, &c.Why)
	return c, err
}

func (s Source) json() string {
	b, _ := json.Marshal(s) // strings and integers cannot fail
	return string(b)
}

func parseSource(text, of string) (Source, error) {
	var s Source
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fault.New(fault.Corrupt, "persons: source of %s: %w", of, err)
	}
	return s, nil
}

func (c Claim) row() db.Row {
	return db.Row{c.ID, string(c.Case), string(c.Person), string(c.Identifier), c.Predicate, c.Object, string(c.Basis),
		c.Source.json(), string(c.Officer), c.At, c.Withdrawn}
}

func scanClaim(r *sql.Rows) (Claim, error) {
	var c Claim
	var source string
	err := r.Scan(&c.ID, &c.Case, &c.Person, &c.Identifier, &c.Predicate, &c.Object, &c.Basis, &source, &c.Officer,
		&c.At, &c.Withdrawn)
	if err == nil {
		c.Source, err = parseSource(source, "claim "+c.ID)
	}
	return c, err
}

func (a Assignment) row() db.Row {
	return db.Row{string(a.Person), string(a.Identifier), string(a.Case), a.Relation, string(a.Basis), a.Source.json(),
		string(a.Officer), a.At, a.Why, a.Withdrawn}
}

func scanAssignment(r *sql.Rows) (Assignment, error) {
	var a Assignment
	var source string
	err := r.Scan(&a.Person, &a.Identifier, &a.Case, &a.Relation, &a.Basis, &source, &a.Officer, &a.At, &a.Why, &a.Withdrawn)
	if err == nil {
		a.Source, err = parseSource(source, "an assignment")
	}
	return a, err
}
