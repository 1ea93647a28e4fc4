package whatsapp

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"tutela/format"
)

// covered checks what must hold for any bytes: records that cover the file from
// the reported preamble to its end without gaps, valid text, no invented zone.
func covered(t *testing.T, in []byte) {
	t.Helper()
	c, fs := Read(in, []string{"a.jpg", "dir/b c.png"}, format.Limits{Items: 1000})
	if len(c.Messages) == 0 {
		if len(fs) == 0 {
			t.Fatalf("%q: nothing read and nothing said", in)
		}
		return
	}
	at, said, cut := c.Messages[0].Offset, int64(0), false
	for _, f := range fs {
		switch f.Code {
		case "whatsapp.preamble":
			said += f.Place.Length
		case "whatsapp.limit":
			cut = true
		}
	}
	if at != said && !(at == 3 && said == 0 && bytes.HasPrefix(in, []byte("\ufeff"))) {
		t.Fatalf("%q: the first record is at %d, a preamble of %d is reported", in, at, said)
	}
	for i, m := range c.Messages {
		if m.Offset != at || m.Length <= 0 {
			t.Fatalf("%q: record %d at %d, want %d, length %d", in, i, m.Offset, at, m.Length)
		}
		at += m.Length
		if !utf8.ValidString(m.Text) || m.Time.Zone != "" || m.Time.Wall == "" {
			t.Fatalf("%q: record %d: %+v", in, i, m)
		}
		if (m.Kind == System) != (m.Author == "") {
			t.Fatalf("%q: record %d: %s by %q", in, i, m.Kind, m.Author)
		}
		if want := 1 + bytes.Count(in[:m.Offset], []byte("\n")); m.Line != want {
			t.Fatalf("%q: record %d is in line %d, not %d", in, i, want, m.Line)
		}
	}
	if at > int64(len(in)) || at < int64(len(in)) && !cut {
		t.Fatalf("%q: records end at %d of %d", in, at, len(in))
	}
}

// chatForms are short chats in headers of every kind: systems, orders of the
// date, clocks, scripts and line ends.
func chatForms() map[string]string {
	android := []string{"%s - Ada: one\ntwo\n", "%s - Ben: a.jpg (file attached)\n", "%s - Ada added Ben\n", "%s - Cé 漢: \u200e\U0001F642\n"}
	ios := []string{"[%s] Ada: one\ntwo\r\n", "\u200e[%s] Ben: \u200e<attached: a.jpg>\r\n", "[%s] Ada: \u200eAda added Ben\r\n", "[%s] Cé 漢: \U0001F642\r\n"}
	forms := map[string]string{}
	for _, stamp := range []string{"13/03/2025, 10:0#", "3/13/25, 1:0# PM", "13.03.25, 22:0#", "2025-03-13, 10:0#", "13-03-2025 10:0#",
		"13/3/25, 10:0# a.\u00a0m.", "2025/3/13 上午8:0#", "١٣\u200f/٣\u200f/٢٠٢٥، ٩:٠٥:٠٧\u00a0م", "13. 6. 2018. 21:2#", "13/03/2025, 10:00:0#", "3/4/R5, 08:05:0#"} {
		for system, lines := range map[string][]string{"android": android, "ios": ios} {
			var b strings.Builder
			for i := range 8 {
				s := strings.ReplaceAll(stamp, "#", string(rune('0'+i)))
				b.WriteString(strings.ReplaceAll(lines[i%4], "%s", s))
			}
			forms[system+" "+stamp] = b.String()
		}
	}
	return forms
}

// TestEveryCutIsCovered cuts chats of every form behind each byte and in front
// of it: no byte is lost, and what is not a message is said.
func TestEveryCutIsCovered(t *testing.T) {
	for form, text := range chatForms() {
		t.Run(form, func(t *testing.T) {
			if c, _ := Read([]byte(text), nil, format.Limits{}); len(c.Messages) == 0 {
				t.Fatal("nothing was read")
			}
			step := 1 + len(text)/150
			for n := 0; n < len(text); n += step {
				covered(t, []byte(text[:n]))
				covered(t, []byte(text[n:]))
				covered(t, []byte("\ufeff"+text[n:]))
			}
		})
	}
}

// TestDamageIsCovered changes, repeats and takes out bytes and lines.
func TestDamageIsCovered(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	strange := []string{"\x00", "\xff", "\r", "\n", "\r\n", "\u2028", "\ufeff", "\u202e", "[", "] ", " - ", ": ", "13/03/2025, 10:00 - ", "\xe2\x80"}
	for form, text := range chatForms() {
		for range 60 {
			b := text
			for range 1 + r.IntN(5) {
				i := r.IntN(len(b) + 1)
				j := min(len(b), i+r.IntN(30))
				switch r.IntN(3) {
				case 0:
					b = b[:i] + strange[r.IntN(len(strange))] + b[i:]
				case 1:
					b = b[:i] + b[j:]
				default:
					b = b[:j] + b[i:]
				}
			}
			covered(t, []byte(b))
			if t.Failed() {
				t.Fatal(form)
			}
		}
	}
}
