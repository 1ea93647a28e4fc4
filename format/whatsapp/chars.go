package whatsapp

import (
	"strings"
	"unicode/utf8"
)

// isMark reports an invisible direction or byte-order mark.
func isMark(r rune) bool {
	switch {
	case r == 0x200E, r == 0x200F, r == 0x061C, r == 0xFEFF:
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

func isSpace(r rune) bool {
	return r == ' ' || r == 0xA0 || r == 0x202F || r == 0x2009 || r == '\t'
}

// skip returns the index of the first rune from i on for which f is false.
func skip(s string, i int, f func(rune) bool) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !f(r) {
			break
		}
		i += n
	}
	return i
}

func isMarkOrSpace(r rune) bool { return isMark(r) || isSpace(r) }

// digit returns the value of a decimal digit of the scripts that exports use,
// and the script's zero.
func digit(r rune) (value int, zero rune, ok bool) {
	for _, z := range [...]rune{'0', 0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0x1040, 0xFF10} {
		if r >= z && r <= z+9 {
			return int(r - z), z, true
		}
	}
	return 0, 0, false
}

// number reads up to four digits of one script at i.
func number(s string, i int) (value, width int, zero rune, next int) {
	for i < len(s) && width < 5 {
		r, n := utf8.DecodeRuneInString(s[i:])
		v, z, ok := digit(r)
		if !ok || (width > 0 && z != zero) {
			break
		}
		value, zero = value*10+v, z
		width++
		i += n
	}
	return value, width, zero, i
}

// clean removes marks and turns every kind of space into a plain one; outer
// spaces go.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case isMark(r):
			return -1
		case isSpace(r):
			return ' '
		}
		return r
	}, s))
}

// unmark removes marks only.
func unmark(s string) string {
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return -1
		}
		return r
	}, s)
}

// startsMarked reports whether s begins with a mark.
func startsMarked(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && isMark(r)
}
