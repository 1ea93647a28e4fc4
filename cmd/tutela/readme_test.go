package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	readmeID     = regexp.MustCompile(`\b(CASE|LENA|REFERRAL)\b`)
	readmePrints = regexp.MustCompile(`# .*\bprints ([A-Z]+)`)
)

// TestReadme runs the morning that the README tells, command by command.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "## A morning's work\n\n```\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the README has no morning")
	}
	script := []string{"operation op", "cp op/lists/known-items.csv list.csv", "cp op/mail/tip.eml tip.eml",
		"cp 'op/exports/WhatsApp Chat - Senderos 1.zip' chat-export.zip", "partner agency.asc"}
	for line := range strings.Lines(block) {
		prints := readmePrints.FindStringSubmatch(line)
		command, _, _ := strings.Cut(line, " #")
		command = strings.NewReplacer(`"`, "'", "~/", "$HOME/", "/media/seized", "op/seized-pc").Replace(command)
		for _, c := range strings.Split(readmeID.ReplaceAllString(command, "$$$1"), ";") {
			script = append(script, "exec "+strings.TrimSpace(c))
		}
		if prints != nil {
			script = append(script, "last "+prints[1])
		}
	}
	script = append(script, "stdout 'INTACT, signer known'")
	file := filepath.Join(t.TempDir(), "readme.txt")
	if err := os.WriteFile(file, []byte(strings.Join(script, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stories(t, "", "", file)
}

// partnerCmd writes the public OpenPGP key of an agency: partner FILE
func partnerCmd(ts *testscript.TestScript, _ bool, args []string) {
	public, err := partner(ts.MkAbs("."), "IT", false)
	ts.Check(err)
	ts.Check(os.Rename(public, ts.MkAbs(args[0])))
}
