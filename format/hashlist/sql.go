package hashlist

import (
	"bufio"
	"io"
	"regexp"
	"slices"
	"strings"

	"tutela/fault"
	"tutela/format"
	"tutela/format/sqlite"
)

// statementLike recognises SQL text by its first line.
var statementLike = regexp.MustCompile(`(?i)^\s*(BEGIN( TRANSACTION)?\s*;|(CREATE|INSERT INTO|DELETE FROM|UPDATE|ATTACH|PRAGMA|DROP)\s)`)

// sqlText reads RDS as SQL text: a dump of the database, or the changes of a
// quarter (a delta). Nothing is executed; statements that are not understood end
// the reading.
type sqlText struct {
	*Reader
	in      *bufio.Reader
	at      int64
	line    int
	emit    func(Entry) bool
	columns map[string][]string // of the tables that the text creates
	changes bool
}

// nsrlTables are the tables that statements may name.
func nsrlTables() []string { return []string{"FILE", "MFG", "OS", "PKG", "VERSION"} }

func (r *Reader) readSQL(emit func(Entry) bool) error {
	s := &sqlText{Reader: r, in: r.in, emit: emit, columns: map[string][]string{}, line: 1}
	for {
		place := format.Place{Offset: s.at, Line: s.line}
		tokens, err := s.statement()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if len(tokens) == 0 {
			continue
		}
		place.Length = s.at - place.Offset
		if goOn, err := s.run(tokens, place); err != nil || !goOn {
			return err
		}
	}
	if r.header.Delta = s.columns["FILE"] == nil; r.header.Delta && !s.changes {
		return fault.New(fault.Invalid, "hash list: no statement concerns the table FILE")
	}
	return r.finish()
}

// sqlToken is a word (upper case), a quoted text, or one sign.
type sqlToken struct {
	text   string
	quoted bool
	raw    string // a word as written
}

// statement reads the tokens up to a semicolon. Text that ends without one is
// damaged.
func (s *sqlText) statement() ([]sqlToken, error) {
	var out []sqlToken
	limit := s.at + min(s.opt.Limits.Text, 1<<20)
	for {
		b, err := s.byte()
		switch {
		case err == io.EOF && len(out) == 0:
			return nil, io.EOF
		case err == io.EOF:
			return nil, fault.New(fault.Corrupt, "hash list: line %d: the last statement has no end", s.line)
		case err != nil:
			return nil, fault.New(fault.Corrupt, "hash list: line %d: %w", s.line, err)
		case s.at > limit:
			return nil, fault.New(fault.Corrupt, "hash list: line %d: a statement of more than %d bytes", s.line, 1<<20)
		case b == ';':
			return out, nil
		case b == '\'' || b == '"':
			text, err := s.quoted(b, limit)
			if err != nil {
				return nil, err
			}
			out = append(out, sqlToken{text: text, quoted: true, raw: text})
		case wordByte(b):
			word := []byte{b}
			for {
				p, err := s.in.Peek(1)
				if err != nil || !wordByte(p[0]) || len(word) > 1000 {
					break
				}
				s.byte()
				word = append(word, p[0])
			}
			out = append(out, sqlToken{text: strings.ToUpper(string(word)), raw: string(word)})
		case b != ' ' && b != '\t' && b != '\r' && b != '\n':
			out = append(out, sqlToken{text: string(b), raw: string(b)})
		}
	}
}

