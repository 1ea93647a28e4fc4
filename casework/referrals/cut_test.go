package referrals_test

import (
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/persons"
	"tutela/casework/referrals"
	"tutela/fault"
	"tutela/format/referral"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// TestTellsOneCountry reads the whole preview: what the country's people wrote
// is in it, and nothing of anybody else.
func TestTellsOneCountry(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": []byte("one"), "IMG-20250314-WA0002.jpg": []byte("two")})
		s.confirm("IT", "+39 320 000 0001", "+39 320 000 0002")
		s.confirm("FR", "+33 6 39 98 00 01")
		p := s.cut(s.request("IT"))
		text := s.text(p)
		wantAll(t, text, "+393200000001", "plain words of mine, call 0039 320 0000001", "numbering plan &#43;39", "Senderos", referral.Masked)
		wantNone(t, text, "zarza", "quill", "639980001", "639 980", "+336", "+33 6", "frenchsecret", "spanishsecret", "600000001", "600 000 001",
			"posta.example", "WA0001", "WA0002", "+393200000002", "FR,", string(s.c), "Caso")
		k := p.Cut.Package
		if len(k.Identifiers) != 1 || len(k.Messages) != 3 || len(k.Items) != 1 || len(k.Groups) != 1 || k.Items[0].Included {
			t.Errorf("%d identifiers, %d messages, %d items, %d groups", len(k.Identifiers), len(k.Messages), len(k.Items), len(k.Groups))
		}
		if m := k.Messages[0]; m.Masks != 3 || m.Text != "ask "+referral.Masked+" or "+referral.Masked+", mail "+referral.Masked {
			t.Errorf("masked text: %d %q", m.Masks, m.Text)
		}
		if k.Messages[1].Text != k.Items[0].ID+" (file attached)" && k.Messages[1].Text != "" {
			t.Errorf("text with a file: %q", k.Messages[1].Text)
		}
		places := map[string]string{}
		for _, r := range k.Identifiers[0].Relations {
			places[r.Kind] = r.Source.Place
		}
		if places["author"] != "entry of 14/03/2025, 09:00" || places["member"] != "" {
			t.Errorf("places of the relations: %q", places)
		}
		reasons := map[referrals.Reason]int{}
		for _, l := range p.Cut.LeftOut {
			reasons[l.Reason] += l.Count
		}
		if reasons[referrals.NoPost] != 1 || reasons[referrals.MaskedPart] != 3 || reasons[referrals.NotChosen] != 1 {
			t.Errorf("left out: %v", reasons)
		}
	})
}

// TestAlso takes in a member without a post only when it is named.
func TestAlso(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001", "+39 320 000 0002")
		req := s.request("IT")
		req.Also = []identifiers.ID{s.id("+39 320 000 0002")}
		wantAll(t, s.text(s.cut(req)), "+393200000001", "+393200000002", "member")
		req.Also = []identifiers.ID{s.id("+33 6 39 98 00 01")}
		if _, err := s.first.Cut(ctx, s.look(), req); fault.KindOf(err) != fault.Refused {
			t.Errorf("an identifier of another country: %v", err)
		}
		if _, err := s.first.Cut(ctx, s.look(), s.request("FR")); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a country that nobody confirmed: %v", err)
		}
	})
}

// TestProtectedSource cuts from the export of a witness: neither the witness
// nor the exhibit is told.
func TestProtectedSource(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		text := strings.ReplaceAll(group, "Zarza Quill: spanishsecret", "+34 600 000 009: witness")
		text = strings.ReplaceAll(text, "added Zarza Quill", "added you")
		s.export("Senderos", text, true, map[string][]byte{"IMG-20250314-WA0001.jpg": []byte("one")}, "+34 600 000 009")
		s.confirm("IT", "+39 320 000 0001")
		s.confirm("ES", "+34 600 000 009")
		p := s.cut(s.request("IT"))
		all := s.text(p)
		wantAll(t, all, "plain words of mine")
		wantNone(t, all, "600 000 009", "600000009", "witness", "added you", "\"received\"", "direction: received", "android")
		for _, e := range p.Cut.Package.Exhibits {
			if e.Digests.SHA256 != "" || len(e.Custody) > 0 {
				t.Errorf("the exhibit is told: %+v", e)
			}
		}
		if len(p.Cut.Package.Proofs) != 0 {
			t.Errorf("%d proofs of a protected export", len(p.Cut.Package.Proofs))
		}
		if _, err := s.first.Cut(ctx, s.look(), s.request("ES")); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a cut of the witness: %v", err)
		}
	})
}

