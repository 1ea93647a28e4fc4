package evidence_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

func (s *site) refused(t *testing.T, why, id, stage string) {
	t.Helper()
	if _, err := s.room.Open(t.Context(), s.Desk, id, stage, "test"); fault.KindOf(err) != fault.Refused {
		t.Errorf("%s: %v", why, err)
	}
}

func (s *site) allowed(t *testing.T, why, id, stage string) {
	t.Helper()
	if _, err := s.room.Open(t.Context(), s.Desk, id, stage, "test"); err != nil {
		t.Errorf("%s: %v", why, err)
	}
}

func TestNothingOpensWithoutAnAuthorisation(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, _ := tree(t, 0)
		acq := s.seal(t, evidence.Order{Path: dir}).Acquisition
		none := s.seal(t, evidence.Order{Path: dir, InPlace: true, Authority: evidence.NoAuthority}).Acquisition
		es, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: caseID, Acquisition: acq})
		if err != nil {
			t.Fatal(err)
		}
		held, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: caseID, Acquisition: none})
		if err != nil {
			t.Fatal(err)
		}
		s.refused(t, "no authorisation", es[0].ID, "read")
		now := time.Now().UnixMicro()
		s.do(t, audit.Collection, func(w *db.Writer) error {
			for _, a := range []evidence.Authorisation{{From: now + 1e9}, {Until: now - 1e6}, {Case: "case-2"}} {
				if a.Case == "" {
					a.Case = caseID
				}
				a.Issuer, a.Reference, a.RecordedBy, a.Covers = "Court", "1", "officer", evidence.Covers{All: true}
				if _, err := s.room.Authorise(t.Context(), w, a); err != nil {
					return err
				}
			}
			return nil
		})
		s.refused(t, "not yet, no more, another case", es[0].ID, "read")
		s.authorise(t, evidence.Covers{Exhibits: []string{es[1].ID}})
		s.allowed(t, "named", es[1].ID, "read")
		s.refused(t, "another is named", es[0].ID, "read")
		a := s.authorise(t, evidence.Covers{All: true, Stages: []string{"read", "identify"}})
		s.allowed(t, "stage is covered", es[0].ID, "read")
		s.refused(t, "stage is not covered", es[0].ID, "view")
		s.refused(t, "sealed without authority", held[0].ID, "read")
		open, closed, err := s.room.Covered(t.Context(), s.look(t), append(es, held...), "read")
		if err != nil || len(open) != len(es) || len(closed) != len(held) {
			t.Errorf("Covered: %d, %d, %v", len(open), len(closed), err)
		}
		s.authorise(t, evidence.Covers{Acquisitions: []string{none}})
		s.allowed(t, "its acquisition is named", held[0].ID, "view")
		s.do(t, audit.Alteration, func(w *db.Writer) error { return s.room.EndAuthorisation(t.Context(), w, a.ID, now) })
		s.refused(t, "withdrawn", es[0].ID, "read")
		if all, err := evidence.Authorisations(t.Context(), s.look(t), caseID); err != nil || len(all) != 5 {
			t.Errorf("%d authorisations, %v", len(all), err)
		}
	})
}

func TestAuthorisationsAreChecked(t *testing.T) {
	s := newSite(t, "")
	ok := evidence.Authorisation{Case: caseID, Issuer: "Court", Reference: "1", RecordedBy: "o", Covers: evidence.Covers{All: true}}
	for i, bad := range []func(*evidence.Authorisation){
		func(a *evidence.Authorisation) { a.Case = "" }, func(a *evidence.Authorisation) { a.Issuer = "" },
		func(a *evidence.Authorisation) { a.Reference = "" }, func(a *evidence.Authorisation) { a.Covers.All = false },
		func(a *evidence.Authorisation) { a.From, a.Until = 5, 5 }, func(a *evidence.Authorisation) { a.DocumentSHA256 = "abc" },
	} {
		a := ok
		bad(&a)
		err := s.try(audit.Collection, func(w *db.Writer) error { _, err := s.room.Authorise(t.Context(), w, a); return err })
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d: %v", i, err)
		}
	}
	err := s.try(audit.Alteration, func(w *db.Writer) error { return s.room.EndAuthorisation(t.Context(), w, "none", 1) })
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown one was ended: %v", err)
	}
}

