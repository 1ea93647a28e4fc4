package pipeline

import (
	"io"

	"tutela/format"
	"tutela/format/mail"
)

// mailbox goes through the messages of a mailbox of any size. It holds one part
// of it in memory, which begins with a message; the last message of a part, which
// may go on, begins the next one. A message that is larger than a part is cut.
type mailbox struct {
	in       io.ReaderAt
	size     int64
	part     int64
	limits   format.Limits
	findings []format.Finding

	data    []byte
	at      int64 // offset of data in the mailbox
	from    int64 // where the next part begins
	entries []mail.Entry
	current mail.Entry
	variant mail.Variant
	end     bool // data reaches the end of the mailbox
	cut     bool // data begins with the rest of a message that was cut
}

// next goes to the next message; false when there is none.
func (b *mailbox) next() bool {
	if len(b.entries) == 0 && !b.fill() {
		return false
	}
	b.current, b.entries = b.entries[0], b.entries[1:]
	return true
}

// offset returns where the message at hand begins.
func (b *mailbox) offset() int64 { return b.at + b.current.Offset }

// message returns the message at hand.
func (b *mailbox) message() []byte {
	return mail.Unquote(b.data[b.current.Offset:b.current.Offset+b.current.Length], b.variant)
}

// fill reads the next part that has a message.
func (b *mailbox) fill() bool {
	for !b.end {
		if b.data == nil {
			b.data = make([]byte, min(b.part, b.size))
		}
		b.data, b.at = b.data[:cap(b.data)], b.from
		n, err := b.in.ReadAt(b.data, b.at)
		b.data, b.end = b.data[:n], b.at+int64(n) >= b.size || err != nil
		if n == 0 {
			return false
		}
		entries, variant, fs := mail.Mbox(b.data, b.limits)
		if b.variant != mail.MboxRD { // once seen, it is that of the whole
			b.variant = variant
		}
		b.take(entries, fs)
		if len(b.entries) > 0 {
			return true
		}
	}
	return false
}

// take keeps the entries that are whole and says where the next part begins.
func (b *mailbox) take(entries []mail.Entry, fs []format.Finding) {
	rest := b.cut && len(entries) > 0 && entries[0].From == "" && entries[0].Offset == 0
	if rest {
		entries = entries[1:]
	}
	for _, f := range fs {
		if rest && f.Code == "mbox.preamble" {
			continue
		}
		f.Place.Offset += b.at
		b.findings = append(b.findings, f)
	}
	b.cut = b.cut && len(entries) == 0
	switch last := len(entries) - 1; {
	case b.end || last < 0:
		b.from = b.at + int64(len(b.data))
	case last == 0:
		b.cut = true
		b.from = b.at + int64(len(b.data))
		b.findings = append(b.findings, format.Finding{Code: "read.size", Detail: "a message is larger than the limit and was cut",
			Place: format.Place{Offset: b.at + entries[0].Offset}})
	default:
		b.from = b.at + entries[last-1].Offset + entries[last-1].Length
		entries = entries[:last]
	}
	b.entries = entries
}
