// Package failpoint lets a test kill the process at a chosen durable step. It
// promises that Hit does nothing unless the environment asks for it; it never
// changes what a run does short of ending it.
//
// TUTELA_FAILPOINT=blob.renamed:3 kills the process (as kill -9 does) when the
// step blob.renamed is reached for the third time; "*" as the name counts every
// step. TUTELA_FAILPOINT_TRACE=FILE appends the name of each step to FILE, so
// that a test can learn how many there are.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// Environment variables that are read once, at the first Hit.
const (
	Env      = "TUTELA_FAILPOINT"
	EnvTrace = "TUTELA_FAILPOINT_TRACE"
)

// plan is what the environment asks for.
type plan struct {
	mu    sync.Mutex
	name  string
	left  int
	trace *os.File
	kill  func()
}

var current = sync.OnceValue(func() *plan {
	return parse(os.Getenv(Env), os.Getenv(EnvTrace))
})

// parse returns nil when nothing is asked for. A count that is missing or not
// a positive number means 1.
func parse(spec, trace string) *plan {
	if spec == "" && trace == "" {
		return nil
	}
	p := &plan{kill: die}
	if spec != "" {
		name, count, _ := strings.Cut(spec, ":")
		p.name, p.left = name, 1
		if n, err := strconv.Atoi(count); err == nil && n > 0 {
			p.left = n
		}
	}
	if trace != "" {
		p.trace, _ = os.OpenFile(trace, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	return p
}

// Hit says that the durable step called name has just been done.
func Hit(name string) {
	if p := current(); p != nil {
		p.hit(name)
	}
}

func (p *plan) hit(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trace != nil {
		p.trace.WriteString(name + "\n")
	}
	if p.left == 0 || (p.name != "*" && p.name != name) {
		return
	}
	if p.left--; p.left == 0 {
		p.kill()
	}
}

// die ends the process at once: no deferred call runs, no buffer is flushed.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		p.Kill()
	}
	select {}
}