func TestOpenManyIsOneConsultation(t *testing.T) {
	s := newSite(t, "")
	dir, _ := tree(t, 20)
	s.seal(t, evidence.Order{Path: dir, Protected: true})
	s.authorise(t, evidence.Covers{All: true, Accounts: []string{"+49 1"}})
	var ids []string
	for _, e := range s.exhibits(t) {
		ids = append(ids, e.ID)
	}
	s.do(t, audit.Alteration, func(w *db.Writer) error {
		return s.room.Quarantine(t.Context(), w, "o", "privileged", ids[0])
	})
	before := s.acts(t)
	open, refused, err := s.room.OpenMany(t.Context(), s.Desk, audit.Act{Why: "test", Ordered: "act"}, "read", append(ids, "unknown")...)
	if err != nil || len(open) != len(ids)-1 || len(refused) != 2 {
		t.Fatalf("%d open, %v, %v", len(open), refused, err)
	}
	if fault.KindOf(refused[ids[0]]) != fault.Refused || fault.KindOf(refused["unknown"]) != fault.NotFound {
		t.Errorf("refused %v", refused)
	}
	if n := s.acts(t) - before; n != 2 { // the one of acts itself included
		t.Errorf("%d acts", n)
	}
	if !open[0].Protected() || open[0].ID() != ids[1] || open[0].Scopes()[0].Accounts[0] != "+49 1" || open[0].Authorisation() == "" ||
		open[0].Size() != open[0].Digests().Size || open[0].Name() == "" {
		t.Errorf("%+v", open[0].Exhibit())
	}
	if es, _ := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: caseID}); len(es) != 0 {
		t.Errorf("%d protected exhibits in an ordinary list", len(es))
	}
	for _, protected := range []bool{false, true} {
		if n, err := evidence.Count(t.Context(), s.look(t), caseID, protected); err != nil || (n.Exhibits > 0) != protected {
			t.Errorf("%d protected exhibits counted: %v, %v", n.Exhibits, protected, err)
		}
	}
	if as, _ := evidence.Acquisitions(t.Context(), s.look(t), caseID, false); len(as) != 0 {
		t.Errorf("%d protected acquisitions in an ordinary list", len(as))
	}
}

// acts counts the acts in the log.
func (s *site) acts(t *testing.T) (n int) {
	t.Helper()
	for _, err := range audit.Acts(t.Context(), s.look(t), audit.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestMarksAndQuarantine(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, _ := tree(t, 0)
		s.seal(t, evidence.Order{Path: dir})
		s.authorise(t, evidence.Covers{All: true})
		last := s.exhibits(t)[5].ID
		s.do(t, audit.Alteration, func(w *db.Writer) error {
			if err := s.room.Quarantine(t.Context(), w, "o", "letter of a lawyer", last); err != nil {
				return err
			}
			if err := s.room.Viewed(t.Context(), w, "o", "first look", last); err != nil {
				return err
			}
			if err := s.room.HandOver(t.Context(), w, "o", "A", "B", "for the lab", last); err != nil {
				return err
			}
			return s.room.MarkRisk(t.Context(), w, "o", "tip", true, last)
		})
		s.refused(t, "in quarantine", last, "read")
		if e := s.exhibits(t)[0]; e.ID != last || !e.Risk || e.Quarantine != "letter of a lawyer" {
			t.Errorf("a child at risk is not at the top: %+v", e)
		}
		s.do(t, audit.Alteration, func(w *db.Writer) error {
			if err := s.room.MarkRisk(t.Context(), w, "o", "", false, last); err != nil {
				return err
			}
			return s.room.Release(t.Context(), w, "o", "looked at by the judge", last)
		})
		s.allowed(t, "released", last, "read")
		chains, err := evidence.CustodyOf(t.Context(), s.look(t), last)
		var steps []string
		for _, c := range chains[last] {
			steps = append(steps, c.Step)
		}
		if got := strings.Join(steps, " "); err != nil || got != "sealed quarantined opened handed-over marked marked released" {
			t.Errorf("custody %q, %v", got, err)
		}
		err = s.try(audit.Alteration, func(w *db.Writer) error { return s.room.MarkRisk(t.Context(), w, "o", "", true, "unknown") })
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown exhibit was marked: %v", err)
		}
		totals, err := evidence.Count(t.Context(), s.look(t), caseID, false)
		if err != nil || totals.Exhibits != 6 || totals.Risk != 0 || totals.Bytes == 0 {
			t.Errorf("totals %+v, %v", totals, err)
		}
		if p := s.problems(t); len(p) > 0 {
			t.Errorf("problems: %v", p)
		}
	})
}

