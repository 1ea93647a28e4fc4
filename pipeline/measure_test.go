package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/vault/evidence"
)

// measured is the most memory that processes held, without mapped files, and
// how long they took.
type measured struct {
	Main, Worker int64 // bytes
	Took         time.Duration
}

// String implements fmt.Stringer.
func (m measured) String() string {
	return fmt.Sprintf("main %d MiB, worker %d MiB, %v", m.Main>>20, m.Worker>>20, m.Took.Round(time.Millisecond))
}

// measure runs a victim to its end and looks at its memory and that of its
// workers every few milliseconds.
func measure(t *testing.T, k task) (m measured) {
	t.Helper()
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), taskEnv+"="+string(text), "GOMEMLIMIT=")
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case err := <-done:
			tick.Stop()
			if err != nil {
				t.Fatal(err)
			}
			m.Took = time.Since(begin)
			return m
		case <-tick.C:
			m.Main = max(m.Main, anonymous(cmd.Process.Pid))
			tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))
			for _, file := range tasks {
				list, _ := os.ReadFile(file)
				for _, pid := range strings.Fields(string(list)) {
					n, _ := strconv.Atoi(pid)
					m.Worker = max(m.Worker, anonymous(n))
				}
			}
		}
	}
}

// anonymous returns the resident memory of a process without mapped files.
func anonymous(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// codesByExhibit returns the codes of findings by the name of their exhibit.
func (s *site) codesByExhibit(t *testing.T, id cases.ID) map[string]map[string]bool {
	t.Helper()
	exhibits, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: string(id), Protected: true})
	fatal(t, err)
	name := map[string]string{}
	for _, e := range exhibits {
		name[e.ID] = e.Name
	}
	found, err := media.Findings(t.Context(), s.look(t), media.Query{Case: id, View: open})
	fatal(t, err)
	out := map[string]map[string]bool{}
	for _, f := range found {
		if out[name[f.Exhibit]] == nil {
			out[name[f.Exhibit]] = map[string]bool{}
		}
		out[name[f.Exhibit]][f.Code] = true
	}
	return out
}
