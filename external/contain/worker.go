package contain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// marker is the first argument of a worker process; a JSON order follows.
const marker = "tutela: contained worker"

// order is what the parent tells a worker at its start.
type order struct {
	Memory    int64 `json:"memory"`
	CPU       int64 `json:"cpu_seconds"` // for its whole life
	Input     int64 `json:"input"`
	AllowWeak bool  `json:"allow_weak"`
}

// Main turns the process into a worker and never returns when it was started
// as one; otherwise it returns at once. Call it before anything else in main,
// and in TestMain of packages whose tests use a Pool.
func Main(ops map[string]Op) {
	if len(os.Args) == 2 && os.Args[0] == programMarker {
		becomeProgram()
	}
	if len(os.Args) != 2 || os.Args[0] != marker {
		return
	}
	var o order
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		os.Exit(2)
	}
	os.Exit(serve(ops, o))
}

// serve contains the process, says so, and answers requests until the control
// channel is closed. It returns the exit status.
func serve(ops map[string]Op, o order) int {
	os.Clearenv()
	// Go gives memory back before the hard limit kills; the rest is for what
	// the runtime does not count.
	debug.SetMemoryLimit(o.Memory / 4 * 3)
	measures, err := confine(o)
	if err != nil {
		writeFrame(answers{}, kindRefused, clip(err.Error()))
		return 1
	}
	said, err := json.Marshal(measures)
	if err != nil || writeFrame(answers{}, kindReady, said) != nil {
		return 1
	}
	for {
		q, err := receive(o)
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			return 1
		}
		out, err := call(ops, q)
		q.close()
		if err != nil {
			err = writeFrame(answers{}, kindFailed, clip(err.Error()))
		} else {
			err = writeFrame(answers{}, kindAnswer, out)
		}
		if err != nil {
			return 1
		}
	}
}

// call does not recover: a panic ends the worker, since nobody knows what a
// decoder that panicked left behind.
func call(ops map[string]Op, q request) ([]byte, error) {
	op, ok := ops[q.op]
	if !ok {
		return nil, fmt.Errorf("no such op")
	}
	return op(q.in, q.size, q.args)
}

func clip(s string) []byte {
	if len(s) > maxErrorText {
		s = s[:maxErrorText]
	}
	return []byte(s)
}
