package chats_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/when"
	"tutela/vault/db"
)

var (
	ctx  = context.Background()
	key  = []byte("0123456789abcdef0123456789abcdef")
	open = cases.View{Protected: true}
	shut = cases.View{}
)

func schemas() []db.Schema {
	return []db.Schema{staff.Schema(), cases.Schema(), media.Schema(), identifiers.Schema(), chats.Schema()}
}

// line is one record: an author or, for a system record, an event.
type line struct {
	author, text, file string
	own                bool
	event              *chats.Event
}

// build makes a chat and its identifiers as the reading and linking stages do.
func build(exhibit, subject string, protected bool, known chats.Known, lines ...line) (chats.Chat, identifiers.Batch) {
	g := chats.NewGroupID(key, exhibit, "item-"+exhibit, 0)
	c := chats.Chat{Group: chats.Group{ID: g, Case: "01A", Exhibit: exhibit, Item: "item-" + exhibit, Subject: subject,
		Platform: "whatsapp-android", Kind: chats.GroupChat, Language: "en", Protected: protected}}
	member := map[string]bool{}
	id := func(label string) identifiers.ID {
		if label == "" {
			return ""
		}
		v, _ := identifiers.ParseLabel(label)
		if !member[label] {
			member[label] = true
			c.Members = append(c.Members, chats.Member{Group: g, Label: label, Identifier: identifiers.IdentifierID(key, "01A", v.Kind, v.Norm)})
		}
		return identifiers.IdentifierID(key, "01A", v.Kind, v.Norm)
	}
	for n, l := range lines {
		m := chats.Message{ID: chats.NewMessageID(key, g, n), Case: "01A", Group: g, Exhibit: exhibit, Item: "item-" + exhibit,
			Ordinal: n, Offset: int64(100 * n), Length: 100, Kind: chats.TextMessage, Author: l.author, Identifier: id(l.author),
			Text: l.text, Own: l.own, Direction: chats.DirectionUnknown,
			Time: when.Time{Text: "x", Wall: fmt.Sprintf("2026-01-02T10:%02d", n), Precision: when.Minute}}
		if l.author == "" {
			m.Kind = chats.SystemMessage
		}
		if l.event != nil {
			e := *l.event
			e.Message, e.Group, e.Time = m.ID, g, m.Time
			if !e.SubjectOwn {
				id(e.Subject)
			}
			c.Events = append(c.Events, e)
		}
		if l.file != "" {
			c.Attachments = append(c.Attachments, chats.Attachment{Message: m.ID, Name: l.file, Item: strings.TrimSuffix("item:"+l.file, "item:missing.jpg"), Size: -1})
		}
		c.Messages = append(c.Messages, m)
	}
	chats.Settle(&c, known)
	return c, identifiers.Collate(key, "01A", chats.Sightings(c, known))
}

func put(d casetest.Desk, c chats.Chat, b identifiers.Batch) chats.GroupID {
	d.Do(func(w *db.Writer) error {
		if err := identifiers.Put(ctx, w, b); err != nil {
			return err
		}
		return chats.Put(ctx, w, c)
	})
	return c.Group.ID
}

