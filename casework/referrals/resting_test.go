package referrals_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/format/hashlist"
	"tutela/vault/db"
)

// list imports a list with two files, opens matches again, and matches them.
func (s *site) list(id, version string, files ...[]byte) (opened []matching.Reopened) {
	s.t.Helper()
	doc := "sha256,category\n"
	for _, f := range files {
		doc += fmt.Sprintf("%x,2\n", sha256.Sum256(f))
	}
	l := hashlists.List{ID: hashlists.ID(id), Source: "Example Source", Version: version, Purpose: hashlists.CSAM, Officer: staff.ID(s.v.Desk.KeyID()),
		At: s.v.Now(), Document: sha256.Sum256([]byte(doc))}
	s.do(func(w *db.Writer) (err error) {
		if _, _, err = hashlists.Import(ctx, w, l, strings.NewReader(doc), hashlist.Options{}); err == nil {
			opened, err = matching.Reopen(ctx, w, matching.Change{Source: l.Source, Purpose: l.Purpose, Officer: l.Officer, At: l.At, Why: version})
		}
		return err
	})
	q := s.look()
	m, err := matching.Load(ctx, q, s.v.Keys.Site.Row)
	must(s.t, err)
	items, err := media.Items(ctx, q, media.Query{Case: s.c})
	must(s.t, err)
	var subjects []matching.Subject
	var ids []media.ID
	for _, i := range items {
		subjects, ids = append(subjects, matching.SubjectOf(i, nil)), append(ids, i.ID)
	}
	found, err := m.Match(ctx, q, subjects)
	must(s.t, err)
	s.do(func(w *db.Writer) error { return matching.Store(ctx, w, ids, found) })
	return opened
}

// TestPackagesThatToldOfAMatch: when a list loses its entries after a package was
// sealed, the package is named for the match that it told of, and for no other.
func TestPackagesThatToldOfAMatch(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		to, err := referrals.ParseRecipient([]byte(ageKey(t).Recipient().String()))
		must(t, err)
		first, second := []byte("the file of one country"), []byte("the file of another")
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": first, "IMG-20250314-WA0002.jpg": second})
		s.confirm("IT", "+39 320 000 0001")
		s.list("L1", "1", first, second)
		p := s.cut(s.request("IT"))
		wantAll(t, s.text(p), "Example Source")
		a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
		must(t, err)
		_, err = s.first.Seal(ctx, s.look(), a, to)
		must(t, err)

		opened := s.list("L2", "2", []byte("something else"))
		if len(opened) != 2 {
			t.Fatalf("%d matches are open again", len(opened))
		}
		for _, m := range opened {
			named, err := referrals.Resting(ctx, s.look(), m)
			must(t, err)
			want := 0
			if m.Item == s.items["IMG-20250314-WA0001.jpg"] {
				want = 1
			}
			if len(named) != want || want == 1 && named[0].Referral != p.ID {
				t.Errorf("%s: named are %+v", m.Item, named)
			}
		}

		// of a package that was sealed before this was kept nobody can say what it told
		kept := db.Table{Name: "referral_rest", Key: 4, Columns: []string{"referral", "item", "list_id", "number", "case_id"}}
		s.do(func(w *db.Writer) error {
			one := s.items["IMG-20250314-WA0001.jpg"]
			return w.Delete(ctx, kept, db.Row{string(p.ID), "", "", int64(0)}, db.Row{string(p.ID), string(one), "L1", int64(1)})
		})
		for _, m := range opened {
			if named, err := referrals.Resting(ctx, s.look(), m); err != nil || len(named) != 1 {
				t.Errorf("%s: of an older package: %+v, %v", m.Item, named, err)
			}
		}
	})
}
