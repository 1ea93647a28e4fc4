// Package phrase holds every sentence that a user reads, by key and language.
// It promises that English and Spanish are complete and take the same
// arguments; it never holds a value of a case.
package phrase

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

//go:embed en es
var files embed.FS

// Catalog is the sentences of one language.
type Catalog struct {
	lang  string
	texts map[string]string
	base  map[string]string // English, for a key that the language lacks
}

// Languages returns the languages that are complete.
func Languages() []string { return []string{"en", "es"} }

// For returns the catalogue of a language tag such as "es", "es_ES.UTF-8" or
// "es-MX"; an unknown language gives English.
func For(tag string) *Catalog {
	lang := "en"
	if len(tag) >= 2 && slices.Contains(Languages(), tag[:2]) {
		lang = tag[:2]
	}
	return &Catalog{lang: lang, texts: load(lang), base: load("en")}
}

// Lang returns the two-letter language of the catalogue.
func (c *Catalog) Lang() string { return c.lang }

// Text returns the sentence of a key with its arguments filled in (verbs of
// package fmt). An unknown key comes back in brackets, so that it is seen.
func (c *Catalog) Text(key string, args ...any) string {
	t, ok := c.texts[key]
	if !ok {
		t, ok = c.base[key]
	}
	if !ok {
		return "[" + key + "]"
	}
	if len(args) == 0 {
		return t
	}
	return fmt.Sprintf(t, args...)
}

// All returns every key with its sentence, for templates and help texts. The
// map is the caller's.
func (c *Catalog) All() map[string]string {
	all := make(map[string]string, len(c.texts))
	for k, v := range c.base {
		all[k] = v
	}
	for k, v := range c.texts {
		all[k] = v
	}
	return all
}

// load reads the language's files; they are embedded and tested, so damage is a
// programming error.
func load(lang string) map[string]string {
	texts := map[string]string{}
	entries, err := fs.ReadDir(files, lang)
	if err != nil {
		panic("phrase: " + err.Error())
	}
	for _, e := range entries {
		b, err := files.ReadFile(path.Join(lang, e.Name()))
		if err != nil {
			panic("phrase: " + err.Error())
		}
		if err := json.Unmarshal(b, &texts); err != nil {
			panic("phrase: " + lang + "/" + e.Name() + ": " + err.Error())
		}
	}
	return texts
}
