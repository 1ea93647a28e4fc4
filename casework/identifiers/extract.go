package identifiers

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tutela/fault"
)

// Found is a value in a text and where it stands, in bytes.
type Found struct {
	Value
	Offset, Length int
}

var (
	linkPattern = regexp.MustCompile(`(?i)\b(?:https?://|www\.|(?:chat\.whatsapp|wa|t)\.(?:com|me)/)[^\s<>"'«»“”\x60]+`)
	mailPattern = regexp.MustCompile(`(?i)[\p{L}\p{N}.!#$%&*+/=?^_{|}~-]+@[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)+`)
	// A number starts with + or 00 and goes on with digits in groups; signs of
	// direction and spaces of any width may stand between.
	phonePattern = regexp.MustCompile(`(?:[+＋]|\b00)[\p{Zs}\p{Cf}]?\(?\p{Nd}(?:[\p{Zs}\p{Cf}\p{Pd}./()]{0,3}\p{Nd}){5,17}`)
)

// maxText bounds what is searched of one text, in bytes; the caller's readers
// have bounded it before.
const maxText = 1 << 20

// Extract finds links, mail addresses and international telephone numbers in a
// text, in order, without overlap. A click-to-chat link is the number that it is
// for. A number without country code is not taken: nothing is invented.
func Extract(text string) []Found {
	if end := maxText; len(text) > end {
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	var all []Found
	for start := 0; start < len(text); { // no value goes over the end of a line
		line := text[start:]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		for _, f := range extractLine(line) {
			f.Offset += start
			all = append(all, f)
		}
		start += len(line) + 1
	}
	return all
}

// extractLine is Extract for one line. It spares the patterns where nothing that
// each of them needs is there: they are slow, and most lines of most texts have
// nothing.
func extractLine(line string) []Found {
	var all []Found
	var taken [][2]int
	free := func(from, to int) bool {
		for _, t := range taken {
			if from < t[1] && to > t[0] {
				return false
			}
		}
		return true
	}
	add := func(p *regexp.Regexp, parse func(string) (Value, error)) {
		for _, at := range p.FindAllStringIndex(line, -1) {
			v, err := parse(trimSentence(line[at[0]:at[1]]))
			if err != nil || !free(at[0], at[0]+len(v.Raw)) {
				continue
			}
			taken = append(taken, [2]int{at[0], at[0] + len(v.Raw)})
			if n, err := phoneOfLink(v); err == nil {
				v = n
			}
			all = append(all, Found{Value: v, Offset: at[0], Length: len(v.Raw)})
		}
	}
	if strings.IndexByte(line, '@') >= 0 {
		add(mailPattern, ParseEmail)
	}
	if mayHoldLink(line) {
		add(linkPattern, ParseURL)
	}
	if mayHoldNumber(line) {
		add(phonePattern, wholeNumber)
	}
	slices.SortStableFunc(all, func(a, b Found) int { return cmp.Compare(a.Offset, b.Offset) })
	return all
}

// mayHoldLink reports whether a line has what every link has: a slash behind a
// colon or a domain, or "www." in any case.
func mayHoldLink(line string) bool {
	for i := strings.IndexByte(line, '/'); i >= 0; {
		if i > 0 && strings.IndexByte(":mMeE", line[i-1]) >= 0 {
			return true
		}
		next := strings.IndexByte(line[i+1:], '/')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	for rest := line; ; {
		i := strings.IndexByte(rest, '.')
		if i < 0 {
			return false
		}
		if i >= 3 && strings.EqualFold(rest[i-3:i], "www") {
			return true
		}
		rest = rest[i+1:]
	}
}

// mayHoldNumber reports whether a line has a beginning of a number and digits
// enough. Characters beyond ASCII may be either.
func mayHoldNumber(line string) bool {
	digits, begin := 0, false
	for i := range len(line) {
		switch c := line[i]; {
		case c >= '0' && c <= '9':
			digits++
			begin = begin || c == '0' && i > 0 && line[i-1] == '0'
		case c == '+':
			begin = true
		case c >= utf8.RuneSelf:
			digits++
			begin = begin || c == 0xEF // first byte of the wide plus sign
		}
		if begin && digits >= 6 {
			return true
		}
	}
	return false
}

// wholeNumber parses a match, or the longest start of it that ends at a gap
// and is a number by itself, so that a number followed by an amount is found.
func wholeNumber(raw string) (Value, error) {
	v, err := ParsePhone(raw)
	for end := len(raw); err != nil; {
		end = strings.LastIndexFunc(raw[:end], unicode.IsSpace)
		if end <= 0 {
			return Value{}, err
		}
		v, err = ParsePhone(raw[:end])
	}
	return v, nil
}

// phoneOfLink returns the number that a click-to-chat link is for
// (wa.me/NUMBER, api.whatsapp.com/send?phone=NUMBER).
func phoneOfLink(v Value) (Value, error) {
	u, err := url.Parse(v.Norm)
	if v.Kind != URL || err != nil {
		return Value{}, fault.New(fault.Invalid, "identifiers: not a click-to-chat link")
	}
	number := ""
	switch u.Host {
	case "wa.me":
		number = strings.Trim(u.Path, "/+")
	case "api.whatsapp.com":
		number = strings.Trim(u.Query().Get("phone"), " +")
	}
	n, err := ParsePhone("+" + number)
	n.Raw = v.Raw
	return n, err
}

// trimSentence takes off the punctuation of the sentence around, and a closing
// bracket that was not opened inside.
func trimSentence(s string) string {
	for {
		t := strings.TrimRight(s, ".,;:!?…*_~|")
		if strings.HasSuffix(t, ")") && strings.Count(t, ")") > strings.Count(t, "(") {
			t = t[:len(t)-1]
		}
		if strings.HasSuffix(t, "]") && strings.Count(t, "]") > strings.Count(t, "[") {
			t = t[:len(t)-1]
		}
		if t == s {
			return s
		}
		s = t
	}
}
