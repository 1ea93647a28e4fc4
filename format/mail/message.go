package mail

import (
	"io"

	"tutela/format"
	"tutela/format/when"
)

// The bounds of one message. What is beyond stays in the raw bytes and is
// reported.
const (
	maxDepth   = 50     // parts inside parts
	maxParts   = 2000   // parts of all levels
	maxHeaders = 20_000 // header fields of all parts
	maxValue   = 64 << 10
)

// Header is one header field.
type Header struct {
	Name   string // as written
	Value  string // unfolded, encoded words decoded, control characters replaced
	Offset int64
}

// Address is a mailbox as a header states it.
type Address struct {
	Name string // decoded display name, may be ""
	Addr string // as written, without angle brackets
}

// Part is one part of a message.
type Part struct {
	Index       int
	Parent      int // index of the part that holds it, -1 for the message itself
	Depth       int
	ContentType string // lower case, without parameters; "" if none is stated
	Params      map[string]string
	Disposition string // lower case, without parameters
	Encoding    string // transfer encoding, lower case
	ContentID   string
	Name        string // file name as stated, data only: never a path to use
	Headers     []Header
	HeaderAt    int64 // offset of the part's header in the input
	Offset      int64 // offset of the raw body in the input
	Length      int64 // bytes of the raw body
	Attachment  bool  // a file rather than a text to show
	Truncated   bool  // the input ends inside the part
	in          []byte
}

// Open returns the decoded content. Characters outside an encoding are skipped.
func (p *Part) Open() io.Reader { return p.decoder() }

// Raw returns the body as stored.
func (p *Part) Raw() []byte { return p.in[p.Offset : p.Offset+p.Length] }

// Message is one message, the outermost or one inside it.
type Message struct {
	Headers     []Header
	From        []Address
	To          []Address
	Cc          []Address
	ReplyTo     []Address
	Date        when.Time
	Subject     string
	MessageID   string
	Text        string     // all plain text bodies
	HTML        string     // all HTML bodies, decoded, not sanitised: never render it
	HTMLText    string     // the text in them
	Parts       []Part     // of the outermost message: all, in order; of an inner one: nil
	Attachments []int      // indexes into the outermost message's Parts
	Nested      []*Message // messages inside, in order
	Root        int        // index of the message's own part
}

// Values returns the values of a header field, in order.
func (m *Message) Values(name string) []string {
	var out []string
	for _, h := range m.Headers {
		if equalFold(h.Name, name) {
			out = append(out, h.Value)
		}
	}
	return out
}

// Read reads one message. It always returns one: an input without a header is a
// text body, an empty input an empty message.
func Read(in []byte, lim format.Limits) (*Message, []format.Finding) {
	lim = lim.OrDefault()
	p := &parser{in: in, lim: lim, limit: map[string]int{}}
	if int64(len(in)) > lim.Bytes {
		p.find("mail.size", "read up to the limit", lim.Bytes)
		p.in = in[:lim.Bytes]
	}
	if len(in) == 0 {
		p.find("mail.empty", "no bytes", 0)
	}
	p.in = lineEnds(p.in)
	p.parse()
	m := p.build(0)
	m.Parts = p.parts
	return m, p.findings
}
