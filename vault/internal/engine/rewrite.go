package engine

import (
	"strconv"
	"strings"
	"sync"

	"tutela/fault"
)

// Statement is a checked SQL statement.
type Statement struct {
	Text  string // in the dialect of the engine
	Args  int    // highest ?n
	Reads bool   // changes nothing, as far as its words tell
}

// Statements caches what Prepare found out; the zero value is ready.
type Statements struct{ m sync.Map }

// Prepare turns "?1" into what the dialect wants and looks at the words. It
// refuses "$1" (SQLite's driver would bind it by order of appearance, so that
// values land in the wrong column) and "?" without a number.
func (s *Statements) Prepare(dialect, query string) (Statement, error) {
	if st, ok := s.m.Load(query); ok {
		return st.(Statement), nil
	}
	st, err := inspect(dialect, query)
	if err == nil {
		s.m.Store(query, st)
	}
	return st, err
}

// inspect does the work of Prepare in one pass over the tokens.
func inspect(dialect, query string) (Statement, error) {
	var out strings.Builder
	st := Statement{Reads: true}
	first, last := "", ""
	for tok := range tokens(query) {
		switch c := tok[0]; {
		case c == '?':
			n, err := strconv.Atoi(tok[1:])
			if err != nil || n < 1 {
				return st, fault.New(fault.Invalid, "db: query: a placeholder has no number; write ?1")
			}
			st.Args = max(st.Args, n)
			if dialect == Postgres {
				tok = "$" + tok[1:]
			}
		case c == '$':
			return st, fault.New(fault.Invalid, "db: query: placeholders are ?1, not $1")
		case letter(c):
			word := strings.ToUpper(tok)
			if first == "" {
				first = word
			}
			if changes(word) && last != "FOR" {
				st.Reads = false
			}
			last = word
		}
		out.WriteString(tok)
	}
	switch first {
	case "SELECT", "WITH", "VALUES", "EXPLAIN":
	default:
		st.Reads = false
	}
	st.Text = out.String()
	return st, nil
}

// changes names the words by which a statement that starts like a question
// could write (WITH … DELETE … RETURNING, SELECT … INTO).
func changes(word string) bool {
	switch word {
	case "INSERT", "UPDATE", "DELETE", "MERGE", "INTO":
		return true
	}
	return false
}

// tokens cuts SQL into words, placeholders, quoted parts, comments and single
// other bytes; joined they are the text again.
func tokens(sql string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(sql) > 0 {
			n := tokenLen(sql)
			if !yield(sql[:n]) {
				return
			}
			sql = sql[n:]
		}
	}
}

func tokenLen(s string) int {
	switch c := s[0]; {
	case c == '\'' || c == '"' || c == '`':
		return quotedLen(s, c)
	case strings.HasPrefix(s, "--"):
		return upTo(s, 2, "\n")
	case strings.HasPrefix(s, "/*"):
		return upTo(s, 2, "*/")
	case c == '?' || c == '$':
		n := 1
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	case letter(c):
		n := 1
		for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9') {
			n++
		}
		return n
	}
	return 1
}

// quotedLen counts a quoted part; a doubled quote inside stands for itself and
// simply begins the next quoted token.
func quotedLen(s string, quote byte) int {
	if i := strings.IndexByte(s[1:], quote); i >= 0 {
		return i + 2
	}
	return len(s)
}

func upTo(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
