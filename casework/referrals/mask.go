package referrals

import (
	"regexp"
	"strings"
	"unicode"

	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/format/referral"
)

// masker takes out of a text what concerns others: names, numbers and titles
// that the case knows, and whatever has the shape of an identifier and is none
// of the package.
type masker struct {
	known identifiers.Masker
	own   map[string]bool // kind, blank, value of the identifiers in the package
	tails []string        // digits of the package's own numbers
}

var (
	digitRun  = regexp.MustCompile(`\+?\p{Nd}(?:[\p{Zs}\p{Cf}\p{Pd}\p{M}./()]{0,3}\p{Nd}){6,}`)
	digitTail = regexp.MustCompile(`^(?:[\p{Zs}\p{Cf}\p{Pd}\p{M}./()]{0,3}\p{Nd})+`)
	dateLike  = regexp.MustCompile(`^\p{Nd}{1,4}[./-]\p{Nd}{1,2}[./-]\p{Nd}{1,4}(?:[ ,]{1,2}\p{Nd}{1,2})?$`)
	atName    = regexp.MustCompile(`@[\p{L}\p{N}_][\p{L}\p{N}_.-]{2,}`)
)

// text returns s masked, and the number of places that are.
func (m *masker) text(s string) (string, int) {
	s = strings.ReplaceAll(s, chats.Masked, referral.Masked)
	s = m.shapes(m.known.Text(s))
	return s, strings.Count(s, referral.Masked)
}

// line is text without the count.
func (m *masker) line(s string) string {
	s, _ = m.text(s)
	return s
}

// shapes masks what looks like an identifier and is not one of the package's.
func (m *masker) shapes(s string) string {
	var b strings.Builder
	done := 0
	for _, f := range identifiers.Extract(s) {
		end := f.Offset + f.Length
		if f.Offset < done {
			done = max(done, end)
			continue
		}
		if m.own[string(f.Kind)+" "+f.Norm] {
			continue
		}
		if f.Kind == identifiers.Phone { // what was found may be the start of what was meant
			end += len(digitTail.FindString(s[end:]))
		}
		b.WriteString(m.bare(s[done:f.Offset]))
		b.WriteString(referral.Masked)
		done = end
	}
	b.WriteString(m.bare(s[done:]))
	return b.String()
}

// bare masks numbers without country code and names after "@".
func (m *masker) bare(s string) string {
	s = digitRun.ReplaceAllStringFunc(s, func(run string) string {
		if dateLike.MatchString(run) || m.ownNumber(run) {
			return run
		}
		return referral.Masked
	})
	return atName.ReplaceAllStringFunc(s, func(name string) string {
		if m.own[string(identifiers.Handle)+" "+strings.ToLower(name)] {
			return name
		}
		return referral.Masked
	})
}

// ownNumber reports whether the digits are a number of the package, with or
// without country code: never a part of one among other digits.
func (m *masker) ownNumber(run string) bool {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, run)
	if strings.ContainsFunc(digits, func(r rune) bool { return r > '9' }) {
		return false
	}
	for _, t := range m.tails {
		if strings.HasSuffix(t, strings.TrimPrefix(digits, "00")) || strings.TrimPrefix(digits, "0") == t {
			return true
		}
	}
	return false
}

// addOwn lets a value of the package stand in texts.
func (m *masker) addOwn(k identifiers.Kind, value string) {
	m.own[string(k)+" "+value] = true
	if k == identifiers.Phone {
		m.tails = append(m.tails, strings.TrimPrefix(value, "+"))
	}
	if _, handle, ok := strings.Cut(value, ":"); ok && k == identifiers.Handle {
		m.own[string(k)+" @"+handle] = true
	}
}

// addFile masks a file name, and the name without its ending if it is made of
// several words.
func (m *masker) addFile(name string) {
	m.known.AddPhrase(name, referral.Masked)
	if at := strings.LastIndexByte(name, '.'); at > 0 && strings.ContainsAny(name[:at], " -_.") {
		m.known.AddPhrase(name[:at], referral.Masked)
	}
}
