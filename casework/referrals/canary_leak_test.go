package referrals_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// leaks are the ways in which a value may slip into a file.
func leaks() map[string]func(v string) []byte {
	text := func(fn func(string) string) func(string) []byte {
		return func(v string) []byte { return []byte(fn(v)) }
	}
	shifted := func(enc *base64.Encoding, by int) func(string) []byte {
		return text(func(v string) string { return enc.EncodeToString([]byte("xyz"[:by] + v + " and what follows")) })
	}
	each := func(format string) func(string) []byte {
		return text(func(v string) string {
			var b strings.Builder
			for _, r := range v {
				fmt.Fprintf(&b, format, r)
			}
			return b.String()
		})
	}
	bytesOf := func(format string) func(string) []byte {
		return text(func(v string) string {
			var b strings.Builder
			for i := range len(v) {
				fmt.Fprintf(&b, format, v[i])
			}
			return b.String()
		})
	}
	wide := func(order binary.AppendByteOrder) func(string) []byte {
		return func(v string) []byte { return utf16Bytes(v, order) }
	}
	gz := func(v string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(v)) // into memory
		z.Close()
		return b.Bytes()
	}
	quoted := func(v string) []byte {
		var b bytes.Buffer
		q := quotedprintable.NewWriter(&b)
		q.Write([]byte(strings.Repeat("a", 70) + v)) // into memory
		q.Close()
		return b.Bytes()
	}
	return map[string]func(string) []byte{
		"plain": text(strings.Clone), "upper": text(strings.ToUpper), "lower": text(strings.ToLower), "NFD": text(norm.NFD.String),
		"NFKD": text(norm.NFKD.String), "folded": text(folded), "percent": text(url.QueryEscape), "every byte percent": bytesOf("%%%02x"),
		"HTML decimal": each("&#%d;"), "HTML hex": each("&#x%X;"), "JSON": each(`\u%04x`), "C": bytesOf(`\x%02X`),
		"twice": text(func(v string) string { return url.QueryEscape(url.QueryEscape(v)) }), "soft hyphens": each("%c\u00ad"),
		"base64 0": shifted(base64.StdEncoding, 0), "base64 1": shifted(base64.StdEncoding, 1), "base64 2": shifted(base64.StdEncoding, 2),
		"base64url 0": shifted(base64.RawURLEncoding, 0), "base64url 1": shifted(base64.RawURLEncoding, 1), "base64url 2": shifted(base64.RawURLEncoding, 2),
		"hex": text(func(v string) string { return hex.EncodeToString([]byte(v)) }), "HEX": bytesOf("%02X"),
		"UTF-16LE": wide(binary.LittleEndian), "UTF-16BE": wide(binary.BigEndian),
		"base64 of UTF-16": text(func(v string) string { return base64.StdEncoding.EncodeToString(utf16Bytes(v, binary.LittleEndian)) }),
		"hex of UTF-16":    text(func(v string) string { return hex.EncodeToString(utf16Bytes(v, binary.BigEndian)) }),
		"zlib":             func(v string) []byte { return deflated([]byte(v)) }, "gzip": gz,
		"base64 of zlib": text(func(v string) string { return base64.StdEncoding.EncodeToString(deflated([]byte(v))) }),
		"zlib of base64": func(v string) []byte { return deflated([]byte(base64.StdEncoding.EncodeToString([]byte(v)))) },
		"zlib of UTF-16": func(v string) []byte { return deflated(utf16Bytes(v, binary.LittleEndian)) },
		"lines of base64": text(func(v string) string {
			return wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("q", 50) + v)))
		}),
		"a quoted-printable line": quoted,
	}
}

func wrapped(s string) string {
	var b strings.Builder
	for part := range slices.Chunk([]byte(s), 70) {
		b.Write(append(part, '\n'))
	}
	return b.String()
}

// digestLeaks are ids made of a value that somebody can guess.
func digestLeaks() map[string]func(v string) []byte {
	return map[string]func(string) []byte{
		"SHA-256":                func(v string) []byte { return fmt.Appendf(nil, "%x", sha256.Sum256([]byte(v))) },
		"SHA-1, upper":           func(v string) []byte { return fmt.Appendf(nil, "%X", sha1.Sum([]byte(v))) },
		"MD5 of the digits":      func(v string) []byte { return fmt.Appendf(nil, "%x", md5.Sum([]byte(strings.TrimPrefix(v, "+")))) },
		"an id cut from SHA-256": func(v string) []byte { return fmt.Appendf(nil, "person-%x", sha256.Sum256([]byte(v)))[:7+12] },
		"SHA-256 in base64": func(v string) []byte {
			d := sha256.Sum256([]byte(v))
			return []byte(base64.StdEncoding.EncodeToString(d[:]))
		},
		"raw MD5": func(v string) []byte { d := md5.Sum([]byte(v)); return d[:] },
	}
}

