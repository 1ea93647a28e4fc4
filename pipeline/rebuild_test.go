package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/vaulttest"
)

// reconstruct rebuilds and fails the test on an error.
func (s *site) reconstruct(t *testing.T) Rebuilt {
	t.Helper()
	r, err := s.line.Reconstruct(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// equal fails the test when a rebuild differs.
func (s *site) equal(t *testing.T) Rebuilt {
	t.Helper()
	r := s.reconstruct(t)
	for _, d := range r.Differences {
		t.Errorf("%s %s:\nstored %.300s\nbuilt  %.300s", d.Table, d.Key, d.Stored, d.Built)
	}
	return r
}

// TestRebuild derives the operation again, with everything that people decided
// meanwhile, and compares every row.
func TestRebuild(t *testing.T) {
	p := operation(t)
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		takeIn(t, s, id, p)
		r := s.equal(t)
		if r.Rows < 2000 || len(r.Left) != 0 || r.LeftRows != 0 || r.Superseded != 0 {
			t.Errorf("%d rows, left %v", r.Rows, r.Left)
		}
		s.decide(t, id)
		empty := filepath.Join(folder(t, map[string]string{"two.csv": "md5\n00000000000000000000000000000001\n"}), "two.csv")
		s.importList(t, empty, "2")
		if r := s.equal(t); len(r.Left) != 1 || r.Left[0].Reason != "lists" || r.LeftRows == 0 {
			t.Errorf("not compared with the new list yet: %+v", r.Left)
		}
		s.rematch(t)
		if r := s.equal(t); len(r.Left) != 0 || r.Superseded == 0 {
			t.Errorf("%+v, %d rows of the old lists", r.Left, r.Superseded)
		}
		if left := leftovers(t, s); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// decide does what officers do: an owner, a mark, a country.
func (s *site) decide(t *testing.T, id cases.ID) {
	t.Helper()
	officer := staff.ID(s.Desk.KeyID())
	groups, err := chats.Groups(t.Context(), s.look(t), id, open)
	if err != nil || len(groups) == 0 {
		t.Fatal(err)
	}
	members, err := chats.Members(t.Context(), s.look(t), id, groups[0].ID, open)
	if err != nil {
		t.Fatal(err)
	}
	known, err := identifiers.List(t.Context(), s.look(t), id, identifiers.Phone, open)
	if err != nil {
		t.Fatal(err)
	}
	s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
		o := chats.Owner{Case: id, Exhibit: groups[0].Exhibit, Label: members[0].Label, Set: true, Officer: officer, At: s.Now(), Why: "said so"}
		if err := chats.ChangeOwner(ctx, w, s.Keys.Site.Row, o); err != nil {
			return err
		}
		m := cases.Mark{Case: id, ObjectKind: cases.ExhibitObject, Object: groups[1].Exhibit, Kind: cases.Protected, Set: true, Officer: officer, At: s.Now(), Why: "asked for it"}
		if err := cases.PutMarks(ctx, w, m); err != nil {
			return err
		}
		if err := chats.Resettle(ctx, w, s.Keys.Site.Row, groups[1].Exhibit); err != nil {
			return err
		}
		return identifiers.Decide(ctx, w, identifiers.Decision{ID: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Case: id, Identifier: known[0].ID, Country: "IT",
			Verdict: identifiers.Confirmed, Officer: officer, At: s.Now(), Why: "seen"})
	})
}

// leftovers lists what a rehearsal left in the data directory.
func leftovers(t *testing.T, s *site) []string {
	entries, err := os.ReadDir(s.Data())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".rehearsal") {
			out = append(out, e.Name())
		}
	}
	return out
}

