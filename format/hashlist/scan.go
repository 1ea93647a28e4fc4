package hashlist

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"tutela/fault"
)

// token is one piece of a JSON document. Kind is one of { } [ ] for brackets, s
// for a string, k for the name of a member, n for a number, t, f and 0 for true,
// false and null, and 'E' for the end.
type token struct {
	kind byte
	text string
	at   int64
	cut  bool // the string was longer than the limit; the rest was dropped
}

// scanner reads JSON (RFC 8259) piece by piece in bounded memory, which
// encoding/json does not: it holds a whole string of any length.
type scanner struct {
	in    *bufio.Reader
	at    int64
	stack []byte // open brackets
	after bool   // a value has ended: a comma or a closing bracket comes next
	comma bool   // a comma was read: no closing bracket may follow
	colon bool   // a member's name was read: its value follows
	depth int    // most brackets that may be open
	limit int    // most bytes of a string that are kept
}

func (s *scanner) damaged(format string, args ...any) error {
	return fault.New(fault.Corrupt, "hash list: byte %d: %s", s.at, fmt.Sprintf(format, args...))
}

func (s *scanner) byte() (byte, error) {
	b, err := s.in.ReadByte()
	if err == nil {
		s.at++
		return b, nil
	}
	if err == io.EOF {
		return 0, s.damaged("the document ends early")
	}
	return 0, fault.New(fault.Corrupt, "hash list: byte %d: %w", s.at, err)
}

func (s *scanner) space() (byte, error) {
	for {
		b, err := s.byte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, nil
		}
	}
}

// end expects nothing but white space.
func (s *scanner) end() (token, error) {
	for {
		b, err := s.in.ReadByte()
		if err == io.EOF {
			return token{kind: 'E', at: s.at}, nil
		}
		if err != nil {
			return token{}, fault.New(fault.Corrupt, "hash list: byte %d: %w", s.at, err)
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return token{}, s.damaged("something follows after the end of the document")
		}
		s.at++
	}
}

func (s *scanner) next() (token, error) {
	if s.after && len(s.stack) == 0 {
		return s.end()
	}
	b, err := s.space()
	if err != nil {
		return token{}, err
	}
	if s.after && b == ',' {
		s.after, s.comma = false, true
		if b, err = s.space(); err != nil {
			return token{}, err
		}
	}
	if b == '}' || b == ']' {
		return s.closing(b)
	}
	if s.after {
		return token{}, s.damaged("a comma is missing")
	}
	s.comma = false
	if n := len(s.stack); n > 0 && s.stack[n-1] == '{' && !s.colon {
		return s.member(b)
	}
	s.colon = false
	return s.value(b)
}

func (s *scanner) closing(b byte) (token, error) {
	n := len(s.stack)
	if n == 0 || s.comma || s.colon || s.stack[n-1] != b-2 {
		return token{}, s.damaged("unexpected %q", b)
	}
	s.stack, s.after = s.stack[:n-1], true
	return token{kind: b, at: s.at - 1}, nil
}

func (s *scanner) member(b byte) (token, error) {
	at := s.at - 1
	if b != '"' {
		return token{}, s.damaged("the name of a member is missing")
	}
	text, cut, err := s.str()
	if err != nil {
		return token{}, err
	}
	if b, err = s.space(); err != nil {
		return token{}, err
	}
	if b != ':' {
		return token{}, s.damaged("a colon is missing")
	}
	s.colon = true
	return token{kind: 'k', text: text, at: at, cut: cut}, nil
}

func (s *scanner) value(b byte) (token, error) {
	at := s.at - 1
	s.after = true
	switch b {
	case '{', '[':
		if len(s.stack) >= s.depth {
			return token{}, fault.New(fault.Refused, "hash list: byte %d: nested deeper than %d", at, s.depth)
		}
		s.stack, s.after = append(s.stack, b), false
		return token{kind: b, at: at}, nil
	case '"':
		text, cut, err := s.str()
		return token{kind: 's', text: text, at: at, cut: cut}, err
	case 't':
		return token{kind: 't', text: "true", at: at}, s.word("rue")
	case 'f':
		return token{kind: 'f', text: "false", at: at}, s.word("alse")
	case 'n':
		return token{kind: '0', at: at}, s.word("ull")
	}
	if b == '-' || (b >= '0' && b <= '9') {
		return s.number(b, at)
	}
	return token{}, s.damaged("unexpected %q", b)
}

func (s *scanner) word(rest string) error {
	for i := range len(rest) {
		if b, err := s.byte(); err != nil || b != rest[i] {
			return s.damaged("unknown word")
		}
	}
	return nil
}

func (s *scanner) number(first byte, at int64) (token, error) {
	text := []byte{first}
	for {
		p, err := s.in.Peek(1)
		if err != nil || !numeric(p[0]) {
			break
		}
		text = append(text, p[0])
		s.in.Discard(1)
		s.at++
		if len(text) > 64 {
			return token{}, s.damaged("a number of more than 64 characters")
		}
	}
	if !json.Valid(text) {
		return token{}, s.damaged("%q is no number", text)
	}
	return token{kind: 'n', text: string(text), at: at}, nil
}

func numeric(b byte) bool {
	return (b >= '0' && b <= '9') || b == '.' || b == 'e' || b == 'E' || b == '+' || b == '-'
}

// str reads the rest of a string.
func (s *scanner) str() (string, bool, error) {
	var out []byte
	var high rune // first half of a surrogate pair
	cut := false
	for {
		b, err := s.byte()
		if err != nil {
			return "", false, err
		}
		r := rune(-1)
		switch {
		case b == '"':
			if high != 0 {
				out = utf8.AppendRune(out, utf8.RuneError)
			}
			return string(out), cut, nil
		case b < 0x20:
			return "", false, s.damaged("control byte in a string")
		case b == '\\':
			if r, err = s.escape(); err != nil {
				return "", false, err
			}
		}
		if high != 0 {
			if r >= 0xdc00 && r < 0xe000 {
				r = (high-0xd800)<<10 + (r - 0xdc00) + 0x10000
			} else {
				out = utf8.AppendRune(out, utf8.RuneError)
			}
			high = 0
		}
		if cut = cut || len(out) >= s.limit; cut {
			continue
		}
		switch {
		case r >= 0xd800 && r < 0xdc00:
			high = r
		case r >= 0:
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, b)
		}
	}
}

func (s *scanner) escape() (rune, error) {
	b, err := s.byte()
	if err != nil {
		return 0, err
	}
	switch b {
	case '"', '\\', '/':
		return rune(b), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		var hex [4]byte
		for i := range hex {
			if hex[i], err = s.byte(); err != nil {
				return 0, err
			}
		}
		v, err := strconv.ParseUint(string(hex[:]), 16, 16)
		if err != nil {
			return 0, s.damaged("\\u%s is no escape", hex)
		}
		return rune(v), nil
	}
	return 0, s.damaged("\\%c is no escape", b)
}
