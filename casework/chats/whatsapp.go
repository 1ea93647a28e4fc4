package chats

import (
	"strings"

	"tutela/casework/identifiers"
	"tutela/format"
	"tutela/format/whatsapp"
)

// Label returns a label without marks of direction, which apps put around
// numbers in some places and not in others. Members, authors and events name
// people in this form; identifiers keep the spelling as written.
func Label(written string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == 0x200E || r == 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, written))
}

// Held returns the item that a member of the export became, and its size in
// bytes; "" and -1 when it is not in the export.
type Held func(member string) (item string, size int64)

// FromWhatsApp turns an exported chat into rows, unsettled. The group g says
// case, exhibit, item and whether the export is protected; n counts the chats
// of the item.
func FromWhatsApp(siteRow []byte, g Group, n int, in whatsapp.Chat, held Held) Chat {
	g.ID = NewGroupID(siteRow, g.Exhibit, g.Item, n)
	g.Platform, g.Language = "whatsapp-"+string(in.Platform), in.Language
	if g.Subject == "" {
		g.Subject = in.Title
	}
	if g.Kind == "" {
		g.Kind = OtherChat
	}
	c := Chat{Group: g}
	known := map[string]identifiers.ID{}
	member := func(label string) identifiers.ID {
		id, ok := known[label]
		if !ok && label != "" {
			if v, err := identifiers.ParseLabel(label); err == nil {
				id = identifiers.IdentifierID(siteRow, g.Case, v.Kind, v.Norm)
			}
			known[label] = id
			c.Members = append(c.Members, Member{Group: g.ID, Label: label, Identifier: id})
		}
		return id
	}
	for i, m := range in.Messages {
		label := Label(m.Author)
		msg := Message{ID: NewMessageID(siteRow, g.ID, i), Case: g.Case, Group: g.ID, Exhibit: g.Exhibit, Item: g.Item, Ordinal: i,
			Offset: m.Offset, Length: m.Length, Kind: MessageKind(m.Kind), Author: label, Identifier: member(label),
			Time: m.Time, Text: m.Text, Own: m.Own || label != "" && label == Label(in.Exporter) && m.Kind == whatsapp.Deleted,
			Direction: DirectionUnknown}
		for _, f := range m.Flags {
			msg.Flags = append(msg.Flags, string(f))
		}
		if m.Edited {
			msg.Flags = append(msg.Flags, "edited")
		}
		c.Messages = append(c.Messages, msg)
		if f := m.Attachment; f != nil {
			a := Attachment{Message: msg.ID, Name: f.Name, Size: -1}
			if f.Present && held != nil {
				a.Item, a.Size = held(f.Member)
			}
			c.Attachments = append(c.Attachments, a)
		}
		for _, e := range events(msg, m.Event) {
			if !e.SubjectOwn {
				member(e.Subject)
			}
			if !e.ByOwn {
				member(e.By)
			}
			c.Events = append(c.Events, e)
		}
	}
	return c
}

// events turns what a record tells into one event for each person concerned;
// who did something to nobody is whom it is about.
func events(m Message, in *whatsapp.Event) []Event {
	if in == nil || in.Verb == whatsapp.Notice || in.Verb == whatsapp.Unparsed || in.Verb == whatsapp.Encryption {
		return nil
	}
	own := func(label string) (string, bool) {
		if label == whatsapp.Exporter {
			return "", true
		}
		return Label(label), false
	}
	to, _ := own(in.To)
	base := Event{Message: m.ID, Group: m.Group, Kind: EventKind(in.Verb), Time: m.Time, Detail: to}
	if len(in.Objects) == 0 {
		base.Subject, base.SubjectOwn = own(in.Actor)
		return []Event{base}
	}
	base.By, base.ByOwn = own(in.Actor)
	all := make([]Event, len(in.Objects))
	for i, o := range in.Objects {
		all[i] = base
		all[i].Ordinal = i
		all[i].Subject, all[i].SubjectOwn = own(o)
	}
	return all
}

// Sightings returns every identifier of a settled chat with the relation in
// which it stands: members, authors (once a message), the owner, and what texts
// mention; known is what Settle was given. Labels keep their spelling as the
// chat has it.
func Sightings(c Chat, known Known) []identifiers.Seen {
	g := c.Group
	all := ownerSightings(c, known)
	see := func(v identifiers.Value, r identifiers.Relation, message MessageID, p format.Place, hide bool) {
		all = append(all, identifiers.Seen{Value: v, Relation: r, Exhibit: g.Exhibit, Item: g.Item, Group: string(g.ID),
			Message: string(message), Place: p, Protected: hide})
	}
	for _, m := range c.Members {
		v, err := identifiers.ParseLabel(m.Label)
		if err != nil {
			continue
		}
		see(v, identifiers.Member, "", format.Place{}, m.Withheld)
	}
	for _, m := range c.Messages {
		place := format.Place{Offset: m.Offset, Length: m.Length}
		if v, err := identifiers.ParseLabel(m.Author); err == nil && m.Author != "" {
			see(v, identifiers.Author, m.ID, place, m.Withheld)
		}
		if m.Kind == SystemMessage {
			continue
		}
		for _, f := range identifiers.Extract(m.Text) {
			see(f.Value, identifiers.Mentioned, m.ID, place, m.Withheld)
		}
	}
	return all
}
