package identifiers

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestMaskerOfNumbersAtHome masks numbers as people of the country write them
// among themselves: with a trunk prefix, without the sign of a mobile, or with
// the one that is used within the country only.
func TestMaskerOfNumbersAtHome(t *testing.T) {
	for e164, written := range map[string][]string{
		"+5491123456789": {"011 15-2345-6789", "11 2345-6789", "+54 9 11 2345-6789", "+54 11 15 2345 6789", "0054 9 11 23456789", "9 11 2345 6789"},
		"+5492966412345": {"02966 15-41-2345", "2966 412345"},
		"+525512345678":  {"55 1234 5678", "044 55 1234 5678", "+52 1 55 1234 5678"},
		"+5511987654321": {"(11) 98765-4321", "0 11 98765-4321", "011987654321"},
		"+447700900123":  {"07700 900123", "+44 (0)7700 900123", "7700-900-123"},
		"+390612345678":  {"06 1234 5678", "06/12345678"},
		"+4915123456789": {"0151 23456789", "0151/234 567 89", "+49(0)151 23456789"},
		"+79161234567":   {"8 (916) 123-45-67", "8-916-123-45-67", "916 1234567"},
		"+989121234567":  {"0912 123 4567", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "٩١٢١٢٣٤٥٦٧"},
		"+966501234567":  {"050 123 4567", "٠٥٠ ١٢٣ ٤٥٦٧"},
		"+33612345678":   {"06 12 34 56 78", "06.12.34.56.78", "6 12 34 56 78"},
		"+18765550123":   {"1-876-555-0123", "(876) 555-0123"},
		"+34612345678":   {"612\t345\t678", "612_345_678", "612,345,678", "6 1 2 3 4 5 6 7 8", "612·345·678", "612:345:678", "tel=612*345*678"},
	} {
		var m Masker
		m.AddValue(Phone, e164, "#")
		for _, w := range written {
			got := m.Text("ring " + w + " now")
			if onlyDigits(got) != "" || !strings.HasPrefix(got, "ring ") || !strings.HasSuffix(got, " now") {
				t.Errorf("%s: %q became %q", e164, w, got)
			}
		}
	}
}

// TestMaskerKeepsOtherNumbers: what stands beside a masked number in a list, a
// table or a sum stays, and numbers that share most digits too.
func TestMaskerKeepsOtherNumbers(t *testing.T) {
	var m Masker
	m.AddValue(Phone, "+34612345678", "#")
	for in, want := range map[string]string{
		"600000001,612345678,600000002":   "600000001,#,600000002",
		"600000001\t612345678\t600000002": "600000001\t#\t600000002",
		"1; 2; 612345678; 4":              "1; 2; #; 4",
		"612345679, 612345677":            "612345679, 612345677",
		"61234567":                        "61234567",
		"a6b1c2d3e4f5g6h7i8":              "a6b1c2d3e4f5g6h7i8",
		"612345678:612345678":             "#:#",
		"٦١٢,٣٤٥,٦٧٨":                     "#",
		"612---345---678":                 "#",
		"612----345----678":               "612----345----678",
	} {
		if got := m.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestMaskerOfAnySpelling puts up to three characters of any kind but letters
// and digits between the digits of a number, each of any script, and expects
// none of the number's runs of six digits to survive.
func TestMaskerOfAnySpelling(t *testing.T) {
	const number = "644881122"
	zeros := []rune{'0', '٠', '۰', '०', '０', '𝟎'}
	between := []rune("\u00a0\u202f\u200e\u200b\u2011\ufe0f\u20e3 -.()/_,:;*·|\t\n~#\"'")
	var m Masker
	m.AddValue(Phone, "+34"+number, "N")
	r := rand.New(rand.NewPCG(7, 7))
	for range 3000 {
		var b strings.Builder
		for _, d := range number {
			b.WriteRune(zeros[r.IntN(len(zeros))] + d - '0')
			for range r.IntN(4) {
				b.WriteRune(between[r.IntN(len(between))])
			}
		}
		in := "x" + b.String() + "y"
		got := onlyDigits(m.Text(in))
		for i := range len(number) - 5 {
			if strings.Contains(got, number[i:i+6]) {
				t.Fatalf("Text(%q) leaves %q", in, got)
			}
		}
	}
}
