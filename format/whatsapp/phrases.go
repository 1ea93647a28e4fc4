package whatsapp

import (
	"embed"
	"encoding/json"
	"io/fs"
	"strings"
	"sync"
)

//go:embed data
var data embed.FS

// language is one file of data: what the app writes by itself in a language.
type language struct {
	Language   string     `json:"language"`
	Encryption []string   `json:"encryption"` // beginnings of the notice
	Omitted    []string   `json:"omitted"`
	Attached   []string   `json:"attached"`
	Deleted    []string   `json:"deleted"`
	DeletedOwn []string   `json:"deleted_own"`
	Empty      []string   `json:"empty"`
	Edited     []string   `json:"edited"`
	Calls      []string   `json:"calls"`    // beginnings
	Location   []string   `json:"location"` // beginnings
	Poll       []string   `json:"poll"`     // beginnings
	You        []string   `json:"you"`
	And        []string   `json:"and"`
	Events     [][]string `json:"events"` // verb, pattern, pattern …
}

// meaning is what a whole body stands for.
type meaning struct {
	kind Kind
	own  bool
	lang string
}

// prefix is the beginning of a body with a meaning.
type prefix struct {
	text string
	kind Kind
	lang string
}

// catalogue is all languages, ready for look-up.
type catalogue struct {
	bodies   map[string]meaning
	attached map[string]string // phrase → language
	edited   []string
	prefixes []prefix
	notices  []prefix
	events   []pattern
	you      map[string]bool
	and      []string
}

// phrases loads the embedded tables once.
var phrases = sync.OnceValue(loadPhrases)

// loadPhrases reads the tables; they are embedded and tested, so damage is a
// programming error.
func loadPhrases() *catalogue {
	c := &catalogue{bodies: map[string]meaning{}, attached: map[string]string{}, you: map[string]bool{}}
	entries, err := fs.ReadDir(data, "data")
	if err != nil {
		panic("whatsapp: " + err.Error())
	}
	for _, e := range entries {
		b, err := data.ReadFile("data/" + e.Name())
		if err != nil {
			panic("whatsapp: " + err.Error())
		}
		var l language
		if err := json.Unmarshal(b, &l); err != nil {
			panic("whatsapp: " + e.Name() + ": " + err.Error())
		}
		c.add(l)
	}
	return c
}

// fold makes a phrase comparable: marks removed, spaces plain, lower case, no
// full stop at the end.
func fold(s string) string { return strings.TrimSuffix(strings.ToLower(clean(s)), ".") }

func (c *catalogue) add(l language) {
	whole := func(list []string, k Kind, own bool) {
		for _, p := range list {
			if _, taken := c.bodies[fold(p)]; !taken {
				c.bodies[fold(p)] = meaning{kind: k, own: own, lang: l.Language}
			}
		}
	}
	whole(l.Omitted, MediaOmitted, false)
	whole(l.Deleted, Deleted, false)
	whole(l.DeletedOwn, Deleted, true)
	whole(l.Empty, Empty, false)
	whole(l.Calls, Call, false)
	for _, p := range l.Attached {
		c.attached[fold(p)] = l.Language
	}
	for _, p := range l.Edited {
		c.edited = append(c.edited, "<"+p+">", p)
	}
	begin := func(list []string, k Kind) {
		for _, p := range list {
			c.prefixes = append(c.prefixes, prefix{fold(p), k, l.Language})
		}
	}
	begin(l.Calls, Call)
	begin(l.Location, Location)
	begin(l.Poll, Poll)
	for _, p := range l.Encryption {
		c.notices = append(c.notices, prefix{fold(p), System, l.Language})
	}
	for _, y := range l.You {
		c.you[strings.ToLower(y)] = true
	}
	c.and = append(c.and, l.And...)
	for _, e := range l.Events {
		for _, p := range e[1:] {
			c.events = append(c.events, compile(e[0], p, l.Language))
		}
	}
}

// whole looks a complete short body up.
func (c *catalogue) whole(body string) (meaning, bool) {
	if len(body) > 160 {
		return meaning{}, false
	}
	m, ok := c.bodies[fold(body)]
	return m, ok
}

// beginning looks the first words of a body up.
func (c *catalogue) beginning(body string) (prefix, bool) {
	if len(body) > 200 {
		body = body[:200]
	}
	f := fold(body)
	for _, p := range c.prefixes {
		if strings.HasPrefix(f, p.text) {
			return p, true
		}
	}
	return prefix{}, false
}

// notice recognises the encryption notice, in which the app's language shows.
func (c *catalogue) notice(body string) (lang string, ok bool) {
	f := fold(firstBytes(body, 400))
	for _, p := range c.notices {
		if strings.HasPrefix(f, p.text) {
			return p.lang, true
		}
	}
	return "", false
}

// stripEdited removes the note that a message was edited.
func (c *catalogue) stripEdited(body string) (string, bool) {
	if len(body) < 8 || body[len(body)-1] != '>' {
		return body, false
	}
	open := strings.LastIndexByte(body, '<')
	if open < 0 || len(body)-open > 120 {
		return body, false
	}
	note := clean(body[open:])
	for _, e := range c.edited {
		if note == e {
			return strings.TrimRightFunc(body[:open], isMarkOrSpace), true
		}
	}
	return body, false
}
