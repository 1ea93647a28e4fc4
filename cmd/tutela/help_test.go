package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestHelpOfEither reads the help of verbs that need exactly one of several
// flags: none of them is called required there, and leaving out all is refused.
func TestHelpOfEither(t *testing.T) {
	for verb, flags := range map[string][]string{"assign": {"--person", "--new"}, "authorise": {"--issuer", "--list"}, "key rotate": {"--log", "--to"}} {
		var out, errw bytes.Buffer
		words := strings.Fields(verb)
		if code := run(context.Background(), append(words, "--help", "--lang", "en"), nil, &out, &errw); code != 0 {
			t.Fatalf("%s --help: exit status %d", verb, code)
		}
		usage, rest, _ := strings.Cut(out.String(), "\n")
		for n, f := range flags {
			if strings.Contains(usage, f) {
				t.Errorf("%s: %q calls %s required", verb, usage, f)
			}
			if want := "This, or " + flags[1-n] + "."; !strings.Contains(strings.Join(strings.Fields(rest), " "), want) {
				t.Errorf("%s: the help of %s does not say %q", verb, f, want)
			}
		}
		if code := run(context.Background(), append(words, "--case", "01A", "--lang", "en"), nil, &out, &errw); code != 2 {
			t.Errorf("%s without any of %v: exit status %d", verb, flags, code)
		}
	}
	var out, errw bytes.Buffer
	if run(context.Background(), []string{"work", "--help", "--lang", "en"}, nil, &out, &errw); !strings.Contains(out.String(), "keeps running") {
		t.Error("the help of work does not say that it keeps running")
	}
}
