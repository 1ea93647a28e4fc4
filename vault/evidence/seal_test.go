package evidence_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

func TestSealAndOpen(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		for _, inPlace := range []bool{false, true} {
			dir, want := tree(t, 30)
			res := s.seal(t, evidence.Order{Path: dir, InPlace: inPlace, FromWhom: "A. Finder", Device: "laptop"})
			if res.Exhibits != len(want) || res.Findings != 0 || res.Resumed != 0 {
				t.Fatalf("result %+v, want %d exhibits", res, len(want))
			}
			s.authorise(t, evidence.Covers{Acquisitions: []string{res.Acquisition}})
			got := map[string]bool{}
			es, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: caseID, Acquisition: res.Acquisition})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range es {
				got[e.Path] = true
				compare(t, s, e, want[e.Path], inPlace)
			}
			if len(got) != len(want) {
				t.Errorf("%d paths, want %d", len(got), len(want))
			}
		}
		if p := s.problems(t); len(p) > 0 {
			t.Errorf("problems: %v", p)
		}
		acqs, err := evidence.Acquisitions(t.Context(), s.look(t), caseID, false)
		if err != nil || len(acqs) != 2 || acqs[0].State != evidence.Closed || acqs[0].FromWhom != "A. Finder" || acqs[0].Closed == 0 {
			t.Errorf("acquisitions %+v, %v", acqs, err)
		}
	})
}

func compare(t *testing.T, s *site, e evidence.Exhibit, want []byte, inPlace bool) {
	t.Helper()
	if e.MD5 != md5.Sum(want) || e.SHA1 != sha1.Sum(want) || e.SHA256 != sha256.Sum256(want) || e.Size != int64(len(want)) {
		t.Errorf("%s: other digests", e.Path)
	}
	if e.Name != filepath.Base(e.Path) || (e.Mode == evidence.InPlace) != inPlace || (e.Blob == "") != inPlace || e.Modified == 0 {
		t.Errorf("%+v", e)
	}
	got, err := s.content(e.ID)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v", e.Path, len(got), err)
	}
}

func TestEqualContentIsStoredOnceAndEveryPlaceStays(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, want := tree(t, 0)
		s.seal(t, evidence.Order{Path: dir})
		again := s.seal(t, evidence.Order{Path: dir, Protected: true}) // other marks: a second acquisition
		if again.Resumed != 0 {
			t.Errorf("%+v", again)
		}
		es := s.exhibits(t)
		if len(es) != 2*len(want) {
			t.Errorf("%d exhibits, want %d", len(es), 2*len(want))
		}
		distinct := map[digest.ID]bool{}
		for _, e := range es {
			distinct[e.SHA256] = true
		}
		objects := 0
		for range s.Backend.List(t.Context()) {
			objects++
		}
		if objects != len(distinct) {
			t.Errorf("%d objects for %d different contents", objects, len(distinct))
		}
	})
}

func TestASingleFile(t *testing.T) {
	s := newSite(t, "")
	dir, _ := tree(t, 0)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "sub", "copy.txt"), link); err != nil {
		t.Fatal(err)
	}
	s.seal(t, evidence.Order{Path: link, InPlace: true, Protected: true, Risk: true}) // the officer named the link
	e := s.exhibits(t)[0]
	if e.Name != "copy.txt" || e.Path != "" || !e.Protected || !e.Risk || e.Host != s.Host() {
		t.Errorf("%+v", e)
	}
	s.authorise(t, evidence.Covers{All: true})
	if got, err := s.content(e.ID); err != nil || string(got) != "the same text twice" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.room.Seal(t.Context(), s.Desk, evidence.Order{Case: caseID, Why: "test", Path: dir + "/none"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a missing path: %v", err)
	}
	if _, err := s.room.Seal(t.Context(), s.Desk, evidence.Order{Case: caseID, Path: dir}); fault.KindOf(err) != fault.Refused {
		t.Errorf("no reason given: %v", err)
	}
}