// TestInPlaceChangesAreSeen changes one byte of an in-place file between two
// reads: the read of that chunk fails and names the exhibit and the chunk.
func TestInPlaceChangesAreSeen(t *testing.T) {
	s := newSite(t, "")
	dir, _ := tree(t, 0)
	s.seal(t, evidence.Order{Path: dir, InPlace: true})
	s.authorise(t, evidence.Covers{All: true})
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, e := range s.exhibits(t) {
		p := filepath.Join(dir, e.Path)
		clean, _ := os.ReadFile(p)
		for range 12 {
			if len(clean) == 0 {
				break
			}
			b := bytes.Clone(clean)
			at := rnd.IntN(len(b))
			b[at] ^= 1 << rnd.IntN(8)
			write(t, p, b)
			_, err := s.content(e.ID)
			if fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), e.ID) || !strings.Contains(err.Error(), "chunk") {
				t.Errorf("%s: flip at %d: %v", e.Path, at, err)
			}
		}
		write(t, p, append(bytes.Clone(clean), 0))
		if _, err := s.content(e.ID); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: lengthened: %v", e.Path, err)
		}
		if n := len(s.problems(t)); n != 1 {
			t.Errorf("%d problems", n)
		}
		write(t, p, clean)
	}
	os.Remove(filepath.Join(dir, "large.bin"))
	if p := s.problems(t); len(p) != 1 || fault.KindOf(p[0].Err) != fault.Corrupt {
		t.Errorf("a missing file: %v", p)
	}
}

func TestStoredChangesAreSeen(t *testing.T) {
	s := newSite(t, "")
	dir, _ := tree(t, 3)
	s.seal(t, evidence.Order{Path: dir})
	s.authorise(t, evidence.Covers{All: true})
	rnd := rand.New(rand.NewPCG(2, 2))
	blobs := filepath.Join(s.Data(), "blobs")
	filepath.WalkDir(blobs, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		clean, _ := os.ReadFile(p)
		b := bytes.Clone(clean)
		b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		os.Chmod(p, 0o600)
		write(t, p, b)
		if len(s.problems(t)) == 0 {
			t.Errorf("a flip in %s is not seen", d.Name())
		}
		os.Remove(p)
		if ps := s.problems(t); len(ps) == 0 || fault.KindOf(ps[0].Err) != fault.Corrupt {
			t.Errorf("the missing %s: %v", d.Name(), ps)
		}
		write(t, p, clean)
		return nil
	})
	if p := s.problems(t); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
}

