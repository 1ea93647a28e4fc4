package mail

import (
	"bytes"
	"strings"

	"tutela/format"
)

// open is a multipart whose end was not seen yet.
type open struct {
	boundary string
	part     int
}

// parser walks once over the lines of a message.
type parser struct {
	in       []byte
	lim      format.Limits
	parts    []Part
	stack    []open
	limit    map[string]int // boundary → position in stack
	cur      int            // the part whose body is being read
	headers  int
	stopped  bool
	broken   bool // a multipart inside another was not closed
	below    [][]int
	findings []format.Finding
}

func (p *parser) find(code, detail string, off int64) {
	n := 0
	for i := range p.findings {
		if p.findings[i].Code == code {
			if n++; n == 20 {
				p.findings[i].Count = max(p.findings[i].Count, 1) + 1
				return
			}
		}
	}
	p.findings = append(p.findings, format.Finding{Code: code, Detail: detail, Place: format.Place{Offset: off}})
}

// lineEnds turns bare CR into LF, byte for byte, in a file that has no LF.
func lineEnds(in []byte) []byte {
	if bytes.IndexByte(in, '\n') >= 0 || bytes.IndexByte(in, '\r') < 0 {
		return in
	}
	return bytes.ReplaceAll(in, []byte{'\r'}, []byte{'\n'})
}

// line returns the end of the line at i, line end included.
func (p *parser) line(i int) int {
	if k := bytes.IndexByte(p.in[i:], '\n'); k >= 0 {
		return i + k + 1
	}
	return len(p.in)
}

func chomp(b []byte) []byte { return bytes.TrimRight(b, "\r\n") }

// parse splits the input into parts.
func (p *parser) parse() {
	at := 0
	if bytes.HasPrefix(p.in, []byte("From ")) {
		at = p.line(0)
	}
	at = p.begin(at, -1, 0)
	for at < len(p.in) {
		next := p.line(at)
		if p.in[at] == '-' && !p.stopped {
			if depth, closing, ok := p.boundary(p.in[at:next]); ok {
				at = p.cut(at, next, depth, closing)
				continue
			}
		}
		at = next
	}
	p.finish(len(p.in))
	if len(p.stack) > 0 {
		for _, o := range p.stack {
			p.parts[o.part].Length = int64(len(p.in)) - p.parts[o.part].Offset
		}
		p.broken = p.broken || len(p.stack) > 1
		if p.cur >= 0 {
			p.parts[p.cur].Truncated = true
		}
		p.find("mail.no-end", "the input ends before the closing boundary", int64(len(p.in)))
	}
}

// boundary reports whether a line delimits one of the open multiparts.
func (p *parser) boundary(line []byte) (depth int, closing, ok bool) {
	if len(line) > 1000 || !bytes.HasPrefix(line, []byte("--")) || len(p.stack) == 0 {
		return 0, false, false
	}
	key := strings.TrimRight(string(line[2:]), " \t\r\n")
	if d, ok := p.limit[key]; ok {
		return d, false, true
	}
	if k, cut := strings.CutSuffix(key, "--"); cut {
		if d, ok := p.limit[k]; ok {
			return d, true, true
		}
	}
	return 0, false, false
}

// cut ends the current part at a boundary line and begins the next.
func (p *parser) cut(at, next, depth int, closing bool) int {
	p.finish(at)
	for len(p.stack) > depth+1 {
		p.broken = true
		p.pop(at)
	}
	parent := p.stack[depth].part
	if closing {
		p.pop(next)
		p.cur = -1
		return next
	}
	if len(p.parts) >= maxParts || len(p.parts) >= p.lim.Items {
		p.find("mail.parts", "more parts than the limit; the rest is in the raw message", int64(at))
		p.stopped, p.cur = true, -1
		p.stack, p.limit = nil, nil
		return len(p.in)
	}
	return p.begin(next, parent, p.parts[parent].Depth+1)
}

func (p *parser) pop(at int) {
	o := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	delete(p.limit, o.boundary)
	for i, s := range p.stack {
		p.limit[s.boundary] = i
	}
	part := &p.parts[o.part]
	part.Length = int64(at) - part.Offset
}

