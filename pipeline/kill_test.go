package pipeline

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	randv2 "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/demo"
	"tutela/external/contain"
	"tutela/vault"
	"tutela/vault/evidence"
	"tutela/vault/failpoint"
	"tutela/vault/keys"
	"tutela/vault/pgtest"
)

const taskEnv = "PIPELINE_TEST_TASK"

// task is what a child process is told to take in.
type task struct {
	Data, DB, Key, Case string
	Paths               []string
	InPlace             bool
}

// victim opens the site and ingests. It returns the exit code.
func victim(text string) int {
	if err := ingestTask(context.Background(), text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func ingestTask(ctx context.Context, text string) error {
	debug.SetMemoryLimit(Memory)
	var k task
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return err
	}
	key, err := keys.LoadFile(k.Key, "")
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, vault.Options{Data: k.Data, DB: k.DB, Actor: key, Schemas: Schemas()})
	if err != nil {
		return err
	}
	defer v.Close()
	pool := contain.NewPool(contain.Config{Size: 2})
	defer pool.Close()
	l, err := New(Config{Vault: v, Pool: pool})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = l.Ingest(ctx, Order{Case: k.Case, Paths: k.Paths, InPlace: k.InPlace, Why: "test"}, nil)
	return err
}

// child starts a victim; after a pause of more than nothing it is killed.
func child(t *testing.T, k task, after time.Duration, env ...string) (killed bool) {
	t.Helper()
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, taskEnv+"="+string(text))...)
	errs, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	lines.ReadString('\n')
	if after > 0 {
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	lines.WriteTo(discard{})
	if err := cmd.Wait(); err == nil {
		return false
	}
	if cmd.ProcessState.Exited() { // not a signal
		said, _ := os.ReadFile(errs.Name())
		t.Fatalf("%v: %s", env, said)
	}
	return true
}

type discard struct{}

// Write implements io.Writer.
func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestKilled kills an ingest at durable steps and at random moments, lets the
// same order continue, and compares with an undisturbed run: the same exhibits,
// custody, items, messages, identifiers, findings and matches. Then it derives
// every case again. Normally it takes ten moments; TUTELA_LONG=1 takes more than
// a hundred, each step's first and last among them.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Run("sqlite", func(t *testing.T) { killAll(t, "") })
	t.Run("postgres", func(t *testing.T) { killAll(t, pgtest.URL(t)) })
}

func killAll(t *testing.T, url string) {
	s, k := killSite(t, url)
	undisturbed := s.openCovered(t)
	trace := filepath.Join(t.TempDir(), "trace")
	begin := time.Now()
	k.Case = string(undisturbed)
	if child(t, k, 0, failpoint.EnvTrace+"="+trace) {
		t.Fatal("killed without a failpoint")
	}
	span := time.Since(begin)
	want := s.state(t, undisturbed)
	if len(want) < 200 {
		t.Fatalf("an undisturbed run gives only %d facts", len(want))
	}
	moments, steps := moments(t, trace)
	random := 3
	if os.Getenv("TUTELA_LONG") != "" {
		random = 40
	}
	chosen := choose(moments, os.Getenv("TUTELA_LONG") != "")
	dead := 0
	for n := range len(chosen) + random {
		id := s.openCovered(t)
		k.Case, k.InPlace = string(id), n%5 == 4
		what, killed := "", false
		if n < len(chosen) {
			what = chosen[n]
			killed = child(t, k, 0, failpoint.Env+"="+what)
		} else {
			pause := time.Duration(randv2.Int64N(int64(span)))
			what = pause.String()
			killed = child(t, k, pause)
		}
		if killed {
			dead++
		}
		if child(t, k, 0) {
			t.Fatal("killed without a failpoint")
		}
		if diff := cmp.Diff(want, s.state(t, id)); diff != "" {
			t.Errorf("killed at %s (%v): (-want +got):\n%s", what, killed, diff)
		}
	}
	s.noFailures(t)
	s.equal(t)
	if dead < len(chosen)*3/4 { // in place, and by the luck of two workers, some steps are fewer
		t.Errorf("only %d of %d were killed", dead, len(chosen)+random)
	}
	t.Logf("%d durable steps of %d kinds in %v; %d kills at %d steps and %d random moments", len(moments), len(steps), span, dead, len(chosen), random)
}

