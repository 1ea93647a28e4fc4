package mail

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"tutela/format"
)

func read(in string) (*Message, []format.Finding) { return Read([]byte(in), format.Limits{}) }

func has(fs []format.Finding, code string) bool {
	return slices.ContainsFunc(fs, func(f format.Finding) bool { return f.Code == code })
}

func content(t *testing.T, p *Part) string {
	t.Helper()
	b, err := io.ReadAll(p.Open())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const mixed = "From: =?utf-8?Q?L=C3=ADa_Roble?= <lia@tips.example>\r\n" +
	"To: desk@unit.example, \"Haya, Hugo\" <hugo@unit.example>\r\n" +
	"Cc: one@unit.example (a (nested) comment)\r\n" +
	"Date: Tue, 4 Mar 2025 08:05:07 +0100\r\n" +
	"Message-ID: <a1@tips.example>\r\n" +
	"Subject: =?utf-8?B?w7E=?= =?utf-8?B?w7E=?= plain =?x?Z?y?=\r\n" +
	"Content-Type: multipart/mixed; boundary=\"b 1\"\r\n\r\npreamble\r\n" +
	"--b 1\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nse=F1al =\r\nlarga\r\n" +
	"--b 1\r\nContent-Type: text/html\r\n\r\n<p>uno</p><script>dos</script><p>tr&eacute;s</p>\r\n" +
	"--b 1\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''ma%C3%B1; filename*1=ana.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\nAwQ=\r\n" +
	"--b 1--\r\nepilogue\r\n"

func TestMixed(t *testing.T) {
	m, fs := read(mixed)
	if len(fs) != 0 {
		t.Errorf("findings %+v", fs)
	}
	if m.Subject != "ññ plain =?x?Z?y?=" || m.MessageID != "a1@tips.example" || m.Text != "señal larga" {
		t.Errorf("subject %q id %q text %q", m.Subject, m.MessageID, m.Text)
	}
	if m.HTMLText != "uno\ntrés" {
		t.Errorf("html text %q", m.HTMLText)
	}
	if m.From[0] != (Address{"Lía Roble", "lia@tips.example"}) || len(m.To) != 2 || m.To[1] != (Address{"Haya, Hugo", "hugo@unit.example"}) ||
		len(m.Cc) != 1 || m.Cc[0].Addr != "one@unit.example" {
		t.Errorf("from %+v to %+v cc %+v", m.From, m.To, m.Cc)
	}
	if m.Date.UTC != "2025-03-04T07:05:07Z" || m.Date.Zone != "+01:00" || m.Date.Wall != "2025-03-04T08:05:07" {
		t.Errorf("date %+v", m.Date)
	}
	if len(m.Attachments) != 1 {
		t.Fatalf("attachments %v", m.Attachments)
	}
	p := &m.Parts[m.Attachments[0]]
	if p.Name != "mañana.bin" || content(t, p) != "\x00\x01\x02\x03\x04" || mixed[p.Offset:p.Offset+p.Length] != "AAEC\r\nAwQ=" {
		t.Errorf("%+v", p)
	}
	if !strings.HasPrefix(mixed[p.HeaderAt:], "Content-Type: application/octet-stream") {
		t.Errorf("header at %d", p.HeaderAt)
	}
}

func TestDates(t *testing.T) {
	for in, want := range map[string][3]string{
		"Sat, 4 Mar 2023 8:05:07 GMT":   {"2023-03-04T08:05:07", "Z", "2023-03-04T08:05:07Z"},
		"4 Mar 23 08:05 -0730":          {"2023-03-04T08:05", "-07:30", "2023-03-04T15:35:00Z"},
		"Sat, 4 Mar 2023 08:05:07":      {"2023-03-04T08:05:07", "", ""},
		"Sat, 4 Mar 2023 08:05:07 CEST": {"2023-03-04T08:05:07", "", ""},
		"4 mar 99 00:00:00 EST":         {"1999-03-04T00:00:00", "-05:00", "1999-03-04T05:00:00Z"},
		"yesterday":                     {}, "32 Mar 2023 08:05:07 Z": {}, "": {}, "4 March": {}, "4 xyz 2023 1:2:3 Z": {}, "4 Mar 2023 25:00:00 Z": {},
	} {
		d := parseDate(in)
		if d.Wall != want[0] || d.Zone != want[1] || d.UTC != want[2] || d.Text != in {
			t.Errorf("%q: %+v, want %v", in, d, want)
		}
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                            "plain",
		"=?utf-8?Q?a_b=5F?=":               "a b_",
		"=?utf-8?B?5qO?= =?utf-8?B?rg==?=": "森",
		"=?iso-8859-1?Q?=FC?= x =?utf-8?Q?=C3=BC?=": "ü x ü",
		"a =?bad": "a =?bad", "=?utf-8?Q?unfinished": "=?utf-8?Q?unfinished",
		"gr\xfcn": "grün", "a\x00b": "a\uFFFDb", "=?no-such?Q?x=FC?=": "xü",
	} {
		if got := decodeWords(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParameters(t *testing.T) {
	for in, want := range map[string]string{
		`text/plain; name="a;b.txt"`: "a;b.txt", `text/plain; name=a b.txt`: "a", `text/plain; name="a\"b"`: `a"b`,
		`text/plain name=x`: "x", `text/plain; NAME = x`: "x", `text/plain; name*=iso-8859-1'de'gr%FCn`: "grün",
		`text/plain; name*0="a%"; name*1=b`: "a%b", `text/plain; name="unclosed`: "unclosed",
	} {
		if _, params := parseValue(in); params["name"] != want {
			t.Errorf("%s: %q, want %q", in, params["name"], want)
		}
	}
}

func TestBase64AndQuotedPrintable(t *testing.T) {
	for in, want := range map[string]string{"AAEC": "\x00\x01\x02", "AA": "\x00", "AAECA": "\x00\x01\x02", "A*AE-C": "\x00\x01\x02", "": ""} {
		if got, _ := decode64([]byte(in)); string(got) != want {
			t.Errorf("base64 %q: %q", in, got)
		}
	}
	for in, want := range map[string]string{"a=3Db": "a=b", "a= \r\nb": "ab", "a=\nb": "ab", "a=": "a", "a=ZZ": "a=ZZ", "=4": "=4"} {
		if got := quotedPrintable([]byte(in)); string(got) != want {
			t.Errorf("quoted-printable %q: %q, want %q", in, got, want)
		}
	}
}

func TestDefectsAreFindings(t *testing.T) {
	for _, c := range []struct{ in, code string }{
		{"", "mail.empty"},
		{"Subject: a\nSubject: b\n\nx", "mail.duplicate-header"},
		{"Content-Type: multipart/mixed\n\nx", "mail.no-boundary"},
		{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "mail.no-end"},
		{"Content-Transfer-Encoding: base64\n\n????", "mail.encoding"},
		{"Content-Transfer-Encoding: base9000\n\nx", "mail.encoding"},
		{"Subject: a\nno header line\nbody", "mail.header"},
		{"Subject: " + strings.Repeat("x", 2*maxValue) + "\n\nbody", "mail.long-header"},
		{strings.Repeat("X: y\n", maxHeaders+5) + "\nbody", "mail.headers"},
	} {
		if _, fs := read(c.in); !has(fs, c.code) {
			t.Errorf("%.40q: no %s in %+v", c.in, c.code, fs)
		}
	}
}

func TestNestedMessages(t *testing.T) {
	in := "Subject: 0\nContent-Type: message/rfc822\n\nSubject: 1\nContent-Type: multipart/mixed; boundary=x\n\n" +
		"--x\nContent-Type: message/rfc822; name=tip.eml\n\nSubject: 2\n\ninner\n--x\nContent-Type: image/png; name=p.png\n\npng\n--x--\n"
	m, fs := read(in)
	if len(fs) != 0 || len(m.Attachments) != 1 || len(m.Nested) != 1 {
		t.Fatalf("%+v %v %d", fs, m.Attachments, len(m.Nested))
	}
	n := m.Nested[0]
	if n.Subject != "1" || len(n.Attachments) != 2 || n.Nested[0].Subject != "2" || n.Nested[0].Text != "inner" {
		t.Errorf("%+v", n)
	}
	if m.Parts[n.Attachments[1]].Name != "p.png" || m.Parts[n.Attachments[0]].Name != "tip.eml" {
		t.Errorf("%+v", m.Parts)
	}
}

// hostile is a message of many parts, one inside the other or side by side.
func hostile(n int, nested bool) []byte {
	var b strings.Builder
	b.WriteString("Subject: many\n")
	if !nested {
		b.WriteString("Content-Type: multipart/mixed; boundary=b\n\n")
	}
	for i := range n {
		if nested {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		} else {
			b.WriteString("--b\n\nx\n")
		}
	}
	return []byte(b.String())
}

func TestHostileSizesAreQuick(t *testing.T) {
	for name, in := range map[string][]byte{"200,000 parts": hostile(200_000, false), "100,000 levels": hostile(100_000, true),
		"rfc822 chain":      []byte(strings.Repeat("Content-Type: message/rfc822\n\n", 50_000)),
		"one folded header": []byte("Subject: a\n" + strings.Repeat(" b\n", 500_000)),
		"words":             []byte("Subject: " + strings.Repeat("=?utf-8?Q?", 6000) + "\n\n"),
		"brackets":          []byte("To: " + strings.Repeat("<", 60_000) + "\n\n")} {
		start := time.Now()
		m, _ := Read(in, format.Limits{})
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s: %v", name, d)
		}
		if len(m.Parts) > maxParts {
			t.Errorf("%s: %d parts", name, len(m.Parts))
		}
	}
}

func TestMboxVariants(t *testing.T) {
	body := "Subject: a\nContent-Length: 29\n\nFrom x Sat Mar  4 08:05 2023\n"
	in := "From a@b Sat Mar  4 08:05:07 2023\n" + body + "\nFrom a@b Sat Mar  4 08:05:07 2023 +0100\nSubject: b\n\ny\n"
	entries, v, fs := Mbox([]byte(in), format.Limits{})
	if len(entries) != 2 || v != MboxCL || len(fs) != 0 {
		t.Fatalf("%+v %s %+v", entries, v, fs)
	}
	if got := in[entries[1].Offset : entries[1].Offset+entries[1].Length]; got != "Subject: b\n\ny\n" {
		t.Errorf("%q", got)
	}
	if entries, _, fs = Mbox([]byte("junk\nFrom a b\n"), format.Limits{}); len(entries) != 1 || !has(fs, "mbox.preamble") {
		t.Errorf("%+v %+v", entries, fs)
	}
	if entries, _, fs = Mbox([]byte(strings.Repeat("From a@b Sat Mar  4 08:05:07 2023\n\n", 9)), format.Limits{Items: 3}); len(entries) != 3 || !has(fs, "mbox.count") {
		t.Errorf("%+v %+v", entries, fs)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(mixed))
	f.Add([]byte("Content-Type: multipart/digest; boundary=1\n\n--1\n\nSubject: x\n\n--1--"))
	f.Add([]byte("From a@b Sat Mar  4 08:05:07 2023\nSubject: a\n\nx\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, _ := Read(in, format.Limits{})
		if m == nil || len(m.Parts) == 0 {
			t.Fatal("no message")
		}
		for _, p := range m.Parts {
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > int64(len(in)) || p.Parent >= p.Index {
				t.Fatalf("part %+v in %d bytes", p, len(in))
			}
		}
		for _, i := range m.Attachments {
			m.Parts[i].Raw()
		}
		at := int64(0)
		entries, _, _ := Mbox(in, format.Limits{})
		for _, e := range entries {
			if e.Offset < at || e.Length < 0 || e.Offset+e.Length > int64(len(in)) {
				t.Fatalf("entry %+v behind %d in %d bytes", e, at, len(in))
			}
			at = e.Offset + e.Length
		}
	})
}
