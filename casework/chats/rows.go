package chats

import (
	"context"
	"database/sql"
	"strings"

	"tutela/fault"
	"tutela/format/when"
	"tutela/vault/db"
)

var (
	groupTable = db.Table{Name: "chat_group", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "exhibit", "item", "subject", "platform", "kind", "language", "protected", "owner_unknown"}}
	memberTable = db.Table{Name: "chat_member", Key: 2, Derived: true,
		Columns: []string{"group_id", "label", "identifier", "owner", "withheld"}}
	messageTable = db.Table{Name: "message", Key: 1, Derived: true,
		Columns: []string{"id", "case_id", "group_id", "exhibit", "item", "ordinal", "place_offset", "place_length", "kind",
			"author", "identifier", "time", "utc_us", "wall", "text", "flags", "own", "direction", "withheld"}}
	attachmentTable = db.Table{Name: "attachment", Key: 2, Derived: true,
		Columns: []string{"message", "ordinal", "name", "item", "size"}}
	eventTable = db.Table{Name: "chat_event", Key: 2, Derived: true,
		Columns: []string{"message", "ordinal", "group_id", "kind", "subject", "done_by", "subject_own", "by_own", "detail", "time", "wall"}}
	ownerTable = db.Table{Name: "chat_owner", Key: 2,
		Columns: []string{"exhibit", "label", "case_id", "is_set", "officer", "at_us", "why"}}
)

const (
	selectGroup = `SELECT g.id, g.case_id, g.exhibit, g.item, g.subject, g.platform, g.kind, g.language, g.protected,
		g.owner_unknown FROM chat_group g`
	selectMember   = "SELECT group_id, label, identifier, owner, withheld FROM chat_member"
	messageColumns = `m.id, m.case_id, m.group_id, m.exhibit, m.item, m.ordinal, m.place_offset, m.place_length,
		m.kind, m.author, m.identifier, m.time, m.text, m.flags, m.own, m.direction, m.withheld`
	selectMessage    = "SELECT " + messageColumns + " FROM message m"
	selectAttachment = "SELECT a.message, a.ordinal, a.name, a.item, a.size FROM attachment a"
	selectEvent      = "SELECT message, ordinal, group_id, kind, subject, done_by, subject_own, by_own, detail, time FROM chat_event"
	selectOwner      = "SELECT exhibit, label, case_id, is_set, officer, at_us, why FROM chat_owner"
)

// Schema returns the tables of the room.
func Schema() db.Schema {
	return db.Schema{
		Room:   "chats",
		Tables: []db.Table{groupTable, memberTable, messageTable, attachmentTable, eventTable, ownerTable},
		Migrations: []string{`
CREATE TABLE chat_group (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, exhibit TEXT NOT NULL, item TEXT NOT NULL,
	subject TEXT NOT NULL, platform TEXT NOT NULL, kind TEXT NOT NULL, language TEXT NOT NULL,
	protected BOOLEAN NOT NULL, owner_unknown BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX chat_group_case ON chat_group (case_id);
CREATE INDEX chat_group_exhibit ON chat_group (exhibit);
CREATE TABLE chat_member (
	group_id TEXT NOT NULL, label TEXT NOT NULL, identifier TEXT NOT NULL, owner BOOLEAN NOT NULL,
	withheld BOOLEAN NOT NULL, act TEXT NOT NULL, PRIMARY KEY (group_id, label));
CREATE INDEX chat_member_identifier ON chat_member (identifier);
CREATE TABLE message (
	id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, group_id TEXT NOT NULL, exhibit TEXT NOT NULL,
	item TEXT NOT NULL, ordinal BIGINT NOT NULL, place_offset BIGINT NOT NULL, place_length BIGINT NOT NULL,
	kind TEXT NOT NULL, author TEXT NOT NULL, identifier TEXT NOT NULL, time TEXT NOT NULL, utc_us BIGINT,
	wall TEXT NOT NULL, text TEXT NOT NULL, flags TEXT NOT NULL, own BOOLEAN NOT NULL, direction TEXT NOT NULL,
	withheld BOOLEAN NOT NULL, act TEXT NOT NULL);
CREATE INDEX message_group ON message (group_id, ordinal);
CREATE INDEX message_case ON message (case_id, wall);
CREATE INDEX message_identifier ON message (identifier);
CREATE TABLE attachment (
	message TEXT NOT NULL, ordinal BIGINT NOT NULL, name TEXT NOT NULL, item TEXT NOT NULL, size BIGINT NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (message, ordinal));
CREATE INDEX attachment_item ON attachment (item);
CREATE TABLE chat_event (
	message TEXT NOT NULL, ordinal BIGINT NOT NULL, group_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
	done_by TEXT NOT NULL, subject_own BOOLEAN NOT NULL, by_own BOOLEAN NOT NULL, detail TEXT NOT NULL, time TEXT NOT NULL, wall TEXT NOT NULL,
	act TEXT NOT NULL, PRIMARY KEY (message, ordinal));
CREATE INDEX chat_event_group ON chat_event (group_id);
CREATE TABLE chat_owner (
	exhibit TEXT NOT NULL, label TEXT NOT NULL, case_id TEXT NOT NULL, is_set BOOLEAN NOT NULL, officer TEXT NOT NULL,
	at_us BIGINT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (exhibit, label));`},
	}
}

