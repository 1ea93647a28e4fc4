package whatsapp

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is a part of the day that goes with a twelve-hour clock.
type part uint8

const (
	noPart part = iota
	am
	pm
	noon  // around midday: 12 stays, 1 is 13, 11 is 11
	night // around midnight: 12 is 0, 10 and 11 are evening
)

// dayPart is a written part of the day without spaces, dots and marks.
type dayPart struct {
	text string
	part part
	day  bool // a day part rather than AM and PM
}

// dayParts is ordered so that no entry hides a longer one. Sources: the CLDR
// abbreviations of the languages in which exports were seen.
var dayParts = []dayPart{
	{"am", am, false}, {"pm", pm, false},
	{"πμ", am, false}, {"μμ", pm, false},
	{"ص", am, false}, {"م", pm, false},
	{"قظ", am, false}, {"بظ", pm, false},
	{"morgens", am, true}, {"vormittags", am, true}, {"vorm", am, true}, {"mittags", noon, true},
	{"nachmittags", pm, true}, {"nachm", pm, true}, {"abends", pm, true}, {"nachts", night, true}, {"mitternachts", night, true},
	{"上午", am, false}, {"下午", pm, false}, {"凌晨", am, true}, {"清晨", am, true}, {"早上", am, true}, {"中午", noon, true}, {"傍晚", pm, true}, {"晚上", pm, true},
	{"오전", am, false}, {"오후", pm, false}, {"午前", am, false}, {"午後", pm, false},
	{"לפנה״צ", am, false}, {"אחה״צ", pm, false}, {"לפנהצ", am, false}, {"אחהצ", pm, false},
	{"ก่อนเที่ยง", am, false}, {"หลังเที่ยง", pm, false},
	{"öö", am, false}, {"ös", pm, false}, {"de", am, false}, {"du", pm, false},
	{"dop", am, false}, {"odp", pm, false}, {"прпл", am, false}, {"слпл", pm, false}, {"дп", am, false}, {"пп", pm, false},
	{"fm", am, false}, {"em", pm, false}, {"sa", am, false}, {"ch", pm, false}, {"पूर्वाह्न", am, false}, {"अपराह्न", pm, false},
	{"ap", am, false}, {"ip", pm, false}, {"vm", am, false}, {"nm", pm, false}, {"pg", am, false}, {"ptg", pm, false},
}

// partAt reads a part of the day at i, ignoring case and the spaces, dots and
// marks inside it. next is i when there is none.
func partAt(s string, i int) (p dayPart, next int) {
	best := i
	for _, d := range dayParts {
		if n := loosely(s, i, d.text); n > best {
			p, best = d, n
		}
	}
	return p, best
}

// loosely matches want at i and returns the index behind it, or 0.
func loosely(s string, i int, want string) int {
	first := true
	for _, w := range want {
		if !first {
			i = skip(s, i, func(r rune) bool { return isMarkOrSpace(r) || r == '.' })
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if n == 0 || unicode.ToLower(r) != w {
			return 0
		}
		i += n
		first = false
	}
	i = skip(s, i, isMark)
	if strings.HasPrefix(s[i:], ".") {
		i++
	}
	if r, n := utf8.DecodeRuneInString(s[i:]); n > 0 && unicode.IsLetter(r) {
		return 0
	}
	return i
}

// hour24 turns a written hour and part of the day into 0–23. odd is true when
// they do not fit, as in "0:08 a.m." or "13:00 p.m.".
func hour24(h int, p part) (hour int, odd bool) {
	if p == noPart {
		return h % 24, h > 23
	}
	if h == 0 || h > 12 {
		if h == 0 && p == pm {
			return 12, true
		}
		return h % 24, true
	}
	switch p {
	case am:
		return h % 12, false
	case pm:
		return h%12 + 12, false
	case noon:
		if h >= 10 {
			return h, false
		}
		return h + 12, false
	}
	if h == 12 || h < 8 {
		return h % 12, false
	}
	return h + 12, false
}
