package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// toUTF8 decodes text. An unknown or wrong character set gives UTF-8 if the bytes
// are valid UTF-8, else Windows-1252.
func toUTF8(b []byte, charset string) string {
	charset = strings.ToLower(strings.Trim(charset, `"' `))
	weak := charset == "" || charset == "utf-8" || charset == "us-ascii" || charset == "ascii" || charset == "utf8"
	if weak && utf8.Valid(b) {
		return string(b)
	}
	if enc, err := htmlindex.Get(charset); err == nil && !weak {
		if out, err := enc.NewDecoder().Bytes(b); err == nil {
			return strings.ToValidUTF8(string(out), "\uFFFD")
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// decodeWords decodes a header value: RFC 2047 words, of which neighbours in one
// character set are joined before decoding, and raw 8-bit text. Control
// characters become U+FFFD.
func decodeWords(s string) string {
	var out strings.Builder
	var pending []byte
	charset, last, any := "", 0, false
	for i := 0; i < len(s); {
		k := strings.Index(s[i:], "=?")
		if k < 0 {
			break
		}
		i += k
		cs, text, end, ok := word(s, i)
		if !ok {
			i += 2
			continue
		}
		between := s[last:i]
		adjacent := any && strings.TrimSpace(between) == ""
		if !adjacent || !equalFold(cs, charset) {
			out.WriteString(toUTF8(pending, charset))
			pending, charset = nil, cs
			if !adjacent {
				out.WriteString(toUTF8([]byte(between), ""))
			}
		}
		pending = append(pending, text...)
		i, last, any = end, end, true
	}
	out.WriteString(toUTF8(pending, charset))
	out.WriteString(toUTF8([]byte(s[last:]), ""))
	return visible(out.String())
}

// visible replaces control characters other than tab, which becomes a space.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// word reads "=?charset?B|Q?text?=" at i.
func word(s string, i int) (charset string, text []byte, end int, ok bool) {
	f := strings.SplitN(s[i+2:min(len(s), i+2+2000)], "?", 4)
	if len(f) < 4 || len(f[0]) == 0 || len(f[1]) != 1 || !strings.HasPrefix(f[3], "=") {
		return "", nil, 0, false
	}
	end = i + 2 + len(f[0]) + len(f[1]) + len(f[2]) + 4
	charset, _, _ = strings.Cut(f[0], "*")
	switch f[1] {
	case "B", "b":
		text, _ = decode64([]byte(f[2]))
	case "Q", "q":
		text = quotedPrintable([]byte(strings.ReplaceAll(f[2], "_", " ")))
	default:
		return "", nil, 0, false
	}
	return charset, text, end, true
}

// decode64 decodes base64 up to its padding, skipping what is not of its alphabet;
// ok is false if there was such a thing, or the length does not fit.
func decode64(in []byte) (out []byte, ok bool) {
	clean := make([]byte, 0, len(in))
	ok = true
	padded := false
	for _, c := range in {
		switch {
		case c == '=':
			padded = true
		case padded && c > ' ':
			ok = false
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			clean = append(clean, c)
		case c == '\r', c == '\n', c == ' ', c == '\t':
		default:
			ok = false
		}
	}
	if len(clean)%4 == 1 {
		clean, ok = clean[:len(clean)-1], false
	}
	out = make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	return out[:n], ok && err == nil
}

// quotedPrintable decodes leniently: "=" without two hex digits stays.
func quotedPrintable(in []byte) []byte {
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] != '=' {
			out = append(out, in[i])
			continue
		}
		rest := in[i+1:]
		trimmed := bytes.TrimLeft(rest, " \t")
		switch {
		case bytes.HasPrefix(trimmed, []byte("\r\n")):
			i += len(rest) - len(trimmed) + 2
		case bytes.HasPrefix(trimmed, []byte("\n")):
			i += len(rest) - len(trimmed) + 1
		case len(rest) >= 2:
			var b [1]byte
			if _, err := hex.Decode(b[:], rest[:2]); err == nil {
				out = append(out, b[0])
				i += 2
				continue
			}
			out = append(out, '=')
		case len(trimmed) > 0:
			out = append(out, '=')
		}
	}
	return out
}

// decoder returns the part's content without its transfer encoding.
func (p *Part) decoder() io.Reader {
	content, _ := p.content()
	return bytes.NewReader(content)
}

// content decodes the body; ok is false when the encoding is damaged or unknown.
func (p *Part) content() (content []byte, ok bool) {
	switch p.Encoding {
	case "base64":
		return decode64(p.Raw())
	case "quoted-printable":
		return quotedPrintable(p.Raw()), true
	}
	return p.Raw(), plainEncoding(p.Encoding)
}

// htmlText returns the visible text of an HTML body.
func htmlText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(4 << 20)
	var b strings.Builder
	hidden := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style", "title", "template":
				hidden = string(name)
			case "br", "p", "div", "tr", "li", "h1", "h2", "h3", "table":
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}