func wordByte(b byte) bool {
	return b == '_' || b == '.' || (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z')
}

func (s *sqlText) byte() (byte, error) {
	b, err := s.in.ReadByte()
	if err == nil {
		if s.at++; b == '\n' {
			s.line++
		}
	}
	return b, err
}

// quoted reads the rest of a quoted text, in which a doubled quote is one.
func (s *sqlText) quoted(quote byte, limit int64) (string, error) {
	var out []byte
	for {
		b, err := s.byte()
		if err != nil || s.at > limit {
			return "", fault.New(fault.Corrupt, "hash list: line %d: quote is never closed", s.line)
		}
		if b != quote {
			out = append(out, b)
			continue
		}
		if p, err := s.in.Peek(1); err != nil || p[0] != quote {
			return string(out), nil
		}
		s.byte()
		out = append(out, quote)
	}
}

// run takes one statement for what it says of FILE.
func (s *sqlText) run(tokens []sqlToken, place format.Place) (bool, error) {
	words := func(want ...string) bool {
		for i, w := range want {
			if i >= len(tokens) || tokens[i].quoted || tokens[i].text != w {
				return false
			}
		}
		return true
	}
	table := func(i int) (string, bool) {
		if i >= len(tokens) || !slices.Contains(nsrlTables(), tokens[i].text) {
			return "", false
		}
		return tokens[i].text, true
	}
	switch {
	case words("BEGIN"), words("COMMIT"), words("END"):
		if len(tokens) <= 2 {
			return true, nil
		}
	case words("CREATE", "TABLE"):
		if name, ok := table(2); ok {
			var text strings.Builder
			for _, t := range tokens[3:] {
				text.WriteString(t.raw + " ")
			}
			s.columns[name] = sqlite.Columns(text.String())
			return true, nil
		}
	case words("CREATE", "VIEW"), words("CREATE", "INDEX"), words("CREATE", "UNIQUE", "INDEX"):
		return true, nil // nothing is executed, and nothing is read from them
	case words("INSERT", "INTO"):
		if name, ok := table(2); ok {
			return s.insert(name, tokens[3:], place)
		}
	case words("DELETE", "FROM"):
		if name, ok := table(2); ok {
			return s.remove(name, tokens[3:], place)
		}
	case words("UPDATE"):
		if name, ok := table(1); ok {
			return true, s.update(name, tokens[2:], place)
		}
	}
	return false, fault.Hint(fault.New(fault.Refused, "hash list: line %d: the statement is not allowed in a list", place.Line),
		"a list may insert into, update and delete from the tables FILE, MFG, OS, PKG and VERSION")
}

// insert reads INSERT INTO table [(columns)] VALUES (…), (…).
func (s *sqlText) insert(table string, tokens []sqlToken, place format.Place) (bool, error) {
	columns, rest := group(tokens)
	if columns == nil {
		if columns = s.columns[table]; columns == nil && table == "FILE" {
			columns = nsrlColumns()
		}
	}
	for i := range columns {
		columns[i] = strings.ToLower(columns[i])
	}
	if len(rest) == 0 || rest[0].text != "VALUES" {
		return false, s.unclear(place)
	}
	for rest = rest[1:]; ; rest = rest[1:] {
		values, more := group(rest)
		if values == nil {
			return false, s.unclear(place)
		}
		switch table {
		case "FILE":
			s.changes = true
			if len(values) != len(columns) {
				return false, s.unclear(place)
			}
			if goOn, err := s.deliver(s.fileRow(columns, values, place), s.emit); err != nil || !goOn {
				return goOn, err
			}
		case "VERSION":
			s.release(columns, values)
		}
		if rest = more; len(rest) == 0 {
			return true, nil
		}
		if rest[0].text != "," || rest[0].quoted {
			return false, s.unclear(place)
		}
	}
}

// group reads (a, b, …) and returns its members and what follows; nil when the
// tokens do not begin with a group of plain values.
func group(tokens []sqlToken) (members []string, rest []sqlToken) {
	if len(tokens) < 3 || tokens[0].text != "(" || tokens[0].quoted {
		return nil, tokens
	}
	for i := 1; i+1 < len(tokens); i += 2 {
		value, after := tokens[i], tokens[i+1]
		if !value.quoted && !wordByte(value.raw[0]) || after.quoted {
			return nil, tokens
		}
		members = append(members, value.raw)
		switch after.text {
		case ")":
			return members, tokens[i+2:]
		case ",":
		default:
			return nil, tokens
		}
	}
	return nil, tokens
}

func (s *sqlText) unclear(place format.Place) error {
	return fault.New(fault.Corrupt, "hash list: line %d: the statement is not understood", place.Line)
}

// conditions reads a = 'x' AND b = 'y'.
func conditions(tokens []sqlToken, between string) (map[string]string, []sqlToken) {
	out := map[string]string{}
	for len(tokens) >= 3 && tokens[1].text == "=" && !tokens[1].quoted {
		out[strings.ToLower(tokens[0].raw)] = tokens[2].raw
		if tokens = tokens[3:]; len(tokens) == 0 || tokens[0].text != between {
			break
		}
		tokens = tokens[1:]
	}
	return out, tokens
}

// remove reads DELETE FROM table WHERE …. Digests name the rows, and package and
// name together the row; size and checksum follow from the digests.
func (s *sqlText) remove(table string, tokens []sqlToken, place format.Place) (bool, error) {
	if table != "FILE" {
		return true, nil
	}
	s.changes = true
	if len(tokens) == 0 || tokens[0].text != "WHERE" {
		return false, s.unclear(place)
	}
	where, rest := conditions(tokens[1:], "AND")
	if len(rest) > 0 || len(where) == 0 {
		return false, s.unclear(place)
	}
	e := Entry{Removed: true, Place: place}
	for _, a := range []Algorithm{SHA256, SHA1, MD5} {
		s.value(&e, a, where[string(a)], place)
	}
	name, named := where["file_name"]
	id, packed := where["package_id"]
	if named && packed {
		e.SourceID = rowID(id, s.clean(strings.TrimSpace(name), maxNote, place))
	}
	if named != packed || len(e.Values) == 0 {
		s.note(Unsettled, place, "a deletion by other than digests, or digests with package and name")
		return true, nil
	}
	return s.deliver(e, s.emit)
}

// update reads UPDATE table SET … WHERE …. Changes of digests are not understood;
// other ones change nothing that matters for a look-up.
func (s *sqlText) update(table string, tokens []sqlToken, place format.Place) error {
	if table != "FILE" {
		return nil
	}
	s.changes = true
	if len(tokens) == 0 || tokens[0].text != "SET" {
		return s.unclear(place)
	}
	set, rest := conditions(tokens[1:], ",")
	if len(set) == 0 || len(rest) == 0 || rest[0].text != "WHERE" {
		return s.unclear(place)
	}
	for _, digest := range []string{"sha256", "sha1", "md5"} {
		if _, ok := set[digest]; ok {
			return s.unclear(place)
		}
	}
	if set["package_id"] != "" || set["file_name"] != "" {
		s.note(Unsettled, place, "package or name of a known file changed")
	}
	return nil
}
