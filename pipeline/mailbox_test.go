package pipeline

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"tutela/format"
	"tutela/format/mail"
)

// TestMailboxInParts splits mailboxes in parts of every size, from one that holds
// two messages to one that holds all: the messages are those of the whole.
func TestMailboxInParts(t *testing.T) {
	var b strings.Builder
	for n := range 9 {
		fmt.Fprintf(&b, "From a@example.org Mon Jan  5 10:0%d:00 2026\nSubject: %d\n\n%s>From here\nend\n\n", n, n, strings.Repeat("line\n", n*3))
	}
	text := []byte(b.String())
	entries, variant, fs := mail.Mbox(text, format.Limits{})
	if len(entries) != 9 || len(fs) != 0 {
		t.Fatalf("%d messages, %v", len(entries), fs)
	}
	for part := 330; part <= len(text)+1; part++ {
		box := mailbox{in: bytes.NewReader(text), size: int64(len(text)), part: int64(part)}
		n := 0
		for ; box.next(); n++ {
			e := entries[n]
			if want := mail.Unquote(text[e.Offset:e.Offset+e.Length], variant); !bytes.Equal(box.message(), want) || box.offset() != e.Offset {
				t.Fatalf("parts of %d: message %d at %d is %q, want %q", part, n, box.offset(), box.message(), want)
			}
		}
		if n != len(entries) || len(box.findings) != 0 {
			t.Fatalf("parts of %d: %d messages, %v", part, n, box.findings)
		}
	}
}

// TestMailboxCutsGiants cuts a message that is larger than a part, says so once,
// and goes on with the next.
func TestMailboxCutsGiants(t *testing.T) {
	message := func(n, lines int) string {
		return fmt.Sprintf("From a@example.org Mon Jan  5 10:00:00 2026\nSubject: %d\n\n%s\n", n, strings.Repeat("0123456789\n", lines))
	}
	text := message(1, 2) + message(2, 500) + message(3, 2)
	box := mailbox{in: strings.NewReader(text), size: int64(len(text)), part: 1000}
	var got []string
	for box.next() {
		subject, _, _ := strings.Cut(string(box.message()), "\n")
		got = append(got, fmt.Sprint(subject, " ", len(box.message()) > 500))
	}
	if fmt.Sprint(got) != "[Subject: 1 false Subject: 2 true Subject: 3 false]" {
		t.Errorf("messages %q", got)
	}
	if len(box.findings) != 1 || box.findings[0].Code != "read.size" {
		t.Errorf("findings %v", box.findings)
	}
	text = "no mailbox\n\n" + text
	preamble := mailbox{in: strings.NewReader(text), size: int64(len(text)), part: 1 << 20}
	n := 0
	for preamble.next() {
		n++
	}
	if n != 4 || len(preamble.findings) != 1 || preamble.findings[0].Code != "mbox.preamble" {
		t.Errorf("%d messages, %v", n, preamble.findings)
	}
}