// finish closes the body of the current part before the line end that belongs
// to the boundary.
func (p *parser) finish(at int) {
	if p.cur < 0 {
		return
	}
	part := &p.parts[p.cur]
	end := at
	if at < len(p.in) && end > int(part.Offset) && p.in[end-1] == '\n' {
		if end--; end > int(part.Offset) && p.in[end-1] == '\r' {
			end--
		}
	}
	part.Length = max(int64(end)-part.Offset, 0)
	for i := part.Parent; i >= 0 && p.parts[i].ContentType == "message/rfc822"; i = p.parts[i].Parent {
		p.parts[i].Length = int64(end) - p.parts[i].Offset
	}
}

// begin reads the header of a new part at index at and returns the start of its
// body, or of the body of the message in it.
func (p *parser) begin(at, parent, depth int) int {
	for {
		part := Part{Index: len(p.parts), Parent: parent, Depth: depth, HeaderAt: int64(at), in: p.in}
		at = p.header(&part, at)
		part.Offset = int64(at)
		standard := ""
		if parent >= 0 && p.parts[parent].ContentType == "multipart/digest" {
			standard = "message/rfc822"
		}
		part.describe(standard)
		p.parts = append(p.parts, part)
		p.cur = part.Index
		if depth >= maxDepth {
			if strings.HasPrefix(part.ContentType, "multipart/") {
				p.find("mail.depth", "deeper than the limit; the rest is in the raw message", part.HeaderAt)
			}
			return at
		}
		if strings.HasPrefix(part.ContentType, "multipart/") {
			p.push(&part)
			return at
		}
		if part.ContentType != "message/rfc822" || !plainEncoding(part.Encoding) || len(p.parts) >= maxParts {
			return at
		}
		parent, depth = part.Index, depth+1
	}
}

func plainEncoding(e string) bool { return e == "" || e == "7bit" || e == "8bit" || e == "binary" }

func (p *parser) push(part *Part) {
	b := strings.TrimRight(part.Params["boundary"], " \t")
	if b == "" {
		p.find("mail.no-boundary", "a multipart without a boundary is read as text", part.HeaderAt)
		return
	}
	p.limit[b] = len(p.stack)
	p.stack = append(p.stack, open{boundary: b, part: part.Index})
}

// header reads header fields up to the blank line, or to the first line that
// cannot belong to a header.
func (p *parser) header(part *Part, at int) int {
	for at < len(p.in) {
		next := p.line(at)
		line := chomp(p.in[at:next])
		if len(line) == 0 {
			return next
		}
		if _, _, ok := p.boundary(line); ok {
			return at
		}
		last := len(part.Headers) - 1
		name, value, field := cutField(line)
		switch {
		case (line[0] == ' ' || line[0] == '\t') && last >= 0:
			part.Headers[last].Value = joinValue(part.Headers[last].Value, string(line))
		case field:
			if p.headers++; p.headers > maxHeaders {
				p.find("mail.headers", "more header fields than the limit", int64(at))
			} else {
				part.Headers = append(part.Headers, Header{Name: name, Value: limitValue(value), Offset: int64(at)})
			}
		case last >= 0 && strings.HasSuffix(strings.TrimSpace(part.Headers[last].Value), ";"):
			p.find("mail.fold", "a folded line without its leading space", int64(at))
			part.Headers[last].Value = joinValue(part.Headers[last].Value, string(line))
		default:
			if last >= 0 || part.Parent < 0 {
				p.find("mail.header", "the header ends without a blank line", int64(at))
			}
			return at
		}
		if len(line) > maxValue {
			p.find("mail.long-header", "a header line longer than the limit is cut", int64(at))
		}
		at = next
	}
	return at
}

// joinValue unfolds; long values are cut, so that folding stays linear.
func joinValue(a, b string) string {
	if len(a) >= maxValue {
		return a
	}
	return limitValue(a + " " + strings.TrimLeft(b, " \t"))
}

func limitValue(s string) string {
	if len(s) > maxValue {
		return s[:maxValue]
	}
	return s
}

// cutField splits "Name: value"; a leading space is tolerated.
func cutField(line []byte) (name, value string, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 200 {
		return "", "", false
	}
	n := bytes.TrimSpace(line[:i])
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	if len(n) == 0 || strings.HasPrefix(string(n), "<") {
		return "", "", false
	}
	return string(n), strings.TrimSpace(string(line[i+1:])), true
}
