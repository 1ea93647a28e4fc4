package whatsapp

import (
	"encoding/json"
	"testing"
)

func table(t *testing.T, name string) language {
	t.Helper()
	b, err := data.ReadFile("data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var l language
	if err := json.Unmarshal(b, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestHeaders reads one line of each known form in a stated order.
func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		line  string
		order Order
		wall  string
		form  string
	}{
		{"13/03/2025, 09:05 - ", DMY, "2025-03-13T09:05", "dd/mm/yyyy, HH:MM - "},
		{"3/13/25, 9:05\u202fPM - ", MDY, "2025-03-13T21:05", "m/d/yy, h:mm<U+202F>AM/PM - "},
		{"3/13/25, 12:05 AM - ", MDY, "2025-03-13T00:05", "mm/dd/yy, hh:mm AM/PM - "},
		{"13.03.25, 09:05 - ", DMY, "2025-03-13T09:05", "dd.mm.yy, HH:MM - "},
		{"13.03.25, 9:05 nachm. - ", DMY, "2025-03-13T21:05", "dd.mm.yy, h:mm day part - "},
		{"13.03.25, 9:05 vorm. - ", DMY, "2025-03-13T09:05", "dd.mm.yy, h:mm day part - "},
		{"13-03-2025 09:05 - ", DMY, "2025-03-13T09:05", "dd-mm-yyyy HH:MM - "},
		{"13/03/2025 à 09:05 - ", DMY, "2025-03-13T09:05", "dd/mm/yyyy à HH:MM - "},
		{"13/3/2025, 9:05\u202fp.\u00a0m. - ", DMY, "2025-03-13T21:05", "dd/mm/yyyy, h:mm<U+202F>AM/PM - "},
		{"2025-03-13, 9:05 p.m. - ", YMD, "2025-03-13T21:05", "yyyy-mm-dd, h:mm AM/PM - "},
		{"2025/03/13, 9:05 am - ", YMD, "2025-03-13T09:05", "yyyy/mm/dd, h:mm AM/PM - "},
		{"2025/3/13 下午9:05 - ", YMD, "2025-03-13T21:05", "yyyy/m/d AM/PM h:mm - "},
		{"2025. 3. 13. 오후 9:05 - ", YMD, "2025-03-13T21:05", "yyyy. m. d. AM/PM h:mm - "},
		{"2025/3/13 午後9:05 - ", YMD, "2025-03-13T21:05", "yyyy/m/d AM/PM h:mm - "},
		{"[3/13/25, 09:05:07] ", MDY, "2025-03-13T09:05:07", "[m/d/yy, HH:MM:ss] "},
		{"[13/3/2025, 9:05:07\u202fPM] ", DMY, "2025-03-13T21:05:07", "[d/m/yyyy, h:mm:ss<U+202F>AM/PM] "},
		{"[13/03/25 09:05:07] ", DMY, "2025-03-13T09:05:07", "[dd/mm/yy HH:MM:ss] "},
		{"[13/03/25 09.05.07] ", DMY, "2025-03-13T09:05:07", "[dd/mm/yy HH.MM.ss] "},
		{"[09:05:07, 13/3/25] ", DMY, "2025-03-13T09:05:07", "[HH:MM:ss, d/m/yy] "},
		{"[١٣\u200f/٣\u200f/٢٠٢٥، ٩:٠٥:٠٧\u00a0م] ", DMY, "2025-03-13T21:05:07", "[(٠-digits) d/m/yyyy، h:mm:ss<U+00A0>AM/PM] "},
		{"[\u200f13\u200f/3\u200f/2025، 21:05:07] ", DMY, "2025-03-13T21:05:07", "[d/m/yyyy، HH:MM:ss] "},
		{"[۱۳/۳/۲۰۲۵, ۲۱:۰۵:۰۷] ", DMY, "2025-03-13T21:05:07", "[(۰-digits) d/m/yyyy, HH:MM:ss] "},
		{"13/3/2025، 21:05 - ", DMY, "2025-03-13T21:05", "d/m/yyyy، HH:MM - "},
		{"[3/13/2568 BE, 21:05:07] ", MDY, "2025-03-13T21:05:07", "[m/d/yyyy, HH:MM:ss] "},
		{"[3/13/2568, 21:05:07] ", MDY, "2025-03-13T21:05:07", "[m/d/yyyy, HH:MM:ss] "},
		{"[3/13/R7, 21:05:07] ", MDY, "2025-03-13T21:05:07", "[m/d/era, HH:MM:ss] "},
		{"13.3.2025 klo 21.05 - ", DMY, "2025-03-13T21:05", "d.m.yyyy klo HH.MM - "},
		{"[13.3.2025, 9:05:07 אחה״צ] ", DMY, "2025-03-13T21:05:07", "[d.m.yyyy, h:mm:ss AM/PM] "},
		{"\u200f[13.3.2025, 21:05:07] ", DMY, "2025-03-13T21:05:07", "[d.m.yyyy, HH:MM:ss] "},
		{"3/13/25, 9:05:07 PM – ", MDY, "2025-03-13T21:05:07", "m/d/yy, h:mm:ss AM/PM – "},
		{"13/03/2025 21:05:07: ", DMY, "2025-03-13T21:05:07", "dd/mm/yyyy HH:MM:ss: "},
		{"3/13/25, 9:05:07 PM: ", MDY, "2025-03-13T21:05:07", "m/d/yy, h:mm:ss AM/PM: "},
		{"2025. 03. 13. 21:05 - ", YMD, "2025-03-13T21:05", "yyyy. mm. dd. HH:MM - "},
		{"13.03.25 г., 21:05 - ", DMY, "2025-03-13T21:05", "dd.mm.yy г., HH:MM - "},
		{"13/3/25, 9:05 μ.μ. - ", DMY, "2025-03-13T21:05", "d/m/yy, h:mm AM/PM - "},
		{"[06/2018/13, 21:25:15] ", MYD, "2018-06-13T21:25:15", "[mm/yyyy/dd, HH:MM:ss] "},
	} {
		h, f, ok := parseHeader(c.line + "Ada: x")
		if !ok {
			t.Errorf("%q is not read", c.line)
			continue
		}
		if got := h.wall(c.order); got != c.wall {
			t.Errorf("%q: %s, want %s", c.line, got, c.wall)
		}
		if body := (c.line + "Ada: x")[h.body:]; body != "Ada: x" {
			t.Errorf("%q: body %q", c.line, body)
		}
		wideDate := containsWide(c.form)
		if got := f.name(c.order, wideDate, h.hourW == 2); !alike(got, c.form) {
			t.Errorf("%q: form %q, want %q", c.line, got, c.form)
		}
	}
}

// containsWide reports whether the expected form has two-digit days.
func containsWide(form string) bool {
	for i := 0; i+1 < len(form); i++ {
		if form[i] == 'd' && form[i+1] == 'd' {
			return true
		}
	}
	return false
}

// alike compares forms without the width of the hour, which one line cannot show.
func alike(a, b string) bool {
	squeeze := func(s string) string {
		out := []rune{}
		for _, r := range s {
			if n := len(out); n > 0 && (r == 'h' || r == 'H') && out[n-1] == r {
				continue
			}
			out = append(out, r)
		}
		return string(out)
	}
	return squeeze(a) == squeeze(b)
}

func TestNotHeaders(t *testing.T) {
	for _, line := range []string{
		"", "x", "10:30 dentist", "- 2 apples", "13/03/2025", "13/03/2025, ", "13/03/2025, 10", "13/03/2025, 10:0 - x",
		"13/03/2025 10:00", "13/13/2025, 10:00 - x", "0/1/2025, 10:00 - x", "32/1/2025, 10:00 - x", "1/2/2025, 25:00 - x",
		"1/2/2025, 10:60 - x", "2016-04-29 10:30:00", "[13/03/2025, 10:00:01 Ada: x", "[13/03/2025] Ada: x", "13/03-2025, 10:00 - x",
		"123/03/2025, 10:00 - x", "1/2/3/4, 10:00 - x", "13/03/2025, 10:00 nonsense - x", "2025/2025/2025, 10:00 - x", "\u200e", "[", "[[1/2/25, 1:00] x",
		"31/2/2025, 10:00 - x", "192.168.1.10 - - [13/Mar/2025:10:00:00 +0000]", "+44 7700 900123: hello",
	} {
		if h, f, ok := parseHeader(line); ok {
			t.Errorf("%q is read as %+v %+v", line, h, f)
		}
	}
}

func TestDayParts(t *testing.T) {
	for text, want := range map[string]part{"AM": am, "pm": pm, "a.m.": am, "p. m.": pm, "P.\u00a0M.": pm, "م": pm, "ص": am,
		"nachts": night, "mittags": noon, "下午": pm, "오전": am, "π.μ.": am} {
		if p, next := partAt(text, 0); p.part != want || next != len(text) {
			t.Errorf("%q: %v at %d", text, p, next)
		}
	}
	for _, text := range []string{"amber", "x", "", "- Ada", "пмx"} {
		if p, next := partAt(text, 0); next != 0 {
			t.Errorf("%q is read as %v", text, p)
		}
	}
}