// TestRebuildNamesDifferences changes derived rows as a wrong stage would, and
// expects each to be named, with both sides.
func TestRebuildNamesDifferences(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		dir := folder(t, map[string]string{"a.txt": "a@example.org\n", "b.txt": "b@example.org\n"})
		s.ingest(t, Order{Case: string(id)}, dir)
		s.equal(t)
		a := s.item(t, id, "a.txt")
		extra := media.FromReader(s.Keys.Site.Row, media.Finding{Case: id, Exhibit: a.Exhibit, Item: a.ID, Stage: Link, Version: version(Link)},
			format.Finding{Code: "planted"})
		s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
			changed := a
			changed.Size++
			if err := media.PutItems(ctx, w, changed); err != nil {
				return err
			}
			if err := media.PutFindings(ctx, w, extra...); err != nil {
				return err
			}
			table, _ := s.Store.Table("stage_result")
			return w.Delete(ctx, table, db.Row{string(id), string(a.ID), Match, version(Match) + ", lists " + nameLists(nil)})
		})
		got, err := s.line.Rebuild(t.Context(), nil)
		if err != nil || len(got) != 3 {
			t.Fatalf("%d differences: %+v, %v", len(got), got, err)
		}
		for n, want := range []struct {
			table          string
			stored, built  bool
			key, inBuilt   string
			inStored, kind string
		}{
			{table: "item", stored: true, built: true, key: string(a.ID), inBuilt: `"size":14,`, inStored: `"size":15,`},
			{table: "finding", stored: true, key: extra[0].ID, inStored: `"code":"planted"`},
			{table: "stage_result", built: true, key: string(a.ID), inBuilt: `"stage":"match"`},
		} {
			d := got[n]
			if d.Table != want.table || (d.Stored != "") != want.stored || (d.Built != "") != want.built || !strings.Contains(d.Key, want.key) ||
				!strings.Contains(d.Built, want.inBuilt) || !strings.Contains(d.Stored, want.inStored) {
				t.Errorf("%+v, want %+v", d, want)
			}
		}
	})
}

// TestRebuildAfterErasure erases an exhibit: as long as something derived from
// it is left, that is a difference.
func TestRebuildAfterErasure(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		s.ingest(t, Order{Case: string(id)}, folder(t, map[string]string{"a.txt": "nothing\n", "b.txt": "b@example.org\n"}))
		a := s.item(t, id, "a.txt")
		s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
			_, err := s.Evidence.Erase(ctx, w, s.Desk.KeyID(), "cleared", a.Exhibit)
			return err
		})
		r := s.reconstruct(t)
		if len(r.Differences) == 0 || len(r.Left) != 0 {
			t.Errorf("an item of an erased exhibit is left, but: %+v", r)
		}
		for _, d := range r.Differences {
			if d.Built != "" || !strings.Contains(d.Stored+d.Key, string(a.ID)) {
				t.Errorf("%+v", d)
			}
		}
		s.do(t, string(id), func(ctx context.Context, w *db.Writer) error { // as its room does
			results, _ := s.Store.Table("stage_result")
			for _, stage := range []string{Identify, Link, Propose, Match} {
				v := version(stage)
				if stage == Match {
					v += ", lists " + nameLists(nil)
				}
				if err := w.Delete(ctx, results, db.Row{string(id), string(a.ID), stage, v}); err != nil {
					return err
				}
			}
			items, _ := s.Store.Table("item")
			return w.Delete(ctx, items, db.Row{string(a.ID)})
		})
		s.equal(t)
	})
}

// TestRebuildWithoutDocument rebuilds when the document of a list cannot be had.
func TestRebuildWithoutDocument(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		path := filepath.Join(folder(t, map[string]string{"list.csv": twoValues}), "list.csv")
		s.importList(t, path, "1")
		s.ingest(t, Order{Case: string(id)}, folder(t, map[string]string{"a.txt": "a"}))
		later := &site{Vault: vaulttest.Reopen(t, s.at, vaulttest.AddOfficer(t, s.Vault, "later"))}
		later.line = newLine(t, later.Vault, Config{})
		r := later.equal(t)
		if len(r.Left) != 2 || r.Left[0].Kind != "list" || r.Left[0].Reason != "document" {
			t.Errorf("left %v", r.Left)
		}
		if r := s.equal(t); len(r.Left) != 0 {
			t.Errorf("left %v", r.Left)
		}
	})
}

