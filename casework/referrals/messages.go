package referrals

import (
	"cmp"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/tips"
	"tutela/format/referral"
	"tutela/format/whatsapp"
	"tutela/format/when"
)

// written is a message by an identifier of the package.
type written struct {
	chats.Shown
	by identifiers.ID
}

// collect finds what the identifiers of the package wrote in chats.
func (b *builder) collect() error {
	for _, id := range b.order {
		ms, err := chats.Messages(b.ctx, b.q, chats.Query{Case: b.m.k.ID, Author: id, Reading: true})
		if err != nil {
			return err
		}
		for _, m := range ms {
			g, ok := b.m.groups[m.Group]
			switch {
			case !ok, m.Kind == chats.SystemMessage, b.m.marked(string(m.ID), cases.Protected):
			case b.m.shut(m.Exhibit, string(m.Group)) || b.m.untold(string(m.Group)) || b.m.untold(string(m.ID)) || b.m.untold(m.Item):
				b.leave(LeftOut{Kind: "message", ID: string(m.ID), Reason: NotOpen})
			case g.Protected && b.taken[id].Kind == string(identifiers.WAName):
				b.leave(LeftOut{Kind: "message", ID: string(m.ID), Reason: AddressBook})
			default:
				b.written = append(b.written, written{m, id})
				if g.Kind == chats.GroupChat {
					b.titles[g.Subject] = true
				}
			}
		}
	}
	// In a shielded group the places were taken away: time is what is left, and
	// the order of each author's own messages.
	slices.SortFunc(b.written, func(x, y written) int {
		if c := cmp.Compare(x.Group, y.Group); c != 0 {
			return c
		}
		if b.shielded(x.Exhibit, string(x.Group)) {
			return cmp.Or(cmp.Compare(x.Time.Wall, y.Time.Wall), cmp.Compare(b.taken[x.by].ID, b.taken[y.by].ID), cmp.Compare(x.Ordinal, y.Ordinal))
		}
		return cmp.Or(cmp.Compare(x.Ordinal, y.Ordinal), cmp.Compare(x.ID, y.ID))
	})
	return b.collectMails()
}

// collectMails finds the mails that an identifier of the package sent to the
// agency.
func (b *builder) collectMails() error {
	senders, err := b.senders()
	if err != nil {
		return err
	}
	for _, t := range b.m.tips {
		by, ok := senders[t.Item]
		switch {
		case !ok || t.Protected || b.m.marked(string(t.ID), cases.Protected) || b.shielded(t.Exhibit, ""):
		case b.m.closed[t.Exhibit] || b.m.untold(t.Item) || b.m.untold(string(t.ID)):
			b.leave(LeftOut{Kind: "message", ID: string(t.ID), Reason: NotOpen})
		default:
			b.sent = append(b.sent, sentMail{t, by})
			b.titles[t.Subject] = true
		}
	}
	return nil
}

// sentMail is a mail from an identifier of the package.
type sentMail struct {
	tips.Listed
	by identifiers.ID
}

// chats adds what was collected in chats, and what was sent with it.
func (b *builder) chats() error {
	for _, m := range b.written {
		b.group(m.Group)
		if err := b.message(m.Shown, m.by); err != nil {
			return err
		}
	}
	return nil
}

// shielded reports whether an exhibit or group is a protected source's own; of
// most of these the rooms do not even name the exhibit.
func (b *builder) shielded(exhibit, group string) bool {
	return exhibit == "" || b.m.exhibits[exhibit].Protected || b.m.marked(exhibit, cases.Protected) || b.m.groups[chats.GroupID(group)].Protected
}

// group adds a group that a message of the package stands in. The subject of a
// chat of two is the other one's name.
func (b *builder) group(id chats.GroupID) {
	if b.groupAt[string(id)] {
		return
	}
	b.groupAt[string(id)] = true
	g := b.m.groups[id]
	out := referral.Group{ID: b.id("group", string(id)), Label: b.id("group", string(id)), Platform: g.Platform}
	if g.Kind == chats.GroupChat {
		out.Subject = b.mask.line(g.Subject)
	}
	b.cut.Package.Groups = append(b.cut.Package.Groups, out)
}