// everything returns all that a view shows of a case, as text.
func everything(t *testing.T, q db.Queryer, v cases.View) string {
	t.Helper()
	gs, err := chats.Groups(ctx, q, "01A", v)
	must(t, err)
	ps, err := chats.Members(ctx, q, "01A", "", v)
	must(t, err)
	ms, err := chats.Messages(ctx, q, chats.Query{Case: "01A", View: v})
	must(t, err)
	ss, err := chats.SisterGroups(ctx, q, "01A", v)
	must(t, err)
	is, err := identifiers.List(ctx, q, "01A", "", v)
	must(t, err)
	st, err := identifiers.Standings(ctx, q, "01A", "", v)
	must(t, err)
	var wanted []identifiers.ID
	for _, i := range is {
		wanted = append(wanted, i.ID)
	}
	found, err := identifiers.Mentions(ctx, q, v, wanted...)
	must(t, err)
	spelt, err := identifiers.Spellings(ctx, q, wanted...)
	must(t, err)
	var es []chats.Event
	for _, g := range gs {
		e, err := chats.Timeline(ctx, q, "01A", g.ID, v)
		must(t, err)
		es = append(es, e...)
	}
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v\n%+v\n%+v\n%+v\n%+v\n%+v", gs, ps, ms, ss, is, st, found, spelt, es)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// export is a group as "Canary Tipster" exported it.
func export() []line {
	return []line{
		{text: `Carl created group "Canary's friends"`, event: &chats.Event{Kind: chats.Created, Subject: "Carl"}},
		{text: "Carl added you", own: true, event: &chats.Event{Kind: chats.Added, By: "Carl", SubjectOwn: true}},
		{text: "You added +34 612 345 678", own: true, event: &chats.Event{Kind: chats.Added, Subject: "+34 612 345 678", ByOwn: true}},
		{text: "Carl added Bea", event: &chats.Event{Kind: chats.Added, Subject: "Bea", By: "Carl"}},
		{author: "Canary Tipster", text: "hello, my number is +34 600 111 222", file: "IMG-canary.jpg"},
		{author: "+34 612 345 678", text: "thanks canary, ring me", file: "cat.jpg"},
		{author: "Canary Tipster", text: "You deleted this message", own: true},
		{author: "Carl", text: "@CANARY tipster see missing", file: "missing.jpg"},
		{text: "You changed the subject", own: true},
		{text: "Bea left", event: &chats.Event{Kind: chats.Left, Subject: "Bea"}},
	}
}

func TestProtectedSourceLeavesNoTrace(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		c, b := build("e1", "Canary's friends", true, chats.Known{}, export()...)
		g := put(d, c, b)
		q := d.Look()
		text := everything(t, q, shut)
		for _, trace := range []string{"anary", "CANARY", "You", "600111222", "600 111 222", "sent", "received", "added you"} {
			if strings.Contains(text, trace) {
				t.Errorf("%q shows in:\n%s", trace, text)
			}
		}
		ls, err := chats.Groups(ctx, q, "01A", shut)
		must(t, err)
		if l := ls[0]; l.Members != 3 || l.Messages != 2 || l.Attachments != 2 || l.Missing != 1 || l.First != "2026-01-02T10:05" {
			t.Errorf("counts of the others: %+v", l)
		}
		ms, err := chats.Messages(ctx, q, chats.Query{Case: "01A", Group: g, Reading: true})
		must(t, err)
		for i, m := range ms {
			if m.Ordinal != i || m.Offset != 0 || m.Length != 0 || m.Kind == chats.SystemMessage {
				t.Errorf("the gap before message %d shows: %+v", i, m)
			}
			for _, a := range m.Attachments {
				if a.Name != "" || a.Item != "" {
					t.Errorf("what the telephone calls a file shows: %+v", a)
				}
			}
		}
		if len(ms) != 2 || ms[0].Time.Wall != "2026-01-02T10:05" || ms[1].Text != "@"+chats.Masked+" see missing" {
			t.Errorf("messages: %+v", ms)
		}
		es, err := chats.Timeline(ctx, q, "01A", g, shut)
		must(t, err)
		for _, e := range es {
			if e.By != "" || e.ByOwn || e.SubjectOwn {
				t.Errorf("who did it shows: %+v", e)
			}
		}
		if len(es) != 4 {
			t.Errorf("%d events show, want created, added, added, left", len(es))
		}
		all := everything(t, q, open)
		for _, there := range []string{"Canary Tipster", "+34600111222", "You added", "IMG-canary.jpg"} {
			if !strings.Contains(all, there) {
				t.Errorf("the protected view lacks %q", there)
			}
		}
	}, schemas()...)
}

