package mail

import (
	"strconv"
	"strings"
)

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// raw returns the undecoded value of the first field with the name.
func (p *Part) raw(name string) string {
	for _, h := range p.Headers {
		if equalFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// describe reads the MIME fields and then decodes all values.
// standard is the type of a part that states none.
func (p *Part) describe(standard string) {
	p.ContentType, p.Params = parseValue(p.raw("Content-Type"))
	if p.ContentType == "" {
		p.ContentType = standard
	}
	p.ContentType = strings.ToLower(strings.Trim(p.ContentType, "<> \t"))
	if !strings.Contains(p.ContentType, "/") {
		p.ContentType = ""
	}
	disposition, dp := parseValue(p.raw("Content-Disposition"))
	p.Disposition = strings.ToLower(disposition)
	p.Encoding, _ = parseValue(p.raw("Content-Transfer-Encoding"))
	p.Encoding = strings.ToLower(p.Encoding)
	p.ContentID = strings.Trim(p.raw("Content-Id"), "<> \t")
	for _, n := range []string{dp["filename"], p.Params["name"], dp["file"], p.Params["filename"], dp["name"]} {
		if n != "" {
			p.Name = decodeWords(n)
			break
		}
	}
	for i := range p.Headers {
		p.Headers[i].Value = decodeWords(p.Headers[i].Value)
	}
	switch {
	case strings.HasPrefix(p.ContentType, "multipart/"):
	case p.Disposition == "attachment", p.Name != "", p.ContentType == "message/rfc822":
		p.Attachment = true
	default:
		p.Attachment = p.ContentType != "" && p.ContentType != "text/plain" && p.ContentType != "text/html" && p.ContentType != "text/enriched"
	}
}

// parseValue reads a structured field: a value and its parameters, with the
// continuations and character sets of RFC 2231, as leniently as it can.
func parseValue(s string) (string, map[string]string) {
	fields := splitOutside(strings.ReplaceAll(s, "\t", " "), ';')
	value, rest, _ := strings.Cut(strings.TrimSpace(stripComments(fields[0])), " ")
	if strings.Contains(rest, "=") { // the semicolon is missing
		fields = append(fields[:1:1], append([]string{rest}, fields[1:]...)...)
	}
	value = strings.TrimRight(value, ">,")
	params := map[string]string{}
	pieces := map[string]map[int]string{}
	coded := map[string]bool{}
	for _, f := range fields[1:] {
		name, v, ok := strings.Cut(f, "=")
		if !ok {
			continue
		}
		name = strings.ToLower(strings.TrimSpace(name))
		v = unquote(strings.TrimSpace(v))
		base, rest, star := strings.Cut(name, "*")
		if !star {
			if _, twice := params[name]; !twice {
				params[name] = v
			}
			continue
		}
		number, ext := strings.CutSuffix(rest, "*")
		if number == "" {
			ext = true
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > 999 {
			n = 0
		}
		if pieces[base] == nil {
			pieces[base] = map[int]string{}
		}
		if ext {
			coded[base] = true
		} else {
			v = strings.ReplaceAll(v, "%", "%25")
		}
		pieces[base][n] = v
	}
	for base, list := range pieces {
		var b strings.Builder
		for n := 0; list[n] != ""; n++ {
			b.WriteString(list[n])
		}
		params[base] = decode2231(b.String(), coded[base])
	}
	return value, params
}

// decode2231 decodes charset'language'percent-text.
func decode2231(s string, coded bool) string {
	charset := "utf-8"
	if parts := strings.SplitN(s, "'", 3); coded && len(parts) == 3 {
		charset, s = parts[0], parts[2]
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(v))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return toUTF8(b, charset)
}

func unquote(s string) string {
	if len(s) == 0 || s[0] != '"' {
		s, _, _ = strings.Cut(stripComments(s), " ")
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// splitOutside splits at a separator outside quotation marks.
func splitOutside(s string, sep byte) []string {
	var out []string
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[min(from, len(s)):])
}

// stripComments removes (nested) comments outside quotation marks.
func stripComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case c == '(' && !quoted:
			depth++
		case c == ')' && !quoted && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
