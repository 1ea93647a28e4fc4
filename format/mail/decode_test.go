package mail

import (
	"slices"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for in, want := range map[string][]Address{
		"a@b.example":       {{"", "a@b.example"}},
		"<a@b.example>":     {{"", "a@b.example"}},
		"Ada <a@b.example>": {{"Ada", "a@b.example"}},
		`"Larch, Ada" <a@b.example>, c@d.example`: {{"Larch, Ada", "a@b.example"}, {"", "c@d.example"}},
		"Ada <a@b.example> Ben <c@d.example>":     {{"Ada", "a@b.example"}, {"Ben", "c@d.example"}},
		"group: a@b.example, c@d.example;":        {{"", "a@b.example"}, {"", "c@d.example"}},
		"a@b.example (Ada (Larch))":               {{"", "a@b.example"}},
		"Ada <a@b.example":                        {{"Ada", "a@b.example"}},
		"undisclosed-recipients:;":                nil,
		"":                                        nil,
		"<>":                                      nil,
		"@":                                       nil,
		", ,,":                                    nil,
	} {
		if got := addresses(in); !slices.Equal(got, want) {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
	}
}

func TestCharsets(t *testing.T) {
	for _, c := range []struct{ in, charset, want string }{
		{"caf\xe9", "iso-8859-1", "café"},
		{"caf\xe9", "", "café"},
		{"caf\xe9", "utf-8", "café"},
		{"caf\xe9", "us-ascii", "café"},
		{"caf\xc3\xa9", "us-ascii", "café"},
		{"caf\xc3\xa9", "no-such", "café"},
		{"\x80", "windows-1252", "€"},
		{"\xe4\xf6", `"ISO-8859-15"`, "äö"},
		{"\x82\xa0", "shift_jis", "あ"},
		{"\xcc\xe5", "koi8-r", "лЕ"},
		{"\x68\xee", "utf-16be", "森"},
		{"\xee\x68", "utf-16le", "森"},
		{"", "utf-8", ""},
	} {
		got := toUTF8([]byte(c.in), c.charset)
		if got != c.want {
			t.Errorf("%q as %s: %q, want %q", c.in, c.charset, got, c.want)
		}
	}
}

func TestHTMLText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                    "plain",
		"<b>a</b>c":                "ac",
		"a<br>b":                   "a\nb",
		"<style>x</style>y":        "y",
		"<script>x</script>y":      "y",
		"<title>x</title>y":        "y",
		"a &amp; b &lt;c&gt;":      "a & b <c>",
		"<img src='http://x/y'>z":  "z",
		"<!-- hidden -->shown":     "shown",
		"<a href='javascript:x'>t": "t",
		"<p>one<p>two":             "one\ntwo",
		"unfinished <b":            "unfinished",
		"":                         "",
	} {
		if got := htmlText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestBareCR(t *testing.T) {
	m, _ := read("Subject: a\rFrom: x@y.example\r\rline one\rline two\r")
	if m.Subject != "a" || !strings.HasPrefix(m.Text, "line one\nline two") {
		t.Errorf("%q %q", m.Subject, m.Text)
	}
}

func TestLooseMIME(t *testing.T) {
	for _, c := range []struct {
		name, in, text string
		files          int
	}{
		{"boundary with trailing space", "Content-Type: multipart/mixed; boundary=\"b \"\n\n--b  \n\none\n--b--\n", "one", 0},
		{"no multipart header in part", "Content-Type: multipart/mixed; boundary=b\n\n--b\none\n--b--\n", "one", 0},
		{"attachment by disposition", "Content-Type: text/plain\nContent-Disposition: ATTACHMENT\n\nx", "", 1},
		{"attachment by name", "Content-Type: text/plain; name=x.txt\n\nx", "", 1},
		{"picture without name", "Content-Type: image/png\n\nx", "", 1},
		{"odd type", "Content-Type: nonsense\n\nx", "x", 0},
		{"two types", "Content-Type: text/plain\nContent-Type: image/png\n\nx", "x", 0},
		{"multipart never opened", "Content-Type: multipart/mixed; boundary=b\n\nx", "x", 0},
		{"space before the colon", "Content-Type : image/png\n\nx", "", 1},
		{"inner boundary is a prefix", "Content-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b--\n--bb\n\n2\n--bb--\n", "1\n2", 0},
		{"text behind the end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b--\nepilogue\n", "1", 0},
	} {
		m, _ := read(c.in)
		if strings.TrimSpace(m.Text) != c.text || len(m.Attachments) != c.files {
			t.Errorf("%s: text %q, %d files", c.name, m.Text, len(m.Attachments))
		}
	}
}
