package identifiers

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzParse feeds every parser; a normal form must parse to itself, and carry
// nothing unseen.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"+34 612 345 678", "0034612345678", "\u202a+34\u00a0612\u00a0345\u00a0678\u202c", "Ana.Luz@Example.ORG",
		"mailto:a@münchen.example?x", "HTTPS://user:pw@Example.org:443/%41?b#c", "chat.whatsapp.com/invite/AbCdEfGhIjKlMnOpQrStUv",
		"~\u202fName", "@handle", "http://[2001:db8::1]:8080/", "+٣٤ ٦١٢ ٣٤٥ ٦٧٨", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (Value, error){"phone": ParsePhone, "email": ParseEmail, "url": ParseURL, "label": ParseLabel} {
			v, err := parse(s)
			if err != nil {
				continue
			}
			if v.Norm == "" || v.Raw != s {
				t.Fatalf("%s(%q) = %+v", name, s, v)
			}
			again, err := parse(v.Norm)
			if err != nil || again.Norm != v.Norm || again.Kind != v.Kind {
				t.Fatalf("%s: the normal form %q of %q gives %+v, %v", name, v.Norm, s, again, err)
			}
			if v.Kind == Phone {
				for _, c := range Countries(v).Countries {
					if c != Nowhere && !IsCountry(c) {
						t.Fatalf("%q got country %q", v.Norm, c)
					}
				}
			}
		}
	})
}

// TestMaskerLeavesNothing plants names and numbers in every spelling between
// random words and expects none to survive, and the other words to.
func TestMaskerLeavesNothing(t *testing.T) {
	var m Masker
	m.AddName("Zenobia Quill", "#")
	m.AddValue(Phone, "+34644881122", "#")
	m.AddValue(Email, "zen@example.org", "#")
	planted := []string{"Zenobia", "zenobia quill", "QUILL", "Zénobía", "@Zenobia_Quill", "\u2068Zenobia\u00a0Quill\u2069", "+34 644 88 11 22", "644881122",
		"0034-644-881-122", "(644) 88.11.22", "+٣٤٦٤٤٨٨١١٢٢", "wa.me/34644881122", "zen@example.org", "zen@EXAMPLE.ORG", "Zenobia's"}
	words := []string{"casa", "42", "+34 600 000 001", "zen", "quilt", "señora", "https://site.example/a", "👍", "ana@example.org", "10:30"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var in, kept []string
		for range 1 + r.IntN(8) {
			if r.IntN(2) == 0 {
				in = append(in, planted[r.IntN(len(planted))])
			} else {
				w := words[r.IntN(len(words))]
				in, kept = append(in, w), append(kept, w)
			}
		}
		text := strings.Join(in, ", ")
		got := m.Text(text)
		digits := onlyDigits(got)
		if f := fold(got); strings.Contains(f, "zenobia") || strings.Contains(f, "quill") || strings.Contains(digits, "644881122") || strings.Contains(f, "zen@") {
			t.Fatalf("Text(%q) = %q", text, got)
		}
		for _, w := range kept {
			if !strings.Contains(got, w) {
				t.Fatalf("Text(%q) = %q lost %q", text, got, w)
			}
		}
		if again := m.Text(got); again != got {
			t.Fatalf("masking %q twice gives %q", got, again)
		}
	}
}