func TestErase(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, _ := tree(t, 0)
		s.seal(t, evidence.Order{Path: dir, FromWhom: "A. Finder"})
		s.authorise(t, evidence.Covers{All: true})
		byPath := map[string]evidence.Exhibit{}
		for _, e := range s.exhibits(t) {
			byPath[e.Path] = e
		}
		large, twin, other := byPath["large.bin"], byPath["sub/copy.txt"], byPath["sub/deep/copy.txt"]
		s.addMember(t, large, "member-1", "unpacked text")
		var objects []string
		s.do(t, audit.Erasure, func(w *db.Writer) (err error) {
			objects, err = s.room.Erase(t.Context(), w, "o", "order of the court", large.ID, twin.ID)
			return err
		})
		if len(objects) != 2 { // large and its member; the twin's content is still needed
			t.Errorf("%d objects to sweep", len(objects))
		}
		if err := s.room.Blobs().Sweep(t.Context(), objects...); err != nil {
			t.Error(err)
		}
		for _, id := range []string{large.ID, twin.ID} {
			if _, err := s.content(id); fault.KindOf(err) != fault.NotFound {
				t.Errorf("erased content: %v", err)
			}
		}
		if got, err := s.content(other.ID); err != nil || string(got) != "the same text twice" {
			t.Errorf("the other place of the same content: %q, %v", got, err)
		}
		es, err := evidence.ByID(t.Context(), s.look(t), large.ID)
		if err != nil || es[0].Name+es[0].Path+es[0].Blob != "" || es[0].SHA256 != [32]byte{} || es[0].State != evidence.Erased {
			t.Errorf("%+v, %v", es, err)
		}
		if p := s.problems(t); len(p) > 0 {
			t.Errorf("problems: %v", p)
		}
		if err := s.try(audit.Erasure, func(w *db.Writer) error {
			_, err := s.room.Erase(t.Context(), w, "o", "again", large.ID)
			return err
		}); fault.KindOf(err) != fault.Refused {
			t.Errorf("erased twice: %v", err)
		}
		for info, err := range s.room.Blobs().Waste(t.Context()) {
			t.Errorf("waste: %v %v", info, err)
		}
	})
}

// addMember stores content unpacked from an exhibit.
func (s *site) addMember(t *testing.T, from evidence.Exhibit, id, text string) evidence.Member {
	t.Helper()
	in, err := s.room.TakeIn(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Abort()
	m, _, err := in.Add(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.ID, m.Exhibit = id, from.ID
	s.do(t, audit.Collection, func(w *db.Writer) error { return in.Put(t.Context(), w, m) })
	return m
}

func TestMembersAndEphemeral(t *testing.T) {
	s := newSite(t, "")
	dir, _ := tree(t, 0)
	s.seal(t, evidence.Order{Path: dir})
	s.authorise(t, evidence.Covers{All: true})
	es := s.exhibits(t)
	m := s.addMember(t, es[0], "m1", "inside")
	again, err := evidence.Members(t.Context(), s.look(t), "m1")
	if err != nil || len(again) != 1 || again[0] != m {
		t.Errorf("%+v, %v", again, err)
	}
	sealed, _, err := s.room.OpenMany(t.Context(), s.Desk, audit.Act{Why: "test"}, "read", es[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	open, err := s.room.OpenMembers(t.Context(), sealed, m)
	if err != nil {
		t.Fatal(err)
	}
	src, err := open(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if b, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size())); string(b) != "inside" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	m.Exhibit = es[1].ID
	if _, err := open(t.Context(), m); fault.KindOf(err) != fault.Refused {
		t.Errorf("a member of another exhibit: %v", err)
	}
	e, err := evidence.NewEphemeral(strings.NewReader("abc"))
	if err != nil || e.Size() != 3 || e.Digests().SHA256.String()[:8] != "ba7816bf" {
		t.Errorf("%v, %v", e, err)
	}
	p := make([]byte, 2)
	if n, err := e.ReadAt(p, 1); n != 2 || err != nil || string(p) != "bc" || e.Close() != nil {
		t.Errorf("%d %v %q", n, err, p)
	}
}
