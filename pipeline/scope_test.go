package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/tips"
	"tutela/format/when"
	"tutela/vault/evidence"
)

// mailOf is a short message with an attachment.
func mailOf(from, to, date string) string {
	return strings.ReplaceAll(fmt.Sprintf("From: %s\nTo: %s\nDate: %s\nSubject: from %s\nMessage-ID: <%s>\nMIME-Version: 1.0\n"+
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n"+
		"Content-Type: text/plain; name=\"note of %s.txt\"\nContent-Disposition: attachment\n\nnote\n--b--\n",
		from, to, date, from, strings.ReplaceAll(from, "@", ".")+"@x", from), "\n", "\r\n")
}

// chatOf is an export of a group with one message an author, a day apart.
func chatOf(authors ...string) string {
	var b strings.Builder
	b.WriteString("01/02/2026, 10:00 - Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them. Tap to learn more.\n")
	for n, a := range authors {
		fmt.Fprintf(&b, "%02d/02/2026, 10:00 - %s: word number %d\n", n+13, a, n)
	}
	return b.String()
}

func day(d int) int64 { return time.Date(2026, 2, d, 0, 0, 0, 0, time.UTC).UnixMicro() }

// written returns the texts of a case's chats in their order, with their ids.
func (s *site) written(t *testing.T, id cases.ID) (texts []string, ids []chats.MessageID) {
	t.Helper()
	all, err := chats.Messages(t.Context(), s.look(t), chats.Query{Case: id, Reading: true, View: open})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Author != "" {
			texts, ids = append(texts, m.Text), append(ids, m.ID)
		}
	}
	return texts, ids
}

func TestScopeOfChats(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCase(t)
		dir := folder(t, map[string]string{
			"WhatsApp Chat with One.txt": chatOf("+34 600 000 001", "+34 600 000 002", "+34 600 000 001", "+34 600 000 003"),
			"WhatsApp Chat with Two.txt": chatOf("+34 600 000 004", "+34 600 000 005")})
		s.authorise(t, id, evidence.Covers{All: true, Accounts: []string{"+34600000002"}, WindowFrom: day(14), WindowUntil: day(15) + (18 * time.Hour).Microseconds()})
		s.ingest(t, Order{Case: string(id)}, dir)
		texts, ids := s.written(t, id)
		if !slices.Equal(texts, []string{"word number 1", "word number 2"}) {
			t.Errorf("read %q", texts)
		}
		if n := s.codes(t, id)["read.scope"]; n != 3+3 { // the rest of one chat, and the whole of the other
			t.Errorf("%d messages left out: %v", n, s.codes(t, id))
		}
		if n := s.stages(t, id); n["read done scope"] != 1 || n["read skipped scope"] != 1 {
			t.Errorf("stages %v", n)
		}
		s.authorise(t, id, evidence.Covers{All: true, WindowFrom: day(10)}) // a second one beside the first
		if n := s.release(t, id); n != 2 {
			t.Errorf("%d released", n)
		}
		texts, after := s.written(t, id)
		if len(texts) != 6 || !slices.Contains(after, ids[0]) || !slices.Contains(after, ids[1]) {
			t.Errorf("read %q, ids %v then %v", texts, ids, after)
		}
		if n := s.codes(t, id)["read.scope"]; n != 2 { // what stands on the first day
			t.Errorf("%d messages left out", n)
		}
	})
}

func TestScopeOfMails(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCase(t)
		const in, early = "Mon, 16 Feb 2026 10:00:00 +0100", "Mon, 02 Feb 2026 10:00:00 +0100"
		dir := folder(t, map[string]string{
			"1.eml": mailOf("Ann@EXAMPLE.org", "x@example.net", in), "2.eml": mailOf("x@example.net", "Ann@example.org", in),
			"3.eml": mailOf("x@example.net", "y@example.net", in), "4.eml": mailOf("Ann@example.org", "x@example.net", early)})
		s.authorise(t, id, evidence.Covers{All: true, Accounts: []string{"Ann@Example.org"}, WindowFrom: day(13)})
		s.ingest(t, Order{Case: string(id)}, dir)
		list, err := tips.List(t.Context(), s.look(t), id, open)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d mails read, %v", len(list), err)
		}
		if n := s.codes(t, id)["read.scope"]; n != 2 {
			t.Errorf("%d findings", n)
		}
		for _, i := range s.items(t, id) { // nor are their attachments taken out
			if i.Parent != "" && (strings.HasPrefix(i.Name, "note of x@") && i.Exhibit == s.item(t, id, "3.eml").Exhibit) {
				t.Errorf("%s was unpacked", i.Name)
			}
		}
		if n := len(s.items(t, id)); n != 4+2 {
			t.Errorf("%d items", n)
		}
		s.authorise(t, id, evidence.Covers{All: true})
		if n := s.release(t, id); n != 2 || len(s.items(t, id)) != 8 || s.codes(t, id)["read.scope"] != 0 {
			t.Errorf("%d released, %d items, findings %v", n, len(s.items(t, id)), s.codes(t, id))
		}
	})
}

func TestWindow(t *testing.T) {
	at := func(wall string) when.Time { return when.Time{Text: "x", Wall: wall, Precision: when.Minute} }
	utc := when.FromUTC(time.Date(2026, 2, 13, 0, 0, 0, 0, time.UTC), when.Second)
	for _, c := range []struct {
		name        string
		t           when.Time
		from, until int64
		in          bool
	}{
		{"no window", at("1999-01-01T00:00"), 0, 0, true},
		{"first moment", utc, day(13), 0, true},
		{"end is outside", utc, 0, day(13), false},
		{"before", utc, day(14), 0, false},
		{"eastmost clock before the end", at("2026-02-13T13:59"), 0, day(13), true},
		{"eastmost clock at the end", at("2026-02-13T14:00"), 0, day(13), false},
		{"westmost clock at the start", at("2026-02-12T12:00"), day(13), 0, true},
		{"westmost clock before it", at("2026-02-12T11:59"), day(13), 0, false},
		{"day only", when.Time{Wall: "2026-02-13", Precision: when.Day}, day(13), day(14), true},
		{"other reading", when.Time{Wall: "2025-02-13T10:00", Other: "2026-02-13T10:00"}, day(13), day(14), true},
		{"no time", when.Time{}, day(13), day(14), true},
		{"not a time", when.Time{Text: "?", Wall: "?"}, day(13), day(14), true},
	} {
		if got := inWindow(evidence.Covers{WindowFrom: c.from, WindowUntil: c.until}, c.t); got != c.in {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