func TestProtectedByALaterMark(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		lines := export()
		lines[6].own, lines[6].text = false, "x" // nothing in the file says whose it is
		c, b := build("e1", "Trail", false, chats.Known{}, lines...)
		put(d, c, b)
		if text := everything(t, d.Look(), shut); !strings.Contains(text, "Canary Tipster") {
			t.Error("an open export must show its owner")
		}
		mark := cases.Mark{Case: "01A", ObjectKind: cases.ExhibitObject, Object: "e1", Kind: cases.Protected, Set: true, Officer: "SHA256:a", At: 1, Why: "witness"}
		d.Do(func(w *db.Writer) error { return cases.PutMarks(ctx, w, mark) })
		if gs, _ := chats.Groups(ctx, d.Look(), "01A", shut); len(gs) != 0 {
			t.Error("a group marked but not settled must be hidden as a whole")
		}
		if ms, _ := chats.Messages(ctx, d.Look(), chats.Query{Case: "01A"}); len(ms) != 0 {
			t.Error("its messages show")
		}
		d.Do(func(w *db.Writer) error { return chats.Resettle(ctx, w, key, "e1") })
		gs, err := chats.Groups(ctx, d.Look(), "01A", shut)
		must(t, err)
		if len(gs) != 1 || !gs[0].OwnerUnknown {
			t.Errorf("settled, owner unknown: %+v", gs)
		}
		if text := everything(t, d.Look(), shut); strings.Contains(text, "anary") {
			t.Error("the possible owner shows")
		}
		owner := chats.Owner{Case: "01A", Exhibit: "e1", Label: "Canary Tipster", Set: true, Officer: "SHA256:a", At: 2, Why: "said so"}
		if err := d.Try(func(w *db.Writer) error { return chats.DeclareOwner(ctx, w, owner) }); fault.KindOf(err) != fault.Refused {
			t.Errorf("an owner declared after reading: %v", err)
		}
		d.Do(func(w *db.Writer) error { return chats.ChangeOwner(ctx, w, key, owner) })
		d.Do(func(w *db.Writer) error { return chats.DeclareOwner(ctx, w, owner) }) // the same again
		gs, err = chats.Groups(ctx, d.Look(), "01A", shut)
		must(t, err)
		if gs[0].OwnerUnknown || gs[0].Members != 3 {
			t.Errorf("declared: %+v", gs[0])
		}
		// A rebuild that asks what is known gives the same rows.
		known, err := chats.KnownOf(ctx, d.Look(), "e1")
		must(t, err)
		if diff := cmp.Diff(chats.Known{Protected: true, Owners: []string{"Canary Tipster"}}, known); diff != "" {
			t.Error(diff)
		}
		before := everything(t, d.Look(), open)
		c, b = build("e1", "Trail", false, known, lines...)
		put(d, c, b)
		if diff := cmp.Diff(before, everything(t, d.Look(), open)); diff != "" {
			t.Errorf("a rebuild differs:\n%s", diff)
		}
		for _, bad := range []chats.Owner{{}, {Case: "01A", Exhibit: "e1", Label: "x", Officer: "o"}} {
			if err := d.Try(func(w *db.Writer) error { return chats.DeclareOwner(ctx, w, bad) }); fault.KindOf(err) != fault.Invalid {
				t.Errorf("incomplete owner: %v", err)
			}
		}
	}, schemas()...)
}

func TestProtectedNumberIsHiddenInOtherExports(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		c, b := build("e1", "Trail", true, chats.Known{Owners: []string{"+34 600 111 222"}},
			line{author: "+34 600 111 222", text: "mine"}, line{author: "Bea", text: "x"})
		put(d, c, b)
		c, b = build("e2", "Trail", false, chats.Known{}, line{author: "\u202a+34\u00a0600\u00a0111\u00a0222\u202c", text: "mine"},
			line{author: "Carl", text: "write to 600111222"})
		put(d, c, b)
		c, b = build("e3", "Others", false, chats.Known{}, line{author: "Dan", text: "ask +34 600 111 222"})
		put(d, c, b)
		text := everything(t, d.Look(), shut)
		if digits := strings.NewReplacer(" ", "", "\u00a0", "").Replace(text); strings.Contains(digits, "600111222") {
			t.Errorf("the number shows in:\n%s", text)
		}
		if found, _ := identifiers.Lookup(ctx, d.Look(), shut, "+34600111222"); len(found) != 0 {
			t.Error("a look-up finds the number")
		}
		if found, _ := identifiers.Lookup(ctx, d.Look(), open, "+34600111222"); len(found) != 1 {
			t.Error("the protected view does not find it")
		}
	}, schemas()...)
}

