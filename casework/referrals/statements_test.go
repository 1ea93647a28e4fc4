package referrals_test

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"

	"tutela/casework/identifiers"
	"tutela/casework/referrals"
	"tutela/format/referral"
	"tutela/vault/audit"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
)

// opened is what the proofs of a package show besides their rows.
type opened struct {
	index   int64
	depth   int
	point   string // checkpoint
	header  string
	highest int64 // place
}

// openProofs opens the proofs of a package as a stranger does. Each says what
// the package says.
func openProofs(t *testing.T, p referral.Package) (o opened) {
	t.Helper()
	texts := map[string]string{}
	for _, m := range p.Messages {
		texts[m.ID] = m.Text
	}
	for n, x := range p.Proofs {
		must(t, referrals.CheckProof(p.ProofTrust, x.JSON))
		pr, err := proof.Parse(x.JSON)
		must(t, err)
		var item struct{ Row struct{ Kind, Text string } }
		must(t, json.Unmarshal(pr.Item, &item))
		if want, ok := texts[x.Name]; ok && item.Row.Text != want || ok != (item.Row.Kind == "message") {
			t.Errorf("%s proves %+v, the package says %q", x.Name, item.Row, want)
		}
		now := opened{pr.Index, len(pr.ItemPath), pr.Checkpoint, pr.Header, 0}
		if o.highest = max(o.highest, pr.Place); n > 0 && (opened{o.index, o.depth, o.point, o.header, 0}) != now {
			t.Errorf("two proofs of a package differ in more than their rows")
		}
		o.index, o.depth, o.point, o.header = now.index, now.depth, now.point, now.header
	}
	return o
}

// TestProofsTellNothingOfOthers holds the packages of two countries side by
// side: what happened between their cuts does not show.
func TestProofsTellNothingOfOthers(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": jpegFile(t)})
		s.confirm("IT", "+39 320 000 0001", "+39 320 000 0002")
		s.confirm("FR", "+33 6 39 98 00 01")
		italy := s.cut(s.request("IT"))
		_, err := s.second.Approve(ctx, s.look(), italy.ID, terms())
		must(t, err)
		for range 7 {
			s.look()
		}
		france := s.cut(s.request("FR"))
		one, two := openProofs(t, italy.Cut.Package), openProofs(t, france.Cut.Package)
		if len(italy.Cut.Package.Proofs) == 0 || len(france.Cut.Package.Proofs) == 0 {
			t.Fatal("nothing is proved")
		}
		if one.index != two.index || one.point != two.point || one.header != two.header || one.depth != two.depth || !italy.Cut.At.Equal(france.Cut.At) {
			t.Errorf("between the packages lies something:\n%+v\n%+v", one, two)
		}
		wantNone(t, one.header, string(s.c), "Senderos", "country", "preview")
		n, _, err := db.One(ctx, s.look(), func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) },
			"SELECT COUNT(*) FROM referral_statement")
		must(t, err)
		if n != 1<<one.depth || max(one.highest, two.highest) < 20 {
			t.Errorf("%d rows in a tree of depth %d, highest place %d", n, one.depth, max(one.highest, two.highest))
		}
		// the same state gives the same bytes, and writes nothing again
		if again := s.cut(s.request("IT")); again.ID != italy.ID || openProofs(t, again.Cut.Package) != one {
			t.Error("another cut of the same state is another package")
		}
	})
}

// TestProofsOfANamedIdentifier asks for more than the first cut stated.
func TestProofsOfANamedIdentifier(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", strings.ReplaceAll(group, "plain words of mine, call 0039 320 0000001", "greet 0039 320 0000002"), false, nil)
		s.confirm("IT", "+39 320 000 0001", "+39 320 000 0002")
		first := openProofs(t, s.cut(s.request("IT")).Cut.Package)
		req := s.request("IT")
		req.Also = []identifiers.ID{s.id("+39 320 000 0002")}
		p := s.cut(req)
		second := openProofs(t, p.Cut.Package)
		if len(p.Cut.Package.Proofs) != 3 || second.index <= first.index {
			t.Errorf("%d proofs, at %d after %d", len(p.Cut.Package.Proofs), second.index, first.index)
		}
		if again := s.cut(req); again.ID != p.ID {
			t.Error("another cut of the same state is another package")
		}
		a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
		must(t, err)
		key := ageKey(t)
		to, err := referrals.ParseRecipient([]byte(key.Recipient().String()))
		must(t, err)
		_, err = s.first.Seal(ctx, s.look(), a, to)
		must(t, err)
	})
}

// TestRewordedIsNotProved leaves without a proof what the package says in words
// that are not the exhibit's.
func TestRewordedIsNotProved(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", strings.ReplaceAll(group, "WA0001.jpg (file attached)", "WA0001.jpg (file attached)\nlook at IMG-20250314-WA0001.jpg"), false,
			map[string][]byte{"IMG-20250314-WA0001.jpg": jpegFile(t)})
		s.confirm("IT", "+39 320 000 0001")
		k := s.cut(s.request("IT")).Cut.Package
		openProofs(t, k)
		reworded := 0
		for _, m := range k.Messages {
			for _, i := range m.Items {
				if strings.Contains(m.Text, i) {
					reworded++
					for _, x := range k.Proofs {
						if x.Name == m.ID {
							t.Errorf("%q is proved", m.Text)
						}
					}
				}
			}
		}
		if reworded != 1 {
			t.Errorf("%d messages name an item: %+v", reworded, k.Messages)
		}
	})
}

// TestForget erases an exhibit: nothing that was stated of it is left in rows or
// log, and what was stated of another one stays.
func TestForget(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.export("Otro", strings.ReplaceAll(group, "plain words", "other words"), false, nil)
		s.confirm("IT", "+39 320 000 0001")
		s.confirm("FR", "+33 6 39 98 00 01")
		p := s.cut(s.request("IT")).Cut.Package
		chat := s.item("WhatsApp Chat with Senderos.txt")
		header := openProofs(t, p).header
		act := audit.Act{Class: audit.Erasure, Verb: "test.erase", Case: string(s.c), Why: "test"}
		_, err := s.v.Desk.Do(ctx, act, func(w *db.Writer) error {
			n, err := s.first.Forget(ctx, w, s.c, chat.Exhibit)
			if n != 5 { // the exhibit for two countries, two messages of one and one of the other
				t.Errorf("%d items were dropped", n)
			}
			return err
		})
		must(t, err)
		var head struct{ Act string }
		must(t, json.Unmarshal([]byte(header), &head))
		left := ""
		items, err := audit.Items(ctx, s.look(), head.Act)
		must(t, err)
		for _, i := range items {
			left += string(i.JSON) + "\n"
		}
		rows, err := db.Collect(ctx, s.look(), func(r *sql.Rows) (x string, err error) { return x, r.Scan(&x) },
			"SELECT exhibit || ' ' || text FROM referral_statement")
		must(t, err)
		left += strings.Join(rows, "\n")
		wantNone(t, left, chat.SHA256.String(), "plain words")
		wantAll(t, left, s.item("WhatsApp Chat with Otro.txt").SHA256.String(), "other words", "frenchsecret")
		openProofs(t, p) // what was sent holds as before
	})
}
