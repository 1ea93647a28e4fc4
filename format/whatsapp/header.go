package whatsapp

import (
	"strings"
	"unicode/utf8"
)

// shape is what two headers of one export have in common, whatever their date.
type shape struct {
	bracket   bool
	sep       string // between the date's numbers: "/", ".", ". ", "-"
	yearPos   uint8  // 0, 1 or 2
	yearLen   uint8  // 2 or 4; 1 for an era year
	dot       bool   // a dot behind the date
	comma     string // ",", "،" or ""
	link      string // "à", "klo"
	timeFirst bool
	tsep      byte // ':' or '.'
	seconds   bool
	clock     uint8  // 0: 24 hours, 1: AM and PM, 2: parts of the day
	before    bool   // the part of the day stands before the time
	space     string // before the part of the day, as written
	end       string // " - ", " – ", ": ", " " or "] "
	zero      rune   // the zero of the script
}

// header is one parsed header line.
type header struct {
	num   [3]int16 // the date's numbers as written
	width [3]uint8
	era   byte // 0, 'B', 'R', 'H' or 'S'
	hour  int8
	hourW uint8
	min   int8
	sec   int8
	odd   bool
	lead  bool // a mark before the bracket or the first digit
	start int32
	stop  int32 // the date and time as written, relative to the line
	body  int32 // start of the body, relative to the line
	shape int32 // index into reader.shapes
	secs  bool
}

// scanner reads one line.
type scanner struct {
	s string
	i int
	h header
	f shape
}

// parseHeader reads a message header at the start of line, in any known form.
// It accepts 1–31 for days and months, in any order that is possible.
func parseHeader(line string) (header, shape, bool) {
	p := &scanner{s: line}
	p.i = skip(line, 0, isMark)
	p.h.lead = p.i > 0
	p.f.bracket = p.eat("[")
	p.i = skip(line, p.i, isMark)
	p.h.start = int32(p.i)
	if !p.dateTime() || !p.end() || !p.sane() {
		return header{}, shape{}, false
	}
	p.h.body = int32(p.i)
	p.h.secs = p.f.seconds
	return p.h, p.f, true
}

func (p *scanner) eat(t string) bool {
	if strings.HasPrefix(p.s[p.i:], t) {
		p.i += len(t)
		return true
	}
	return false
}

func (p *scanner) dateTime() bool {
	_, w, zero, next := number(p.s, p.i)
	if w == 0 || w > 4 {
		return false
	}
	p.f.zero = zero
	if next < len(p.s) && p.s[next] == ':' {
		p.f.timeFirst = true
		if !p.time() {
			return false
		}
		if !p.link() || !p.date() {
			return false
		}
	} else if !p.date() || !p.link() || !p.time() {
		return false
	}
	p.h.stop = int32(p.i)
	return true
}

// date reads three numbers, one of which may be an era year.
func (p *scanner) date() bool {
	f := &p.f
	for k := range 3 {
		if k > 0 {
			sep := p.separator()
			if sep == "" || (k == 2 && sep != f.sep) {
				return false
			}
			f.sep = sep
		}
		if k == 2 && p.i < len(p.s) && strings.IndexByte("RHS", p.s[p.i]) >= 0 {
			p.h.era, f.yearLen = p.s[p.i], 1
			f.yearPos = 2
			p.i++
		}
		v, w, _, next := number(p.s, p.i)
		if w == 0 || w > 4 || w == 3 {
			return false
		}
		p.h.num[k], p.h.width[k] = int16(v), uint8(w)
		if w == 4 {
			if f.yearLen != 0 {
				return false
			}
			f.yearPos, f.yearLen = uint8(k), 4
		}
		p.i = skip(p.s, next, isMark)
	}
	if f.yearLen == 0 {
		f.yearPos, f.yearLen = 2, 2
	}
	if p.eat(" BE") || p.eat(" B.E.") || p.eat(" พ.ศ.") {
		p.h.era = 'B'
	}
	return true
}

// separator reads "/", "." (with an optional space) or "-" and returns it.
func (p *scanner) separator() string {
	p.i = skip(p.s, p.i, isMark)
	if p.i >= len(p.s) {
		return ""
	}
	c := p.s[p.i]
	if c != '/' && c != '.' && c != '-' {
		return ""
	}
	p.i = skip(p.s, p.i+1, isMark)
	if c == '.' && p.eat(" ") {
		return ". "
	}
	return string(c)
}