// TestRebuildLeavesOut rebuilds with exhibits of another machine, some that
// nothing covers any more, one in quarantine, some that were always held, and by
// somebody who is entitled to no case.
func TestRebuildLeavesOut(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCase(t)
		texts := map[string]string{"WhatsApp Chat with E.txt": chatOf("+34 600 000 001", "F"), "b.eml": mailOf("b@example.org", "c@example.org", "Mon, 05 Jan 2026 10:00:00 +0100"), "c.txt": "c@example.com\n"}
		s.authorise(t, id, evidence.Covers{All: true})
		expiring := s.openCase(t)
		a := s.authorise(t, expiring, evidence.Covers{All: true})
		held := s.openCase(t)
		s.ingest(t, Order{Case: string(id)}, folder(t, texts))
		s.ingest(t, Order{Case: string(expiring)}, folder(t, texts))
		s.ingest(t, Order{Case: string(held)}, folder(t, texts))
		away := s.openCovered(t)
		s.ingest(t, Order{Case: string(away), InPlace: true}, folder(t, texts))
		if r := s.equal(t); len(r.Left) != 0 {
			t.Errorf("left %v", r.Left)
		}
		s.do(t, string(expiring), func(ctx context.Context, w *db.Writer) error {
			return s.Evidence.EndAuthorisation(ctx, w, a.ID, s.Now())
		})
		mail := s.item(t, id, "b.eml")
		s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
			return s.Evidence.Quarantine(ctx, w, s.Desk.KeyID(), "privileged", mail.Exhibit)
		})
		r := s.equal(t)
		reasons := map[string]int{}
		for _, l := range r.Left {
			reasons[l.Reason]++
		}
		if reasons["held"] != 3+1 || r.LeftRows == 0 {
			t.Errorf("left %v", r.Left)
		}
		elsewhere := vaulttest.AddOfficer(t, s.Vault, "second")
		at := s.at
		at.Options.Host = "another machine"
		other := &site{Vault: vaulttest.Reopen(t, at, elsewhere)}
		other.line = newLine(t, other.Vault, Config{})
		if r := other.equal(t); len(r.Left) != 4 || r.Left[0].Reason != "key" {
			t.Errorf("of somebody entitled to nothing: %v", r.Left)
		}
		own := &site{Vault: vaulttest.Reopen(t, at, s.at.Options.Actor)}
		own.line = newLine(t, own.Vault, Config{})
		reasons = map[string]int{}
		for _, l := range own.equal(t).Left {
			reasons[l.Reason]++
		}
		if reasons["host"] != 3 || reasons["held"] != 4 {
			t.Errorf("from another machine: %v", reasons)
		}
	})
}

// TestRebuildIsBusy refuses while work is under way.
func TestRebuildIsBusy(t *testing.T) {
	s := newSite(t, "")
	id := s.openCovered(t)
	s.ingest(t, Order{Case: string(id), Detach: true}, folder(t, map[string]string{"a.txt": "x"}))
	if _, err := s.line.Rebuild(t.Context(), nil); fault.KindOf(err) != fault.Busy {
		t.Errorf("%v", err)
	}
}

// TestRebuildAfterDetours rebuilds what came about in another order than a
// straight run: released later, read again, with wider scope.
func TestRebuildAfterDetours(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCase(t)
		files := map[string]string{"WhatsApp Chat with One.txt": chatOf("+34 600 000 001", "+34 600 000 002") + "20/02/2026, 10:00 - E: IMG-20260220-WA0001.jpg (file attached)\n",
			"IMG-20260220-WA0001.jpg": "no picture", "m.eml": mailOf("b@example.org", "c@example.org", "Mon, 02 Feb 2026 10:00:00 +0100")}
		dir := folder(t, files)
		s.ingest(t, Order{Case: string(id)}, dir)
		s.equal(t)
		s.authorise(t, id, evidence.Covers{All: true, WindowFrom: day(14)})
		s.release(t, id)
		s.equal(t)
		s.authorise(t, id, evidence.Covers{All: true})
		s.release(t, id)
		s.equal(t)
		if n := s.codes(t, id)["read.scope"]; n != 0 {
			t.Errorf("%d left out", n)
		}
		write(t, filepath.Join(dir, "IMG-20260221-WA0002.jpg"), "one more")
		s.ingest(t, Order{Case: string(id)}, dir)
		s.equal(t)
	})
}
