package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// answer is what one run of the program gave.
type answer struct {
	code     int
	out, err string
}

// ask runs the program in this process.
func ask(t *testing.T, args ...string) answer {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return answer{code, out.String(), errs.String()}
}

// fails checks what the manual promises of every failure: a documented code, an
// error in one line, nothing on the standard output but JSON, no trace of the
// program's inside.
func (a answer) fails(t *testing.T, what string, codes ...int) {
	t.Helper()
	if !slices.Contains(codes, a.code) {
		t.Errorf("%s: exit code %d, want one of %v: %s", what, a.code, codes, a.err)
	}
	if !strings.HasPrefix(a.err, "error: ") || strings.Count(a.err, "error: ") != 1 {
		t.Errorf("%s: no error, or several: %q", what, a.err)
	}
	for _, inside := range []string{"goroutine", ".go:", "panic", "%!", "SQL", "sqlite", "nil pointer"} {
		if strings.Contains(a.err, inside) {
			t.Errorf("%s: %q in %q", what, inside, a.err)
		}
	}
	for line := range strings.Lines(a.out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s: output beside the error: %q", what, line)
		}
	}
}

// homeless gives the test a home without a site.
func homeless(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for k, v := range map[string]string{"HOME": home, "USERPROFILE": home, "TUTELA_DATA": filepath.Join(home, "data"), "TUTELA_KEY": "", "TUTELA_OFFICER": "",
		"TUTELA_DB": "", "TUTELA_BLOBS": "", "TUTELA_LANG": "en", "TUTELA_PASSPHRASE": "", "SSH_AUTH_SOCK": ""} {
		t.Setenv(k, v)
	}
	t.Chdir(home)
	return home
}

// bare returns the words of a command that leaves out every required flag, and
// the names of those.
func bare(leaf *kong.Node, example []string) (words, flags []string) {
	for _, f := range leaf.Flags {
		if f.Required && len(f.Xor) == 0 {
			flags = append(flags, f.Name)
		}
	}
	for i := 0; i < len(example); i++ {
		if name, ok := strings.CutPrefix(example[i], "--"); ok && slices.Contains(flags, name) {
			i++
			continue
		}
		words = append(words, example[i])
	}
	return words, flags
}

// examples returns the first example of every verb in the manual.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, leaf := range model(t).Leaves(true) {
		verb := strings.TrimPrefix(leaf.Path(), "tutela ")
		part, _ := section(string(b), "### "+verb)
		_, line, ok := strings.Cut(part, "\n    tutela ")
		if !ok {
			t.Fatalf("%s: no example", verb)
		}
		line, _, _ = strings.Cut(line, "\n")
		all[verb] = fields(line)
	}
	return all
}

// TestWhatIsRequiredIsAskedFor leaves out the required flags of each verb, and
// gives a word that is none to each flag that takes some words only: exit 2, the
// flags are named, a hint says where help is, and nothing was made.
func TestWhatIsRequiredIsAskedFor(t *testing.T) {
	commands := examples(t)
	homeless(t)
	n := 0
	try := func(what string, words []string, flags ...string) {
		n++
		a := ask(t, words...)
		a.fails(t, what, 2)
		for _, name := range flags {
			if !strings.Contains(a.err, "--"+name) || !strings.Contains(a.err, "\nhint: ") {
				t.Errorf("%s: %q", what, a.err)
			}
		}
	}
	for _, leaf := range model(t).Leaves(true) {
		verb := strings.TrimPrefix(leaf.Path(), "tutela ")
		if words, flags := bare(leaf, commands[verb]); len(flags) > 0 {
			try(verb+" without what it requires", words, flags...)
		}
		for _, f := range leaf.Flags {
			if f.Enum != "" {
				try(verb+" with a wrong --"+f.Name, append(slices.Clone(commands[verb]), "--"+f.Name+"=unheard-of"), f.Name)
			}
		}
	}
	try("a verb with an unknown flag", append(slices.Clone(commands["ingest"]), "--unheard-of"))
	try("no verb", nil)
	try("an unknown verb", []string{"unheard-of"})
	if n < 60 {
		t.Errorf("only %d flags were tried", n)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 {
		t.Errorf("wrong use left something behind: %v, %v", entries, err)
	}
}

// siteless are the verbs that need no site, and the one that goes on until it is
// stopped.
func siteless(verb string) bool {
	return slices.Contains([]string{"init", "key new", "doctor", "demo", "work", "fingerprint", "film hash", "film compare"}, verb)
}

// TestWithoutASite: the first verb of each kind, on a machine that has no site,
// says so, and makes none.
func TestWithoutASite(t *testing.T) {
	commands := examples(t)
	home := homeless(t)
	tried := map[string]bool{}
	for _, verb := range slices.Sorted(maps.Keys(commands)) {
		kind, _, _ := strings.Cut(verb, " ")
		if siteless(verb) || tried[kind] {
			continue
		}
		tried[kind] = true
		a := ask(t, append(slices.Clone(commands[verb]), "--why", "a reason", "--json")...)
		a.fails(t, verb, 2, 3)
		if a.out != "" {
			t.Errorf("%s: %q", verb, a.out)
		}
	}
	for _, made := range []string{"data", ".config", ".local"} {
		if _, err := os.Stat(filepath.Join(home, made)); err == nil {
			t.Errorf("%s was made", made)
		}
	}
}

// TestOfACaseThatIsNotThere: every verb of the manual on a site that holds
// nothing fails as documented, and writes no file.
func TestOfACaseThatIsNotThere(t *testing.T) {
	commands := examples(t)
	home := homeless(t)
	if a := ask(t, "init", "--agency", "Unidad A", "--country", "ES"); a.code != 0 {
		t.Fatal(a.err)
	}
	works := []string{"officer list", "case open", "case list", "hashlist list", "agency add", "agency list", "key public", "key list", "key export",
		"backup", "audit checkpoint", "audit export", "audit log", "check"}
	for verb, words := range commands {
		if siteless(verb) || slices.Contains(works, verb) || verb == "match" { // of no case: tells of each file, exit 13
			continue
		}
		a := ask(t, append(slices.Clone(words), "--why", "a reason")...)
		a.fails(t, verb, 2, 3, 4)
	}
	entries, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains([]string{".config", "data"}, e.Name()) {
			t.Errorf("%s was made", e.Name())
		}
	}
}
