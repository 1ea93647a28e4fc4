package evidence_test

import (
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/pgtest"
	"tutela/vault/s3test"
	"tutela/vault/vaulttest"
)

// TestOnS3 seals, unpacks, opens, repeats and erases with the content in a real
// S3 store, beside both databases.
func TestOnS3(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { onS3(t, "") })
	t.Run("postgres", func(t *testing.T) { onS3(t, pgtest.URL(t)) })
}

func onS3(t *testing.T, url string) {
	dir := t.TempDir()
	prefix := "/" + strings.ToLower(filepath.Base(filepath.Dir(dir))) + "?"
	v, err := vault.Create(t.Context(), vault.Options{Data: filepath.Join(dir, "data"), DB: url,
		Blobs: strings.Replace(s3test.Location(t), "?", prefix, 1), Actor: vaulttest.Key(t, "officer")},
		vault.Founding{Officer: "O", Recovery: filepath.Join(dir, "recovery"), Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	s := &site{v, v.Evidence}
	s.openCase(t, caseID)
	source, want := tree(t, 30)
	s.seal(t, evidence.Order{Path: source})
	s.authorise(t, evidence.Covers{All: true})
	es := s.exhibits(t)
	if len(es) != len(want) {
		t.Errorf("%d exhibits, want %d", len(es), len(want))
	}
	for _, e := range es {
		compare(t, s, e, want[e.Path], false)
	}
	if again := s.seal(t, evidence.Order{Path: source}); again.Resumed != len(want) {
		t.Errorf("the same again: %+v", again)
	}
	s.addMember(t, es[0], "member-1", "unpacked text")
	if p := s.problems(t); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
	var objects []string
	s.do(t, audit.Erasure, func(w *db.Writer) (err error) {
		objects, err = s.room.Erase(t.Context(), w, "o", "order of the court", es[0].ID)
		return err
	})
	if len(objects) == 0 {
		t.Error("nothing to sweep")
	}
	if err := s.room.Blobs().Sweep(t.Context(), objects...); err != nil {
		t.Error(err)
	}
	for _, o := range objects {
		if _, err := s.Backend.Stat(t.Context(), o); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an erased object is still there: %v", err)
		}
	}
	for info, err := range s.room.Blobs().Waste(t.Context()) {
		t.Errorf("waste: %v %v", info, err)
	}
}
