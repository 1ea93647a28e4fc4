package whatsapp

import (
	"strings"
	"unicode/utf8"
)

// token is a literal of a pattern, or a slot when slot is not empty.
type token struct{ text, slot string }

// pattern is one system phrase: `{actor} added {objects}`.
type pattern struct {
	verb   string
	lang   string
	tokens []token
	hint   string // the longest literal, which must occur
}

// compile reads a pattern of the data files. Slots: actor, objects, from, to and
// rest (anything).
func compile(verb, text, lang string) pattern {
	p := pattern{verb: verb, lang: lang}
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			open = len(text)
		}
		if open > 0 {
			p.tokens = append(p.tokens, token{text: text[:open]})
			if open > len(p.hint) {
				p.hint = text[:open]
			}
			text = text[open:]
			continue
		}
		end := strings.IndexByte(text, '}')
		if end < 0 {
			panic("whatsapp: pattern without }: " + text)
		}
		p.tokens = append(p.tokens, token{slot: text[1:end]})
		text = text[end+1:]
	}
	return p
}

// folded is a text prepared for matching, with the way back to its bytes.
type folded struct {
	raw  string
	text string
	at   []int // index in raw of each byte of text, and len(raw)
}

// prepare removes marks and makes quotation marks, apostrophes and spaces alike.
func prepare(raw string) folded {
	f := folded{raw: raw}
	var b strings.Builder
	put := func(s string, at int) {
		for range len(s) {
			f.at = append(f.at, at)
		}
		b.WriteString(s)
	}
	for i, r := range raw {
		switch {
		case isMark(r):
		case isSpace(r):
			put(" ", i)
		case strings.ContainsRune("“”«»„", r):
			put(`"`, i)
		case r == '’' || r == '‘':
			put("'", i)
		case r == utf8.RuneError:
			put("?", i)
		default:
			put(string(r), i)
		}
	}
	f.at = append(f.at, len(raw))
	f.text = b.String()
	return f
}

// match tries the pattern on the whole text and returns the slots.
func (p *pattern) match(f folded) (map[string]string, bool) {
	if !strings.Contains(f.text, p.hint) {
		return nil, false
	}
	slots := map[string]string{}
	if !matchTokens(p.tokens, f, 0, slots, new(int)) {
		return nil, false
	}
	return slots, true
}

// matchTokens matches tokens from index i on; steps bounds the backtracking.
func matchTokens(tokens []token, f folded, i int, slots map[string]string, steps *int) bool {
	if *steps++; *steps > 2000 {
		return false
	}
	if len(tokens) == 0 {
		return i == len(f.text)
	}
	t := tokens[0]
	if t.slot == "" {
		return strings.HasPrefix(f.text[i:], t.text) && matchTokens(tokens[1:], f, i+len(t.text), slots, steps)
	}
	if len(tokens) == 1 {
		return fill(t.slot, f, i, len(f.text), slots)
	}
	next := tokens[1].text
	for from := i; ; {
		k := strings.Index(f.text[from:], next)
		if k < 0 {
			return false
		}
		end := from + k
		if fill(t.slot, f, i, end, slots) && matchTokens(tokens[2:], f, end+len(next), slots, steps) {
			return true
		}
		from = end + 1
		for from < len(f.text) && !utf8.RuneStart(f.text[from]) {
			from++
		}
	}
}

// fill stores a slot. Persons are never empty, never contain ": " or a line
// break, so that "Ada: Ben left" stays a message of Ada.
func fill(slot string, f folded, from, to int, slots map[string]string) bool {
	text := unmark(f.raw[f.at[from]:f.at[to]])
	if slot == "actor" || slot == "objects" {
		if text == "" || len(text) > 2000 || strings.Contains(text, ": ") || strings.Contains(text, "\n") {
			return false
		}
	}
	slots[slot] = text
	return true
}

// event reads a system text. known are names seen elsewhere, which are not split
// at an "and" inside them.
func (c *catalogue) event(text string, known func(string) bool) (*Event, string, bool) {
	if lang, ok := c.notice(text); ok {
		return &Event{Verb: Encryption}, lang, true
	}
	if len(text) > 4000 {
		return &Event{Verb: Unparsed}, "", false
	}
	f := prepare(strings.TrimRightFunc(text, isMarkOrSpace))
	for i := range c.events {
		p := &c.events[i]
		s, ok := p.match(f)
		if !ok {
			continue
		}
		e := &Event{Verb: p.verb, Actor: c.person(s["actor"]), From: s["from"], To: s["to"]}
		if o := s["objects"]; o != "" {
			e.Objects = c.persons(o, known)
		}
		return c.exporterOf(e, p), p.lang, true
	}
	return &Event{Verb: Unparsed}, "", false
}

// exporterOf fills in the exporter where the phrase means them without a slot:
// "You left", "You were added", "You're now an admin".
func (c *catalogue) exporterOf(e *Event, p *pattern) *Event {
	var hasActor, hasObjects bool
	for _, t := range p.tokens {
		hasActor = hasActor || t.slot == "actor"
		hasObjects = hasObjects || t.slot == "objects"
	}
	switch e.Verb {
	case AdminGranted, AdminRevoked:
		if !hasObjects {
			e.Objects = []string{Exporter}
		}
	case Added, Removed:
		if !hasObjects {
			e.Objects = []string{Exporter}
		} else if !hasActor && c.isOwn(p) {
			e.Actor = Exporter
		}
	case Notice, Encryption, SecurityCode, Pinned, Blocked, Unblocked:
	default:
		if !hasActor && c.isOwn(p) {
			e.Actor = Exporter
		}
	}
	return e
}

// isOwn reports whether a pattern begins with words instead of a person: in the
// tables those are the phrases in the second person ("You left", "Saliste"), but
// for the verbs that exporterOf leaves out.
func (c *catalogue) isOwn(p *pattern) bool {
	return p.tokens[0].slot == ""
}

func (c *catalogue) person(s string) string {
	if c.you[strings.ToLower(s)] {
		return Exporter
	}
	return s
}

// persons splits "A, B and C".
func (c *catalogue) persons(s string, known func(string) bool) []string {
	if known(s) {
		return []string{s}
	}
	for _, and := range c.and {
		if i := strings.LastIndex(s, and); i > 0 {
			head, tail := s[:i], s[i+len(and):]
			out := strings.Split(head, ", ")
			return c.each(append(out, tail))
		}
	}
	return c.each(strings.Split(s, ", "))
}

func (c *catalogue) each(names []string) []string {
	out := names[:0]
	for _, n := range names {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, c.person(n))
		}
	}
	return out
}

// looksLikeEvent reports whether a would-be author contains the first words of
// an event phrase, so that the line deserves a full match.
func (c *catalogue) looksLikeEvent(name string) bool {
	f := prepare(name)
	for i := range c.events {
		p := &c.events[i]
		first := p.tokens[0]
		if first.slot == "" && strings.HasPrefix(f.text, first.text[:min(len(first.text), 12)]) {
			return true
		}
		if first.slot != "" && len(p.tokens) > 1 && strings.Contains(f.text, strings.TrimRight(p.tokens[1].text, ` "`)) {
			return true
		}
	}
	_, notice := c.notice(name)
	return notice
}
