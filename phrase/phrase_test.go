package phrase

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"testing"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[-+# 0-9.]*[a-zA-Z]`)

func TestLanguagesAgree(t *testing.T) {
	en := load("en")
	if len(en) == 0 {
		t.Fatal("the English catalogue is empty")
	}
	for _, lang := range Languages() {
		other := load(lang)
		for key, text := range en {
			there, ok := other[key]
			if !ok {
				t.Errorf("%s lacks %q", lang, key)
				continue
			}
			a, b := verb.FindAllString(text, -1), verb.FindAllString(there, -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%s: %q takes %v, English takes %v", lang, key, b, a)
			}
		}
		for key := range other {
			if _, ok := en[key]; !ok {
				t.Errorf("%s has %q, English does not", lang, key)
			}
		}
	}
}

func TestNoKeyTwice(t *testing.T) {
	for _, lang := range Languages() {
		seen := map[string]string{}
		entries, err := fs.ReadDir(files, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b, err := files.ReadFile(path.Join(lang, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]string
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatalf("%s/%s: %v", lang, e.Name(), err)
			}
			for k := range m {
				if seen[k] != "" {
					t.Errorf("%s: %q stands in %s and %s", lang, k, seen[k], e.Name())
				}
				seen[k] = e.Name()
			}
		}
	}
}

func TestForChoosesByTag(t *testing.T) {
	for tag, want := range map[string]string{"": "en", "es": "es", "es_ES.UTF-8": "es", "es-MX": "es", "fr": "en", "C": "en"} {
		if got := For(tag).Lang(); got != want {
			t.Errorf("For(%q) = %s, want %s", tag, got, want)
		}
	}
}

func TestTextFillsAndShowsUnknown(t *testing.T) {
	c := For("es")
	if got := c.Text("fault.hint", "x"); got != "sugerencia: x" {
		t.Errorf("got %q", got)
	}
	if got := c.Text("no.such.key"); got != "[no.such.key]" {
		t.Errorf("got %q", got)
	}
	if all := c.All(); all["fault.hint"] != "sugerencia: %s" {
		t.Errorf("All lacks the Spanish text: %q", all["fault.hint"])
	}
}
