package demo

import (
	"fmt"
	"math/rand/v2"
)

// Member is somebody in a group.
type Member struct {
	Name    string // as saved in the exporter's address book; "" = number only
	Phone   string // as the app writes it, with spaces
	E164    string // normalised
	Country string // ISO 3166-1 alpha-2
	Posts   bool   // false: was only added
}

// country makes numbers: ranges kept for fiction where a country has one, and
// visibly artificial digits elsewhere.
type country struct {
	code, prefix string
	number       func(i int) string // national part, with the app's spaces
}

func countries() []country {
	f := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	return []country{
		{"ES", "34", f("600 000 %03d")},
		{"GB", "44", f("7700 900%03d")},
		{"FR", "33", func(i int) string { return fmt.Sprintf("6 39 98 %02d %02d", i/100, i%100) }},
		{"DE", "49", f("1520 0000%03d")},
		{"US", "1", func(i int) string { return fmt.Sprintf("(202) 555-01%02d", i%100) }},
		{"SE", "46", func(i int) string { return fmt.Sprintf("70-174 06 %02d", 5+i%95) }},
		{"AU", "61", f("491 570 %03d")},
		{"IT", "39", f("320 000 0%03d")},
		{"PT", "351", f("910 000 %03d")},
		{"MX", "52", f("55 5000 0%03d")},
		{"AR", "54", func(i int) string { return fmt.Sprintf("9 11 5000-0%03d", i) }},
	}
}

var firstNames = []string{"Alder", "Birke", "Cedro", "Dalia", "Erle", "Fresno", "Ginkgo", "Haya", "Iris", "Jara", "Kiefer", "Laurel",
	"Malva", "Nogal", "Olmo", "Pino", "Quercus", "Roble", "Sauce", "Tilo", "Ulme", "Violeta", "Weide", "Yedra", "Zarza"}

// people makes n members spread over the countries; a quarter of them are known
// by number only.
func people(r *rand.Rand, n int) []Member {
	cs := countries()
	all := make([]Member, n)
	for i := range all {
		c := cs[i%len(cs)]
		national := c.number(i/len(cs) + 1)
		m := Member{Phone: "+" + c.prefix + " " + national, Country: c.code, Posts: true}
		m.E164 = "+" + c.prefix + digits(national)
		if i/len(cs)%4 != 1 { // every country has somebody known by number only
			m.Name = firstNames[r.IntN(len(firstNames))] + fmt.Sprintf(" %c%d", 'A'+i%26, i)
		}
		all[i] = m
	}
	return all
}

// label is how an export writes the member.
func (m Member) label() string {
	if m.Name != "" {
		return m.Name
	}
	return m.Phone
}

func digits(s string) string {
	var b []byte
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return string(b)
}