func TestWhatIsNotAFileBecomesAFinding(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "ok.txt"), []byte("ok"))
		write(t, filepath.Join(dir, "bad\xffname.txt"), []byte("latin"))
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		makePipe(t, filepath.Join(dir, "pipe"))
		res := s.seal(t, evidence.Order{Path: dir, InPlace: true})
		if res.Exhibits != 2 || res.Findings != 3 {
			t.Errorf("%+v", res)
		}
		fs, err := evidence.Findings(t.Context(), s.look(t), caseID, false)
		if err != nil {
			t.Fatal(err)
		}
		codes := map[string]string{}
		for _, f := range fs {
			codes[f.Code] = f.Detail
		}
		if codes[evidence.FindSymlink] != "/etc/passwd" || codes[evidence.FindSpecial] == "" || codes[evidence.FindName] == "" {
			t.Errorf("findings %v", codes)
		}
		s.authorise(t, evidence.Covers{All: true})
		for _, e := range s.exhibits(t) {
			if got, err := s.content(e.ID); err != nil || len(got) == 0 {
				t.Errorf("%q: %v", e.Name, err)
			}
		}
	})
}

func TestSealIsStoppedByTheContextAndContinued(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, want := tree(t, 200)
		ctx, stop := context.WithCancel(t.Context())
		n := 0
		_, err := s.room.Seal(ctx, s.Desk, evidence.Order{Case: caseID, Why: "test", Path: dir, Batch: 50,
			Promise: func(context.Context, *db.Writer, []evidence.Exhibit) error {
				if n++; n == 2 {
					stop()
				}
				return nil
			}})
		if !errors.Is(err, context.Canceled) && fault.KindOf(err) == fault.Unknown {
			t.Fatalf("error %v", err)
		}
		before := len(s.exhibits(t))
		if before == 0 || before >= len(want) {
			t.Fatalf("%d exhibits before it was continued", before)
		}
		_, err = s.room.Seal(t.Context(), s.Desk, evidence.Order{Case: caseID, Why: "test", Path: dir, Protected: true})
		if fault.KindOf(err) != fault.Refused {
			t.Errorf("continued with other marks: %v", err)
		}
		var last evidence.Progress
		res := s.seal(t, evidence.Order{Path: dir, Progress: func(p evidence.Progress) { last = p }})
		if again := s.seal(t, evidence.Order{Path: dir}); again.Exhibits != len(want) || again.Resumed != len(want) || again.Acquisition != res.Acquisition {
			t.Errorf("the same order again: %+v", again)
		}
		if res.Exhibits != len(want) || res.Resumed != before || len(s.exhibits(t)) != len(want) {
			t.Errorf("continued: %+v, %d before, want %d", res, before, len(want))
		}
		if last.Files != int64(len(want)) || last.TotalFiles != int64(len(want)) || last.Bytes != last.TotalBytes || last.SecondsLeft != 0 {
			t.Errorf("progress %+v", last)
		}
	})
}

func TestRepeatingAnOrderAddsOnlyWhatIsNew(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir, want := tree(t, 5)
		if err := os.Symlink("x", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		first := s.seal(t, evidence.Order{Path: dir})
		write(t, filepath.Join(dir, "empty.bin"), []byte("not empty any more"))
		write(t, filepath.Join(dir, "new.bin"), []byte("new"))
		if _, err := s.room.Seal(t.Context(), s.Desk, evidence.Order{Case: caseID, Why: "test", Path: dir, Promise: failing}); err == nil {
			t.Fatal("a promise that fails must stop the seal")
		}
		res := s.seal(t, evidence.Order{Path: dir})
		if res.Acquisition == first.Acquisition || res.Resumed != len(want)-1 || res.Exhibits != len(want)+1 || res.Findings != 0 {
			t.Errorf("%+v", res)
		}
		if n := len(s.exhibits(t)); n != len(want)+2 { // both states of the changed file
			t.Errorf("%d exhibits", n)
		}
		if p := s.problems(t); len(p) > 0 {
			t.Errorf("problems: %v", p)
		}
	})
}

func failing(context.Context, *db.Writer, []evidence.Exhibit) error { return errors.New("no queue") }

// TestContentOnDiskIsNotInTheClear looks for the plaintext in every file of
// the store.
func TestContentOnDiskIsNotInTheClear(t *testing.T) {
	s := newSite(t, "")
	dir, want := tree(t, 3)
	s.seal(t, evidence.Order{Path: dir})
	filepath.WalkDir(s.Data(), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, _ := os.ReadFile(p)
		for name, content := range want {
			if len(content) > 8 && bytes.Contains(b, content[:min(len(content), 64)]) {
				t.Errorf("%s holds the content of %s", p, name)
			}
			if bytes.Contains(b, []byte("exact.bin")) {
				t.Errorf("%s holds a file name", p)
			}
		}
		return nil
	})
}
