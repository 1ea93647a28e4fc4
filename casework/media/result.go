package media

import (
	"context"
	"database/sql"

	"tutela/casework/cases"
	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// Fingerprint is one perceptual hash of one content in a case. Contents are
// shared by digest; a case sees only fingerprints of what it holds.
type Fingerprint struct {
	Case    cases.ID
	SHA256  digest.ID // of the file
	Variant string    // "ref512", "full", "upright", …
	Version string    // of the stage that made it
	Hash    []byte    // PDQ: 32 bytes
	Quality int       // 0 to 100
	Decoder string    // name and version
	Pixels  digest.ID // SHA-256 of the decoded pixels
	Width   int
	Height  int
}

// PutFingerprints writes fingerprints.
func PutFingerprints(ctx context.Context, w *db.Writer, fs ...Fingerprint) error {
	rows := make([]db.Row, 0, len(fs))
	for _, f := range fs {
		if f.Case == "" || f.Variant == "" || f.Version == "" || len(f.Hash) == 0 {
			return fault.New(fault.Invalid, "media: a fingerprint needs case, variant, version and hash")
		}
		rows = append(rows, f.row())
	}
	return w.Put(ctx, fingerprintTable, rows...)
}

// Fingerprints returns the fingerprints of contents in a case made by one
// version of the stage ("" = every version), by digest, variant and version.
func Fingerprints(ctx context.Context, q db.Queryer, c cases.ID, version string, contents ...digest.ID) ([]Fingerprint, error) {
	keys := make([][]byte, len(contents))
	for i := range contents {
		keys[i] = contents[i][:]
	}
	return db.CollectIn(ctx, q, scanFingerprint, selectFingerprint+
		" WHERE sha256 IN (?*) AND case_id = ?1 AND (?2 = '' OR version = ?2) ORDER BY sha256, variant, version",
		keys, string(c), version)
}

// Outcome of a stage for one subject.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Failed  Outcome = "failed"  // tried; a finding says why not
	Skipped Outcome = "skipped" // the stage has nothing to do with it
)

// Result says that a stage was run over a subject. Coverage is counted from
// these rows: what has none was not reached.
type Result struct {
	Case    cases.ID
	Subject string // item id
	Stage   string
	Version string // version and configuration; older rows stay
	Outcome Outcome
	Detail  string // code of the reason, never content
}

// PutResults writes results.
func PutResults(ctx context.Context, w *db.Writer, rs ...Result) error {
	rows := make([]db.Row, 0, len(rs))
	for _, r := range rs {
		if r.Case == "" || r.Subject == "" || r.Stage == "" || r.Version == "" {
			return fault.New(fault.Invalid, "media: a result needs case, subject, stage and version")
		}
		if r.Outcome != Done && r.Outcome != Failed && r.Outcome != Skipped {
			return fault.New(fault.Invalid, "media: outcome %q is unknown", string(r.Outcome))
		}
		rows = append(rows, r.row())
	}
	return w.Put(ctx, resultTable, rows...)
}

// Results returns the results of the given subjects in a case.
func Results(ctx context.Context, q db.Queryer, c cases.ID, subjects ...string) ([]Result, error) {
	return db.CollectIn(ctx, q, scanResult, selectResult+
		" WHERE subject IN (?*) AND case_id = ?1 ORDER BY subject, stage, version", subjects, string(c))
}

// LeftOut returns the results of a case whose detail is one of the given codes.
func LeftOut(ctx context.Context, q db.Queryer, c cases.ID, codes ...string) ([]Result, error) {
	return db.CollectIn(ctx, q, scanResult, selectResult+" WHERE detail IN (?*) AND case_id = ?1 ORDER BY subject, stage, version",
		codes, string(c))
}

// Coverage counts the results of one stage and version in a case.
type Coverage struct {
	Stage, Version string
	Outcome        Outcome
	Detail         string // reason code; "" for done
	Subjects       int64
}

// Covered counts results by stage, version, outcome and reason; those of
// protected sources only in the protected view.
func Covered(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) ([]Coverage, error) {
	return db.Collect(ctx, q, scanCoverage, `SELECT s.stage, s.version, s.outcome, s.detail, COUNT(*) FROM stage_result s
		WHERE s.case_id = ?1 AND (?2 OR s.subject NOT IN (SELECT i.id FROM item i WHERE i.case_id = ?1 AND `+hiddenInCase+`))
		GROUP BY s.stage, s.version, s.outcome, s.detail ORDER BY s.stage, s.version, s.outcome, s.detail`,
		string(c), v.Protected)
}

// Counts is what a status line says of a case.
type Counts struct {
	Items    int64            // places
	Contents int64            // different contents among them
	Bytes    int64            // of the different contents
	ByKind   map[string]int64 // places
	ByState  map[string]int64 // places
	Findings int64
}

// Count returns the counts of a case; a protected source counts only in the
// protected view.
func Count(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (Counts, error) {
	n, _, err := db.One(ctx, q, func(r *sql.Rows) (Counts, error) {
		var n Counts
		return n, r.Scan(&n.Items, &n.Contents, &n.Bytes)
	}, `SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT), COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (
		SELECT COUNT(*) AS n, MAX(i.size) AS size FROM item i WHERE i.case_id = ?1 AND (?2 OR NOT `+hiddenInCase+`) GROUP BY i.sha256) t`,
		string(c), v.Protected)
	if err != nil {
		return n, err
	}
	for column, into := range map[string]*map[string]int64{"kind": &n.ByKind, "state": &n.ByState} {
		*into, err = tally(ctx, q, "SELECT i."+column+", COUNT(*) FROM item i WHERE i.case_id = ?1 AND (?2 OR NOT "+hiddenInCase+
			") GROUP BY i."+column, string(c), v.Protected)
		if err != nil {
			return n, err
		}
	}
	codes, err := FindingCounts(ctx, q, c, v)
	for _, k := range codes {
		n.Findings += k
	}
	return n, err
}

// tally collects rows of (text, number) into a map.
func tally(ctx context.Context, q db.Queryer, query string, args ...any) (map[string]int64, error) {
	type pair struct {
		key string
		n   int64
	}
	ps, err := db.Collect(ctx, q, func(r *sql.Rows) (pair, error) {
		var p pair
		return p, r.Scan(&p.key, &p.n)
	}, query, args...)
	m := make(map[string]int64, len(ps))
	for _, p := range ps {
		m[p.key] = p.n
	}
	return m, err
}
