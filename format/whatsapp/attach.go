package whatsapp

import (
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// members finds container entries by the name that a message uses.
type members struct {
	known bool // the container is known at all
	exact map[string]string
	loose map[string]string // lower case
	used  map[string]bool
}

func newMembers(names []string) *members {
	m := &members{known: names != nil, exact: map[string]string{}, loose: map[string]string{}, used: map[string]bool{}}
	for _, n := range names {
		key := nameKey(path.Base(n))
		if _, taken := m.exact[key]; !taken {
			m.exact[key] = n
			m.loose[strings.ToLower(key)] = n
		}
	}
	return m
}

// nameKey makes names comparable: marks removed, Unicode form C.
func nameKey(s string) string { return norm.NFC.String(unmark(s)) }

// find returns the entry that a name means.
func (m *members) find(name string) (string, bool) {
	if name == "" || len(name) > 1000 || len(m.exact) == 0 {
		return "", false
	}
	key := nameKey(name)
	if e, ok := m.exact[key]; ok {
		return e, true
	}
	e, ok := m.loose[strings.ToLower(key)]
	return e, ok
}

// appName matches the file names that the app itself gives.
var appName = regexp.MustCompile(`^(?:(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d{4,}\.\w*|\d{8}-(?:PHOTO|VIDEO|AUDIO|STICKER|GIF)-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.\w+)$`)

// claim is an attachment found in a body.
type claim struct {
	file      File
	caption   string
	lang      string
	confirmed bool // the words beside the name are a known phrase
}

// attachment recognises a file in a body: by its presence in the container, or
// by a known phrase, or by an app-given name in the place where phrases stand.
func (r *reader) attachment(body string) (claim, bool) {
	first, rest := body, ""
	if n := indexLF(body); n >= 0 {
		first, rest = strings.TrimSuffix(body[:n], "\r"), body[n+1:]
	}
	if len(first) > 1200 {
		return claim{}, false
	}
	if c, ok := r.angled(body); ok {
		return c, true
	}
	line := strings.TrimSpace(unmark(first))
	if strings.HasSuffix(line, ")") {
		if open := strings.LastIndex(line, " ("); open > 0 {
			lang, known := r.cat.attached[fold(line[open+2:len(line)-1])]
			if c, ok := r.named(line[:open], lang, known, known); ok {
				c.caption = rest
				return c, true
			}
		}
	}
	if e, ok := r.members.find(line); ok {
		return claim{file: File{Name: line, Member: e, Present: true}, caption: rest}, true
	}
	return claim{}, false
}

// named makes a claim of a name if the container, the phrase or the name's form
// supports it.
func (r *reader) named(name, lang string, phrase, enough bool) (claim, bool) {
	name = strings.TrimSpace(name)
	if name == "" {
		return claim{}, false
	}
	if e, ok := r.members.find(name); ok {
		return claim{file: File{Name: name, Member: e, Present: true}, lang: lang, confirmed: phrase}, true
	}
	if enough || appName.MatchString(name) {
		return claim{file: File{Name: name}, lang: lang, confirmed: phrase}, true
	}
	return claim{}, false
}

// angled reads the iOS forms "<attached: name>", "<name eklendi>" and
// "name <attached>".
func (r *reader) angled(body string) (claim, bool) {
	open := strings.LastIndexByte(body, '<')
	if open < 0 {
		return claim{}, false
	}
	end := strings.IndexByte(body[open:], '>')
	if end < 0 || end > 1200 {
		return claim{}, false
	}
	inside := strings.TrimSpace(unmark(body[open+1 : open+end]))
	before := strings.TrimSpace(unmark(body[:open]))
	after := strings.TrimLeft(unmark(body[open+end+1:]), " \r\n")
	c, ok := r.inAngles(inside)
	if !ok {
		if lang, known := r.cat.attached[fold(inside)]; known && indexLF(before) < 0 {
			c, ok = r.named(before, lang, true, true)
			before = ""
		}
	}
	c.caption = before
	if after != "" {
		c.caption = strings.TrimSpace(before + "\n" + after)
	}
	return c, ok
}

func (r *reader) inAngles(inside string) (claim, bool) {
	for _, colon := range [...]string{":", "："} {
		if phrase, name, ok := strings.Cut(inside, colon); ok {
			lang, known := r.cat.attached[fold(phrase)]
			if c, ok := r.named(name, lang, known, known); ok {
				return c, true
			}
		}
	}
	for i, n := strings.LastIndexByte(inside, ' '), 0; i > 0 && n < 20; i, n = strings.LastIndexByte(inside[:i], ' '), n+1 {
		lang, known := r.cat.attached[fold(inside[i+1:])]
		if c, ok := r.named(inside[:i], lang, known, known); ok {
			return c, true
		}
	}
	return claim{}, false
}
