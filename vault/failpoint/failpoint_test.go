package failpoint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain is the victim when the environment says so: it passes steps until
// one of them kills it.
func TestMain(m *testing.M) {
	if os.Getenv("FAILPOINT_VICTIM") != "" {
		for range 3 {
			Hit("one")
			Hit("two")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func run(t *testing.T, spec string) (steps []string, killed bool) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FAILPOINT_VICTIM=1", Env+"="+spec, EnvTrace+"="+trace)
	err := cmd.Run()
	text, rerr := os.ReadFile(trace)
	if rerr != nil {
		t.Fatal(rerr)
	}
	return strings.Fields(string(text)), err != nil
}

func TestHit(t *testing.T) {
	for _, c := range []struct {
		spec   string
		steps  string
		killed bool
	}{
		{"", "one two one two one two", false},
		{"two", "one two", true},
		{"two:2", "one two one two", true},
		{"one:3", "one two one two one", true},
		{"*:5", "one two one two one", true},
		{"*:7", "one two one two one two", false},
		{"three:1", "one two one two one two", false},
		{"two:nonsense", "one two", true},
	} {
		steps, killed := run(t, c.spec)
		if got := strings.Join(steps, " "); got != c.steps || killed != c.killed {
			t.Errorf("%q: steps %q killed %v, want %q %v", c.spec, got, killed, c.steps, c.killed)
		}
	}
}

func TestNothingAsked(t *testing.T) {
	if parse("", "") != nil {
		t.Error("a plan out of nothing")
	}
	Hit("anything") // the test's own environment asks for nothing
}

func BenchmarkHit(b *testing.B) {
	for b.Loop() {
		Hit("nothing")
	}
}
