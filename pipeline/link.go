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
	var linked []string
	for _, i := range all {
		if identify.Kind(i.Kind) != identify.ChatText && w.sealed[i.Exhibit] == nil {
			w.result(i.ID, media.Skipped, "held")
			continue
		}
		if err := w.linkOne(ctx, i); err != nil {
			return err
		}
		linked = append(linked, string(i.ID))
	}
	w.keepSeen()
	w.promise(Propose, "", linked...)
	return w.commit(ctx, audit.Combination, true)
}

// linkOne links what is in one item.
func (w *work) linkOne(ctx context.Context, i media.Item) error {
	kind := identify.Kind(i.Kind)
	if kind != identify.ChatText && kind != identify.Mail {
		return w.linkText(ctx, i)
	}
	done, err := w.line.alone(ctx, i.Size)
	if err != nil {
		return err
	}
	defer done()
	if kind == identify.ChatText {
		err = w.linkChat(ctx, i)
	} else {
		data, ok, failed := w.text(ctx, i, maxMail)
		if failed != nil || !ok {
			return failed
		}
		err = w.see(ctx, w.linkMail(i, data))
	}
	w.result(i.ID, media.Done, "")
	return err
}

// seenPortion is how many occurrences go into one act.
const seenPortion = 5000

// see takes in occurrences of an item, and commits them when they are many. It
// never parts those of one place, because their ids count them.
func (w *work) see(ctx context.Context, found []identifiers.Seen) error {
	for n := range found {
		w.seen = append(w.seen, found[n])
		if len(w.seen) < seenPortion || n+1 < len(found) && samePlace(found[n], found[n+1]) {
			continue
		}
		w.keepSeen()
		if err := w.commit(ctx, audit.Combination, false); err != nil {
			return err
		}
	}
	return nil
}

func samePlace(a, b identifiers.Seen) bool {
	return a.Message == b.Message && a.Place.Offset == b.Place.Offset
}

// keepSeen turns what was seen into rows. The countries that they propose are for
// the stage that proposes.
func (w *work) keepSeen() {
	b := identifiers.Collate(w.line.siteRow, cases.ID(w.lease.Case), w.seen)
	b.Claims, w.seen = nil, nil
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return identifiers.Put(ctx, dw, b) })
}

// linkChat links members, authors and texts of a chat, from its rows.
func (w *work) linkChat(ctx context.Context, i media.Item) error {
	known, err := chats.KnownOf(ctx, w.q, i.Exhibit)
	if err != nil {
		return err
	}
	id := chats.NewGroupID(w.line.siteRow, i.Exhibit, string(i.ID), 0)
	members, err := chats.Members(ctx, w.q, i.Case, id, cases.View{Protected: true})
	if err != nil {
		return err
	}
	group := chats.Group{ID: id, Case: i.Case, Exhibit: i.Exhibit, Item: string(i.ID), Protected: i.Protected || known.Protected}
	c := chats.Chat{Group: group}
	for _, m := range members {
		c.Members = append(c.Members, m.Member)
	}
	for from := 0; ; {
		seen := chats.Sightings(c, known)
		for n := range seen {
			if seen[n].Relation != identifiers.Owner { // which stands nowhere in the text
				seen[n].Place.Path = i.Path
			}
		}
		if err := w.see(ctx, seen); err != nil {
			return err
		}
		page, err := chats.Page(ctx, w.q, id, from, chatPortion)
		if err != nil || len(page) == 0 {
			return err
		}
		from = page[len(page)-1].Ordinal + 1
		c, known = chats.Chat{Group: group, Messages: page}, chats.Known{} // whose it is was said with the members
	}
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
		text = m.Subject + "\n" + text
		if len(text) > textPart {
			w.find(i, format.Finding{Code: "link.size", Detail: "searched up to the limit"})
		}
		out = append(out, mentions(base, text)...)
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
func (w *work) linkText(ctx context.Context, i media.Item) error {
	src, err := w.source(ctx, i)
	if err != nil {
		return w.unreadable(i, err)
	}
	defer src.Close()
	base := identifiers.Seen{Exhibit: i.Exhibit, Item: string(i.ID), Protected: i.Protected}
	end := min(src.Size(), textLimit)
	buf := make([]byte, min(textPart, end))
	for at := int64(0); at < end; {
		n, err := src.ReadAt(buf[:min(int64(len(buf)), end-at)], at)
		if err != nil && err != io.EOF {
			return w.unreadable(i, err)
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
		var out []identifiers.Seen
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
		if err := w.see(ctx, out); err != nil {
			return err
		}
		at += int64(len(part))
	}
	if src.Size() > textLimit {
		w.find(i, format.Finding{Code: "link.size", Detail: "searched up to the limit", Place: format.Place{Offset: textLimit}})
	}
	w.result(i.ID, media.Done, "")
	return nil
}