// link reads what stands between date and time.
func (p *scanner) link() bool {
	f, from := &p.f, p.i
	if !f.timeFirst {
		f.dot = p.eat(".")
	}
	p.i = skip(p.s, p.i, isMarkOrSpace)
	for _, w := range [...]string{"à", "klo", "г.", "um", "kl.", "às", "a las", "в", "o godz.", "om", "u"} {
		if p.eat(w) {
			f.link = w
			break
		}
	}
	for _, c := range [...]string{",", "،", "、"} {
		if p.eat(c) {
			f.comma = c
			break
		}
	}
	p.i = skip(p.s, p.i, isMarkOrSpace)
	return p.i > from
}

// time reads hour, minute, an optional second and part of the day.
func (p *scanner) time() bool {
	f := &p.f
	day := dayPart{}
	if _, _, ok := digit(rune0(p.s[p.i:])); !ok {
		part, next := partAt(p.s, p.i)
		if next == p.i {
			return false
		}
		day, f.before = part, true
		p.i = skip(p.s, next, isMarkOrSpace)
	}
	h, w, _, next := number(p.s, p.i)
	if w == 0 || w > 2 || h > 24 || next >= len(p.s) || (p.s[next] != ':' && p.s[next] != '.') {
		return false
	}
	f.tsep, p.h.hourW = p.s[next], uint8(w)
	m, w, _, next := number(p.s, next+1)
	if w != 2 || m > 59 {
		return false
	}
	p.h.min, p.i = int8(m), next
	if p.i < len(p.s) && p.s[p.i] == f.tsep {
		if s, w, _, next := number(p.s, p.i+1); w == 2 && s < 61 {
			p.h.sec, f.seconds, p.i = int8(s), true, next
		}
	}
	if !f.before {
		day = p.partAfter()
	}
	if day.part != noPart {
		f.clock = 1
		if day.day {
			f.clock = 2
		}
	}
	h24, odd := hour24(h, day.part)
	p.h.hour, p.h.odd = int8(h24), odd
	return true
}

// partAfter reads an optional part of the day behind the time.
func (p *scanner) partAfter() dayPart {
	at := skip(p.s, p.i, isMarkOrSpace)
	if at >= len(p.s) || strings.IndexByte("-],:", p.s[at]) >= 0 {
		return dayPart{}
	}
	day, next := partAt(p.s, at)
	if next == at {
		return dayPart{}
	}
	p.f.space = unmark(p.s[p.i:at])
	p.i = next
	return day
}

// end reads what closes the header.
func (p *scanner) end() bool {
	f := &p.f
	at := skip(p.s, p.i, isMark)
	if f.bracket {
		if !strings.HasPrefix(p.s[at:], "]") {
			return false
		}
		p.i, f.end = at+1, "] "
		p.eat(" ")
		return true
	}
	for _, e := range [...]string{" - ", " – ", " — ", ": ", " "} {
		if !strings.HasPrefix(p.s[at:], e) && strings.TrimRight(p.s[at:], "\r") != strings.TrimRight(e, " ") {
			continue
		}
		if e == " " && (!f.seconds || f.sep[0] != '.' || !strings.Contains(p.s[at:], ": ")) {
			return false
		}
		p.i, f.end = min(at+len(e), len(p.s)), e
		return true
	}
	return false
}

// sane reports whether at least one order makes a date of the numbers.
func (p *scanner) sane() bool {
	for _, o := range possible(p.f.yearPos) {
		if _, ok := p.h.date(o); ok {
			return true
		}
	}
	return false
}

// possible returns the orders that a year position allows, the usual first.
func possible(yearPos uint8) []Order {
	switch yearPos {
	case 0:
		return []Order{YMD, YDM}
	case 1:
		return []Order{MYD, DYM}
	}
	return []Order{DMY, MDY}
}

// date returns year, month and day in an order, and whether they exist.
func (h *header) date(o Order) (ymd [3]int, ok bool) {
	for k, c := range [...]byte{'y', 'm', 'd'} {
		ymd[k] = int(h.num[strings.IndexByte(string(o), c)])
	}
	switch {
	case h.era == 'R':
		ymd[0] += 2018
	case h.era == 'H':
		ymd[0] += 1988
	case h.era == 'S':
		ymd[0] += 1925
	case h.era == 'B' || ymd[0] > 2400:
		ymd[0] -= 543
	case ymd[0] < 100:
		ymd[0] += 2000
	}
	days := [...]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	return ymd, ymd[1] >= 1 && ymd[1] <= 12 && ymd[2] >= 1 && ymd[2] <= days[ymd[1]] && ymd[0] >= 1990 && ymd[0] < 2200
}

// rune0 returns the first rune of s.
func rune0(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
