package mail

import (
	"strings"
	"unicode/utf8"
)

// build makes the message whose own part is parts[root].
func (p *parser) build(root int) *Message {
	part := &p.parts[root]
	m := &Message{Root: root, Headers: part.Headers}
	m.Subject = first(m.Values("Subject"))
	m.MessageID = strings.Trim(first(m.Values("Message-Id")), "<> ")
	m.Date = parseDate(first(m.Values("Date")))
	for name, list := range map[string]*[]Address{"From": &m.From, "To": &m.To, "Cc": &m.Cc, "Reply-To": &m.ReplyTo} {
		for _, v := range m.Values(name) {
			*list = append(*list, addresses(v)...)
		}
	}
	if root == 0 {
		for _, name := range []string{"Subject", "From", "Date", "Message-Id"} {
			if len(m.Values(name)) > 1 {
				p.find("mail.duplicate-header", name, part.HeaderAt)
			}
		}
	}
	children := p.children()
	p.collect(m, root, children)
	m.HTMLText = htmlText(m.HTML)
	return m
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// children lists the parts directly below each part.
func (p *parser) children() [][]int {
	if p.below == nil {
		p.below = make([][]int, len(p.parts))
		for i := 1; i < len(p.parts); i++ {
			if q := p.parts[i].Parent; q >= 0 {
				p.below[q] = append(p.below[q], i)
			}
		}
	}
	return p.below
}

// collect adds the part and what is below it to the message.
func (p *parser) collect(m *Message, i int, below [][]int) {
	part := &p.parts[i]
	multipart := strings.HasPrefix(part.ContentType, "multipart/")
	switch {
	case multipart && len(below[i]) > 0:
		for _, c := range below[i] {
			p.collect(m, c, below)
		}
		return
	case part.ContentType == "message/rfc822" && len(below[i]) > 0:
		if i != m.Root || m.Root == 0 {
			m.Attachments = append(m.Attachments, i)
		}
		for _, c := range below[i] {
			m.Nested = append(m.Nested, p.build(c))
		}
		return
	case part.Attachment:
		m.Attachments = append(m.Attachments, i)
		if _, ok := part.content(); !ok {
			p.find("mail.encoding", part.Encoding, part.HeaderAt)
		}
		if part.Truncated {
			p.find("mail.truncated", "the input ends inside an attachment", part.HeaderAt)
		}
		return
	}
	content, ok := part.content()
	if !ok {
		p.find("mail.encoding", part.Encoding, part.HeaderAt)
	}
	text := toUTF8(content, part.Params["charset"])
	if part.Truncated && p.broken && part.Length > 0 || !ok && !utf8.Valid(content) {
		m.Attachments = append(m.Attachments, i) // shown as text, but hardly whole
	}
	if part.ContentType == "text/html" {
		m.HTML += text
		return
	}
	if m.Text != "" && text != "" {
		m.Text += "\n"
	}
	m.Text += text
}

// addresses reads an address list as leniently as it can: everything in angle
// brackets, or any word with an at sign.
func addresses(v string) []Address {
	var out []Address
	for _, item := range splitOutside(v, ',') {
		rest := item
		for {
			open := strings.IndexByte(rest, '<')
			if open < 0 {
				break
			}
			end := strings.IndexByte(rest[open:], '>')
			if end < 0 {
				end = len(rest) - open
			}
			addr := strings.TrimSpace(rest[open+1 : open+end])
			name := strings.Trim(strings.TrimSpace(rest[:open]), `"' `)
			if addr != "" {
				out = append(out, Address{Name: strings.ReplaceAll(name, `\"`, `"`), Addr: addr})
			}
			rest = rest[min(open+end+1, len(rest)):]
		}
		for _, w := range strings.Fields(stripComments(rest)) {
			if at := strings.IndexByte(w, '@'); at > 0 && at < len(w)-1 {
				out = append(out, Address{Addr: strings.Trim(w, `"';,:`)})
			}
		}
	}
	return out
}
