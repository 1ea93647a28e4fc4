package evidence

import (
	"database/sql"

	"tutela/hash/digest"
	"tutela/vault/db"
)

var (
	acquisitionTable = db.Table{Name: "acquisition", Key: 1, Columns: []string{"id", "case_id", "host", "source", "mode",
		"officer", "from_whom", "device", "method", "zone", "note", "authority", "protected", "state", "opened_us", "closed_us"}}
	exhibitTable = db.Table{Name: "exhibit", Key: 1, Columns: []string{"id", "case_id", "acquisition", "name", "path", "raw_path", "size",
		"md5", "sha1", "sha256", "root", "blob", "mode", "host", "modified_ns", "protected", "risk", "state", "quarantine", "sealed_us"}}
	manifestTable = db.Table{Name: "manifest", Key: 1, Columns: []string{"exhibit", "chunks"}}
	custodyTable  = db.Table{Name: "custody", Key: 2, Columns: []string{"exhibit", "seq", "step", "at_us", "actor",
		"from_whom", "to_whom", "note", "prev", "hash"}}
	authorisationTable = db.Table{Name: "authorisation", Key: 1, Columns: []string{"id", "case_id", "issuer", "reference",
		"document_sha256", "covers", "from_us", "until_us", "recorded_us", "recorded_by"}}
	findingTable = db.Table{Name: "seal_finding", Key: 1, Columns: []string{"id", "case_id", "acquisition", "path", "code", "detail"}}
	contentTable = db.Table{Name: "content", Key: 1, Derived: true, Columns: []string{"id", "case_id", "exhibit", "blob", "sha256", "size"}}
)

// Schema returns the tables of the evidence room.
func Schema() db.Schema {
	return db.Schema{Room: "evidence",
		Tables: []db.Table{acquisitionTable, exhibitTable, manifestTable, custodyTable, authorisationTable, findingTable, contentTable},
		Migrations: []string{`
CREATE TABLE acquisition (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, host TEXT NOT NULL, source TEXT NOT NULL, mode TEXT NOT NULL,
	officer TEXT NOT NULL, from_whom TEXT NOT NULL, device TEXT NOT NULL, method TEXT NOT NULL, zone TEXT NOT NULL,
	note TEXT NOT NULL, authority TEXT NOT NULL, protected BOOLEAN NOT NULL, state TEXT NOT NULL,
	opened_us BIGINT NOT NULL, closed_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX acquisition_case ON acquisition (case_id, state);
CREATE TABLE exhibit (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, acquisition TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL,
	raw_path BYTEA, size BIGINT NOT NULL, md5 BYTEA NOT NULL, sha1 BYTEA NOT NULL, sha256 BYTEA NOT NULL, root BYTEA NOT NULL,
	blob TEXT NOT NULL, mode TEXT NOT NULL, host TEXT NOT NULL, modified_ns BIGINT NOT NULL, protected BOOLEAN NOT NULL,
	risk BOOLEAN NOT NULL, state TEXT NOT NULL, quarantine TEXT NOT NULL, sealed_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX exhibit_case ON exhibit (case_id, sha256);
CREATE INDEX exhibit_acquisition ON exhibit (acquisition);
CREATE TABLE manifest (exhibit TEXT NOT NULL PRIMARY KEY, chunks BYTEA NOT NULL, act TEXT NOT NULL);
CREATE TABLE custody (
	exhibit TEXT NOT NULL, seq BIGINT NOT NULL, step TEXT NOT NULL, at_us BIGINT NOT NULL, actor TEXT NOT NULL,
	from_whom TEXT NOT NULL, to_whom TEXT NOT NULL, note TEXT NOT NULL, prev BYTEA NOT NULL, hash BYTEA NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (exhibit, seq));
CREATE TABLE authorisation (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, issuer TEXT NOT NULL, reference TEXT NOT NULL,
	document_sha256 TEXT NOT NULL, covers TEXT NOT NULL, from_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
	recorded_us BIGINT NOT NULL, recorded_by TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX authorisation_case ON authorisation (case_id);
CREATE TABLE seal_finding (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, acquisition TEXT NOT NULL, path TEXT NOT NULL,
	code TEXT NOT NULL, detail TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX seal_finding_case ON seal_finding (case_id);
CREATE TABLE content (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, exhibit TEXT NOT NULL, blob TEXT NOT NULL,
	sha256 BYTEA NOT NULL, size BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX content_exhibit ON content (exhibit);
CREATE INDEX content_blob ON content (blob);
`}}
}

