package referrals_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// mint makes values that occur once. Words are long, so that no digest or
// encoded picture holds one by chance.
type mint struct {
	r    *rand.Rand
	used map[string]bool
}

// word is a word of twelve letters that no language has.
func (m *mint) word() string {
	alphabets := [][2]string{{"bdfgklmnprstvz", "aeiou"}, {"bdfgklmnprstvz", "aeiou"}, {"bdfgklmnprstvzñçšłř", "aeiouáéíóúäöüå"},
		{"бвгджзклмнпрст", "аеиоу"}, {"βγδθκλμνπρτφ", "αεηιου"}}
	for {
		a := alphabets[m.r.IntN(len(alphabets))]
		consonants, vowels := []rune(a[0]), []rune(a[1])
		var b strings.Builder
		for range 6 { // all of one length, so that none is the end of another
			b.WriteRune(consonants[m.r.IntN(len(consonants))])
			b.WriteRune(vowels[m.r.IntN(len(vowels))])
		}
		if w := b.String(); m.fresh(folded(w)) {
			return w
		}
	}
}

// plain is a word of ASCII letters.
func (m *mint) plain() string {
	for {
		if w := m.word(); isASCII(w) {
			return w
		}
	}
}

func (m *mint) fresh(s string) bool {
	if m.used[s] {
		return false
	}
	m.used[s] = true
	return true
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

func capital(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// name is a name of some words.
func (m *mint) name(words int) string {
	n := make([]string, words)
	for i := range n {
		n[i] = capital(m.word())
	}
	return strings.Join(n, " ")
}

func (m *mint) mail() string {
	return m.plain() + []string{"", ".x", "_7"}[m.r.IntN(3)] + "@" + m.plain() + ".example"
}

func (m *mint) link() string {
	return "https://" + m.plain() + ".example/" + m.plain() + "?q=" + m.plain()
}

func (m *mint) invite() string {
	return "chat.whatsapp.com/" + capital(m.plain()) + strings.ToUpper(m.plain())
}

// dial is a telephone number: calling code, prefix that is dialled inside of
// the country, and national groups.
type dial struct {
	code, trunk string
	groups      []string
}

func (d dial) national() string { return strings.Join(d.groups, "") }
func (d dial) e164() string     { return "+" + d.code + d.national() }

// number is a number of ranges that are kept for fiction, or of visibly
// artificial digits where a country keeps none.
func (m *mint) number(country string) dial {
	for {
		n := m.r.IntN(1000)
		last := fmt.Sprintf("%03d", n)
		var d dial
		switch country {
		case "ES":
			d = dial{"34", "", []string{"600", "000", last}}
		case "GB":
			d = dial{"44", "0", []string{"7700", "900" + last}}
		case "FR":
			d = dial{"33", "0", []string{"6", "39", "98", fmt.Sprintf("%02d", m.r.IntN(100)), fmt.Sprintf("%02d", n%100)}}
		case "DE":
			d = dial{"49", "0", []string{"1520", "0000" + last}}
		case "US":
			d = dial{"1", "", []string{[]string{"202", "212", "303", "415", "512", "617"}[n%6], "555", fmt.Sprintf("01%02d", m.r.IntN(100))}}
		case "AU":
			d = dial{"61", "0", []string{"491", "570", last}}
		case "PT":
			d = dial{"351", "", []string{"910", "000", last}}
		case "MX":
			d = dial{"52", "", []string{"55", "5000", "0" + last}}
		default:
			d = dial{"39", "", []string{"320", "000", "0" + last}}
		}
		if m.fresh(d.e164()) {
			return d
		}
	}
}

func canaryCountries() []string {
	return []string{"IT", "ES", "GB", "FR", "DE", "US", "AU", "PT", "MX"}
}

// digits writes ASCII digits in another script.
func digits(s string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, s)
}

// numberForms is how many ways of writing a number there are; the last ones
// have no country code.
const numberForms = 24

// write writes the number in one of its ways.
func (d dial) write(form int) string {
	spaced := "+" + d.code + " " + strings.Join(d.groups, " ")
	home := d.trunk + strings.Join(d.groups, " ")
	switch form % numberForms {
	case 0:
		return d.e164()
	case 1:
		return spaced
	case 2:
		return "00" + d.code + " " + strings.Join(d.groups, "-")
	case 3:
		return "(+" + d.code + ") " + strings.Join(d.groups, ".")
	case 4:
		return "+" + d.code + " (0) " + strings.Join(d.groups, " ")
	case 5:
		return "\u202a" + strings.ReplaceAll(spaced, " ", "\u00a0") + "\u202c"
	case 6:
		return digits(spaced, '０')
	case 7:
		return digits(strings.ReplaceAll(spaced, "+", "＋"), '٠')
	case 8:
		return "+" + d.code + "\u2009" + strings.Join(d.groups, "\u2011")
	case 9:
		return "https://wa.me/" + d.code + d.national()
	case 10:
		return "https://api.whatsapp.com/send?phone=%2B" + d.code + d.national()
	case 11:
		return "tel:" + d.e164()
	case 12:
		return "@" + d.code + d.national()
	case 13:
		return strings.Join(strings.Split(d.e164(), ""), " ")
	case 14:
		return strings.Join(strings.Split(d.national(), ""), "\u200b")
	case 15:
		return d.code + d.national()
	case 16:
		return "00" + d.code + d.national()
	case 17:
		return home
	case 18:
		return strings.ReplaceAll(home, " ", "/")
	case 19:
		return strings.ReplaceAll(home, " ", ".")
	case 20:
		return digits(home, '٠')
	case 21:
		return strings.Join(strings.Split(d.national(), ""), "\ufe0f\u20e3") + "\ufe0f\u20e3"
	case 22:
		return "tel" + d.trunk + d.national() + "x"
	}
	return d.trunk + d.national()
}

// nameForms is how many ways of writing a name there are.
const nameForms = 14

// writeName writes a name in one of its ways; each holds at least one of its
// words.
func writeName(n string, form int) string {
	words := strings.Fields(n)
	switch form % nameForms {
	case 0:
		return n
	case 1:
		return strings.ToUpper(n)
	case 2:
		return strings.ToLower(n)
	case 3:
		return words[0]
	case 4:
		return words[len(words)-1]
	case 5:
		return norm.NFD.String(n)
	case 6:
		return strings.ToLower(norm.NFKD.String(words[0])) + "'s"
	case 7:
		return "@\u2068" + n + "\u2069"
	case 8:
		return strings.Join(words, "")
	case 9:
		return strings.ToLower(strings.Join(words, "_"))
	case 10:
		return "“" + words[len(words)-1] + ", " + words[0] + "”"
	case 11:
		r := []rune(words[0])
		return string(r[:3]) + "\u00ad" + string(r[3:])
	case 12:
		return "~" + strings.Join(words, ".")
	}
	return strings.ToLower(strings.Join(words, "-"))
}

// writeMail writes an address in one of its ways.
func writeMail(a string, form int) string {
	switch form % 5 {
	case 0:
		return a
	case 1:
		return "<" + strings.ToUpper(a) + ">"
	case 2:
		return "mailto:" + a
	case 3:
		return "(" + capital(a) + ")."
	}
	return "https://mail.example/?to=" + strings.ReplaceAll(a, "@", "%40")
}
