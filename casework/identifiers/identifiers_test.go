package identifiers_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/identifiers"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/db"
)

var (
	ctx  = context.Background()
	key  = []byte("0123456789abcdef0123456789abcdef")
	open = cases.View{Protected: true}
	shut = cases.View{}
)

func schemas() []db.Schema { return []db.Schema{staff.Schema(), cases.Schema(), identifiers.Schema()} }

func seen(t *testing.T, r identifiers.Relation, offset int64, raw string) identifiers.Seen {
	t.Helper()
	v, err := identifiers.ParseLabel(raw)
	if strings.Contains(raw, "@") {
		v, err = identifiers.ParseEmail(raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	return identifiers.Seen{Value: v, Relation: r, Exhibit: "e1", Item: "i1", Place: format.Place{Offset: offset, Length: int64(len(raw))}}
}

func id(k identifiers.Kind, value string) identifiers.ID {
	return identifiers.IdentifierID(key, "01A", k, value)
}

func decision(n, country string, of identifiers.ID, v identifiers.Verdict, at int64) identifiers.Decision {
	return identifiers.Decision{ID: n, Case: "01A", Identifier: of, Country: country, Verdict: v, Officer: "SHA256:a", At: at, Why: "subscriber " + n}
}

func TestCollate(t *testing.T) {
	in := []identifiers.Seen{
		seen(t, identifiers.Author, 10, "+34 612 345 678"), seen(t, identifiers.Author, 10, "+34 612 345 678"),
		seen(t, identifiers.Mentioned, 10, "0034612345678"), seen(t, identifiers.Sender, 0, "a@example.org"),
	}
	b := identifiers.Collate(key, "01A", in)
	if len(b.Identifiers) != 2 || len(b.Spellings) != 3 || len(b.Mentions) != 4 || len(b.Claims) != 1 || b.Claims[0].Country != "ES" {
		t.Errorf("%d identifiers, %d spellings, %d mentions, claims %+v", len(b.Identifiers), len(b.Spellings), len(b.Mentions), b.Claims)
	}
	ids := map[string]bool{}
	for _, m := range b.Mentions {
		if ids[m.ID] {
			t.Errorf("two mentions have one id: %+v", m)
		}
		ids[m.ID] = true
	}
	if diff := cmp.Diff(b, identifiers.Collate(key, "01A", in)); diff != "" {
		t.Errorf("not stable:\n%s", diff)
	}
	if other := identifiers.Collate(key, "01B", in); other.Identifiers[0].ID == b.Identifiers[0].ID {
		t.Error("two cases share an id")
	}
}

func TestRelationsAreNotBlurred(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		b := identifiers.Collate(key, "01A", []identifiers.Seen{
			seen(t, identifiers.Author, 1, "+34 612 345 678"), seen(t, identifiers.Mentioned, 2, "0034612345678"),
			seen(t, identifiers.SavedContact, 3, "Ana"), seen(t, identifiers.Recipient, 4, "desk@agency.example")})
		d.Do(func(w *db.Writer) error {
			if err := identifiers.Put(ctx, w, b); err != nil {
				return err
			}
			return identifiers.Put(ctx, w, b) // a stage that is run again writes the same
		})
		q := d.Look()
		ls, err := identifiers.List(ctx, q, "01A", "", shut)
		if err != nil || len(ls) != 3 || ls[1].Mentions != 2 || ls[1].Value != "+34612345678" || !ls[1].Valid {
			t.Fatalf("%+v, %v", ls, err)
		}
		phone := ls[1].ID
		ss, err := identifiers.Spellings(ctx, q, phone)
		if diff := cmp.Diff([]identifiers.Spelling{{Identifier: phone, Written: "+34 612 345 678"}, {Identifier: phone, Written: "0034612345678"}}, ss); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		ms, err := identifiers.Mentions(ctx, q, shut, phone)
		if diff := cmp.Diff(b.Mentions[:2], ms); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if only, _ := identifiers.List(ctx, q, "01A", identifiers.WAName, shut); len(only) != 1 || only[0].Value != "Ana" {
			t.Errorf("names: %+v", only)
		}
		if found, _ := identifiers.Lookup(ctx, q, shut, "+34612345678", "nothing"); len(found) != 1 || found[0].ID != phone {
			t.Errorf("look-up: %+v", found)
		}
		if found, _ := identifiers.Find(ctx, q, shut, phone, "x"); len(found) != 1 {
			t.Errorf("find: %+v", found)
		}
		if err := d.Try(func(w *db.Writer) error {
			return identifiers.Put(ctx, w, identifiers.Batch{Identifiers: []identifiers.Identifier{{ID: "x"}}})
		}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("an empty identifier: %v", err)
		}
	}, schemas()...)
}

