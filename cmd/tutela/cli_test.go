package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tutela/phrase"
)

// model is the command line as kong sees it.
func model(t *testing.T) *kong.Application {
	t.Helper()
	p, err := kong.New(&cli{}, kong.Name("tutela"), helpTexts(phrase.For("en")), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return p.Model
}

// section returns the part of the manual under a heading.
func section(text, heading string) (string, bool) {
	_, rest, ok := strings.Cut(text, "\n"+heading+"\n")
	if !ok {
		return "", false
	}
	if i := strings.Index(rest, "\n## "); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.Index(rest, "\n### "); i >= 0 {
		rest = rest[:i]
	}
	return rest, true
}

// TestManual keeps docs/cli.md true: every verb with every flag and argument,
// an example, and every flag that all verbs take.
func TestManual(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, m := string(b), model(t)
	common, ok := section(text, "## Flags of every verb")
	if !ok {
		t.Fatal("the manual has no section on the flags of every verb")
	}
	for _, f := range m.Flags {
		if !strings.Contains(common, "`--"+f.Name+"`") && f.Name != "help" {
			t.Errorf("the manual does not tell of --%s", f.Name)
		}
	}
	known := map[string]bool{}
	for _, leaf := range m.Leaves(true) {
		verb := strings.TrimPrefix(leaf.Path(), "tutela ")
		known[verb] = true
		part, ok := section(text, "### "+verb)
		if !ok {
			t.Errorf("the manual has no section on %q", verb)
			continue
		}
		if !strings.Contains(part, "    tutela "+verb) {
			t.Errorf("%s: no example", verb)
		}
		for _, f := range leaf.Flags {
			if !strings.Contains(part, "`--"+f.Name+"`") {
				t.Errorf("%s: the manual does not tell of --%s", verb, f.Name)
			}
		}
		for _, a := range leaf.Positional {
			if !strings.Contains(part, "`"+strings.ToUpper(a.Name)+"`") {
				t.Errorf("%s: the manual does not tell of the argument %s", verb, a.Name)
			}
		}
	}
	for line := range strings.Lines(text) {
		if verb, ok := strings.CutPrefix(strings.TrimSpace(line), "### "); ok && !known[verb] {
			t.Errorf("the manual tells of %q, which is no verb", verb)
		}
	}
}

// TestExamples parses every example of the manual.
func TestExamples(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := kong.New(&cli{}, kong.Name("tutela"), helpTexts(phrase.For("en")), kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		words, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    tutela ")
		if !ok {
			continue
		}
		n++
		if _, err := p.Parse(fields(words)); err != nil && !strings.Contains(err.Error(), "no such file") {
			t.Errorf("%s: %v", words, err)
		}
	}
	if n < 40 {
		t.Errorf("only %d examples were found", n)
	}
}

// fields splits a command as a shell does, with single quotes.
func fields(s string) []string {
	var out []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

// TestJSONOnly: a verb with --json prints nothing but JSON, also where it fails.
func TestJSONOnly(t *testing.T) {
	var out, errs bytes.Buffer
	t.Setenv("HOME", t.TempDir())
	t.Setenv("TUTELA_DATA", filepath.Join(t.TempDir(), "data"))
	if code := run(t.Context(), []string{"init", "--agency", "A", "--country", "ES", "--json"}, nil, &out, &errs); code != 0 {
		t.Fatalf("init: %d %s", code, errs.String())
	}
	for _, args := range [][]string{{"case", "list"}, {"case", "open", "--title", "T", "--purpose", "P"}, {"officer", "list"}, {"agency", "list"}, {"key", "list"},
		{"key", "export"}, {"hashlist", "list"}, {"audit", "log"}, {"audit", "checkpoint"}, {"check"}, {"work", "--until-idle"}, {"case", "show", "none"}} {
		if code := run(t.Context(), append(args, "--json"), nil, &out, &errs); code != 0 && args[len(args)-1] != "none" {
			t.Errorf("%v: %d %s", args, code, errs.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}
