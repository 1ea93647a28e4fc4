package referrals

import (
	"context"
	"database/sql"
	"fmt"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/vault/db"
)

var (
	referralTable = db.Table{Name: "referral", Key: 1, Columns: []string{"id", "case_id", "country", "request", "state", "checkpoint",
		"digest", "officer", "at_us"}}
	approvalTable = db.Table{Name: "referral_approval", Key: 1, Columns: []string{"referral", "case_id", "digest", "package", "tlp",
		"handling", "purpose", "basis", "officer", "at_us", "why"}}
	sealTable = db.Table{Name: "referral_seal", Key: 1, Columns: []string{"id", "referral", "case_id", "file", "sha256", "size",
		"recipients", "officer", "at_us"}}
	receivedTable = db.Table{Name: "referral_received", Key: 1, Columns: []string{"id", "case_id", "exhibit", "package", "sender",
		"country", "handling", "signer", "known", "file", "sha256", "officer", "at_us"}}
	statementTable = db.Table{Name: "referral_statement", Key: 1, Columns: []string{"leaf", "kind", "exhibit", "author", "time", "text"}}
	keyTable       = db.Table{Name: "referral_key", Key: 1, Columns: []string{"id", "fingerprint", "public", "wrapped", "since_us"}}
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "referrals",
		Tables: []db.Table{referralTable, approvalTable, sealTable, receivedTable, statementTable, keyTable, restTable},
		Migrations: []string{`
CREATE TABLE referral (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, country TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
	checkpoint TEXT NOT NULL, digest TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX referral_case ON referral (case_id, at_us);
CREATE TABLE referral_approval (
	referral TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, digest TEXT NOT NULL, package TEXT NOT NULL, tlp TEXT NOT NULL,
	handling TEXT NOT NULL, purpose TEXT NOT NULL, basis TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL,
	why TEXT NOT NULL, act TEXT NOT NULL);
CREATE TABLE referral_seal (
	id TEXT NOT NULL PRIMARY KEY, referral TEXT NOT NULL, case_id TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
	size BIGINT NOT NULL, recipients TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX referral_seal_of ON referral_seal (referral);
CREATE TABLE referral_received (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, exhibit TEXT NOT NULL, package TEXT NOT NULL, sender TEXT NOT NULL,
	country TEXT NOT NULL, handling TEXT NOT NULL, signer TEXT NOT NULL, known BOOLEAN NOT NULL, file TEXT NOT NULL,
	sha256 TEXT NOT NULL, officer TEXT NOT NULL, at_us BIGINT NOT NULL, act TEXT NOT NULL);
CREATE INDEX referral_received_case ON referral_received (case_id, at_us);
CREATE TABLE referral_statement (
	leaf TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, exhibit TEXT NOT NULL, author TEXT NOT NULL, time TEXT NOT NULL,
	text TEXT NOT NULL, act TEXT NOT NULL);
CREATE TABLE referral_key (
	id TEXT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL, public TEXT NOT NULL, wrapped BYTEA NOT NULL, since_us BIGINT NOT NULL,
	act TEXT NOT NULL);`, restSQL},
	}
}

// Draft is a recorded cut: what was previewed.
type Draft struct {
	ID         ID       `json:"referral"`
	Case       cases.ID `json:"case"`
	Country    string   `json:"country"`
	Request    Request  `json:"-"`
	State      string   `json:"-"`
	Checkpoint string   `json:"checkpoint"`
	Digest     string   `json:"digest"` // SHA-256 of what was previewed, hexadecimal
	Officer    staff.ID `json:"officer"`
	At         int64    `json:"at_us"`
}

func (d Draft) row() db.Row {
	return db.Row{string(d.ID), string(d.Case), d.Country, d.Request.json(), d.State, d.Checkpoint, d.Digest, string(d.Officer), d.At}
}

const selectDraft = "SELECT id, case_id, country, request, state, checkpoint, digest, officer, at_us FROM referral"

func scanDraft(r *sql.Rows) (Draft, error) {
	var d Draft
	var request string
	err := r.Scan(&d.ID, &d.Case, &d.Country, &request, &d.State, &d.Checkpoint, &d.Digest, &d.Officer, &d.At)
	if err == nil {
		d.Request, err = parseRequest(request, d.Checkpoint)
	}
	return d, err
}