func TestProtectedIdentifiers(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		own, mine, both := seen(t, identifiers.Owner, 1, "+34600111222"), seen(t, identifiers.Mentioned, 2, "+34600111223"), seen(t, identifiers.Mentioned, 3, "+34600111224")
		own.Protected, mine.Protected, both.Protected = true, true, true
		again, ownElsewhere := both, seen(t, identifiers.Member, 9, "+34600111222")
		again.Protected, again.Exhibit = false, "e2"
		marked := seen(t, identifiers.Author, 5, "+34600111225")
		link := seen(t, identifiers.Mentioned, 6, "x")
		link.Value, _ = identifiers.ParseURL("https://site.example/?tel=600-111-225")
		b := identifiers.Collate(key, "01A", []identifiers.Seen{own, mine, both, again, ownElsewhere, marked, link})
		d.Do(func(w *db.Writer) error {
			if err := identifiers.Put(ctx, w, b); err != nil {
				return err
			}
			return cases.PutMarks(ctx, w, cases.Mark{Case: "01A", ObjectKind: cases.IdentifierObject, Object: string(id(identifiers.Phone, "+34600111225")),
				Kind: cases.Protected, Set: true, Officer: "o", At: 1, Why: "witness"})
		})
		ls, err := identifiers.List(ctx, d.Look(), "01A", "", shut)
		if err != nil || len(ls) != 1 || ls[0].Value != "+34600111224" || ls[0].Mentions != 1 {
			t.Errorf("only what others also wrote shows, and counts once: %+v, %v", ls, err)
		}
		if ls, _ := identifiers.List(ctx, d.Look(), "01A", "", open); len(ls) != 5 {
			t.Errorf("the protected view shows %d", len(ls))
		}
		if ms, _ := identifiers.Mentions(ctx, d.Look(), shut, ls[0].ID, id(identifiers.Phone, "+34600111222")); len(ms) != 1 || ms[0].Exhibit != "e2" {
			t.Errorf("mentions: %+v", ms)
		}
		if n, _ := identifiers.Recipients(ctx, d.Look(), "01A", shut); len(n) != 0 {
			t.Errorf("recipients without a decision: %v", n)
		}
		if ss, _ := identifiers.Standings(ctx, d.Look(), "01A", "ES", shut); len(ss) != 1 {
			t.Errorf("standings: %+v", ss)
		}
	}, schemas()...)
}

// TestMarksOnExhibits marks a mail after it was read: as a protected source's
// own it takes along what was found in it alone, at risk it goes to the top.
func TestMarksOnExhibits(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		alone, both, again := seen(t, identifiers.Sender, 1, "+34600111222"), seen(t, identifiers.Mentioned, 2, "+34600111223"), seen(t, identifiers.Author, 3, "+34600111223")
		again.Exhibit, again.Item = "e2", "i2"
		last := seen(t, identifiers.Mentioned, 4, "+39061234567")
		last.Exhibit, last.Item, last.Message = "e3", "i3", "m3"
		elsewhere := seen(t, identifiers.Mentioned, 7, "+34600111222") // who sent the mail is the source, here too
		elsewhere.Exhibit, elsewhere.Item = "e2", "i2"
		other := seen(t, identifiers.Sender, 8, "+34600111229")
		other.Exhibit, other.Item = "e4", "i4"
		otherAgain := seen(t, identifiers.Mentioned, 9, "+34600111229")
		otherAgain.Exhibit, otherAgain.Item = "e2", "i2"
		b := identifiers.Collate(key, "01A", []identifiers.Seen{alone, both, again, last, elsewhere, other, otherAgain})
		mark := func(kind cases.MarkKind, of cases.ObjectKind, object string) cases.Mark {
			return cases.Mark{Case: "01A", ObjectKind: of, Object: object, Kind: kind, Set: true, Officer: "o", At: 1, Why: "tip"}
		}
		d.Do(func(w *db.Writer) error {
			if err := identifiers.Put(ctx, w, b); err != nil {
				return err
			}
			return cases.PutMarks(ctx, w, mark(cases.Protected, cases.ExhibitObject, "e1"), mark(cases.Protected, cases.ItemObject, "i4"), mark(cases.Risk, cases.MessageObject, "m3"))
		})
		ls, err := identifiers.List(ctx, d.Look(), "01A", "", shut)
		if err != nil || len(ls) != 2 || ls[0].Value != "+39061234567" || !ls[0].AtRisk || ls[1].AtRisk || ls[1].Mentions != 1 {
			t.Errorf("%+v, %v", ls, err)
		}
		if ms, _ := identifiers.Mentions(ctx, d.Look(), shut, id(identifiers.Phone, "+34600111222"), id(identifiers.Phone, "+34600111223")); len(ms) != 1 || ms[0].Exhibit != "e2" {
			t.Errorf("mentions: %+v", ms)
		}
		ss, err := identifiers.Standings(ctx, d.Look(), "01A", "", shut)
		if err != nil || len(ss) != 2 || ss[0].Country != "IT" || !ss[0].AtRisk || len(ss[1].Relations) != 1 {
			t.Errorf("standings: %+v, %v", ss, err)
		}
		if ls, _ := identifiers.List(ctx, d.Look(), "01A", "", open); len(ls) != 4 {
			t.Errorf("the protected view shows %d", len(ls))
		}
	}, schemas()...)
}

