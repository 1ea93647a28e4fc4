package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tutela/demo"
	"tutela/fault"
)

// demoVerb makes a synthetic operation and takes it down the whole road, with
// the verbs that an officer would type.
type demoVerb struct {
	Scale   string `default:"small" enum:"small,full" help:"${help_demo_scale}"`
	NoServe bool   `help:"${help_demo_no_serve}"`
}

// demoSeed makes every demo the same.
const demoSeed = 20191015

// Run does the demo. Everything that it makes lies in one folder.
func (c *demoVerb) Run(a *app) error {
	dir, err := demoFolder(a)
	if err != nil {
		return err
	}
	s := &story{app: a, dir: dir, first: filepath.Join(dir, "officers", "first.key"), second: filepath.Join(dir, "officers", "second.key")}
	if a.JSON {
		s.told = a.err
	} else {
		s.told = a.out
	}
	s.say("demo.intro", dir)
	s.plan, err = demo.Generate(filepath.Join(dir, "operation"), demo.Scales()[c.Scale], demoSeed)
	if err != nil {
		return fault.New(fault.Outside, "demo: %w", err)
	}
	s.say("demo.made", len(s.plan.Exports)+1, len(s.plan.Countries), s.plan.Messages)
	for _, chapter := range []func() error{s.found, s.takeIn, s.look, s.decide, s.refer, s.check} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return s.end()
}

// demoFolder is --data, which must be empty, or a new folder.
func demoFolder(a *app) (string, error) {
	if a.Data == "" {
		dir, err := os.MkdirTemp("", "tutela-demo-")
		if err != nil {
			return "", fault.New(fault.Outside, "demo: %w", err)
		}
		return dir, nil
	}
	dir, err := a.data()
	if err != nil {
		return "", err
	}
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return "", fault.Hint(fault.New(fault.Refused, "demo: %s is not empty", dir), a.text.Text("hint.demo"))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fault.New(fault.Outside, "demo: %w", err)
	}
	return dir, nil
}

// story is a run of verbs that the reader can follow and repeat.
type story struct {
	*app
	dir           string
	first, second string // key files
	told          io.Writer
	plan          demo.Plan
	caseID        string
	quiet         bool // do not show the verbs
	sent          int  // packages
}

// say writes one sentence of the story.
func (s *story) say(key string, args ...any) { fmt.Fprintln(s.told, s.text.Text(key, args...)) }

// do runs one verb as the first officer and returns what it printed.
func (s *story) do(args ...string) (string, error) { return s.as(s.first, args...) }

// as runs one verb with a key, after showing it, and returns what it printed.
func (s *story) as(key string, args ...string) (string, error) {
	shown := append([]string{"$ tutela"}, quoted(args)...)
	if key != s.first {
		shown = append(shown, "--key", shellWord(key))
	}
	var out bytes.Buffer
	into, errw := io.Writer(&out), io.Discard
	if !s.quiet {
		fmt.Fprintf(s.told, "\n%s\n", strings.Join(shown, " "))
		into, errw = io.MultiWriter(s.told, &out), s.err
	}
	// The demo's own folder, not what the environment names.
	full := append(args, "--data", filepath.Join(s.dir, "site"), "--key", key, "--db", "", "--blobs", "", "--lang", s.text.Lang())
	if code := run(s.ctx, full, s.in, into, errw); code != 0 {
		return out.String(), fault.New(fault.Outside, "demo: \"tutela %s\" ended with exit status %d", args[0], code)
	}
	return out.String(), nil
}

// id runs a verb and returns the id that it printed last.
func (s *story) id(key string, args ...string) (string, error) {
	out, err := s.as(key, args...)
	lines := strings.Fields(out)
	if err != nil || len(lines) == 0 {
		return "", err
	}
	return lines[len(lines)-1], nil
}

// quoted makes words that a shell reads back as the arguments.
func quoted(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = shellWord(a)
	}
	return out
}

func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:+=,@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
