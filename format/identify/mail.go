package identify

import (
	"bytes"
	"strings"
)

// fields are header names that, twice, make a mail of a text.
var fields = map[string]bool{"from": true, "to": true, "cc": true, "subject": true, "date": true, "received": true,
	"message-id": true, "mime-version": true, "content-type": true, "return-path": true, "delivered-to": true,
	"reply-to": true, "sender": true, "x-mailer": true, "content-transfer-encoding": true, "dkim-signature": true,
	"authentication-results": true, "in-reply-to": true, "references": true, "bcc": true}

// isMail reports whether the text begins with a block of mail headers.
func isMail(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	known, others := 0, 0
	first := true
	for line := range bytes.Lines(head) {
		text := strings.TrimRight(string(line), "\r\n")
		if first && strings.HasPrefix(text, "From ") {
			first = false
			continue
		}
		if text == "" {
			break
		}
		if text[0] == ' ' || text[0] == '\t' {
			continue
		}
		first = false
		name, _, ok := strings.Cut(text, ":")
		if !ok || strings.ContainsAny(name, " \t") || len(name) > 76 {
			if others++; others > 2 {
				return false
			}
			continue
		}
		if fields[strings.ToLower(name)] {
			known++
		}
	}
	return known >= 2 && known > others
}

// isMbox reports whether the text begins with a separator line, "From " with an
// address and a date, and a header behind it.
func isMbox(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	if !bytes.HasPrefix(head, []byte("From ")) {
		return false
	}
	line, rest, ok := bytes.Cut(head, []byte("\n"))
	if !ok || len(bytes.Fields(line)) < 5 || !bytes.Contains(line, []byte(":")) {
		return false
	}
	name, _, ok := bytes.Cut(rest, []byte(":"))
	return ok && len(name) < 76 && !bytes.ContainsAny(name, " \r\n")
}
