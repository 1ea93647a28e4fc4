package chats

import (
	"context"
	"strconv"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/fault"
	"tutela/format/when"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// GroupID identifies a group: a stable id derived from the item it was read
// from.
type GroupID string

// MessageID identifies a message: a stable id derived from group and ordinal.
type MessageID string

// GroupKind says what kind of chat it is.
type GroupKind string

// The kinds of chat.
const (
	GroupChat  GroupKind = "group"
	DirectChat GroupKind = "direct" // two parties; Subject is the other party's label
	OtherChat  GroupKind = "unknown"
)

// Group is one chat as one exhibit shows it.
type Group struct {
	ID        GroupID
	Case      cases.ID
	Exhibit   string
	Item      string // item that the text was read from
	Subject   string // name of the group, or label of the other party
	Platform  string // "whatsapp-android", "whatsapp-ios", …
	Kind      GroupKind
	Language  string // of the app, as found
	Protected bool   // the export is a protected source's own
	// OwnerUnknown says that the export is protected and that it is not known
	// whose it is: everybody who may be the owner is withheld.
	OwnerUnknown bool
}

// Member is a label that took part, or was named in an event.
type Member struct {
	Group      GroupID
	Label      string // as written
	Identifier identifiers.ID
	Owner      bool // the export is this member's own
	Withheld   bool // hidden in every view but the protected one
}

// Direction of a message, seen from the owner of the export.
type Direction string

// The directions.
const (
	Sent             Direction = "sent"
	Received         Direction = "received"
	DirectionUnknown Direction = "unknown"
)

// MessageKind says what a record is. Kinds that a reader knows beyond these two
// ("deleted", "call", "media_omitted", …) are kept as it names them; every kind
// but SystemMessage is written by somebody.
type MessageKind string

// The two kinds that every chat has.
const (
	TextMessage   MessageKind = "text"
	SystemMessage MessageKind = "system"
)

// Message is one record of a chat.
type Message struct {
	ID         MessageID
	Case       cases.ID
	Group      GroupID
	Exhibit    string
	Item       string
	Ordinal    int   // from 0, in the order of the file
	Offset     int64 // bytes in the item
	Length     int64 // bytes
	Kind       MessageKind
	Author     string // label as written, "" for system records
	Identifier identifiers.ID
	Time       when.Time
	Text       string
	Flags      []string // "edited", "deleted", "forged-header", …
	Own        bool     // written in words of the owner: "You …"
	Direction  Direction
	Withheld   bool
}

// Attachment is a file that a message carries.
type Attachment struct {
	Message MessageID
	Ordinal int
	Name    string // as written
	Item    string // item id, "" when the file is not in the export, or a protected source's
	Size    int64  // bytes, -1 when unknown
}

// EventKind says what happened to a group.
type EventKind string

// The kinds of event that say who is in a group. Others are kept as the reader
// names them.
const (
	Created    EventKind = "created"
	Added      EventKind = "added"
	Joined     EventKind = "joined"
	JoinedLink EventKind = "joined_link"
	Removed    EventKind = "removed"
	Left       EventKind = "left"
)

// Event is one step of a group's timeline.
type Event struct {
	Message    MessageID // the record that tells of it
	Ordinal    int       // from 0, within the record
	Group      GroupID
	Kind       EventKind
	Subject    string // label of whom it is about: who joined, left, created, was added
	By         string // label of who did it to Subject, or ""
	SubjectOwn bool   // Subject is the owner, written as "You"
	ByOwn      bool   // By is the owner, written as "You"
	Detail     string // new subject, name or number
	Time       when.Time
}

// Chat is one group with everything read of it.
type Chat struct {
	Group       Group
	Members     []Member
	Messages    []Message
	Attachments []Attachment
	Events      []Event
}

// NewGroupID returns the id of the n-th chat read from an item.
func NewGroupID(siteRow []byte, exhibit, item string, n int) GroupID {
	return GroupID(ids.Derive(siteRow, "chat", exhibit, item, strconv.Itoa(n)))
}

// NewMessageID returns the id of a message by its ordinal in the group.
func NewMessageID(siteRow []byte, g GroupID, ordinal int) MessageID {
	return MessageID(ids.Derive(siteRow, "message", string(g), strconv.Itoa(ordinal)))
}

// Put writes a settled chat (see Settle).
func Put(ctx context.Context, w *db.Writer, c Chat) error {
	if c.Group.ID == "" || c.Group.Case == "" || c.Group.Exhibit == "" {
		return fault.New(fault.Invalid, "chats: a group needs id, case and exhibit")
	}
	parts := []struct {
		table db.Table
		rows  []db.Row
	}{
		{groupTable, []db.Row{c.Group.row()}},
		{memberTable, rowsOf(c.Members, Member.row)},
		{messageTable, rowsOf(c.Messages, Message.row)},
		{attachmentTable, rowsOf(c.Attachments, Attachment.row)},
		{eventTable, rowsOf(c.Events, Event.row)},
	}
	for _, p := range parts {
		if len(p.rows) == 0 {
			continue
		}
		if err := w.Put(ctx, p.table, p.rows...); err != nil {
			return err
		}
	}
	return nil
}

func rowsOf[T any](in []T, row func(T) db.Row) []db.Row {
	out := make([]db.Row, len(in))
	for i, x := range in {
		out[i] = row(x)
	}
	return out
}
