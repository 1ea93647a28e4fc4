package media

import (
	"database/sql"
	"encoding/json"

	"tutela/casework/cases"
	"tutela/fault"
	"tutela/vault/db"
)

var (
	itemTable = db.Table{Name: "item", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "exhibit", "parent", "path", "name", "size", "md5", "sha1", "sha256",
			"mime", "kind", "state", "depth", "protected", "risk"}}
	findingTable = db.Table{Name: "finding", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "exhibit", "item", "stage", "version", "code", "detail", "place", "count"}}
	fingerprintTable = db.Table{Name: "fingerprint", Key: 4, Derived: true,
		Columns: []string{"case_id", "sha256", "variant", "version", "hash", "quality", "decoder", "pixels", "width", "height"}}
	resultTable = db.Table{Name: "stage_result", Key: 4, Derived: true,
		Columns: []string{"case_id", "subject", "stage", "version", "outcome", "detail"}}
	exposureTable = db.Table{Name: "exposure", Key: 1,
		Columns: []string{"id", "case_id", "item", "officer", "at_us", "seconds", "filter"}}
)

const (
	selectItem = `SELECT i.id, i.case_id, i.exhibit, i.parent, i.path, i.name, i.size, i.md5, i.sha1, i.sha256,
		i.mime, i.kind, i.state, i.depth, i.protected, i.risk FROM item i`
	selectFinding = `SELECT f.id, f.case_id, f.exhibit, f.item, f.stage, f.version, f.code, f.detail, f.place, f.count
		FROM finding f`
	selectFingerprint = `SELECT case_id, sha256, variant, version, hash, quality, decoder, pixels, width, height
		FROM fingerprint`
	selectResult   = "SELECT case_id, subject, stage, version, outcome, detail FROM stage_result"
	selectExposure = "SELECT id, case_id, item, officer, at_us, seconds, filter FROM exposure"
)

// hiddenInCase is what visible hides, for counts over a whole case, which is the
// first argument: the marks are read once and not for each row.
const (
	protectedMarks = "(SELECT k.object FROM mark k WHERE k.case_id = ?1 AND k.kind = '" + string(cases.Protected) + "' AND k.is_set)"
	hiddenInCase   = "(i.protected OR i.id IN " + protectedMarks + " OR i.exhibit IN " + protectedMarks + ")"
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "media",
		Tables: []db.Table{itemTable, findingTable, fingerprintTable, resultTable, exposureTable},
		Migrations: []string{`
CREATE TABLE item (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, exhibit TEXT NOT NULL, parent TEXT NOT NULL,
	path TEXT NOT NULL, name TEXT NOT NULL, size BIGINT NOT NULL, md5 BYTEA NOT NULL, sha1 BYTEA NOT NULL,
	sha256 BYTEA NOT NULL, mime TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, depth BIGINT NOT NULL,
	protected BOOLEAN NOT NULL, risk BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX item_case ON item (case_id, exhibit);
CREATE INDEX item_content ON item (sha256, case_id);
CREATE INDEX item_exhibit ON item (exhibit);
CREATE TABLE finding (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, exhibit TEXT NOT NULL, item TEXT NOT NULL,
	stage TEXT NOT NULL, version TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, place TEXT NOT NULL,
	count BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX finding_case ON finding (case_id, exhibit);
CREATE TABLE fingerprint (
	case_id TEXT NOT NULL, sha256 BYTEA NOT NULL, variant TEXT NOT NULL, version TEXT NOT NULL,
	hash BYTEA NOT NULL, quality BIGINT NOT NULL, decoder TEXT NOT NULL, pixels BYTEA NOT NULL,
	width BIGINT NOT NULL, height BIGINT NOT NULL, act TEXT NOT NULL,
	PRIMARY KEY (case_id, sha256, variant, version));
CREATE TABLE stage_result (
	case_id TEXT NOT NULL, subject TEXT NOT NULL, stage TEXT NOT NULL, version TEXT NOT NULL,
	outcome TEXT NOT NULL, detail TEXT NOT NULL, act TEXT NOT NULL,
	PRIMARY KEY (case_id, subject, stage, version));
CREATE TABLE exposure (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, item TEXT NOT NULL, officer TEXT NOT NULL,
	at_us BIGINT NOT NULL, seconds BIGINT NOT NULL, filter TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX exposure_case ON exposure (case_id, at_us);`},
	}
}

func (i Item) row() db.Row {
	return db.Row{string(i.ID), string(i.Case), i.Exhibit, string(i.Parent), db.Text(i.Path), db.Text(i.Name), i.Size, i.MD5[:], i.SHA1[:],
		i.SHA256[:], i.MIME, i.Kind, string(i.State), int64(i.Depth), i.Protected, i.Risk}
}

func scanItem(r *sql.Rows) (Item, error) {
	var i Item
	var md5, sha1, sha256 []byte
	err := r.Scan(&i.ID, &i.Case, &i.Exhibit, &i.Parent, &i.Path, &i.Name, &i.Size, &md5, &sha1, &sha256,
		&i.MIME, &i.Kind, &i.State, &i.Depth, &i.Protected, &i.Risk)
	copy(i.MD5[:], md5)
	copy(i.SHA1[:], sha1)
	copy(i.SHA256[:], sha256)
	return i, err
}

func (f Finding) row(place string) db.Row {
	return db.Row{f.ID, string(f.Case), f.Exhibit, string(f.Item), f.Stage, f.Version, f.Code, db.Text(f.Detail), place,
		int64(max(f.Count, 1))}
}

func scanFinding(r *sql.Rows) (Finding, error) {
	var f Finding
	var place string
	err := r.Scan(&f.ID, &f.Case, &f.Exhibit, &f.Item, &f.Stage, &f.Version, &f.Code, &f.Detail, &place, &f.Count)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(place), &f.Place); err != nil {
		return f, fault.New(fault.Corrupt, "media: place of finding %s: %w", f.ID, err)
	}
	return f, nil
}

func (f Fingerprint) row() db.Row {
	return db.Row{string(f.Case), f.SHA256[:], f.Variant, f.Version, f.Hash, int64(f.Quality), f.Decoder,
		f.Pixels[:], int64(f.Width), int64(f.Height)}
}

func scanFingerprint(r *sql.Rows) (Fingerprint, error) {
	var f Fingerprint
	var content, pixels []byte
	err := r.Scan(&f.Case, &content, &f.Variant, &f.Version, &f.Hash, &f.Quality, &f.Decoder, &pixels, &f.Width, &f.Height)
	copy(f.SHA256[:], content)
	copy(f.Pixels[:], pixels)
	return f, err
}

func (r Result) row() db.Row {
	return db.Row{string(r.Case), r.Subject, r.Stage, r.Version, string(r.Outcome), r.Detail}
}

func scanResult(rows *sql.Rows) (Result, error) {
	var r Result
	err := rows.Scan(&r.Case, &r.Subject, &r.Stage, &r.Version, &r.Outcome, &r.Detail)
	return r, err
}

func scanCoverage(rows *sql.Rows) (Coverage, error) {
	var c Coverage
	err := rows.Scan(&c.Stage, &c.Version, &c.Outcome, &c.Detail, &c.Subjects)
	return c, err
}

func (e Exposure) row() db.Row {
	return db.Row{e.ID, string(e.Case), string(e.Item), string(e.Officer), e.At, e.Seconds, e.Filter}
}

func scanExposure(r *sql.Rows) (Exposure, error) {
	var e Exposure
	err := r.Scan(&e.ID, &e.Case, &e.Item, &e.Officer, &e.At, &e.Seconds, &e.Filter)
	return e, err
}