const (
	selectAcquisition = `SELECT id, case_id, host, source, mode, officer, from_whom, device, method, zone, note, authority,
		protected, state, opened_us, closed_us FROM acquisition `
	selectExhibit = `SELECT id, case_id, acquisition, name, path, raw_path, size, md5, sha1, sha256, root, blob, mode, host,
		modified_ns, protected, risk, state, quarantine, sealed_us FROM exhibit `
	selectCustody       = `SELECT exhibit, seq, step, at_us, actor, from_whom, to_whom, note, prev, hash FROM custody `
	selectAuthorisation = `SELECT id, case_id, issuer, reference, document_sha256, covers, from_us, until_us, recorded_us, recorded_by
		FROM authorisation `
	selectFinding = `SELECT id, case_id, acquisition, path, code, detail FROM seal_finding `
)

func (a Acquisition) row() db.Row {
	return db.Row{a.ID, a.Case, a.Host, a.Source, string(a.Mode), a.Officer, a.FromWhom, a.Device, a.Method, a.Zone, a.Note,
		a.Authority, a.Protected, a.State, a.Opened, a.Closed}
}

func scanAcquisition(r *sql.Rows) (a Acquisition, err error) {
	return a, r.Scan(&a.ID, &a.Case, &a.Host, &a.Source, &a.Mode, &a.Officer, &a.FromWhom, &a.Device, &a.Method, &a.Zone,
		&a.Note, &a.Authority, &a.Protected, &a.State, &a.Opened, &a.Closed)
}

func (e Exhibit) row() db.Row {
	md5, sha1, sha, root := e.MD5[:], e.SHA1[:], e.SHA256[:], e.Root[:]
	if e.State == Erased {
		md5, sha1, sha, root = []byte{}, []byte{}, []byte{}, []byte{}
	}
	return db.Row{e.ID, e.Case, e.Acquisition, e.Name, e.Path, e.RawPath, e.Size, md5, sha1, sha, root, e.Blob, string(e.Mode), e.Host,
		e.Modified, e.Protected, e.Risk, e.State, e.Quarantine, e.Sealed}
}

func scanExhibit(r *sql.Rows) (e Exhibit, err error) {
	var md5, sha1, sha, root []byte
	err = r.Scan(&e.ID, &e.Case, &e.Acquisition, &e.Name, &e.Path, &e.RawPath, &e.Size, &md5, &sha1, &sha, &root, &e.Blob, &e.Mode, &e.Host,
		&e.Modified, &e.Protected, &e.Risk, &e.State, &e.Quarantine, &e.Sealed)
	copy(e.MD5[:], md5)
	copy(e.SHA1[:], sha1)
	e.SHA256, e.Root = toID(sha), toID(root)
	return e, err
}

func toID(b []byte) (id digest.ID) {
	copy(id[:], b)
	return id
}

func scanCustody(r *sql.Rows) (c Custody, err error) {
	return c, r.Scan(&c.Exhibit, &c.Seq, &c.Step, &c.At, &c.Actor, &c.From, &c.To, &c.Note, &c.Prev, &c.Hash)
}

func (c Custody) row() db.Row {
	return db.Row{c.Exhibit, c.Seq, c.Step, c.At, c.Actor, c.From, c.To, c.Note, c.Prev, c.Hash}
}

func (f Finding) row() db.Row {
	return db.Row{f.ID, f.Case, f.Acquisition, f.Path, f.Code, f.Detail}
}

func scanFinding(r *sql.Rows) (f Finding, err error) {
	return f, r.Scan(&f.ID, &f.Case, &f.Acquisition, &f.Path, &f.Code, &f.Detail)
}
