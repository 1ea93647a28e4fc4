package chats

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// talk builds a chat from lines "author|text"; a line without author is a
// system record, one that starts with "You" is in the owner's words.
func talk(kind GroupKind, subject string, lines ...string) *Chat {
	c := &Chat{Group: Group{ID: "g", Case: "01A", Exhibit: "e", Item: "i", Subject: subject, Kind: kind}}
	for n, l := range lines {
		author, text, ok := cutLine(l)
		m := Message{ID: MessageID(rune('a' + n)), Case: "01A", Group: "g", Exhibit: "e", Item: "i", Ordinal: n,
			Kind: TextMessage, Author: author, Text: text, Direction: DirectionUnknown}
		if !ok {
			m.Kind = SystemMessage
		}
		m.Own = len(text) >= 3 && text[:3] == "You"
		c.Messages = append(c.Messages, m)
		if author != "" && !slices.ContainsFunc(c.Members, func(x Member) bool { return x.Label == author }) {
			c.Members = append(c.Members, Member{Group: "g", Label: author})
		}
	}
	return c
}

func cutLine(l string) (author, text string, ok bool) {
	for i := range l {
		if l[i] == '|' {
			return l[:i], l[i+1:], true
		}
	}
	return "", l, false
}

func (c *Chat) withheld() (labels []string) {
	for _, m := range c.Members {
		if m.Withheld {
			labels = append(labels, m.Label)
		}
	}
	return labels
}

func (c *Chat) directions() (ds string) {
	for _, m := range c.Messages {
		ds += string(m.Direction[0])
	}
	return ds
}

func TestSettle(t *testing.T) {
	event := func(c *Chat, kind EventKind, subject, by string) *Chat {
		c.Events = append(c.Events, Event{Message: "a", Ordinal: len(c.Events), Group: "g", Kind: kind, Subject: subject, By: by})
		return c
	}
	for _, c := range []struct {
		name      string
		chat      *Chat
		known     Known
		protected bool
		withheld  []string
		dirs      string // first letters of the directions
		unknown   bool
	}{
		{name: "nothing known", chat: talk(GroupChat, "Trail", "Ana|hi", "Bob|ho"), dirs: "uu"},
		{name: "own deletion names the owner", chat: talk(GroupChat, "Trail", "Ana|You deleted this message", "Bob|ho", "Ana|x"), dirs: "srs"},
		{name: "a chat of two", chat: talk(DirectChat, "Bob", "Ana|hi", "Bob|ho"), dirs: "sr"},
		{name: "a chat of two by number", chat: talk(DirectChat, "+34 612 345 678", "Ana|hi", "\u202a+34\u00a0612\u00a0345\u00a0678\u202c|ho"), dirs: "sr"},
		{name: "a chat of two with a stranger's name", chat: talk(DirectChat, "Carl", "Ana|hi", "Bob|ho"), dirs: "uu"},
		{name: "declared", chat: talk(GroupChat, "Trail", "Ana|hi", "Bob|You deleted this message"), known: Known{Owners: []string{"ana", "Ana"}}, dirs: "sr"},
		{name: "protected, owner by deletion", chat: talk(GroupChat, "Trail", "Ana|You deleted this message", "Bob|ho"), protected: true,
			withheld: []string{"Ana"}, dirs: "sr"},
		{name: "protected by a mark", chat: talk(GroupChat, "Trail", "Ana|hi", "Bob|ho"), known: Known{Protected: true, Owners: []string{"Bob"}},
			withheld: []string{"Bob"}, dirs: "rs"},
		{name: "protected, owner unknown", chat: event(event(talk(GroupChat, "Trail", "Ana|hi", "Bob|ho", "Carl|x"), Added, "Bob", "Carl"), Left, "", ""),
			protected: true, withheld: []string{"Ana"}, dirs: "uuu", unknown: true},
		{name: "protected, nobody named", chat: talk(GroupChat, "Trail", "Ana|hi", "Bob|ho"), protected: true,
			withheld: []string{"Ana", "Bob"}, dirs: "uu", unknown: true},
		{name: "protected, declared name is nobody here", chat: talk(GroupChat, "Trail", "Ana|hi"), protected: true,
			known: Known{Owners: []string{"+34 600 000 001"}}, withheld: []string{"Ana"}, dirs: "u", unknown: true},
	} {
		c.chat.Group.Protected = c.protected
		Settle(c.chat, c.known)
		if diff := cmp.Diff(c.withheld, c.chat.withheld()); diff != "" {
			t.Errorf("%s: withheld:\n%s", c.name, diff)
		}
		if got := c.chat.directions(); got != c.dirs || c.chat.Group.OwnerUnknown != c.unknown {
			t.Errorf("%s: directions %q (want %q), owner unknown %v", c.name, got, c.dirs, c.chat.Group.OwnerUnknown)
		}
		for _, m := range c.chat.Messages {
			if want := c.chat.Group.Protected && (m.Own || slices.Contains(c.withheld, m.Author)); m.Withheld != want {
				t.Errorf("%s: message %q withheld %v, want %v", c.name, m.Text, m.Withheld, want)
			}
		}
	}
}

func TestSettleTwiceIsOnce(t *testing.T) {
	c := talk(GroupChat, "Trail", "Ana|You deleted this message", "Bob|ho", "You added Bob")
	c.Group.Protected = true
	Settle(c, Known{})
	once := *c
	once.Members, once.Messages = slices.Clone(c.Members), slices.Clone(c.Messages)
	Settle(c, Known{})
	if diff := cmp.Diff(once, *c); diff != "" {
		t.Error(diff)
	}
}

func TestIDs(t *testing.T) {
	key := make([]byte, 32)
	g := NewGroupID(key, "e", "i", 0)
	if g == NewGroupID(key, "e", "i", 1) || g != NewGroupID(key, "e", "i", 0) || NewMessageID(key, g, 1) == NewMessageID(key, g, 11) {
		t.Error("ids are not their own")
	}
}
