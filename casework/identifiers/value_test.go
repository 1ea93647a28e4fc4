package identifiers

import (
	"slices"
	"strings"
	"testing"

	"tutela/fault"
)

func TestParsePhone(t *testing.T) {
	for raw, want := range map[string]string{
		"+34 612 34 56 78":  "+34612345678",
		"0034612345678":     "+34612345678",
		"+34-612-345-678":   "+34612345678",
		"+34 (612) 345 678": "+34612345678",
		"\u202a+34\u00a0612\u00a034\u00a056\u00a078\u202c": "+34612345678",  // as chat exports wrap unknown numbers
		"\u2068+34 612\u2011345\u2011678\u2069":            "+34612345678",  // isolates, non-breaking hyphens
		"+٣٤ ٦١٢ ٣٤٥ ٦٧٨":                                  "+34612345678",  // Arabic-Indic digits
		"＋３４６１２３４５６７８":                                     "+34612345678",  // full width
		"+39 06 1234 5678":                                 "+390612345678", // Italy keeps the zero
		"+44 7700 900123":                                  "+447700900123",
		"+1 876 555 0123":                                  "+18765550123",
	} {
		v, err := ParsePhone(raw)
		if err != nil || v.Norm != want || v.Kind != Phone || v.Raw != raw {
			t.Errorf("ParsePhone(%q) = %+v, %v; want %s", raw, v, err, want)
		}
	}
	for _, raw := range []string{"", "+", "00", "612 34 56 78", "034612345678", "+34", "+34 612", "+999 123456789",
		"+34 612 34 56 78 90 12 34", "+34 612 ABC DEF", "+34612345678;ext=2", "Ana", "+34 6é2345678"} {
		if v, err := ParsePhone(raw); err == nil {
			t.Errorf("ParsePhone(%q) invented %s", raw, v.Norm)
		} else if fault.KindOf(err) != fault.Invalid {
			t.Errorf("ParsePhone(%q): kind %v", raw, fault.KindOf(err))
		}
	}
}

func TestParsePhoneErrorsCarryNoNumber(t *testing.T) {
	_, err := ParsePhone("+34 612 34")
	if err == nil || strings.ContainsAny(err.Error(), "0123456789") {
		t.Errorf("error %q is missing or tells the number", err)
	}
}

func TestParseEmail(t *testing.T) {
	for raw, want := range map[string]string{
		"Ana.Tip@Example.ORG":           "Ana.Tip@example.org",
		" mailto:x@example.org?subject": "x@example.org",
		"user+tag@münchen.example":      "user+tag@xn--mnchen-3ya.example",
		"x@EXAMPLE.org.":                "x@example.org",
	} {
		if v, err := ParseEmail(raw); err != nil || v.Norm != want || v.Kind != Email {
			t.Errorf("ParseEmail(%q) = %+v, %v; want %s", raw, v, err, want)
		}
	}
	for _, raw := range []string{"", "@", "a@", "@b.example", "a b@example.org", "a@localhost", "a@10.0.0.1", strings.Repeat("a", 65) + "@example.org"} {
		if v, err := ParseEmail(raw); err == nil {
			t.Errorf("ParseEmail(%q) invented %s", raw, v.Norm)
		}
	}
}

func TestParseURL(t *testing.T) {
	const code = "AbCdEfGhIjKlMnOpQrStUv"
	for raw, want := range map[string]Value{
		"HTTPS://Example.org":                          {Kind: URL, Norm: "https://example.org/"},
		"http://example.org:80/A?b=C#frag":             {Kind: URL, Norm: "http://example.org/A?b=C"},
		"www.example.org/x":                            {Kind: URL, Norm: "https://www.example.org/x"},
		"https://user:pw@example.org:8443/":            {Kind: URL, Norm: "https://example.org:8443/"},
		"https://[2001:db8::1]/x":                      {Kind: URL, Norm: "https://[2001:db8::1]/x"},
		"https://192.0.2.7/x":                          {Kind: URL, Norm: "https://192.0.2.7/x"},
		"https://chat.whatsapp.com/" + code:            {Kind: Invite, Norm: "chat.whatsapp.com/" + code},
		"chat.whatsapp.com/invite/" + code + "?mode=r": {Kind: Invite, Norm: "chat.whatsapp.com/" + code},
		"https://chat.whatsapp.com/short":              {Kind: URL, Norm: "https://chat.whatsapp.com/short"},
	} {
		v, err := ParseURL(raw)
		if err != nil || v.Norm != want.Norm || v.Kind != want.Kind {
			t.Errorf("ParseURL(%q) = %+v, %v; want %+v", raw, v, err, want)
		}
	}
	for _, raw := range []string{"", "ftp://example.org", "javascript://x.example/%0a", "http://", "https://nodots/x", "::"} {
		if v, err := ParseURL(raw); err == nil {
			t.Errorf("ParseURL(%q) invented %s", raw, v.Norm)
		}
	}
}