// killSite is a site whose key is a file, and a small operation to take in.
func killSite(t *testing.T, url string) (*site, task) {
	dir := t.TempDir()
	k := task{Data: filepath.Join(dir, "data"), DB: url, Key: filepath.Join(dir, "key")}
	if err := keys.Generate(k.Key, "", "test", rand.Reader); err != nil {
		t.Fatal(err)
	}
	key, err := keys.LoadFile(k.Key, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Create(t.Context(), vault.Options{Data: k.Data, DB: url, Actor: key, Schemas: Schemas()},
		vault.Founding{Officer: "O", Recovery: filepath.Join(dir, "recovery"), Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	s := &site{Vault: v, line: newLine(t, v, Config{})}
	p, err := demo.Generate(filepath.Join(dir, "operation"), demo.Scale{Groups: 2, Members: 12, Messages: 24, Pictures: 8, FolderFiles: 6}, 2)
	if err != nil {
		t.Fatal(err)
	}
	s.importList(t, p.List, "1")
	k.Paths = append(slices.Clone(p.Exports), p.Mail, p.Folder)
	return s, k
}

// moments turns the trace of a run into failpoints, "blob.synced:2", and counts
// them by name.
func moments(t *testing.T, trace string) (all []string, seen map[string]int) {
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen = map[string]int{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		seen[sc.Text()]++
		all = append(all, fmt.Sprintf("%s:%d", sc.Text(), seen[sc.Text()]))
	}
	for _, name := range []string{"blob.written", "blob.synced", "blob.renamed", "blob.dirsynced", "seal.durable", "seal.committed", "seal.closed",
		"pipeline.sealed", "pipeline.durable", "pipeline.identify", "pipeline.unpack", "pipeline.read", "pipeline.fingerprint", "pipeline.match",
		"pipeline.link", "pipeline.propose", "jobs.claimed", "jobs.finished", "jobs.settled", "db.written", "db.committed"} {
		if seen[name] == 0 {
			t.Errorf("an ingest does not pass the step %s", name)
		}
	}
	return all, seen
}

// choose takes seven moments spread over a run, or a hundred with the first and
// the last of each step.
func choose(all []string, long bool) (out []string) {
	most := 7
	if long {
		most = 60
		ends := map[string][2]string{}
		for _, m := range all {
			name, _, _ := cutLast(m)
			e := ends[name]
			if e[0] == "" {
				e[0] = m
			}
			e[1] = m
			ends[name] = e
		}
		for _, e := range ends {
			out = append(out, e[0], e[1])
		}
	}
	for n := range most {
		out = append(out, all[(2*n+1)*len(all)/(2*most)])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func cutLast(s string) (string, string, bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ':' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// state returns everything known of a case as facts without ids, sorted, and
// checks that the acquisitions are closed and that each exhibit has one entry
// of custody.
func (s *site) state(t *testing.T, id cases.ID) []string {
	t.Helper()
	q := s.look(t)
	exhibits, err := evidence.Exhibits(t.Context(), q, evidence.Query{Case: string(id), Protected: true})
	if err != nil {
		t.Fatal(err)
	}
	var out, ids []string
	paths := map[string]string{}
	for _, e := range exhibits {
		paths[e.ID] = e.Path + "/" + e.Name
		ids = append(ids, e.ID)
		out = append(out, fmt.Sprintf("exhibit %s %d %v %s", paths[e.ID], e.Size, e.SHA256, e.State))
	}
	chains, err := evidence.CustodyOf(t.Context(), q, ids...)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exhibits {
		if err := evidence.CheckCustody(e, chains[e.ID]); err != nil || len(chains[e.ID]) != 1 {
			t.Errorf("%s: %d entries of custody, %v", e.Path, len(chains[e.ID]), err)
		}
	}
	acqs, err := evidence.Acquisitions(t.Context(), q, string(id), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range acqs {
		out = append(out, "acquisition "+a.Source+" "+a.State)
	}
	out = append(out, s.derived(t, id, paths)...)
	slices.Sort(out)
	return out
}
