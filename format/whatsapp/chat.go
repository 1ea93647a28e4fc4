package whatsapp

import (
	"tutela/format"
	"tutela/format/when"
)

// Platform is the kind of telephone that wrote an export.
type Platform string

// The platforms.
const (
	Android Platform = "android"
	IOS     Platform = "ios"
)

// Kind says what a record of a chat is.
type Kind string

// The kinds of record.
const (
	Text         Kind = "text"          // written by its author
	System       Kind = "system"        // written by the app: notices and group events
	MediaOmitted Kind = "media_omitted" // a file was here, exported without it
	Attachment   Kind = "attachment"    // names a file of the export
	Deleted      Kind = "deleted"       // deleted for everyone
	Empty        Kind = "empty"         // no body: view-once media or a call
	Call         Kind = "call"          // a call or a missed call
	Location     Kind = "location"      // a place or a live location
	Poll         Kind = "poll"          // a poll with its options
)

// Order is the order of day, month and year in a file's headers.
type Order string

// The orders. Ambiguous: every number is at most 12 and nothing else decides;
// Mixed: the form changed within the file.
const (
	DMY       Order = "dmy"
	MDY       Order = "mdy"
	YMD       Order = "ymd"
	YDM       Order = "ydm"
	MYD       Order = "myd"
	DYM       Order = "dym"
	Ambiguous Order = "ambiguous"
	Mixed     Order = "mixed"
)

// Flag marks a message that a person should look at before relying on it.
type Flag string

// The flags.
const (
	EmbeddedHeader  Flag = "embedded_header"  // the text contains a line that imitates a message
	AmbiguousHeader Flag = "ambiguous_header" // may be a line of the message before it
	Damaged         Flag = "damaged"          // not valid UTF-8; bytes replaced in Text
	NameHasColon    Flag = "name_has_colon"   // the author's name could also end at the first colon
	OddTime         Flag = "odd_time"         // hour and day part do not fit together
	UnknownPhrase   Flag = "unknown_phrase"   // written by the app in words that are not in the tables
	Unconfirmed     Flag = "unconfirmed"      // attachment by its name alone, the words beside it are unknown
)

// Exporter stands for the person who made the export, where the app wrote
// "You" or an equivalent. It is a trace that can give a source away.
const Exporter = "(exporter)"

// Event is what a system record says happened.
type Event struct {
	Verb    string   `json:"verb"`
	Actor   string   `json:"actor,omitempty"`   // as written, without direction marks; Exporter for "You"
	Objects []string `json:"objects,omitempty"` // persons concerned, likewise
	From    string   `json:"from,omitempty"`    // old subject or number
	To      string   `json:"to,omitempty"`      // new subject, name or number
}

// The verbs of events that the tables know; Unparsed is every other one.
const (
	Created            = "created"
	Added              = "added"
	Removed            = "removed"
	Left               = "left"
	JoinedLink         = "joined_link"
	Joined             = "joined"
	Requested          = "requested"
	SubjectChanged     = "subject_changed"
	IconChanged        = "icon_changed"
	IconDeleted        = "icon_deleted"
	DescriptionChanged = "description_changed"
	DescriptionDeleted = "description_deleted"
	NumberChanged      = "number_changed"
	AdminGranted       = "admin_granted"
	AdminRevoked       = "admin_revoked"
	Settings           = "settings"
	TimerOn            = "timer_on"
	TimerOff           = "timer_off"
	SecurityCode       = "security_code"
	Encryption         = "encryption"
	Blocked            = "blocked"
	Unblocked          = "unblocked"
	Pinned             = "pinned"
	Notice             = "notice"
	Unparsed           = "unparsed"
)

// File is an attachment as a message names it.
type File struct {
	Name    string `json:"name"`             // as written, without direction marks
	Member  string `json:"member,omitempty"` // the container entry that it means, as given to Read
	Present bool   `json:"present"`
}

// Message is one record of the export.
type Message struct {
	Offset     int64 // bytes from the start of the file, marks before the header included
	Length     int64 // bytes to the next record, line end included
	Line       int   // from 1
	Kind       Kind
	Author     string // exactly as written; "" for system records
	Prefix     string // iOS system records: the name before the colon (group, contact or actor)
	PushName   string // name chosen by a non-contact ("~ name"), without tilde
	Number     string // the author's telephone number as shown, marks removed, if the author is one
	Time       when.Time
	Text       string // body; the caption of an attachment; exact but for placeholders and marks around them
	Attachment *File
	Event      *Event
	Own        bool // by or about the exporter ("You deleted this message", "You added …")
	Edited     bool
	Flags      []Flag
}

// Has reports whether the message carries the flag.
func (m *Message) Has(f Flag) bool {
	for _, g := range m.Flags {
		if g == f {
			return true
		}
	}
	return false
}

// Chat is one exported chat.
type Chat struct {
	Platform   Platform
	Language   string   // two letters, "" when nothing in the file shows it
	Shape      string   // header form, "dd/mm/yyyy, HH:MM - "
	Shapes     []string // all forms, in order of appearance, when there is more than one
	DateOrder  Order
	DateBasis  string // what decided the order
	DateProven bool   // false when the order is inferred or undecided
	Clock      string // "24h", "12h" or "dayparts"
	Proof      bool   // record ends are proven by CRLF
	Title      string // name of the group, where the file shows it
	Exporter   string // author proven to be the exporter by a message of their own, or ""
	Messages   []Message
	Missing    []string // attachments named but not in the container
	Surplus    []string // container entries that no message names
}

// Authors returns the distinct authors as written, in order of appearance.
func (c *Chat) Authors() []string {
	seen := map[string]bool{}
	var out []string
	for i := range c.Messages {
		a := c.Messages[i].Author
		if a != "" && !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// Read reads one exported chat. names are the entries of the container that it
// came in, itself excluded; nil means that the container is unknown, and then
// missing files are not reported. lim.Items bounds the records and lim.Bytes the
// input; what is beyond is reported and left out. A file without any header line
// gives an empty Chat and the finding "whatsapp.not-a-chat".
func Read(in []byte, names []string, lim format.Limits) (Chat, []format.Finding) {
	r := newReader(in, names, lim.OrDefault())
	r.scan()
	if len(r.cands) == 0 {
		r.find("whatsapp.not-a-chat", "no header line", 0, 0, 1)
		return Chat{}, r.findings
	}
	r.split()
	r.orders()
	r.interpret()
	r.audit()
	return r.chat, r.findings
}
