package tips

import (
	"database/sql"

	"tutela/fault"
	"tutela/format/when"
	"tutela/vault/db"
)

var (
	tipTable = db.Table{Name: "tip", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "exhibit", "item", "message_id", "sender", "subject", "received", "wall", "text",
			"attachments", "protected"}}
	decisionTable = db.Table{Name: "tip_decision", Key: 1,
		Columns: []string{"id", "tip", "state", "into_id", "officer", "at_us", "why"}}
)

const (
	// the 13th column is what lists order by
	selectListed = `SELECT t.id, t.case_id, t.exhibit, t.item, t.message_id, t.sender, t.subject, t.received, t.wall, t.text,
		t.attachments, t.protected,
		EXISTS (SELECT 1 FROM mark k WHERE (k.object = t.id OR k.object = t.item OR k.object = t.exhibit)
			AND k.kind = 'risk' AND k.is_set),
		COALESCE((SELECT d.state FROM tip_decision d WHERE d.tip = t.id ORDER BY d.at_us DESC, d.id DESC LIMIT 1), 'new')
		FROM tip t`
	selectDecision = "SELECT id, tip, state, into_id, officer, at_us, why FROM tip_decision"
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "tips",
		Tables: []db.Table{tipTable, decisionTable},
		Migrations: []string{`
CREATE TABLE tip (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, exhibit TEXT NOT NULL, item TEXT NOT NULL,
	message_id TEXT NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL, received TEXT NOT NULL, wall TEXT NOT NULL,
	text TEXT NOT NULL, attachments BIGINT NOT NULL, protected BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX tip_case ON tip (case_id, wall);
CREATE TABLE tip_decision (
	id TEXT NOT NULL PRIMARY KEY, tip TEXT NOT NULL, state TEXT NOT NULL, into_id TEXT NOT NULL, officer TEXT NOT NULL,
	at_us BIGINT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX tip_decision_of ON tip_decision (tip);`},
	}
}

func (t Tip) row() db.Row {
	return db.Row{string(t.ID), string(t.Case), t.Exhibit, t.Item, db.Text(t.MessageID), db.Text(t.From), db.Text(t.Subject), t.Received.JSON(),
		t.Received.Wall, db.Text(t.Text), int64(t.Attachments), t.Protected}
}

func scanListed(r *sql.Rows) (Listed, error) {
	var t Listed
	var received, wall string
	err := r.Scan(&t.ID, &t.Case, &t.Exhibit, &t.Item, &t.MessageID, &t.From, &t.Subject, &received, &wall, &t.Text,
		&t.Attachments, &t.Protected, &t.AtRisk, &t.State)
	if err != nil {
		return t, err
	}
	if t.Received, err = when.Parse(received); err != nil {
		return t, fault.New(fault.Corrupt, "tips: time of tip %s: %w", t.ID, err)
	}
	return t, nil
}

func (d Decision) row() db.Row {
	return db.Row{d.ID, string(d.Tip), string(d.State), d.Into, string(d.Officer), d.At, d.Why}
}

func scanDecision(r *sql.Rows) (Decision, error) {
	var d Decision
	err := r.Scan(&d.ID, &d.Tip, &d.State, &d.Into, &d.Officer, &d.At, &d.Why)
	return d, err
}