func (g Group) row() db.Row {
	return db.Row{string(g.ID), string(g.Case), g.Exhibit, g.Item, db.Text(g.Subject), g.Platform, string(g.Kind), g.Language,
		g.Protected, g.OwnerUnknown}
}

func scanGroup(r *sql.Rows) (Group, error) {
	var g Group
	err := r.Scan(&g.ID, &g.Case, &g.Exhibit, &g.Item, &g.Subject, &g.Platform, &g.Kind, &g.Language, &g.Protected, &g.OwnerUnknown)
	return g, err
}

func (m Member) row() db.Row {
	return db.Row{string(m.Group), db.Text(m.Label), string(m.Identifier), m.Owner, m.Withheld}
}

func scanMember(r *sql.Rows) (Member, error) {
	var m Member
	err := r.Scan(&m.Group, &m.Label, &m.Identifier, &m.Owner, &m.Withheld)
	return m, err
}

func (m Message) row() db.Row {
	var utc any
	if us, ok := m.Time.Micros(); ok {
		utc = us
	}
	return db.Row{string(m.ID), string(m.Case), string(m.Group), m.Exhibit, m.Item, int64(m.Ordinal), m.Offset, m.Length,
		string(m.Kind), db.Text(m.Author), string(m.Identifier), m.Time.JSON(), utc, m.Time.Wall, db.Text(m.Text),
		strings.Join(m.Flags, " "), m.Own, string(m.Direction), m.Withheld}
}

// scanMessageInto reads messageColumns, and further columns into more.
func scanMessageInto(r *sql.Rows, more ...any) (Message, error) {
	var m Message
	var at, flags string
	err := r.Scan(append([]any{&m.ID, &m.Case, &m.Group, &m.Exhibit, &m.Item, &m.Ordinal, &m.Offset, &m.Length, &m.Kind,
		&m.Author, &m.Identifier, &at, &m.Text, &flags, &m.Own, &m.Direction, &m.Withheld}, more...)...)
	if err != nil {
		return m, err
	}
	if m.Time, err = when.Parse(at); err != nil {
		return m, fault.New(fault.Corrupt, "chats: time of message %s: %w", m.ID, err)
	}
	m.Flags = strings.Fields(flags)
	return m, nil
}

func scanMessage(r *sql.Rows) (Message, error) { return scanMessageInto(r) }

func (a Attachment) row() db.Row {
	return db.Row{string(a.Message), int64(a.Ordinal), db.Text(a.Name), a.Item, a.Size}
}

func scanAttachment(r *sql.Rows) (Attachment, error) {
	var a Attachment
	err := r.Scan(&a.Message, &a.Ordinal, &a.Name, &a.Item, &a.Size)
	return a, err
}

func (e Event) row() db.Row {
	return db.Row{string(e.Message), int64(e.Ordinal), string(e.Group), string(e.Kind), db.Text(e.Subject), db.Text(e.By), e.SubjectOwn, e.ByOwn, db.Text(e.Detail),
		e.Time.JSON(), e.Time.Wall}
}

func scanEvent(r *sql.Rows) (Event, error) {
	var e Event
	var at string
	err := r.Scan(&e.Message, &e.Ordinal, &e.Group, &e.Kind, &e.Subject, &e.By, &e.SubjectOwn, &e.ByOwn, &e.Detail, &at)
	if err != nil {
		return e, err
	}
	if e.Time, err = when.Parse(at); err != nil {
		return e, fault.New(fault.Corrupt, "chats: time of event in %s: %w", e.Message, err)
	}
	return e, nil
}

func (o Owner) row() db.Row {
	return db.Row{o.Exhibit, o.Label, string(o.Case), o.Set, string(o.Officer), o.At, o.Why}
}

func scanOwner(r *sql.Rows) (Owner, error) {
	var o Owner
	err := r.Scan(&o.Exhibit, &o.Label, &o.Case, &o.Set, &o.Officer, &o.At, &o.Why)
	return o, err
}

// marked reports whether an officer marked the exhibit as protected.
func marked(ctx context.Context, q db.Queryer, exhibit string) (bool, error) {
	set, _, err := db.One(ctx, q, func(r *sql.Rows) (bool, error) {
		var set bool
		return set, r.Scan(&set)
	}, "SELECT is_set FROM mark WHERE object_kind = 'exhibit' AND object = ?1 AND kind = 'protected'", exhibit)
	return set, err
}
