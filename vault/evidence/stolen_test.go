package evidence_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/keys"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

// plain is what the case holds: words that must not be readable without a key
// of the case.
const plain = "what the stolen disk must not tell"

// TestAStolenDiskAndAnotherOfficersKey is the promise of the vault from end to
// end: officer X, who is entitled to another case of the same site, takes a full
// copy of the disk. With X's key everything of X's case opens and nothing of the
// other one: no exhibit, no unpacked member, no blob, no wrapped key, and not
// through the doors of the program either.
func TestAStolenDiskAndAnotherOfficersKey(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { stolen(t, "") })
	t.Run("postgres", func(t *testing.T) { stolen(t, pgtest.URL(t)) })
}

func stolen(t *testing.T, url string) {
	v, at := vaulttest.OpenAt(t, url)
	s := &site{v, v.Evidence}
	s.openCase(t, caseID)
	x := vaulttest.AddOfficer(t, v, "X")
	s.do(t, audit.Collection, func(w *db.Writer) error {
		return v.Keys.Cases.New(context.Background(), w, "case-x", v.Now(), v.Actor().KeyID(), x.KeyID())
	})
	s.fill(t, caseID)
	s.fill(t, "case-x")
	v.Close()

	copied := at
	copied.Options.Data = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied.Options.Data, os.DirFS(at.Options.Data)); err != nil {
		t.Fatal(err)
	}
	nowhere(t, copied.Options.Data)
	w := vaulttest.Reopen(t, copied, x)
	thief := &site{w, w.Evidence}
	opened := map[string]int{}
	for _, id := range []string{caseID, "case-x"} {
		for _, name := range thief.blobs(t, id) {
			for _, pretend := range []string{caseID, "case-x"} { // as a blob of either case
				if thief.opens(t, pretend, name) {
					opened[id]++
				}
			}
		}
		thief.doors(t, id, id == "case-x")
	}
	if opened[caseID] != 0 || opened["case-x"] != 2 {
		t.Errorf("blobs opened: %v, want none of %s and both of case-x", opened, caseID)
	}
	thief.byHand(t, x)
}

// fill seals a file by copy and another in place, and unpacks a member.
func (s *site) fill(t *testing.T, id string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.txt"), []byte(plain+" in an exhibit"))
	for _, inPlace := range []bool{false, true} {
		if _, err := s.room.Seal(t.Context(), s.Desk, evidence.Order{Case: id, Why: "test", Path: dir, InPlace: inPlace}); err != nil {
			t.Fatal(err)
		}
	}
	es, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: id})
	if err != nil || len(es) != 2 {
		t.Fatalf("%d exhibits, %v", len(es), err)
	}
	in, err := s.room.TakeIn(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Abort()
	m, _, err := in.Add(bytes.NewReader([]byte(plain + " in a member")))
	if err == nil {
		err = in.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.Exhibit = "member of "+id, es[0].ID
	s.do(t, audit.Collection, func(w *db.Writer) error {
		if _, err := s.room.Authorise(t.Context(), w, evidence.Authorisation{Case: id, Issuer: "Court", Reference: "1",
			RecordedBy: s.Desk.KeyID(), Covers: evidence.Covers{All: true}}); err != nil {
			return err
		}
		return in.Put(t.Context(), w, m)
	})
}

// blobs returns the names of all blobs of a case: of exhibits and members.
func (s *site) blobs(t *testing.T, id string) []string {
	t.Helper()
	names, err := db.Collect(t.Context(), s.look(t), text, `SELECT name FROM blob_key WHERE case_id = ?1`, id)
	if err != nil || len(names) != 2 {
		t.Fatalf("blobs of %s: %d, %v", id, len(names), err)
	}
	return names
}

func text(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }

// opens tries a blob with all that X can reach.
func (s *site) opens(t *testing.T, id, name string) bool {
	c, err := s.room.Blobs().Open(t.Context(), id, name)
	if err != nil {
		return false
	}
	defer c.Close()
	b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	return err == nil && bytes.Contains(b, []byte(plain))
}

// doors asks for exhibits and members in the proper way.
func (s *site) doors(t *testing.T, id string, want bool) {
	t.Helper()
	es, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		sealed, _, err := s.room.OpenMany(t.Context(), s.Desk, audit.Act{Why: "curious"}, "read", e.ID)
		if want != (err == nil) || (!want && fault.KindOf(err) != fault.Refused) {
			t.Errorf("%s, exhibit %s: %v", id, e.Mode, err)
		}
		if err == nil {
			src, err := sealed[0].Open(t.Context())
			if err != nil {
				t.Errorf("%s, exhibit %s: %v", id, e.Mode, err)
				continue
			}
			src.Close()
		}
	}
	if _, err := s.room.TakeIn(t.Context(), id); want != (err == nil) {
		t.Errorf("%s: take in: %v", id, err)
	}
}

// byHand gives every wrapped key of the database to X's key, and every object
// of the store to every key that came out.
func (s *site) byHand(t *testing.T, x keys.Private) {
	t.Helper()
	wrapped, err := db.Collect(t.Context(), s.look(t), text, `SELECT wrapped FROM case_key`)
	if err != nil || len(wrapped) != 2 {
		t.Fatalf("%d case keys, %v", len(wrapped), err)
	}
	site := s.Keys.Site
	found := [][]byte{site.Name, site.Row, site.DB, site.Log.Seed(), site.Sign.Seed()}
	for _, w := range wrapped {
		if key, err := x.Unwrap([]byte(w)); err == nil {
			found = append(found, key)
		}
	}
	if len(found) != 6 {
		t.Errorf("X holds %d keys, want five of the site and one of a case", len(found))
	}
	objects := 0
	for o, err := range s.Backend.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		objects++
		obj, err := s.Backend.Open(t.Context(), o.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range found {
			if _, err := blob.NewReader(obj, obj.Size(), k); err == nil {
				t.Error("an object opens under a key that wraps keys")
			}
		}
		obj.Close()
	}
	if objects != 4 {
		t.Errorf("%d objects, want 4", objects)
	}
}

// nowhere looks for the plain words on the disk.
func nowhere(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(p)
		if bytes.Contains(b, []byte("stolen disk")) {
			t.Errorf("%s holds content in the clear", filepath.Base(p))
		}
		return err
	})
	if err != nil || files < 6 {
		t.Errorf("%d files looked at, %v", files, err)
	}
}
