package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"

	"tutela/fault"
	"tutela/phrase"
)

// oddNames are names that a stranger may give to a file: they colour a terminal,
// break a line, turn the order of the text round, are no UTF-8.
func oddNames() []string {
	return []string{"red\x1b[31m.txt", "two\nlines.txt", "latin\xe9\xff.txt", "bill\u202efdp.exe", "tab\tbell\a.txt", "plain.txt"}
}

// oddNamesCmd writes files with such names, each with the content of
// content.txt, and a link that leads nowhere: oddnames DIR
func oddNamesCmd(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.Mkdir(dir, 0o700))
	for _, name := range oddNames() {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(ts.ReadFile("content.txt")), 0o600))
	}
	ts.Check(os.Symlink("no\x1b[2Jwhere", filepath.Join(dir, "away\x1b[2J")))
}

// exitOddCmd runs a verb on a file of such a name that is not there:
// exitodd CODE VERB…
func exitOddCmd(ts *testscript.TestScript, neg bool, args []string) {
	exitCmd(ts, neg, append(args, "gone\x1b[2J\u202e\xff"))
}

// plainCmd refuses an output that could do anything to a terminal: plain
func plainCmd(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"stdout", "stderr"} {
		if at := unplain(ts.ReadFile(name)); at != "" {
			ts.Fatalf("%s: %q", name, at)
		}
	}
}

// unplain returns the first thing in a text that a terminal would act on.
func unplain(s string) string {
	for i, r := range s {
		bad := r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd")
		if bad || r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return s[i:min(len(s), i+8)]
		}
	}
	return ""
}

// TestErrorsArePlain: an error may carry a name out of evidence, in the message
// and in the hint; neither moves the cursor of whoever reads it.
func TestErrorsArePlain(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		for _, name := range oddNames() {
			var b strings.Builder
			report(&b, phrase.For(lang), fault.Hint(fault.New(fault.NotFound, "seal: %s: not there", name), "look for "+name))
			if at := unplain(b.String()); at != "" {
				t.Errorf("%s: %q in %q", lang, at, b.String())
			}
			if strings.Count(b.String(), ".") != 2 || strings.Count(b.String(), "\n") < 2 {
				t.Errorf("%s: the error or its hint is gone: %q", lang, b.String())
			}
		}
	}
}
