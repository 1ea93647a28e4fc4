package cases

import (
	"database/sql"

	"tutela/vault/db"
)

var (
	caseTable = db.Table{Name: "cases", Key: 1,
		Columns: []string{"id", "title", "agency", "authority", "purpose", "operation", "state",
			"opened_us", "review_due_us", "covers_own"}}
	memberTable = db.Table{Name: "case_member", Key: 2,
		Columns: []string{"case_id", "officer", "since_us", "until_us"}}
	// revisionTable counts acts, which the log has by itself: its rows are no
	// items, and neither replayed nor compared.
	revisionTable = db.Table{Name: "case_revision", Key: 2, Unlogged: true,
		Columns: []string{"case_id", "by_act"}}
	markTable = db.Table{Name: "mark", Key: 4,
		Columns: []string{"case_id", "object_kind", "object", "kind", "is_set", "officer", "at_us", "why"}}
)

const (
	selectCase = "SELECT id, title, agency, authority, purpose, operation, state, opened_us, review_due_us, covers_own FROM cases"
	// the 11th column is what lists order by
	selectListed = `SELECT c.id, c.title, c.agency, c.authority, c.purpose, c.operation, c.state, c.opened_us,
		c.review_due_us, c.covers_own, EXISTS (SELECT 1 FROM mark k WHERE k.case_id = c.id AND k.kind = 'risk' AND k.is_set)
		FROM cases c`
	selectMember = "SELECT case_id, officer, since_us, until_us FROM case_member"
	selectMark   = "SELECT case_id, object_kind, object, kind, is_set, officer, at_us, why FROM mark"
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "cases",
		Tables: []db.Table{caseTable, memberTable, revisionTable, markTable},
		Migrations: []string{`
CREATE TABLE cases (
	id TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL, agency TEXT NOT NULL, authority TEXT NOT NULL,
	purpose TEXT NOT NULL, operation TEXT NOT NULL, state TEXT NOT NULL, opened_us BIGINT NOT NULL,
	review_due_us BIGINT NOT NULL, covers_own BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE TABLE case_member (
	case_id TEXT NOT NULL, officer TEXT NOT NULL, since_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (case_id, officer));
CREATE TABLE case_revision (
	case_id TEXT NOT NULL, by_act TEXT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (case_id, by_act));
CREATE TABLE mark (
	case_id TEXT NOT NULL, object_kind TEXT NOT NULL, object TEXT NOT NULL, kind TEXT NOT NULL,
	is_set BOOLEAN NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, why TEXT NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (case_id, object_kind, object, kind));
CREATE INDEX mark_object ON mark (object, kind);`},
	}
}

func (c Case) row() db.Row {
	return db.Row{string(c.ID), c.Title, string(c.Agency), c.Authority, c.Purpose, c.Operation, string(c.State),
		c.Opened, c.ReviewDue, c.CoversOwn}
}

func (c *Case) fields() []any {
	return []any{&c.ID, &c.Title, &c.Agency, &c.Authority, &c.Purpose, &c.Operation, &c.State,
		&c.Opened, &c.ReviewDue, &c.CoversOwn}
}

func scanCase(r *sql.Rows) (Case, error) {
	var c Case
	err := r.Scan(c.fields()...)
	return c, err
}

func scanListed(r *sql.Rows) (Listed, error) {
	var l Listed
	err := r.Scan(append(l.fields(), &l.AtRisk)...)
	return l, err
}

func (m Member) row() db.Row {
	return db.Row{string(m.Case), string(m.Officer), m.Since, m.Until}
}

func scanMember(r *sql.Rows) (Member, error) {
	var m Member
	err := r.Scan(&m.Case, &m.Officer, &m.Since, &m.Until)
	return m, err
}

func (m Mark) row() db.Row {
	return db.Row{string(m.Case), string(m.ObjectKind), m.Object, string(m.Kind), m.Set, string(m.Officer), m.At, m.Why}
}

func scanMark(r *sql.Rows) (Mark, error) {
	var m Mark
	err := r.Scan(&m.Case, &m.ObjectKind, &m.Object, &m.Kind, &m.Set, &m.Officer, &m.At, &m.Why)
	return m, err
}
