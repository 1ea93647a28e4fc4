package evidence_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

const caseID = "case-1"

// site is a test vault with an evidence room.
type site struct {
	*vault.Vault
	room *evidence.Room
}

// engines runs a test on both databases.
func engines(t *testing.T, test func(*testing.T, *site)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newSite(t, "")) })
	t.Run("postgres", func(t *testing.T) { test(t, newSite(t, pgtest.URL(t))) })
}

func newSite(t testing.TB, url string) *site {
	t.Helper()
	v, _ := vaulttest.OpenAt(t, url)
	s := &site{v, v.Evidence}
	s.openCase(t, caseID)
	return s
}

// openCase makes the key of a case.
func (s *site) openCase(t testing.TB, id string) {
	t.Helper()
	s.do(t, audit.Collection, func(w *db.Writer) error {
		return s.Keys.Cases.New(context.Background(), w, id, s.Now(), s.Actor().KeyID())
	})
}

// do writes in an act.
func (s *site) do(t testing.TB, class audit.Class, fn func(*db.Writer) error) {
	t.Helper()
	if err := s.try(class, fn); err != nil {
		t.Fatal(err)
	}
}

func (s *site) try(class audit.Class, fn func(*db.Writer) error) error {
	_, err := s.Desk.Do(context.Background(), audit.Act{Class: class, Verb: "test.write", Case: caseID, Why: "test"}, fn)
	return err
}

// look returns a read handle.
func (s *site) look(t testing.TB) *db.Reader {
	t.Helper()
	q, err := s.Desk.Consult(context.Background(), audit.Act{Class: audit.Consultation, Verb: "test.read", Case: caseID, Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func (s *site) exhibits(t testing.TB) []evidence.Exhibit {
	t.Helper()
	es, err := evidence.Exhibits(context.Background(), s.look(t), evidence.Query{Case: caseID, Protected: true})
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// seal seals a path and fails the test on an error.
func (s *site) seal(t testing.TB, o evidence.Order) evidence.Result {
	t.Helper()
	o.Case, o.Why = caseID, "test"
	r, err := s.room.Seal(context.Background(), s.Desk, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// authorise covers the whole case, for the given stages.
func (s *site) authorise(t testing.TB, covers evidence.Covers) evidence.Authorisation {
	t.Helper()
	var a evidence.Authorisation
	s.do(t, audit.Collection, func(w *db.Writer) (err error) {
		a, err = s.room.Authorise(context.Background(), w, evidence.Authorisation{Case: caseID, Issuer: "Court 1",
			Reference: "1/26", Covers: covers, RecordedBy: s.Desk.KeyID()})
		return err
	})
	return a
}

// content opens an exhibit and reads it whole.
func (s *site) content(id string) ([]byte, error) {
	sealed, err := s.room.Open(context.Background(), s.Desk, id, "read", "test")
	if err != nil {
		return nil, err
	}
	src, err := sealed.Open(context.Background())
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return io.ReadAll(io.NewSectionReader(src, 0, src.Size()))
}

// problems collects what VerifyAll says.
func (s *site) problems(t testing.TB) (out []evidence.Problem) {
	t.Helper()
	for p, err := range s.room.VerifyAll(context.Background(), "", nil) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// tree writes a small folder of evidence and returns it with the contents by
// path: nested, empty, equal, of several chunks.
func tree(t testing.TB, files int) (string, map[string][]byte) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{
		"empty.bin":         {},
		"large.bin":         noise(2<<20+777, 1),
		"sub/exact.bin":     noise(1<<20, 2),
		"sub/deep/copy.txt": []byte("the same text twice"),
		"sub/copy.txt":      []byte("the same text twice"),
		"ü ñ.txt":           []byte("a name beyond ASCII"),
	}
	for i := range files {
		want[fmt.Sprintf("many/%03d.txt", i)] = []byte(fmt.Sprintf("file number %d", i))
	}
	for p, content := range want {
		write(t, filepath.Join(dir, p), content)
	}
	return dir, want
}

func write(t testing.TB, p string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint64(seed)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