// TestVictim tells a victim's number to the country and the name to nobody.
func TestVictim(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", strings.ReplaceAll(group, "plain words of mine", "I am Linde Vane"), false, nil)
		s.confirm("IT", "+39 320 000 0001")
		var p persons.Person
		s.do(func(w *db.Writer) error {
			var err error
			first := persons.Change{ID: "01A", Officer: "SHA256:a", Category: persons.Victim, Why: "says so"}
			p, err = persons.Open(ctx, w, s.v.Rand, persons.Person{ID: "01P", Case: s.c, Label: "Linde Vane", Category: persons.Victim, Minor: persons.MinorPossible}, first)
			must(t, err)
			must(t, persons.Assign(ctx, w, persons.Assignment{Case: s.c, Person: p.ID, Identifier: s.id("+39 320 000 0001"), Basis: persons.Reported,
				Officer: "SHA256:a", Why: "her own words"}))
			return persons.PutClaims(ctx, w, persons.Claim{ID: "01C", Case: s.c, Person: p.ID, Predicate: "name", Object: "Linde", Basis: persons.Reported, Officer: "SHA256:a"},
				persons.Claim{ID: "01D", Case: s.c, Person: p.ID, Predicate: "age", Object: "15, friend of Zarza Quill", Basis: persons.Reported, Officer: "SHA256:a"})
		})
		text := s.text(s.cut(s.request("IT")))
		wantAll(t, text, "+393200000001", p.Pseudonym, "age: 15, friend of "+referral.Masked, "I am "+p.Pseudonym)
		wantNone(t, text, "linde", "vane", "her own words", "zarza")
	})
}

// TestRisk puts a child at risk on top, of this country's own messages only.
func TestRisk(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001")
		s.confirm("FR", "+33 6 39 98 00 01")
		s.do(func(w *db.Writer) error {
			return cases.PutMarks(ctx, w, cases.Mark{Case: s.c, ObjectKind: cases.IdentifierObject, Object: string(s.id("+33 6 39 98 00 01")),
				Kind: cases.Risk, Set: true, Officer: "SHA256:a", Why: "threat"})
		})
		if s.cut(s.request("IT")).Cut.Package.ChildAtRisk {
			t.Error("a risk in another country is told")
		}
		if p := s.cut(s.request("FR")); !p.Cut.Package.ChildAtRisk || !strings.Contains(s.text(p), "A CHILD MAY BE AT RISK NOW") {
			t.Error("the risk is not told")
		}
	})
}

// TestRiskOfAPerson puts a child at risk on top by a mark on the person.
func TestRiskOfAPerson(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001")
		s.confirm("FR", "+33 6 39 98 00 01")
		s.do(func(w *db.Writer) error {
			p, err := persons.Open(ctx, w, s.v.Rand, persons.Person{ID: "01P", Case: s.c, Label: "Somebody", Category: persons.Other, Minor: persons.MinorPossible},
				persons.Change{ID: "01A", Officer: "SHA256:a", Category: persons.Other, Why: "says so"})
			must(t, err)
			must(t, persons.Assign(ctx, w, persons.Assignment{Case: s.c, Person: p.ID, Identifier: s.id("+33 6 39 98 00 01"), Basis: persons.Reported,
				Officer: "SHA256:a", Why: "says so"}))
			return cases.PutMarks(ctx, w, cases.Mark{Case: s.c, ObjectKind: cases.PersonObject, Object: string(p.ID), Kind: cases.Risk, Set: true,
				Officer: "SHA256:a", Why: "threat"})
		})
		if s.cut(s.request("IT")).Cut.Package.ChildAtRisk || !s.cut(s.request("FR")).Cut.Package.ChildAtRisk {
			t.Error("the risk is told to the wrong country")
		}
	})
}

// TestClosedExhibits leaves out what may not be opened.
func TestClosedExhibits(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": jpegFile(t)})
		s.confirm("IT", "+39 320 000 0001")
		req := s.request("IT")
		req.Include = []media.ID{s.items["IMG-20250314-WA0001.jpg"]}
		s.cut(req)
		found, err := media.Find(ctx, s.look(), req.Include...)
		must(t, err)
		s.do(func(w *db.Writer) error {
			return s.v.Evidence.Quarantine(ctx, w, s.v.Desk.KeyID(), "privileged", found[0].Exhibit)
		})
		if _, err := s.first.Cut(ctx, s.look(), req); fault.KindOf(err) != fault.Refused {
			t.Errorf("a file in quarantine was chosen: %v", err)
		}
		if items := s.cut(s.request("IT")).Cut.Package.Items; len(items) != 0 {
			t.Errorf("a file in quarantine is told: %+v", items)
		}
		all, err := evidence.Exhibits(ctx, s.look(), evidence.Query{Case: string(s.c)})
		must(t, err)
		s.do(func(w *db.Writer) error {
			for _, e := range all {
				if e.Quarantine == "" {
					must(t, s.v.Evidence.Quarantine(ctx, w, s.v.Desk.KeyID(), "privileged", e.ID))
				}
			}
			return nil
		})
		if c, err := s.first.Cut(ctx, s.look(), s.request("IT")); err == nil && len(c.Package.Messages) > 0 {
			t.Error("messages in quarantine are told")
		}
	})
}
