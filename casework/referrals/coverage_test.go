package referrals_test

import (
	"errors"
	"strings"
	"testing"

	"tutela/casework/media"
	"tutela/format"
	"tutela/format/referral"
	"tutela/vault/db"
)

// against writes findings on an item, as a stage does.
func (s *site) against(i media.Item, codes ...string) {
	s.t.Helper()
	var fs []format.Finding
	for _, c := range codes {
		fs = append(fs, format.Finding{Code: c, Detail: "frenchsecret.jpg"})
	}
	of := media.Finding{Case: s.c, Exhibit: i.Exhibit, Item: i.ID, Stage: "test", Version: "1"}
	s.do(func(w *db.Writer) error {
		return media.PutFindings(ctx, w, media.FromReader(s.v.Keys.Site.Row, of, fs...)...)
	})
}

func (s *site) item(name string) media.Item {
	s.t.Helper()
	found, err := media.Find(ctx, s.look(), s.items[name])
	must(s.t, err)
	if len(found) != 1 {
		s.t.Fatalf("%d items are called %s", len(found), name)
	}
	return found[0]
}

// covered returns the coverage of the exhibit that a package's item or message
// with some text stands in.
func covered(t *testing.T, p referral.Package, exhibit string) referral.Covered {
	t.Helper()
	for _, c := range p.Coverage.Exhibits {
		if c.Label == exhibit {
			return c
		}
	}
	t.Fatalf("no coverage of %s", exhibit)
	return referral.Covered{}
}

const pictures = `14/03/2025, 08:00 - +34 600 000 001 created group "Senderos"
14/03/2025, 09:01 - +39 320 000 0001: one.jpg (file attached)
14/03/2025, 09:02 - +33 6 39 98 00 01: two.jpg (file attached)
`

// TestCoverageTellsDamage puts one thing after the other against a picture, and
// wants the count and the note of each.
func TestCoverageTellsDamage(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", pictures, false, map[string][]byte{"one.jpg": []byte("one"), "two.jpg": []byte("two")})
		s.confirm("IT", "+39 320 000 0001")
		chat, one, two := "WhatsApp Chat with Senderos.txt", s.item("one.jpg"), s.item("two.jpg")
		look := func() (item referral.Covered, around referral.Covered, label string) {
			p := s.cut(s.request("IT")).Cut.Package
			return covered(t, p, p.Items[0].Source.Exhibit), covered(t, p, p.Messages[0].Source.Exhibit), p.Items[0].ID
		}
		result := func(o media.Outcome, stage, detail string) {
			s.do(func(w *db.Writer) error {
				return media.PutResults(ctx, w, media.Result{Case: s.c, Subject: string(one.ID), Stage: stage, Version: "1", Outcome: o, Detail: detail})
			})
		}
		wantCounts := func(c referral.Covered, read, unread, failed int64) {
			t.Helper()
			if c.Read != read || c.Unread != unread || c.Failed != failed || c.Excluded != 0 {
				t.Errorf("%+v, want read %d, not read %d, failed %d", c, read, unread, failed)
			}
		}
		s.against(two, "picture.damaged", "archive.damaged") // of somebody who is not told
		s.against(one, "type.mismatch")
		c, around, _ := look()
		wantCounts(c, 1, 0, 0)
		if c.Note != "" || around.Note != "" {
			t.Errorf("notes without damage: %q, %q", c.Note, around.Note)
		}

		s.against(one, "picture.animated")
		c, _, label := look()
		wantCounts(c, 1, 0, 0)
		if c.Note != label+": of several pictures not all were compared (picture.animated)" {
			t.Errorf("note of a part: %q", c.Note)
		}

		result(media.Skipped, "read", "kind.video")
		c, _, _ = look()
		wantCounts(c, 0, 1, 0)

		result(media.Failed, "fingerprint", "fingerprint.timeout")
		c, _, label = look()
		wantCounts(c, 0, 0, 1)
		if !strings.Contains(c.Note, label+": a reader broke down on it (fingerprint.timeout)") {
			t.Errorf("note of a failed stage: %q", c.Note)
		}

		s.against(one, "picture.truncated")
		c, around, _ = look()
		wantCounts(c, 0, 0, 1)
		if !strings.Contains(c.Note, "ends too early (picture.truncated)") || around.Note != "" {
			t.Errorf("notes of a cut picture: %q, %q", c.Note, around.Note)
		}

		s.against(s.item(chat), "whatsapp.unknown-phrase", "whatsapp.backwards")
		_, around, _ = look()
		wantCounts(around, 1, 0, 0)
		if around.Note != "the exhibit: not understood in places (whatsapp.unknown-phrase)" {
			t.Errorf("note of the chat: %q", around.Note)
		}
		wantNone(t, s.text(s.cut(s.request("IT"))), "frenchsecret", "picture.damaged", "archive.damaged")
	})
}

// TestCoverageTellsSalvage looks at a picture inside two archives, the outer of
// which had lost its directory.
func TestCoverageTellsSalvage(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", pictures, false, map[string][]byte{"one.jpg": []byte("one"), "two.jpg": []byte("two")})
		s.confirm("IT", "+39 320 000 0001")
		one := s.item("one.jpg")
		inner := func(path string, parent media.ID) media.Item {
			return media.Item{ID: media.ItemID(s.v.Keys.Site.Row, one.Exhibit, path, 0), Case: s.c, Exhibit: one.Exhibit, Path: path, Parent: parent,
				Name: path, Kind: "archive", State: media.Read}
		}
		outer := inner("outer.zip", "")
		box := inner("outer.zip › box.zip", outer.ID)
		side := inner("outer.zip › side.zip", outer.ID)
		one.Parent = box.ID
		s.do(func(w *db.Writer) error { return errors.Join(media.PutItems(ctx, w, outer, box, side, one)) })
		s.against(outer, "zip.directory")
		s.against(side, "zip.encrypted") // beside the road
		p := s.cut(s.request("IT")).Cut.Package
		c := covered(t, p, p.Items[0].Source.Exhibit)
		if c.Note != "the exhibit: read without its directory, piece by piece (zip.directory)" || c.Read != 1 || c.Failed != 0 {
			t.Errorf("%+v", c)
		}
		within := inner("outer.zip › box.zip › one.jpg › part", one.ID)
		s.do(func(w *db.Writer) error { return media.PutItems(ctx, w, within) })
		s.against(within, "picture.truncated")
		p = s.cut(s.request("IT")).Cut.Package
		if c := covered(t, p, p.Items[0].Source.Exhibit); c.Failed != 1 || c.Read != 0 || !strings.Contains(c.Note, p.Items[0].ID+": ends too early") {
			t.Errorf("something inside an item could not be read: %+v", c)
		}
		s.do(func(w *db.Writer) error {
			one.State = media.Unreadable
			return media.PutItems(ctx, w, one)
		})
		p = s.cut(s.request("IT")).Cut.Package
		if c := covered(t, p, p.Items[0].Source.Exhibit); c.Failed != 1 || c.Read != 0 {
			t.Errorf("an item that could not be read: %+v", c)
		}
	})
}

// TestCoverageKeepsSources notes nothing of a protected source's export.
func TestCoverageKeepsSources(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", pictures, true, nil, "+34 600 000 001")
		s.confirm("IT", "+39 320 000 0001")
		s.against(s.item("WhatsApp Chat with Senderos.txt"), "whatsapp.unknown-phrase")
		for _, c := range s.cut(s.request("IT")).Cut.Package.Coverage.Exhibits {
			if c.Note != "" {
				t.Errorf("a note on a source's export: %q", c.Note)
			}
		}
	})
}
