package matching

import (
	"database/sql"

	"tutela/casework/cases"
	"tutela/vault/db"
)

var matchTable = db.Table{Name: "hash_match", Key: 1, Derived: true,
	Columns: []string{"id", "case_id", "item", "list_id", "list_version", "number", "source_id", "category",
		"algorithm", "variant", "distance", "quality", "tier", "matcher"}}

const (
	matchColumns = `m.id, m.case_id, m.item, m.list_id, m.list_version, m.number, m.source_id, m.category,
		m.algorithm, m.variant, m.distance, m.quality, m.tier, m.matcher`
	listColumns = "l.source, l.purpose, l.terms, l.recipients, l.scheme, l.model, l.region, l.state"
	tierOrder   = "CASE m.tier WHEN 'exact' THEN 0 WHEN 'reencoded' THEN 1 WHEN 'confident' THEN 2 ELSE 3 END"
	riskFirst   = `CASE WHEN i.risk OR EXISTS (SELECT 1 FROM mark k
		WHERE (k.object = i.id OR k.object = i.exhibit) AND k.kind = 'risk' AND k.is_set) THEN 0 ELSE 1 END`
)

// hidden is true for items of a protected source.
var hidden = "(i.protected OR " + cases.Marked("i.id", cases.Protected) + " OR " + cases.Marked("i.exhibit", cases.Protected) + ")"

// selectListed chooses the matches of case ?1; ?2 is View.Protected.
var selectListed = "SELECT " + matchColumns + ", " + listColumns + ", i.exhibit, i.path, i.name, " + riskFirst + `
	FROM hash_match m JOIN hash_list l ON l.id = m.list_id JOIN item i ON i.id = m.item
	WHERE m.case_id = ?1 AND (?2 OR NOT ` + hidden + ")"

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "matching",
		Tables: []db.Table{matchTable, reopenedTable},
		Migrations: []string{`
CREATE TABLE hash_match (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, item TEXT NOT NULL, list_id TEXT NOT NULL,
	list_version TEXT NOT NULL, number BIGINT NOT NULL, source_id TEXT NOT NULL, category TEXT NOT NULL,
	algorithm TEXT NOT NULL, variant TEXT NOT NULL, distance BIGINT NOT NULL, quality BIGINT NOT NULL,
	tier TEXT NOT NULL, matcher TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX hash_match_case ON hash_match (case_id);
CREATE INDEX hash_match_item ON hash_match (item);`, reopenedSQL},
	}
}

func (m Match) row() db.Row {
	return db.Row{m.ID, string(m.Case), string(m.Item), string(m.List), m.Version, m.Number, m.SourceID, m.Category,
		m.Algorithm, m.Variant, int64(m.Distance), int64(m.Quality), string(m.Tier), m.Matcher}
}

func (m *Match) fields() []any {
	return []any{&m.ID, &m.Case, &m.Item, &m.List, &m.Version, &m.Number, &m.SourceID, &m.Category,
		&m.Algorithm, &m.Variant, &m.Distance, &m.Quality, &m.Tier, &m.Matcher}
}

func scanMatch(r *sql.Rows) (Match, error) {
	var m Match
	err := r.Scan(m.fields()...)
	return m, err
}

func scanListed(r *sql.Rows) (Listed, error) {
	var l Listed
	var risk int
	err := r.Scan(append(l.fields(), &l.Source, &l.Purpose, &l.Terms, &l.Recipients, &l.Scheme, &l.Model, &l.Region,
		&l.ListState, &l.Exhibit, &l.Path, &l.Name, &risk)...)
	l.AtRisk = risk == 0
	return l, err
}
