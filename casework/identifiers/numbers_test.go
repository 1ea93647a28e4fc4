package identifiers

import (
	"strings"
	"testing"

	"tutela/fault"
)

// TestNormalFormsByCountry writes one number of each country as people do who
// write to another country; all give the same normal form, and none of the ways
// in which they write at home gives any, because no country is ever assumed.
func TestNormalFormsByCountry(t *testing.T) {
	for norm, c := range map[string]struct {
		abroad, home []string
	}{
		"+34612345678":   {[]string{"+34 612 34 56 78", "0034-612-345-678", "+34.612.345.678", "+(34) 612345678"}, []string{"612 34 56 78", "612345678"}},
		"+351912345678":  {[]string{"+351 912 345 678", "00351912345678"}, []string{"912 345 678"}},
		"+33612345678":   {[]string{"+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "+33 06 12 34 56 78", "0033612345678"}, []string{"06 12 34 56 78"}},
		"+390612345678":  {[]string{"+39 06 12345678", "0039 06 1234 5678"}, []string{"06 12345678"}},
		"+4915123456789": {[]string{"+49 151 23456789", "+49 (0)151 23456789", "+49/151/23456789"}, []string{"0151 23456789"}},
		"+447700900123":  {[]string{"+44 7700 900123", "+44 (0)7700 900123", "00447700900123"}, []string{"07700 900123"}},
		"+5491123456789": {[]string{"+54 9 11 2345-6789", "0054 9 11 2345 6789"}, []string{"11 2345-6789", "15 2345 6789"}},
		"+525512345678":  {[]string{"+52 55 1234 5678", "+52 1 55 1234 5678"}, []string{"55 1234 5678", "044 55 1234 5678"}},
		"+5511987654321": {[]string{"+55 (11) 98765-4321", "0055 11 98765 4321"}, []string{"(11) 98765-4321", "011 98765-4321"}},
		"+573211234567":  {[]string{"+57 321 1234567", "0057 321 123 45 67"}, []string{"321 1234567"}},
		"+212612345678":  {[]string{"+212 6 12 34 56 78", "+212 06 12 34 56 78", "+٢١٢٦١٢٣٤٥٦٧٨"}, []string{"0612345678", "٠٦١٢٣٤٥٦٧٨"}},
		"+989121234567":  {[]string{"+98 912 123 4567", "+۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷", "۰۰۹۸۹۱۲۱۲۳۴۵۶۷"}, []string{"0912 123 4567", "۰۹۱۲ ۱۲۳ ۴۵۶۷"}},
		"+966501234567":  {[]string{"+966 50 123 4567", "\u200f+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧\u200f", "٠٠٩٦٦٥٠١٢٣٤٥٦٧"}, []string{"050 123 4567"}},
		"+18765550123":   {[]string{"+1 (876) 555-0123", "001 876 555 0123"}, []string{"876-555-0123", "1-876-555-0123"}},
		"+38344123456":   {[]string{"+383 44 123 456"}, []string{"044 123 456"}},
	} {
		for _, raw := range c.abroad {
			v, err := ParsePhone(raw)
			if err != nil || v.Norm != norm || !strings.HasPrefix(v.Norm, "+") || v.Raw != raw {
				t.Errorf("ParsePhone(%q) = %q, %v; want %s", raw, v.Norm, err, norm)
			}
			if raw[0] != '0' && !strings.Contains(raw, "+") {
				continue // zeros of another script begin a number only where it stands alone
			}
			if found := Extract("tel: " + raw + "!"); len(found) != 1 || found[0].Norm != norm {
				t.Errorf("Extract of %q: %+v", raw, found)
			}
		}
		for _, raw := range c.home {
			if v, err := ParsePhone(raw); fault.KindOf(err) != fault.Invalid {
				t.Errorf("ParsePhone(%q) assumed a country: %q", raw, v.Norm)
			}
			if found := Extract("tel: " + raw + "!"); len(found) != 0 {
				t.Errorf("Extract of %q assumed a country: %+v", raw, found)
			}
		}
	}
}

// TestNoExtensionsNorSigns: what a number cannot hold is not read as one, so that
// two people never share a normal form because something was thrown away.
func TestNoExtensionsNorSigns(t *testing.T) {
	for _, raw := range []string{"+34 612 345 678 ext. 4", "+34 612 345 678 x4", "+34612345678#4", "+34612345678,,4", "+34612345678;phone-context=+1",
		"tel:+34612345678", "+34 612 345 67B", "++34612345678", "+34+612345678", "+34 612 345 678 / +34 612 345 679", "0034 +612345678",
		"+34\n612345678", "+34\x00612345678", "+½34612345678", "+34⁶12345678", "+三四612345678"} {
		if v, err := ParsePhone(raw); fault.KindOf(err) != fault.Invalid {
			t.Errorf("ParsePhone(%q) = %q, %v", raw, v.Norm, err)
		}
	}
}
