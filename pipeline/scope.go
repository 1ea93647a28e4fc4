package pipeline

import (
	"slices"
	"time"

	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/format"
	"tutela/format/mail"
	"tutela/format/whatsapp"
	"tutela/format/when"
	"tutela/vault/evidence"
)

// outOfScope is the finding on what the authorisations do not cover.
func outOfScope(n int) format.Finding {
	return format.Finding{Code: "read.scope", Detail: "what lies outside of what is authorised was left out", Count: n}
}

// inScope reports whether one of the authorisations that an item is open under
// covers what was sent at a time between accounts. It asks who they are only if
// an authorisation is limited to some.
func (w *work) inScope(i media.Item, t when.Time, accounts func() []string) bool {
	return slices.ContainsFunc(w.sealed[i.Exhibit].Scopes(), func(s evidence.Covers) bool {
		return inWindow(s, t) && (len(s.Accounts) == 0 || slices.ContainsFunc(s.Accounts, func(a string) bool {
			return slices.Contains(accounts(), normal(a))
		}))
	})
}

// The clocks of the world are at most this far behind and ahead of UTC.
const (
	behind = 12 * time.Hour
	ahead  = 14 * time.Hour
)

// inWindow reports whether a time lies in the window of an authorisation. A time
// without a zone is left out only when it lies outside in every zone; one that
// nothing is known of is covered.
func inWindow(s evidence.Covers, t when.Time) bool {
	earliest, known := t.Micros()
	latest := earliest
	if !known {
		wall, ok := wallTime(t.Wall)
		if !ok {
			return true
		}
		earliest, latest = wall.Add(-ahead).UnixMicro(), wall.Add(behind).UnixMicro()
		if other, ok := wallTime(t.Other); ok {
			earliest, latest = min(earliest, other.Add(-ahead).UnixMicro()), max(latest, other.Add(behind).UnixMicro())
		}
	}
	return (s.WindowFrom == 0 || latest >= s.WindowFrom) && (s.WindowUntil == 0 || earliest < s.WindowUntil)
}

// wallTime reads a local time of any precision from the day on.
func wallTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// normal returns the normal form of an account.
func normal(written string) string {
	if v, err := identifiers.ParseEmail(written); err == nil {
		return v.Norm
	}
	if v, err := identifiers.ParseLabel(written); err == nil {
		return v.Norm
	}
	return written
}

// mailAccounts returns the accounts that a message went between.
func mailAccounts(m *mail.Message) []string {
	var out []string
	for _, list := range [][]mail.Address{m.From, m.ReplyTo, m.To, m.Cc} {
		for _, a := range list {
			out = append(out, normal(a.Addr))
		}
	}
	return out
}

// chatAccounts returns the accounts that took part in a chat: a message goes to
// all of them.
func chatAccounts(c whatsapp.Chat, known chats.Known) []string {
	labels := append(c.Authors(), known.Owners...)
	for _, m := range c.Messages {
		if m.Event != nil {
			labels = append(append(labels, m.Event.Actor), m.Event.Objects...)
		}
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	out := make([]string, len(labels))
	for n, l := range labels {
		out[n] = normal(chats.Label(l))
	}
	return out
}

// narrow takes messages out of a chat with all that hangs on them. The others
// keep their number, so that their ids do not depend on the authorisation. It
// returns how many were taken out.
func narrow(c *chats.Chat, keep func(chats.Message) bool) int {
	before := len(c.Messages)
	kept, named := map[chats.MessageID]bool{}, map[string]bool{}
	c.Messages = slices.DeleteFunc(c.Messages, func(m chats.Message) bool {
		kept[m.ID], named[m.Author] = keep(m), named[m.Author] || keep(m)
		return !kept[m.ID]
	})
	if len(c.Messages) == before {
		return 0
	}
	c.Attachments = slices.DeleteFunc(c.Attachments, func(a chats.Attachment) bool { return !kept[a.Message] })
	c.Events = slices.DeleteFunc(c.Events, func(e chats.Event) bool { return !kept[e.Message] })
	for _, e := range c.Events {
		named[e.Subject], named[e.By] = true, true
	}
	c.Members = slices.DeleteFunc(c.Members, func(m chats.Member) bool { return !named[m.Label] })
	return before - len(c.Messages)
}
