package pipeline

import (
	"context"
	"io"
	"unicode/utf8"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/format"
	"tutela/format/identify"
	"tutela/format/mail"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// link finds identifiers in what was read, each in the relation in which it
// stands there. Its things are items: chats, which are linked from their rows,
// mails and plain texts.
func (l *Line) link(ctx context.Context, w *work) error {
	all, err := w.load(ctx)
	if err != nil {
		return err
	}
	var bytes []string
	for _, i := range all {
		if identify.Kind(i.Kind) != identify.ChatText {
			bytes = append(bytes, i.Exhibit)
		}
	}
	if err := w.open(ctx, bytes, all); err != nil {
		return err
	}
	var seen []identifiers.Seen
	var linked []string
	for _, i := range all {
		var found []identifiers.Seen
		switch {
		case identify.Kind(i.Kind) == identify.ChatText:
			if found, err = w.linkChat(ctx, i); err != nil {
				return err
			}
			w.result(i.ID, media.Done, "")
		case w.sealed[i.Exhibit] == nil:
			w.result(i.ID, media.Skipped, "held")
		case identify.Kind(i.Kind) == identify.Mail:
			data, ok, err := w.text(ctx, i)
			if err != nil {
				return err
			}
			if ok {
				found = w.linkMail(i, data)
				w.result(i.ID, media.Done, "")
			}
		default:
			if found, err = w.linkText(ctx, i); err != nil {
				return err
			}
		}
		if identify.Kind(i.Kind) == identify.ChatText || w.sealed[i.Exhibit] != nil {
			seen, linked = append(seen, found...), append(linked, string(i.ID))
		}
	}
	b := identifiers.Collate(l.siteRow, cases.ID(w.lease.Case), seen)
	b.Claims = nil // for the stage that proposes
	put := func(ctx context.Context, dw *db.Writer) error { return identifiers.Put(ctx, dw, b) }
	w.puts = append([]func(context.Context, *db.Writer) error{put}, w.puts...)
	w.promise(Propose, "", linked...)
	return w.commit(ctx, audit.Combination, true)
}

// linkChat links members, authors and texts of a chat, from its rows.
func (w *work) linkChat(ctx context.Context, i media.Item) ([]identifiers.Seen, error) {
	known, err := chats.KnownOf(ctx, w.q, i.Exhibit)
	if err != nil {
		return nil, err
	}
	open := cases.View{Protected: true}
	id := chats.NewGroupID(w.line.siteRow, i.Exhibit, string(i.ID), 0)
	members, err := chats.Members(ctx, w.q, i.Case, id, open)
	if err != nil {
		return nil, err
	}
	messages, err := chats.Messages(ctx, w.q, chats.Query{Case: i.Case, Group: id, Reading: true, View: open})
	if err != nil {
		return nil, err
	}
	c := chats.Chat{Group: chats.Group{ID: id, Case: i.Case, Exhibit: i.Exhibit, Item: string(i.ID), Protected: i.Protected || known.Protected}}
	for _, m := range members {
		c.Members = append(c.Members, m.Member)
	}
	for _, m := range messages {
		c.Messages = append(c.Messages, m.Message)
	}
	seen := chats.Sightings(c, known)
	for n := range seen {
		if seen[n].Relation != identifiers.Owner { // which stands nowhere in the text
			seen[n].Place.Path = i.Path
		}
	}
	return seen, nil
}

func mentions(base identifiers.Seen, text string) []identifiers.Seen {
	var out []identifiers.Seen
	for _, f := range identifiers.Extract(text) {
		base.Value, base.Relation = f.Value, identifiers.Mentioned
		out = append(out, base)
	}
	return out
}

// linkMail links sender and recipients of a message and what it mentions. The
// sender of a protected mail is the source: that address is hidden everywhere.
func (w *work) linkMail(i media.Item, data []byte) []identifiers.Seen {
	base := identifiers.Seen{Exhibit: i.Exhibit, Item: string(i.ID), Place: format.Place{Path: i.Path}, Protected: i.Protected}
	var out []identifiers.Seen
	crashed := guard(func() {
		m, _ := mail.Read(data, w.line.limits)
		add := func(list []mail.Address, r identifiers.Relation) {
			for _, a := range list {
				if v, err := identifiers.ParseEmail(a.Addr); err == nil {
					s := base
					s.Value, s.Relation = v, r
					out = append(out, s)
					if r == identifiers.Sender && i.Protected {
						s.Relation, s.Group = identifiers.Owner, string(i.ID)
						out = append(out, s)
					}
				}
			}
		}
		add(m.From, identifiers.Sender)
		add(m.ReplyTo, identifiers.Sender)
		add(m.To, identifiers.Recipient)
		add(m.Cc, identifiers.Recipient)
		text := m.Text
		if text == "" {
			text = m.HTMLText
		}
		out = append(out, mentions(base, m.Subject+"\n"+text)...)
	})
	if crashed != nil {
		w.find(i, *crashed)
	}
	return out
}

// textPart is how much of a plain text is searched at once, and textLimit how
// much in all.
const (
	textPart  = 1 << 20
	textLimit = 64 << 20
)

// linkText links what a plain text mentions, with its place.
func (w *work) linkText(ctx context.Context, i media.Item) ([]identifiers.Seen, error) {
	src, err := w.source(ctx, i)
	if err != nil {
		return nil, w.unreadable(i, err)
	}
	defer src.Close()
	base := identifiers.Seen{Exhibit: i.Exhibit, Item: string(i.ID), Protected: i.Protected}
	var out []identifiers.Seen
	end := min(src.Size(), textLimit)
	buf := make([]byte, min(textPart, end))
	for at := int64(0); at < end; {
		n, err := src.ReadAt(buf[:min(int64(len(buf)), end-at)], at)
		if err != nil && err != io.EOF {
			return out, w.unreadable(i, err)
		}
		if n == 0 {
			break
		}
		part := buf[:n]
		if at+int64(n) < end { // not in the middle of a word
			for cut := n; cut > n-512 && cut > 1; cut-- {
				if c := part[cut-1]; c == '\n' || c == '\r' {
					part = part[:cut]
					break
				}
			}
		}
		crashed := guard(func() {
			text := db.Text(string(part))
			for _, f := range identifiers.Extract(text) {
				s := base
				s.Value, s.Relation = f.Value, identifiers.Mentioned
				s.Place = format.Place{Path: i.Path, Offset: at + int64(f.Offset), Length: int64(f.Length)}
				if !utf8.Valid(part) { // offsets have moved
					s.Place.Offset, s.Place.Length = at, int64(len(part))
				}
				out = append(out, s)
			}
		})
		if crashed != nil {
			w.find(i, *crashed)
		}
		at += int64(len(part))
	}
	if src.Size() > textLimit {
		w.find(i, format.Finding{Code: "link.size", Detail: "searched up to the limit", Place: format.Place{Offset: textLimit}})
	}
	w.result(i.ID, media.Done, "")
	return out, nil
}
