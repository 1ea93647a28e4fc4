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
	taken := make([][2]int, 0, 8)
	free := func(from, to int) bool {
		for _, t := range taken {
			if from < t[1] && to > t[0] {
				return false
			}
		}
		return true
	}
	add := func(p *regexp.Regexp, parse func(string) (Value, error)) {
		for _, at := range p.FindAllStringIndex(text, -1) {
			v, err := parse(trimSentence(text[at[0]:at[1]]))
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
	if strings.Contains(text, "@") {
		add(mailPattern, ParseEmail)
	}
	if strings.ContainsAny(text, "/.") {
		add(linkPattern, ParseURL)
	}
	add(phonePattern, wholeNumber)
	slices.SortStableFunc(all, func(a, b Found) int { return cmp.Compare(a.Offset, b.Offset) })
	return all
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
