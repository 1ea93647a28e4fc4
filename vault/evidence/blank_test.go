package evidence_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// TestMembersAreVerified: a changed or missing object of something that was
// unpacked is named with its exhibit.
func TestMembersAreVerified(t *testing.T) {
	s := newSite(t, "")
	dir, _ := tree(t, 0)
	s.seal(t, evidence.Order{Path: dir})
	s.authorise(t, evidence.Covers{All: true})
	from := s.exhibits(t)[0]
	m := s.addMember(t, from, "member-1", "unpacked text that stands nowhere else")
	if p := s.problems(t); len(p) != 0 {
		t.Fatalf("problems before: %v", p)
	}
	var found []string
	err := filepath.WalkDir(filepath.Join(s.Data(), "blobs"), func(p string, d os.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), m.Blob) {
			found = append(found, p)
		}
		return err
	})
	if err != nil || len(found) != 1 {
		t.Fatalf("objects of the member: %v, %v", found, err)
	}
	clean, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []func(){
		func() {
			b := append([]byte(nil), clean...)
			b[len(b)/2] ^= 1
			os.Chmod(found[0], 0o600)
			write(t, found[0], b)
		},
		func() { os.Remove(found[0]) },
	} {
		damage()
		p := s.problems(t)
		if len(p) != 1 || p[0].Exhibit != from.ID || fault.KindOf(p[0].Err) != fault.Corrupt || !strings.Contains(p[0].Err.Error(), "member-1") {
			t.Errorf("problems: %v", p)
		}
	}
}

// TestEraseBlanksTheAcquisition: where exhibits came from goes with the last of
// them, and not before.
func TestEraseBlanksTheAcquisition(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, _ := tree(t, 0)
		if err := os.Symlink("nowhere", filepath.Join(dir, "link to A. Finder")); err != nil {
			t.Fatal(err)
		}
		s.seal(t, evidence.Order{Path: dir, FromWhom: "A. Finder", Device: "telephone"})
		all := s.exhibits(t)
		erase := func(es ...evidence.Exhibit) {
			var ids []string
			for _, e := range es {
				ids = append(ids, e.ID)
			}
			s.do(t, audit.Erasure, func(w *db.Writer) error {
				_, err := s.room.Erase(t.Context(), w, "o", "order of the court", ids...)
				return err
			})
		}
		look := func() (evidence.Acquisition, int) {
			as, err := evidence.Acquisitions(t.Context(), s.look(t), caseID, true)
			if err != nil || len(as) != 1 {
				t.Fatalf("%v, %v", as, err)
			}
			fs, err := evidence.Findings(t.Context(), s.look(t), caseID, true)
			if err != nil {
				t.Fatal(err)
			}
			return as[0], len(fs)
		}
		erase(all[0])
		if a, n := look(); a.Source != dir || a.FromWhom != "A. Finder" || n != 1 {
			t.Errorf("after the first: %+v, %d findings", a, n)
		}
		erase(all[1:]...)
		if a, n := look(); a.Source+a.FromWhom+a.Device+a.Note != "" || n != 0 {
			t.Errorf("after the last: %+v, %d findings", a, n)
		}
		if p := s.problems(t); len(p) > 0 {
			t.Errorf("problems: %v", p)
		}
	})
}