func TestGraph(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		g1 := put2(d, "e1", line{author: "+34 612 345 678", text: "a", file: "cat.jpg"}, line{author: "Ana", text: "b"},
			line{text: "x", event: &chats.Event{Kind: chats.Added, Subject: "+39 06 1234 5678", By: "Ana"}})
		g2 := put2(d, "e2", line{author: "Ana", text: "c"}, line{author: "+34612345678", text: "d", file: "cat.jpg"}, line{author: "+34612345678", text: "e"})
		q := d.Look()
		ss, err := chats.SisterGroups(ctx, q, "01A", shut)
		must(t, err)
		if len(ss) != 1 || len(ss[0].Shared) != 1 || ss[0].A != min(g1, g2) {
			t.Errorf("sisters by number only: %+v", ss)
		}
		ps, err := chats.Members(ctx, q, "01A", g1, shut)
		must(t, err)
		by := map[string]chats.Participant{}
		for _, p := range ps {
			by[p.Label] = p
		}
		if p := by["+39 06 1234 5678"]; p.Messages != 0 || p.Joined != "2026-01-02T10:02" || p.First != "" {
			t.Errorf("a bystander who was only added: %+v", p)
		}
		if p := by["+34 612 345 678"]; p.Messages != 1 || p.Attachments != 1 || p.First != "2026-01-02T10:00" {
			t.Errorf("a sender: %+v", p)
		}
		ms, err := chats.Carriers(ctx, q, "01A", shut, "item:cat.jpg")
		must(t, err)
		if len(ms) != 2 || ms[0].Group != g1 || ms[0].Attachments[0].Name != "cat.jpg" {
			t.Errorf("who sent it first: %+v", ms)
		}
		if ms, err := chats.Carriers(ctx, q, "01A", shut, "item:none"); err != nil || len(ms) != 0 {
			t.Errorf("nobody carried it: %v, %v", ms, err)
		}
		risk := cases.Mark{Case: "01A", ObjectKind: cases.MessageObject, Object: string(chats.NewMessageID(key, g2, 2)), Kind: cases.Risk, Set: true, Officer: "o", At: 1, Why: "w"}
		d.Do(func(w *db.Writer) error { return cases.PutMarks(ctx, w, risk) })
		gs, err := chats.Groups(ctx, d.Look(), "01A", shut)
		must(t, err)
		if len(gs) != 2 || gs[0].ID != g2 || !gs[0].AtRisk || gs[1].AtRisk {
			t.Errorf("the group of a message at risk is not first: %+v", gs)
		}
		is, err := identifiers.List(ctx, d.Look(), "01A", "", shut)
		must(t, err)
		if len(is) != 3 || is[0].Value != "+34612345678" || !is[0].AtRisk || is[1].AtRisk {
			t.Errorf("the author of a message at risk is not first: %+v", is)
		}
		ms, err = chats.Messages(ctx, d.Look(), chats.Query{Case: "01A", Limit: 2})
		must(t, err)
		if len(ms) != 2 || !ms[0].AtRisk || ms[0].Text != "e" || ms[1].Time.Wall != "2026-01-02T10:00" {
			t.Errorf("risk first, then time: %+v", ms)
		}
		v, _ := identifiers.ParseLabel("Ana")
		ms, err = chats.Messages(ctx, d.Look(), chats.Query{Case: "01A", Author: identifiers.IdentifierID(key, "01A", v.Kind, v.Norm)})
		must(t, err)
		if len(ms) != 2 {
			t.Errorf("messages of one author: %d", len(ms))
		}
		if ms, _ := chats.Messages(ctx, d.Look(), chats.Query{Case: "01B", View: open}); len(ms) != 0 {
			t.Error("another case sees the messages")
		}
	}, schemas()...)
}

func put2(d casetest.Desk, exhibit string, lines ...line) chats.GroupID {
	c, b := build(exhibit, "Trail", false, chats.Known{}, lines...)
	return put(d, c, b)
}

// putRead writes a settled chat and its identifiers in one act.
func putRead(w *db.Writer, c chats.Chat, known chats.Known) error {
	if err := identifiers.Put(ctx, w, identifiers.Collate(key, c.Group.Case, chats.Sightings(c, known))); err != nil {
		return err
	}
	return chats.Put(ctx, w, c)
}