func TestCountryNeedsADecision(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		b := identifiers.Collate(key, "01A", []identifiers.Seen{seen(t, identifiers.Author, 1, "+34612345678"),
			seen(t, identifiers.Member, 1, "+34612345678"), seen(t, identifiers.Author, 2, "+447700900123"), seen(t, identifiers.Author, 3, "Ana")})
		es, gb, ana := id(identifiers.Phone, "+34612345678"), id(identifiers.Phone, "+447700900123"), id(identifiers.WAName, "Ana")
		d.Do(func(w *db.Writer) error { return identifiers.Put(ctx, w, b) })
		standings := func(country string) []identifiers.Standing {
			ss, err := identifiers.Standings(ctx, d.Look(), "01A", country, shut)
			if err != nil {
				t.Fatal(err)
			}
			return ss
		}
		ss := standings("ES")
		if len(ss) != 1 || ss[0].Verdict != identifiers.Proposed || ss[0].Why != "numbering plan +34" || ss[0].By != "" || len(ss[0].Relations) != 2 {
			t.Errorf("proposed: %+v", ss)
		}
		if ss := standings("GB"); len(ss) != 1 || ss[0].Claims[0].Among < 4 || ss[0].Claims[0].Rule != "phone.shared" {
			t.Errorf("a shared code: %+v", ss)
		}
		if ss := standings(identifiers.Nowhere); len(ss) != 1 || ss[0].ID != ana || len(ss[0].Claims) != 0 {
			t.Errorf("unknown stays unknown: %+v", ss)
		}
		d.Do(func(w *db.Writer) error {
			return identifiers.Decide(ctx, w, decision("1", "ES", es, identifiers.Confirmed, 1), decision("2", "GB", gb, identifiers.Confirmed, 1),
				decision("3", "PT", ana, identifiers.Confirmed, 1), decision("4", "GB", gb, identifiers.Rejected, 2))
		})
		n, err := identifiers.Recipients(ctx, d.Look(), "01A", shut)
		if diff := cmp.Diff(map[string]int{"ES": 1, "PT": 1}, n); err != nil || diff != "" {
			t.Errorf("recipients: %v\n%s", err, diff)
		}
		if ss := standings("GB"); ss[0].Verdict != identifiers.Rejected || ss[0].Why != "subscriber 4" || ss[0].By != "SHA256:a" {
			t.Errorf("the newest decision counts: %+v", ss)
		}
		if ss := standings(identifiers.Nowhere); len(ss) != 0 {
			t.Errorf("a decided name still stands under ZZ: %+v", ss)
		}
		all, err := identifiers.Decisions(ctx, d.Look(), "01A")
		if err != nil || len(all) != 4 {
			t.Errorf("%d decisions stay, %v", len(all), err)
		}
		for name, bad := range map[string]func(*identifiers.Decision){
			"nowhere": func(x *identifiers.Decision) { x.Country = identifiers.Nowhere }, "country": func(x *identifiers.Decision) { x.Country = "UK" },
			"verdict": func(x *identifiers.Decision) { x.Verdict = identifiers.Proposed }, "reason": func(x *identifiers.Decision) { x.Why = " " },
			"officer": func(x *identifiers.Decision) { x.Officer = "" },
		} {
			x := decision("9", "ES", es, identifiers.Confirmed, 9)
			bad(&x)
			if err := d.Try(func(w *db.Writer) error { return identifiers.Decide(ctx, w, x) }); fault.KindOf(err) != fault.Invalid {
				t.Errorf("a decision without %s: %v", name, err)
			}
		}
	}, schemas()...)
}

// TestTheLastActDecides lets a machine whose clock is behind decide last.
func TestTheLastActDecides(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		b := identifiers.Collate(key, "01A", []identifiers.Seen{seen(t, identifiers.Author, 1, "+34600111222")})
		of := id(identifiers.Phone, "+34600111222")
		d.Do(func(w *db.Writer) error { return identifiers.Put(ctx, w, b) })
		d.Do(func(w *db.Writer) error {
			return identifiers.Decide(ctx, w, decision("d1", "ES", of, identifiers.Confirmed, 9000), decision("d2", "FR", of, identifiers.Confirmed, 9000))
		})
		d.Do(func(w *db.Writer) error {
			return identifiers.Decide(ctx, w, decision("d0", "ES", of, identifiers.Rejected, 50))
		})
		if n, err := identifiers.Recipients(ctx, d.Look(), "01A", shut); err != nil || n["ES"] != 0 || n["FR"] != 1 {
			t.Errorf("recipients: %v, %v", n, err)
		}
		all, err := identifiers.Decisions(ctx, d.Look(), "01A")
		if err != nil || len(all) != 3 || all[2].ID != "d0" || all[2].At != 9001 {
			t.Errorf("decisions: %+v, %v", all, err)
		}
	}, schemas()...)
}