// TestCanaryScan plants every kind of value in a package in every way, into
// each kind of place, and sees it found: and nothing else.
func TestCanaryScan(t *testing.T) {
	m := newWorld(0, 1, map[string]bool{}).mint
	d := m.number("FR")
	values := map[string]*canary{
		"number": {value: d.e164(), kind: aNumber, tell: nobody}, "token": {value: "w5k3qx7hafpu5dinhvyl5qafhdabsf2u", kind: aToken, tell: nobody},
		"ASCII": {value: m.plain(), kind: aWord, tell: nobody}, "accents": {value: "ñandúlirovéš", kind: aWord, tell: nobody},
		"Cyrillic": {value: "гобуридеважи", kind: aWord, tell: nobody}, "Greek": {value: "Θηκαλομεριδο", kind: aWord, tell: nobody}}
	scan := newCanaryScan(slices.Collect(maps.Values(values)))
	clean := canaryCarrier()
	check := func(t *testing.T, what string, want *canary, files map[string][]byte) {
		t.Helper()
		hits, err := scan.search(tarOf(t, files))
		must(t, err)
		found := false
		for _, h := range hits {
			found = found || h.canary == want
			if h.canary != want {
				t.Errorf("%s: found %v", what, h)
			}
		}
		if !found && want != nil {
			t.Errorf("%s: %q is not found", what, want.value)
		}
	}
	check(t, "a clean package", nil, clean)
	for kind, c := range values {
		ways := leaks()
		if c.kind != aToken {
			maps.Copy(ways, digestLeaks())
		}
		for way, leak := range ways {
			for name := range clean {
				files := maps.Clone(clean)
				at := len(files[name]) / 2
				files[name] = slices.Concat(files[name][:at], []byte(" = \""), leak(c.value), []byte("\", "), files[name][at:])
				check(t, fmt.Sprintf("%s, %s, in %s", kind, way, name), c, files)
			}
		}
		files := maps.Clone(clean)
		files["data/items/"+strings.ToLower(c.value)+".jpg"] = nil
		check(t, kind+" as a path", c, files)
	}
	for form := range numberForms {
		files := maps.Clone(clean)
		files["data/report.html"] = []byte("<p>call " + d.write(form) + " soon</p>")
		check(t, fmt.Sprint("number, form ", form), values["number"], files)
	}
	for form := range metaForms {
		w := newWorld(0, uint64(form), map[string]bool{})
		w.canaries = nil
		data := w.meta(form)
		all := newCanaryScan(w.canaries)
		hits, err := all.search(tarOf(t, map[string][]byte{"data/items/x.png": data}))
		must(t, err)
		if found := map[*canary]bool{}; len(w.canaries) > 0 {
			for _, h := range hits {
				found[h.canary] = true
			}
			if len(found) != len(w.canaries) {
				t.Errorf("metadata %d: %d of %d found", form, len(found), len(w.canaries))
			}
		}
	}
}

// canaryCarrier is something like a package without a leak.
func canaryCarrier() map[string][]byte {
	return map[string][]byte{
		"data/case.jsonld":         []byte(`{"@id": "kb:message-0f3a9c51d2e4", "text": "plain words ▒▒▒▒ and more"}` + "\n"),
		"data/report.html":         []byte("<html><body><p>plain words &amp; more</p></body></html>\n"),
		"data/identifiers.csv":     []byte("id,kind,value\r\nidentifier-5e86ffeca54b,phone,'+34600000999\r\n"),
		"data/proofs/message.json": []byte(`{"format":"tutela proof v1","item":"eyJvcCI6InB1dCIsInJvdyI6e319"}`),
		"data/items/item-1.png":    []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x00IDATx\x9c\x62\x00\x00"),
	}
}

func tarOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := w.Write(files[name])
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// TestJoinDigits: ids that a key derives hold digits by chance, and what people
// write does not pass for one.
func TestJoinDigits(t *testing.T) {
	for text, told := range map[string]bool{
		"kb:thread-item-95396000008186d6947f-0318bae75dbd": false,
		"kb:thread-item-95396000008186946777-0318bae75dbd": true,
		"call 600 000 818 de 9":                            true,
		"id=600000818":                                     true,
		"600000818abcdef":                                  true,
		"34600000818,34600000819":                          true,
	} {
		if bytes.Contains(joinDigits([]byte(text)), []byte("600000818")) != told {
			t.Errorf("%q: told is not %v", text, told)
		}
	}
}