const selectApproval = `SELECT referral, case_id, digest, package, tlp, handling, purpose, basis, officer, at_us, why
	FROM referral_approval`

func scanApproval(r *sql.Rows) (approval, error) {
	var a approval
	err := r.Scan(&a.Referral, &a.Case, &a.Digest, &a.Package, &a.TLP, &a.Handling, &a.Purpose, &a.Basis, &a.Officer, &a.At, &a.Why)
	return a, err
}

func (a approval) row() db.Row {
	return db.Row{string(a.Referral), string(a.Case), a.Digest, a.Package, a.TLP, a.Handling, a.Purpose, a.Basis, string(a.Officer), a.At, a.Why}
}

const selectSealing = "SELECT id, referral, case_id, file, sha256, size, recipients, officer, at_us FROM referral_seal"

func scanSealing(r *sql.Rows) (Sealing, error) {
	var s Sealing
	err := r.Scan(&s.ID, &s.Referral, &s.Case, &s.File, &s.SHA256, &s.Size, &s.Recipients, &s.Officer, &s.At)
	return s, err
}

func (s Sealing) row() db.Row {
	return db.Row{s.ID, string(s.Referral), string(s.Case), s.File, s.SHA256, s.Size, s.Recipients, string(s.Officer), s.At}
}

const selectReceived = `SELECT id, case_id, exhibit, package, sender, country, handling, signer, known, file, sha256, officer, at_us
	FROM referral_received`

func scanReceived(r *sql.Rows) (Received, error) {
	var x Received
	err := r.Scan(&x.ID, &x.Case, &x.Exhibit, &x.Package, &x.Sender, &x.Country, &x.Handling, &x.Signer, &x.Known, &x.File,
		&x.SHA256, &x.Officer, &x.At)
	return x, err
}

func (x Received) row() db.Row {
	return db.Row{x.ID, string(x.Case), x.Exhibit, x.Package, x.Sender, x.Country, x.Handling, x.Signer, x.Known, x.File, x.SHA256,
		string(x.Officer), x.At}
}

// revision is the state of a case in terms of the log.
type revision struct {
	acts int64 // that changed the case
	last int64 // place of the last one in the log, −1 if none
}

// String is the state of a case as cuts carry it.
func (r revision) String() string { return fmt.Sprintf("%d.%d", r.acts, r.last) }

// revisionOf reads where in the log the case was last changed. The order of
// the log counts, not that of the acts' ids, which are drawn by each actor.
func revisionOf(ctx context.Context, q db.Queryer, c cases.ID) (revision, error) {
	r, _, err := db.One(ctx, q, func(rows *sql.Rows) (revision, error) {
		var r revision
		return r, rows.Scan(&r.acts, &r.last)
	}, `SELECT COUNT(*), COALESCE(MAX(a.idx), -1) FROM case_revision r JOIN log_act a ON a.act = r.by_act
		WHERE r.case_id = ?1`, string(c))
	return r, err
}

// noteAfter returns the first checkpoint that covers a place of the log.
func noteAfter(ctx context.Context, q db.Queryer, place int64) (string, error) {
	n, _, err := db.One(ctx, q, func(r *sql.Rows) (string, error) {
		var s string
		return s, r.Scan(&s)
	}, "SELECT note FROM log_checkpoint WHERE size > ?1 ORDER BY size LIMIT 1", place)
	return n, err
}

// timeBefore returns the time of the last act below a size of the log.
func timeBefore(ctx context.Context, q db.Queryer, size int64) (int64, error) {
	n, _, err := db.One(ctx, q, func(r *sql.Rows) (int64, error) {
		var n int64
		return n, r.Scan(&n)
	}, "SELECT at_us FROM log_act WHERE idx < ?1 AND at_us IS NOT NULL ORDER BY idx DESC LIMIT 1", size)
	return n, err
}

// statedIn returns the act that wrote a statement and the act's place in the
// log; "" if nobody wrote it.
func statedIn(ctx context.Context, q db.Queryer, leaf string) (string, int64, error) {
	type found struct {
		act string
		idx int64
	}
	f, _, err := db.One(ctx, q, func(r *sql.Rows) (found, error) {
		var f found
		return f, r.Scan(&f.act, &f.idx)
	}, "SELECT s.act, a.idx FROM referral_statement s JOIN log_act a ON a.act = s.act WHERE s.leaf = ?1", leaf)
	return f.act, f.idx, err
}
