package evidence_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/failpoint"
	"tutela/vault/jobs"
	"tutela/vault/keys"
	"tutela/vault/pgtest"
)

// task is what a child process is told to seal.
type task struct {
	Data, DB, Key, Case, Path string
	InPlace                   bool
}

const taskEnv = "EVIDENCE_TEST_TASK"

// TestMain is the victim when the environment says so.
func TestMain(m *testing.M) {
	if text := os.Getenv(taskEnv); text != "" {
		if err := victim(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// victim opens the site and seals, promising a job for each exhibit.
func victim(text string) error {
	var k task
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return err
	}
	ctx := context.Background()
	key, err := keys.LoadFile(k.Key, "")
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, vault.Options{Data: k.Data, DB: k.DB, Actor: key})
	if err != nil {
		return err
	}
	defer v.Close()
	_, err = v.Evidence.Seal(ctx, v.Desk, evidence.Order{Case: k.Case, Path: k.Path, InPlace: k.InPlace, Why: "test", Batch: 20,
		Promise: func(ctx context.Context, w *db.Writer, sealed []evidence.Exhibit) error {
			var js []jobs.Job
			for _, e := range sealed {
				js = append(js, jobs.Job{Key: "identify/" + e.ID, Case: k.Case, Stage: "identify", Version: "1", Ordered: w.Act(), Things: []string{e.ID}})
			}
			return v.Queue.Promise(ctx, w, js...)
		}})
	return err
}

// child runs a victim with a failpoint; true when it was killed.
func child(t *testing.T, k task, env ...string) (killed bool) {
	t.Helper()
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, taskEnv+"="+string(text))...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if cmd.ProcessState.Exited() { // not a signal
		t.Fatalf("%v: %v: %s", env, err, out)
	}
	return true
}

// TestKilledAtEveryDurableStep kills a sealing process at durable steps, lets
// a second process continue, and compares with an undisturbed run: the same
// exhibits, one custody entry and one job each, no content lost. Normally it
// takes a few moments; TUTELA_LONG=1 takes all.
func TestKilledAtEveryDurableStep(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Run("sqlite", func(t *testing.T) { killAll(t, "", 10) })
	t.Run("postgres", func(t *testing.T) { killAll(t, pgtest.URL(t), 10) })
}

func killAll(t *testing.T, url string, most int) {
	dir := t.TempDir()
	k := task{Data: filepath.Join(dir, "data"), DB: url, Key: filepath.Join(dir, "key"), Case: "undisturbed"}
	if err := keys.Generate(k.Key, "", "test", rand.Reader); err != nil {
		t.Fatal(err)
	}
	key, err := keys.LoadFile(k.Key, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Create(t.Context(), vault.Options{Data: k.Data, DB: url, Actor: key},
		vault.Founding{Officer: "O", Recovery: filepath.Join(dir, "recovery"), Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	s := &site{v, v.Evidence}
	var want map[string]evidence.Exhibit
	k.Path, _ = tree(t, 40)
	trace := filepath.Join(dir, "trace")
	s.openCase(t, k.Case)
	if child(t, k, failpoint.EnvTrace+"="+trace) {
		t.Fatal("killed without a failpoint")
	}
	want = s.state(t, k.Case)
	moments := moments(t, trace)
	if len(moments) < 15 {
		t.Fatalf("only %d durable steps: %v", len(moments), moments)
	}
	step := 1
	if os.Getenv("TUTELA_LONG") == "" {
		step = (len(moments) + most - 1) / most
	}
	for i := 0; i < len(moments); i += step {
		k.Case, k.InPlace = fmt.Sprintf("killed-%d", i), i%4 == 3
		s.openCase(t, k.Case)
		killed := child(t, k, failpoint.Env+"="+moments[i])
		if !killed && !k.InPlace { // in place there are fewer steps
			t.Errorf("not killed at %s", moments[i])
		}
		if child(t, k) {
			t.Fatal("killed without a failpoint")
		}
		if diff := cmp.Diff(want, s.state(t, k.Case)); diff != "" {
			t.Errorf("killed at %s (-want +got):\n%s", moments[i], diff)
		}
	}
	if p := s.problems(t); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
	t.Logf("%d durable steps, every %d. killed", len(moments), step)
}

// moments turns the trace of a run into failpoints: "blob.synced:2", …
func moments(t *testing.T, trace string) (out []string) {
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[string]int{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		seen[sc.Text()]++
		out = append(out, fmt.Sprintf("%s:%d", sc.Text(), seen[sc.Text()]))
	}
	return out
}

// state returns the exhibits of a case by path, without what differs from run
// to run, and checks custody, jobs and that the acquisition is closed.
func (s *site) state(t *testing.T, caseID string) map[string]evidence.Exhibit {
	t.Helper()
	q, err := s.Desk.Consult(t.Context(), audit.Act{Class: audit.Consultation, Verb: "test.read", Case: caseID, Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	es, err := evidence.Exhibits(t.Context(), q, evidence.Query{Case: caseID})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]evidence.Exhibit{}
	for _, e := range es {
		if _, twice := out[e.Path]; twice {
			t.Errorf("%s is there twice", e.Path)
		}
		e.ID, e.Case, e.Acquisition, e.Blob, e.Sealed, e.Mode, e.Host = "", "", "", "", 0, "", ""
		out[e.Path] = e
	}
	n, _, err := db.One(t.Context(), q, func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) },
		`SELECT COUNT(*) FROM custody WHERE exhibit IN (SELECT id FROM exhibit WHERE case_id = ?1)`, caseID)
	if err != nil || n != len(es) {
		t.Errorf("%d custody entries for %d exhibits, %v", n, len(es), err)
	}
	counts, err := s.Queue.Counts(t.Context(), caseID)
	if err != nil || counts.Waiting != len(es) {
		t.Errorf("jobs %+v for %d exhibits, %v", counts, len(es), err)
	}
	acqs, err := evidence.Acquisitions(t.Context(), q, caseID, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(acqs) != 1 || acqs[0].State != evidence.Closed {
		t.Errorf("%d acquisitions", len(acqs))
	}
	return out
}
