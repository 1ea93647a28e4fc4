package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tutela/fault"
	"tutela/phrase"
)

// Exit codes beyond those of package fault (0 done, 1 unclassified, 2 invalid,
// 3 not found, 4 refused, 5 corrupt, 6 busy, 7 outside).
const (
	exitAltered       = 10  // verify: the package was altered
	exitUnknownSigner = 11  // verify: intact, but nobody trusted signed it
	exitDifferent     = 12  // check: log, rows or blobs are not what was recorded
	exitIncomplete    = 13  // ingest: sealed, but some of the work was given up; status names it
	exitInterrupted   = 130 // stopped by the user
)

// status is an answer that is an exit code rather than a failure.
type status struct{ code int }

func (s status) Error() string { return fmt.Sprintf("exit status %d", s.code) }

// exitCode maps an error to the process's exit status.
func exitCode(err error) int {
	var s status
	switch {
	case err == nil:
		return 0
	case errors.As(err, &s):
		return s.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return fault.KindOf(err).ExitCode()
}

// report writes an error and its hint for the user; a status has been printed
// by its verb already. An error may name a file that somebody else named.
func report(w io.Writer, c *phrase.Catalog, err error) {
	var s status
	if err == nil || errors.As(err, &s) {
		return
	}
	fmt.Fprintln(w, printableLines(c.Text("fault.error", err)))
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintln(w, printableLines(c.Text("fault.hint", hint)))
	}
}
