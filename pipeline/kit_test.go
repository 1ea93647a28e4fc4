package pipeline

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/demo"
	"tutela/external/contain"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

// TestMain is a contained worker, or the victim of a kill test, when it was
// started as one.
func TestMain(m *testing.M) {
	contain.Main(Ops())
	if text := os.Getenv(taskEnv); text != "" {
		os.Exit(victim(text))
	}
	os.Exit(m.Run())
}

// open is the view that hides nothing.
var open = cases.View{Protected: true}

// site is a test vault with a pipeline.
type site struct {
	*vault.Vault
	line *Line
	at   vaulttest.Site
}

// engines runs a test on both databases.
func engines(t *testing.T, test func(*testing.T, *site)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newSite(t, "")) })
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("short: a PostgreSQL server takes seconds to start")
		}
		test(t, newSite(t, pgtest.URL(t)))
	})
}

func newSite(t testing.TB, url string) *site {
	t.Helper()
	v, at := vaulttest.OpenAt(t, url, Schemas()...)
	return &site{Vault: v, line: newLine(t, v, Config{}), at: at}
}

// newLine is a pipeline of v with a pool of its own.
func newLine(t testing.TB, v *vault.Vault, c Config) *Line {
	t.Helper()
	c.Vault, c.Pool = v, contain.NewPool(contain.Config{Size: 2})
	t.Cleanup(func() { c.Pool.Close() })
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// openCase opens a case that nothing covers yet.
func (s *site) openCase(t testing.TB) cases.ID {
	t.Helper()
	id, err := ids.New(s.Clock(), s.Rand)
	if err != nil {
		t.Fatal(err)
	}
	s.openCaseAs(t, cases.ID(id))
	return cases.ID(id)
}

func (s *site) openCaseAs(t testing.TB, id cases.ID) {
	t.Helper()
	s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
		if err := cases.Put(ctx, w, cases.Case{ID: id, Title: "Case", Agency: "own", Purpose: "test", State: cases.Open, Opened: s.Now()}); err != nil {
			return err
		}
		if err := cases.PutMembers(ctx, w, cases.Member{Case: id, Officer: staff.ID(s.Desk.KeyID()), Since: s.Now()}); err != nil {
			return err
		}
		return s.Keys.Cases.New(ctx, w, string(id), s.Now(), s.Desk.KeyID())
	})
}

// openCovered opens a case whose exhibits are all covered.
func (s *site) openCovered(t testing.TB) cases.ID {
	t.Helper()
	id := s.openCase(t)
	s.authorise(t, id, evidence.Covers{All: true})
	return id
}

func (s *site) authorise(t testing.TB, id cases.ID, c evidence.Covers) evidence.Authorisation {
	t.Helper()
	var a evidence.Authorisation
	s.do(t, string(id), func(ctx context.Context, w *db.Writer) (err error) {
		a, err = s.Evidence.Authorise(ctx, w, evidence.Authorisation{Case: string(id), Issuer: "Court 1", Reference: "1/26", Covers: c,
			RecordedBy: s.Desk.KeyID()})
		return err
	})
	return a
}

// do writes in an act.
func (s *site) do(t testing.TB, caseID string, fn func(context.Context, *db.Writer) error) {
	t.Helper()
	act := audit.Act{Class: audit.Alteration, Verb: "test.write", Case: caseID, Why: "test"}
	if _, err := s.Desk.Do(t.Context(), act, func(w *db.Writer) error { return fn(t.Context(), w) }); err != nil {
		t.Fatal(err)
	}
}

// look returns a read handle.
func (s *site) look(t testing.TB) *db.Reader {
	t.Helper()
	q, err := s.Desk.Consult(t.Context(), audit.Act{Verb: "test.read", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// ingest takes in paths and fails the test on an error or a failed job.
func (s *site) ingest(t testing.TB, o Order, paths ...string) Result {
	t.Helper()
	o.Paths, o.Why = paths, "test"
	r, err := s.line.Ingest(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.noFailures(t)
	return r
}

func (s *site) noFailures(t testing.TB) {
	t.Helper()
	failed, err := s.Queue.Failures(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range failed {
		t.Errorf("%s was given up: %s", f.Stage, f.Error)
	}
}

// items returns every item of a case, by path.
func (s *site) items(t testing.TB, id cases.ID) []media.Item {
	t.Helper()
	all, err := media.Items(t.Context(), s.look(t), media.Query{Case: id, View: open})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b media.Item) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name)) })
	return all
}

// item returns the only item of that name.
func (s *site) item(t testing.TB, id cases.ID, name string) media.Item {
	t.Helper()
	all := slices.DeleteFunc(s.items(t, id), func(i media.Item) bool { return i.Name != name })
	if len(all) != 1 {
		t.Fatalf("%d items are called %s", len(all), name)
	}
	return all[0]
}

// codes counts the findings of a case by code.
func (s *site) codes(t testing.TB, id cases.ID) map[string]int64 {
	t.Helper()
	n, err := media.FindingCounts(t.Context(), s.look(t), id, open)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *site) matches(t testing.TB, id cases.ID) []matching.Listed {
	t.Helper()
	ms, err := matching.OfCase(t.Context(), s.look(t), id, open)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

// matched counts the items with a match.
func (s *site) matched(t testing.TB, id cases.ID) int {
	t.Helper()
	of := map[media.ID]bool{}
	for _, m := range s.matches(t, id) {
		of[m.Item] = true
	}
	return len(of)
}

// stages counts the results of a case by "stage outcome detail".
func (s *site) stages(t testing.TB, id cases.ID) map[string]int64 {
	t.Helper()
	covered, err := media.Covered(t.Context(), s.look(t), id, open)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, c := range covered {
		key := c.Stage + " " + string(c.Outcome)
		if c.Detail != "" {
			key += " " + c.Detail
		}
		out[key] += c.Subjects
	}
	return out
}

// operation writes the synthetic operation of the demo.
func operation(t testing.TB) demo.Plan {
	t.Helper()
	p, err := demo.Generate(filepath.Join(t.TempDir(), "operation"), demo.Scales()["small"], 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// folder writes files into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), content)
	}
	return dir
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// importList brings a list in and returns it.
func (s *site) importList(t testing.TB, path, version string) {
	t.Helper()
	o := ListOrder{Path: path, Source: "Example Unit", Version: version, Purpose: "test", Why: "test"}
	if _, _, err := ImportList(t.Context(), s.Vault, o); err != nil {
		t.Fatal(err)
	}
}
