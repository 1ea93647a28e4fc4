package whatsapp

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// interpret turns records into messages.
func (r *reader) interpret() {
	for i := range r.cands {
		r.allLead = r.allLead && r.cands[i].h.lead
	}
	names := r.senders()
	r.chat.Messages = make([]Message, len(r.cands))
	langs := map[string]int{}
	var unknown, damaged, unconfirmed, colon tally
	for i := range r.cands {
		m := &r.chat.Messages[i]
		c := &r.cands[i]
		*m = Message{Offset: c.off, Length: int64(len(r.record(i))), Line: int(c.line), Time: r.time(i)}
		if c.h.odd {
			m.Flags = append(m.Flags, OddTime)
		}
		if c.embeds {
			m.Flags = append(m.Flags, EmbeddedHeader)
		}
		lang := r.message(i, m, names)
		if lang != "" {
			langs[lang]++
		}
		unknown.add(m, UnknownPhrase)
		damaged.add(m, Damaged)
		unconfirmed.add(m, Unconfirmed)
		colon.add(m, NameHasColon)
	}
	r.chat.Language = r.language(langs)
	r.count("whatsapp.unknown-phrase", "written by the app in words that the tables lack", unknown.first, unknown.n)
	r.count("whatsapp.bad-utf8", "not valid UTF-8; the raw bytes are in the exhibit", damaged.first, damaged.n)
	r.count("whatsapp.attachment-unconfirmed", "taken as attachment by the file name alone", unconfirmed.first, unconfirmed.n)
	r.count("whatsapp.name-colon", "the author's name contains a colon", colon.first, colon.n)
}

// tally counts messages with a flag and remembers the first.
type tally struct {
	first *Message
	n     int
}

func (t *tally) add(m *Message, f Flag) {
	if m.Has(f) {
		if t.n++; t.first == nil {
			t.first = m
		}
	}
}

// language prefers the encryption notice, then the most frequent phrases.
func (r *reader) language(langs map[string]int) string {
	for i := range min(len(r.chat.Messages), 20) {
		m := &r.chat.Messages[i]
		if m.Event != nil && m.Event.Verb == Encryption {
			if l, ok := r.cat.notice(m.Text); ok {
				return l
			}
		}
	}
	best := ""
	for l, n := range langs {
		if n > langs[best] || (n == langs[best] && l < best) {
			best = l
		}
	}
	return best
}

// message reads the body of record i; it returns the language of a phrase.
func (r *reader) message(i int, m *Message, names map[string]string) string {
	body := r.body(i)
	if !utf8.ValidString(body) {
		body = strings.ToValidUTF8(body, "\uFFFD")
		m.Flags = append(m.Flags, Damaged)
	}
	if !r.chat.Proof {
		body = crlfToLF(body)
	}
	author, text, ok := r.author(body, names)
	if !ok {
		return r.system(m, body)
	}
	m.Author = author
	m.PushName, m.Number = shown(author)
	if first, _, _ := strings.Cut(body, ": "); len(first) < len(author) {
		m.Flags = append(m.Flags, NameHasColon)
	}
	return r.authored(i, m, text)
}

// system fills a system record.
func (r *reader) system(m *Message, text string) string {
	m.Kind = System
	m.Text = strings.TrimLeftFunc(text, isMark)
	e, lang, ok := r.cat.event(m.Text, func(n string) bool { return r.known[n] })
	m.Event = e
	if !ok {
		m.Flags = append(m.Flags, UnknownPhrase)
	}
	m.Own = e.Actor == Exporter
	for _, o := range e.Objects {
		m.Own = m.Own || o == Exporter
	}
	return lang
}

// authored classifies what an author, or the app in an author's place, wrote.
func (r *reader) authored(i int, m *Message, text string) string {
	marked := startsMarked(text)
	ios := r.chat.Platform == IOS
	plain := strings.TrimFunc(text, isMarkOrSpace)
	if plain == "" || plain == "null" || plain == "." && strings.HasSuffix(r.cands[i].head(r), ":.") {
		m.Kind, m.Text = Empty, plain
		return ""
	}
	if c, ok := r.attachment(text); ok {
		m.Kind, m.Text, m.Attachment = Attachment, c.caption, &c.file
		if c.file.Present {
			r.members.used[c.file.Member] = true
		}
		if !c.confirmed {
			m.Flags = append(m.Flags, Unconfirmed)
		}
		return c.lang
	}
	if !ios || marked || !r.marked {
		if lang, ok := r.phrase(m, text, plain, ios); ok {
			return lang
		}
	}
	if ios && marked {
		return r.byApp(i, m, text)
	}
	m.Kind = Text
	m.Text, m.Edited = r.cat.stripEdited(text)
	return ""
}

// head returns the first line of a candidate, for the forms without a space.
func (c *cand) head(r *reader) string {
	s := r.in[c.off:min(int64(len(r.in)), c.off+512)]
	if n := indexLF(s); n >= 0 {
		s = s[:n]
	}
	return strings.TrimRight(s, "\r")
}