func TestParseLabelAndHandle(t *testing.T) {
	for raw, want := range map[string]Value{
		"~\u202fAna  Luz":             {Kind: WAName, Norm: "Ana Luz"},
		"Jose\u0301":                  {Kind: WAName, Norm: "José"},
		"\u202a+34 612 345 678\u202c": {Kind: Phone, Norm: "+34612345678"},
		"Plan: B":                     {Kind: WAName, Norm: "Plan: B"},
	} {
		if v, err := ParseLabel(raw); err != nil || v.Kind != want.Kind || v.Norm != want.Norm {
			t.Errorf("ParseLabel(%q) = %+v, %v", raw, v, err)
		}
	}
	if _, err := ParseLabel("\u200e ~"); err == nil {
		t.Error("an empty label gave a name")
	}
	if v, err := ParseHandle("Telegram", "@Some_Name"); err != nil || v.Norm != "telegram:some_name" {
		t.Errorf("handle: %+v, %v", v, err)
	}
	if _, err := ParseHandle("", "x"); err == nil {
		t.Error("a handle without service was taken")
	}
}

func TestExtract(t *testing.T) {
	type hit struct {
		kind Kind
		norm string
	}
	for text, want := range map[string][]hit{
		"call +34 612 345 678, or ana@example.org.":       {{Phone, "+34612345678"}, {Email, "ana@example.org"}},
		"call 612 345 678":                                nil, // no country: not invented
		"+34 612 345 678 500 euros":                       {{Phone, "+34612345678"}},
		"(see https://example.org/a_(b)), then":           {{URL, "https://example.org/a_(b)"}},
		"join chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv!":  {{Invite, "chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"}},
		"https://wa.me/34612345678":                       {{Phone, "+34612345678"}},
		"https://api.whatsapp.com/send?phone=34612345678": {{Phone, "+34612345678"}},
		"https://example.org/?tel=+34612345678":           {{URL, "https://example.org/?tel=+34612345678"}},
		"3 + 4 = 7, 00:15, 2024-01-01 10:00:00":           nil,
		"\u2068+34\u00a0612\u00a0345\u00a0678\u2069 ok":   {{Phone, "+34612345678"}},
		"a@b, @name, x@y.z1":                              nil,
	} {
		var got []hit
		for _, f := range Extract(text) {
			got = append(got, hit{f.Kind, f.Norm})
			if text[f.Offset:f.Offset+f.Length] != f.Raw {
				t.Errorf("%q: place %d+%d is not %q", text, f.Offset, f.Length, f.Raw)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("Extract(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestExtractIsBounded(t *testing.T) {
	long := strings.Repeat("+1 ", maxText) + "é"
	if n := len(Extract(long)); n != 0 {
		t.Errorf("found %d numbers in plus signs", n)
	}
	Extract(strings.Repeat("é", maxText))
}

func FuzzExtract(f *testing.F) {
	f.Add("call +34 612 345 678 or ana@example.org, https://wa.me/34612345678")
	f.Add("\u202a+34\u00a0612\u202c \xff\xfe www.")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, x := range Extract(text) {
			if x.Offset < last || x.Offset+x.Length > len(text) || x.Norm == "" {
				t.Fatalf("bad place or empty value: %+v", x)
			}
			last = x.Offset
			again, err := reparse(x.Value)
			if err != nil || again.Norm != x.Norm || again.Kind != x.Kind {
				t.Fatalf("normal form %q is not stable: %+v, %v", x.Norm, again, err)
			}
		}
		var m Masker
		m.AddName("Ana Luz", "X")
		m.AddValue(Phone, "+34612345678", "X")
		m.Text(text)
	})
}

func reparse(v Value) (Value, error) {
	switch v.Kind {
	case Phone:
		return ParsePhone(v.Norm)
	case Email:
		return ParseEmail(v.Norm)
	}
	return ParseURL(v.Norm)
}

// TestExtractByLines says that no line changes what is found in another.
func TestExtractByLines(t *testing.T) {
	lines := []string{"", "call +39 06 1234 5678 now", "a@b.example\r", "WWW.example.org and www.example.com/x", "HTTPS://Example.org/a?b=c", "wa.me/34600000001",
		"chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv", "0039 06 1234 5678", "\uff0b39 06 1234 5678", "+\u0663\u0669 \u0660\u0666 \u0661\u0662\u0663\u0664 \u0665\u0666\u0667\u0668", "T.ME/name",
		"1234567", "a/b and c.d", "ends with +", "39 06 1234 5678 has no beginning", "\xff\xfe +1 202 555 0101"}
	found := 0
	for _, a := range lines {
		for _, b := range lines {
			both := Extract(a + "\n" + b)
			alone := Extract(a)
			for _, f := range Extract(b) {
				f.Offset += len(a) + 1
				alone = append(alone, f)
			}
			if !slices.Equal(both, alone) {
				t.Errorf("%q and %q: %v, alone %v", a, b, both, alone)
			}
			found += len(both)
		}
	}
	for _, l := range lines[1:11] {
		if len(Extract(l)) == 0 {
			t.Errorf("nothing found in %q", l)
		}
	}
	if found < 300 {
		t.Errorf("only %d values in all", found)
	}
}
