package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tutela/demo"
	"tutela/external/contain"
	"tutela/pipeline"
	"tutela/vault/pgtest"
	"tutela/vault/s3test"
)

// TestMain is a contained worker, the program itself, or the tests.
func TestMain(m *testing.M) {
	contain.Main(pipeline.Ops())
	testscript.Main(m, map[string]func(){"tutela": main})
}

// TestStories runs what officers do, verb by verb, with the real program.
func TestStories(t *testing.T) { stories(t, "", "") }

// stories runs every script with rows and objects in the given places.
func stories(t *testing.T, db, blobs string, only ...string) {
	p := testscript.Params{
		Dir:                 filepath.Join("testdata", "stories"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			root, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			home := filepath.Join(e.WorkDir, "home")
			for k, v := range map[string]string{"HOME": home, "USERPROFILE": home, "TUTELA_DATA": filepath.Join(e.WorkDir, "data"),
				"TUTELA_DB": db, "TUTELA_BLOBS": blobs, "LANG": "en", "TUTELA_LANG": "en", "ROOT": root, "CONFORMANCE": conformance(root)} {
				e.Setenv(k, v)
			}
			return os.MkdirAll(home, 0o700)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "conformance":
				_, err := os.Stat(conformance(""))
				return err == nil, nil
			case "embedded":
				return db == "" && blobs == "", nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": exitCmd, "operation": operationCmd, "partner": partnerCmd, "grab": grabCmd, "last": lastCmd, "flip": flipCmd, "editrow": editRowCmd, "finds": findsCmd, "count": countCmd, "jsonlines": jsonLinesCmd,
			"oddnames": oddNamesCmd, "exitodd": exitOddCmd, "plain": plainCmd},
	}
	if len(only) > 0 {
		dir := p.Dir
		p.Dir = ""
		for _, name := range only {
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			p.Files = append(p.Files, name)
		}
	}
	testscript.Run(t, p)
}

// conformance is the folder of inputs that others made.
func conformance(root string) string {
	if dir := os.Getenv("TUTELA_CONFORMANCE"); dir != "" {
		return dir
	}
	if root == "" {
		root, _ = filepath.Abs(filepath.Join("..", ".."))
	}
	return filepath.Join(root, "..", "shared", "conformance")
}

// exitCmd runs the program and compares its exit code: exit CODE VERB…
func exitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE VERB…")
	}
	err := ts.Exec("tutela", args[1:]...)
	got := 0
	if err != nil {
		got = -1
		if _, s, ok := strings.Cut(err.Error(), "exit status "); ok {
			got, _ = strconv.Atoi(s)
		}
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("tutela %s: exit code %d, want %s (%v)", args[1], got, args[0], err)
	}
}

// operationCmd writes the synthetic operation of the demo: operation DIR
func operationCmd(ts *testscript.TestScript, _ bool, args []string) {
	_, err := demo.Generate(ts.MkAbs(args[0]), demo.Scales()["small"], 1)
	ts.Check(err)
}

// grabCmd takes a field of the first JSON line of the last output that fits
// into a variable: grab NAME FIELD [FIELD=VALUE…]. VALUE may be a part.
func grabCmd(ts *testscript.TestScript, neg bool, args []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			ts.Fatalf("no JSON line: %s", line)
		}
		if fits(row, args[2:]) {
			if neg {
				ts.Fatalf("there is such a line: %s", line)
			}
			ts.Setenv(args[0], fmt.Sprint(row[args[1]]))
			return
		}
	}
	if !neg {
		ts.Fatalf("no line with %v", args[2:])
	}
}

func fits(row map[string]any, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool {
		field, value, _ := strings.Cut(w, "=")
		return !strings.Contains(fmt.Sprint(row[field]), value)
	})
}

// lastCmd takes the last line of the last output into a variable: last NAME
func lastCmd(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.Split(strings.TrimRight(ts.ReadFile("stdout"), "\n"), "\n")
	ts.Setenv(args[0], lines[len(lines)-1])
}

// countCmd compares the number of lines of the last output: count N
func countCmd(ts *testscript.TestScript, _ bool, args []string) {
	if n := strings.Count(ts.ReadFile("stdout"), "\n"); strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d lines, want %s", n, args[0])
	}
}

// jsonLinesCmd refuses an output that is anything but JSON lines with members
// in lower case.
func jsonLinesCmd(ts *testscript.TestScript, _ bool, _ []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var row map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			ts.Fatalf("no JSON object: %s", line)
		}
		for name := range row {
			if name != strings.ToLower(name) {
				ts.Fatalf("member %s is not in lower case: %s", name, line)
			}
		}
	}
}

// flipCmd changes one byte in the middle of a file, or of the largest file
// below a folder: flip PATH
func flipCmd(ts *testscript.TestScript, _ bool, args []string) {
	path, size := ts.MkAbs(args[0]), int64(-1)
	ts.Check(filepath.Walk(path, func(p string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && info.Size() > size {
			path, size = p, info.Size()
		}
		return err
	}))
	b, err := os.ReadFile(path)
	ts.Check(err)
	changed := bytes.Clone(b)
	changed[len(b)/2] ^= 1
	ts.Check(os.Chmod(path, 0o600))
	ts.Check(os.WriteFile(path, changed, 0o600))
}

// TestStoriesOnServers runs some of them with rows in PostgreSQL and objects in
// an S3 store.
func TestStoriesOnServers(t *testing.T) {
	if testing.Short() {
		t.Skip("short: servers take seconds to start")
	}
	for _, name := range []string{"held-and-authorised.txt", "tampered-log.txt", "erase.txt"} {
		t.Run(name, func(t *testing.T) { stories(t, pgtest.URL(t), s3test.Location(t), name) })
	}
}