// Code points of private use, which stand for files while a text is masked.
const (
	firstPrivate = 0xE000
	privates     = 6400
)

// message adds one message and the files that it carried.
func (b *builder) message(m chats.Shown, by identifiers.ID) error {
	x := referral.Message{ID: b.id("message", string(m.ID)), Group: b.id("group", string(m.Group)), Author: b.taken[by].ID,
		Direction: string(m.Direction), Time: told(m.Time), Source: b.source(m.Exhibit, m.Time)}
	text := m.Text
	if m.Kind == chats.MessageKind(whatsapp.Deleted) && text == "" {
		text = b.text.Text("cut.deleted")
	}
	var names []string // pairs for a strings.Replacer
	for n, a := range m.Attachments {
		item, err := b.attachment(m, a, by)
		if err != nil {
			return err
		}
		if item != "" {
			x.Items = append(x.Items, item)
		} else if text == "" {
			text = referral.Masked
		}
		if a.Name != "" { // an item's label has digits, which the mask must not see
			stand := string(rune(firstPrivate + n%privates))
			text = strings.ReplaceAll(text, a.Name, stand)
			names = append(names, stand, cmp.Or(item, referral.Masked))
		}
	}
	b.reworded[x.ID] = text != m.Text
	x.Text, x.Masks = b.mask.text(text)
	x.Text = strings.NewReplacer(names...).Replace(x.Text)
	if x.Masks > 0 {
		b.leave(LeftOut{Kind: "message", ID: string(m.ID), What: x.Text, Reason: MaskedPart, Count: x.Masks})
	}
	b.origin[x.ID] = string(m.ID)
	b.cut.Package.Messages = append(b.cut.Package.Messages, x)
	b.risk(string(m.ID), string(m.Group), b.m.behind[string(m.Group)], string(by))
	b.subjects = append(b.subjects, m.Item)
	b.counted(m.Exhibit).Read++
	b.kinds[m.Exhibit] = "chat"
	return nil
}

// told is a time without the words on how it was read, which speak of the
// whole file.
func told(t when.Time) when.Time {
	t.Basis = ""
	return t
}

// source says where something stands: the exhibit, and the time as written. A
// line or an offset would tell how much others wrote before it.
func (b *builder) source(exhibit string, t when.Time) referral.Source {
	s := referral.Source{Exhibit: b.exhibit(exhibit)}
	if t.Known() {
		s.Place = b.text.Text("cut.place", cmp.Or(t.Text, t.Wall))
	}
	return s
}

// risk puts the flag up when a child may be at risk by a mark on any of the
// objects.
func (b *builder) risk(objects ...string) {
	for _, o := range objects {
		if b.m.marked(o, cases.Risk) || b.m.exhibits[o].Risk {
			b.cut.Package.ChildAtRisk = true
		}
	}
}

// mails adds what was collected of mails.
func (b *builder) mails() error {
	for _, t := range b.sent {
		group := b.id("mail", string(t.ID))
		b.cut.Package.Groups = append(b.cut.Package.Groups, referral.Group{ID: group, Label: group, Platform: "mail"})
		x := referral.Message{ID: b.id("message", string(t.ID)), Group: group, Author: b.taken[t.by].ID, Direction: string(chats.Received),
			Time: told(t.Received), Source: b.source(t.Exhibit, t.Received)}
		for _, i := range b.m.items {
			if string(i.Parent) != t.Item {
				continue
			}
			item, err := b.item(i, t.by, t.Received)
			if err != nil {
				return err
			}
			if item != "" {
				x.Items = append(x.Items, item)
			}
		}
		x.Text, x.Masks = b.mask.text(strings.TrimSpace(t.Subject + "\n\n" + t.Text))
		b.origin[x.ID] = string(t.ID)
		b.cut.Package.Messages = append(b.cut.Package.Messages, x)
		b.risk(string(t.ID), t.Item, t.Exhibit, string(t.by))
		b.subjects = append(b.subjects, t.Item)
		b.counted(t.Exhibit).Read++
		b.kinds[t.Exhibit] = "mail"
	}
	return nil
}