// phrase recognises a body that the app wrote in the author's place.
func (r *reader) phrase(m *Message, text, plain string, ios bool) (string, bool) {
	first, rest, _ := strings.Cut(text, "\n")
	key := strings.TrimFunc(first, isMarkOrSpace)
	if !ios && strings.HasPrefix(key, "<") && strings.HasSuffix(key, ">") {
		if w, ok := r.cat.whole(key[1 : len(key)-1]); ok && w.kind == MediaOmitted {
			m.Kind, m.Text = MediaOmitted, rest
			return w.lang, true
		}
	}
	if w, ok := r.cat.whole(plain); ok && (ios || w.kind != MediaOmitted) {
		m.Kind, m.Own = w.kind, w.own
		if w.kind == Call {
			m.Text = plain
		}
		if w.own && r.chat.Exporter == "" {
			r.chat.Exporter = m.Author
		}
		return w.lang, true
	}
	if p, ok := r.cat.beginning(plain); ok && (ios && startsMarked(text) || p.kind != Call) {
		m.Kind, m.Text = p.kind, strings.TrimLeftFunc(text, isMarkOrSpace)
		return p.lang, true
	}
	return "", false
}

// byApp reads a marked iOS body that no table of placeholders knows: a system
// record, or a file placeholder in unknown words when the header is marked too.
func (r *reader) byApp(i int, m *Message, text string) string {
	name := m.Author
	m.Prefix, m.Author, m.Flags = name, "", without(m.Flags, NameHasColon)
	lang := r.system(m, text)
	if m.Event.Verb == Unparsed && r.cands[i].h.lead && !r.allLead {
		m.Kind, m.Event, m.Author, m.Prefix = MediaOmitted, nil, name, ""
	}
	return lang
}

func without(flags []Flag, f Flag) []Flag {
	out := flags[:0]
	for _, g := range flags {
		if g != f {
			out = append(out, g)
		}
	}
	return out
}

// maxName bounds an author's name, in bytes.
const maxName = 300

// author splits a body into author and text.
func (r *reader) author(body string, names map[string]string) (author, text string, ok bool) {
	first := firstName(body)
	if first == "" {
		return "", "", false
	}
	full, known := names[first]
	if !known {
		return "", "", false // an event phrase with a colon in it
	}
	if len(full) > len(first) && !strings.HasPrefix(body, full+":") {
		full = first
	}
	text = body[len(full)+1:]
	return full, strings.TrimPrefix(text, " "), true
}

// firstName returns what stands before the first colon that can end a name.
func firstName(body string) string {
	line := body
	if n := indexLF(line); n >= 0 {
		line = line[:n]
	}
	line = strings.TrimRight(line, "\r")
	i := strings.Index(line, ": ")
	if i < 0 {
		switch {
		case strings.HasSuffix(line, ":"):
			i = len(line) - 1
		case strings.HasSuffix(line, ":."):
			i = len(line) - 2
		}
	}
	if i <= 0 || i > maxName {
		return ""
	}
	return line[:i]
}

// senders decides, for each text before a first colon, what the author's name
// is: itself, itself with a colon inside, or none (an event phrase).
func (r *reader) senders() map[string]string {
	firsts, at := map[string]int{}, map[string]int{}
	longer := map[string]map[string]int{}
	for i := range r.cands {
		body := r.body(i)
		first := firstName(body)
		if first == "" {
			if e, _, ok := r.cat.event(strings.TrimLeftFunc(firstBytes(body, 4000), isMark), never); ok {
				r.learn(e)
			}
			continue
		}
		if firsts[first]++; firsts[first] == 1 {
			at[first] = i
		}
		r.marked = r.marked || startsMarked(strings.TrimPrefix(body[len(first)+1:], " "))
		if long := secondName(body, first); long != "" && firsts[first] < 1000 {
			if longer[first] == nil {
				longer[first] = map[string]int{}
			}
			longer[first][long]++
		}
	}
	names := make(map[string]string, len(firsts))
	for first, n := range firsts {
		if r.cat.looksLikeEvent(first) {
			line := strings.TrimLeftFunc(r.body(at[first]), isMark)
			if e, _, ok := r.cat.event(line, never); ok {
				r.learn(e)
				continue
			}
		}
		names[first] = first
		for long, k := range longer[first] {
			if k == n && n > 1 && !r.known[first] {
				names[first] = long
			}
		}
	}
	for _, name := range names {
		r.known[unmark(name)] = true
	}
	return names
}

func never(string) bool { return false }

func (r *reader) learn(e *Event) {
	for _, n := range append([]string{e.Actor}, e.Objects...) {
		if n != "" && n != Exporter {
			r.known[n] = true
		}
	}
}

// secondName returns the text before the second colon of the first line.
func secondName(body, first string) string {
	line := body
	if n := indexLF(line); n >= 0 {
		line = line[:n]
	}
	at := len(first) + 2
	if at >= len(line) {
		return ""
	}
	k := strings.Index(line[at:], ": ")
	if k <= 0 || at+k > maxName || k > 40 {
		return ""
	}
	return line[:at+k]
}

// shown reads the two forms of an author who is not in the address book: a
// chosen name behind a tilde, and a number.
func shown(author string) (push, number string) {
	c := clean(author)
	if rest, ok := strings.CutPrefix(c, "~"); ok {
		return strings.TrimSpace(rest), ""
	}
	if numberName.MatchString(c) {
		return "", c
	}
	return "", ""
}

// numberName matches a telephone number in an author's place.
var numberName = regexp.MustCompile(`^\+?\d[\d ()./-]{4,24}\d$`)
