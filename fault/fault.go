// Package fault names the few kinds of failure that a caller can act on, and
// maps each kind once to an exit code. It promises that a kind set deep in the
// house is still readable at the door; it never carries personal data.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error.
type Kind int

// The kinds, with the exit code of the command line in brackets.
const (
	Unknown  Kind = iota // not classified (1)
	Invalid              // the request or the input is malformed (2)
	NotFound             // nothing has that name or id (3)
	Refused              // a rule, a right or an authorisation forbids it (4)
	Corrupt              // stored or received bytes are not what was written (5)
	Busy                 // somebody else holds it, try again (6)
	Outside              // another program, disk or server failed (7)
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case NotFound:
		return "not found"
	case Refused:
		return "refused"
	case Corrupt:
		return "corrupt"
	case Busy:
		return "busy"
	case Outside:
		return "outside"
	}
	return "unknown"
}

// ExitCode returns the process exit status for the kind.
func (k Kind) ExitCode() int { return int(k) + 1 }

// failure is an error with a kind and, at the end, a hint for the user.
type failure struct {
	kind Kind
	hint string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// New returns an error of the given kind; format and args are those of
// fmt.Errorf, so %w keeps the cause.
func New(kind Kind, format string, args ...any) error {
	return &failure{kind: kind, err: fmt.Errorf(format, args...)}
}

// Hint adds to err one sentence that tells the user what to do next. It keeps
// the kind of err, and returns nil for a nil err.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &failure{kind: KindOf(err), hint: hint, err: err}
}

// KindOf returns the kind of the outermost classified error in the chain.
func KindOf(err error) Kind {
	var f *failure
	if errors.As(err, &f) {
		return f.kind
	}
	return Unknown
}

// HintOf returns the outermost non-empty hint in the chain, or "".
func HintOf(err error) string {
	for err != nil {
		var f *failure
		if !errors.As(err, &f) {
			return ""
		}
		if f.hint != "" {
			return f.hint
		}
		err = f.err
	}
	return ""
}