// senders returns by mail who of the package sent it.
func (b *builder) senders() (map[string]identifiers.ID, error) {
	ms, err := identifiers.Mentions(b.ctx, b.q, cases.View{}, b.order...)
	by := map[string]identifiers.ID{}
	for _, m := range ms {
		if m.Relation == identifiers.Sender {
			by[m.Item] = m.Identifier
		}
	}
	return by, err
}

// relations adds where and how each identifier was seen. Membership of a group
// counts where somebody of the package wrote in it; being mentioned or saved
// only for identifiers that were named one by one.
func (b *builder) relations() error {
	ms, err := identifiers.Mentions(b.ctx, b.q, cases.View{}, b.order...)
	if err != nil {
		return err
	}
	left := map[identifiers.ID]map[Reason]int{}
	for _, m := range ms {
		x := b.taken[m.Identifier]
		reason := b.unrelated(m)
		if reason != "" {
			if left[m.Identifier] == nil {
				left[m.Identifier] = map[Reason]int{}
			}
			left[m.Identifier][reason]++
			continue
		}
		rel := referral.Relation{Kind: string(m.Relation), Source: referral.Source{Exhibit: b.exhibit(m.Exhibit)}}
		if b.groupAt[m.Group] {
			rel.Group = b.id("group", m.Group)
		}
		if k := identifiers.Kind(x.Kind); (k == identifiers.Phone || k == identifiers.Email) && !slices.Contains(x.Spellings, m.Written) && m.Written != "" {
			x.Spellings = append(x.Spellings, m.Written)
		}
		if key := strings.Join([]string{x.ID, rel.Kind, rel.Group, rel.Source.Exhibit}, " "); !b.relationAt[key] {
			b.relationAt[key] = true
			rel.Source.Place = b.first(m)
			x.Relations = append(x.Relations, rel)
		}
		b.risk(string(m.Identifier))
	}
	for _, id := range b.order {
		for _, reason := range []Reason{GroupOnly, MentionOnly, NotOpen, AddressBook} {
			if n := left[id][reason]; n > 0 {
				b.leave(LeftOut{Kind: "relation", ID: string(id), What: b.taken[id].Value, Reason: reason, Count: n})
			}
		}
	}
	return nil
}

// first says where something that an identifier wrote or sent begins, "" for
// what others did: the entry would be theirs.
func (b *builder) first(m identifiers.Mention) string {
	switch m.Relation {
	case identifiers.Author:
		for _, w := range b.written {
			if w.by == m.Identifier && string(w.Group) == m.Group {
				return b.source(w.Exhibit, w.Time).Place
			}
		}
	case identifiers.Sender:
		for _, t := range b.sent {
			if t.by == m.Identifier && t.Item == m.Item {
				return b.source(t.Exhibit, t.Received).Place
			}
		}
	}
	return ""
}

// unrelated says why a mention is left out, "" if it is not.
func (b *builder) unrelated(m identifiers.Mention) Reason {
	also := slices.Contains(b.req.Also, m.Identifier)
	switch {
	case b.m.unopened(m):
		return NotOpen
	case b.shielded(m.Exhibit, m.Group) && (m.Relation == identifiers.Owner || b.taken[m.Identifier].Kind == string(identifiers.WAName)):
		return AddressBook
	case slices.Contains(acts(), m.Relation), also:
		return ""
	case m.Relation == identifiers.Member && b.groupAt[m.Group]:
		return ""
	case m.Relation == identifiers.Member:
		return GroupOnly
	}
	return MentionOnly
}
