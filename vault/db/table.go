package db

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tutela/fault"
	"tutela/vault/internal/engine"
)

// portion is how many rows go into one statement on SQLite (measured: larger
// ones gain nothing); on PostgreSQL, where each costs a round trip, portionPG.
const (
	portion   = 32
	portionPG = 1000
)

// table is a Table with what Writer needs to know about it.
type table struct {
	Table
	kinds  []engine.Kind // of Columns
	sorted []int         // positions of Columns in the order of their names
	names  [][]byte      // `"name":` of Columns
	prefix map[string][]byte
	suffix []byte
}

// describe compares a declaration with the columns of the database.
func describe(t Table, dialect string, have map[string]engine.Kind) (*table, error) {
	switch {
	case !plain(t.Name):
		return nil, fault.New(fault.Invalid, "db: open: %q is no name for a table", t.Name)
	case have == nil:
		return nil, fault.New(fault.Invalid, "db: open: no migration makes table %s", t.Name)
	case t.Key < 1 || t.Key > len(t.Columns):
		return nil, fault.New(fault.Invalid, "db: open: table %s: the key has %d of %d columns", t.Name, t.Key, len(t.Columns))
	case have["act"] != engine.Text:
		return nil, fault.New(fault.Invalid, "db: open: table %s lacks the column act TEXT NOT NULL", t.Name)
	case len(have) != len(t.Columns)+1:
		return nil, fault.New(fault.Invalid, "db: open: table %s: %d columns are declared, the database has %d and act", t.Name, len(t.Columns), len(have)-1)
	}
	d := &table{Table: t}
	for i, c := range t.Columns {
		k := have[c]
		if k == 0 || c == "act" || !plain(c) {
			return nil, fault.New(fault.Invalid, "db: open: table %s: column %q is missing, or not TEXT, BIGINT, BOOLEAN or BYTEA", t.Name, c)
		}
		d.kinds = append(d.kinds, k)
		d.sorted = append(d.sorted, i)
		d.names = append(d.names, []byte(strconv.Quote(c)+":"))
	}
	slices.SortFunc(d.sorted, func(a, b int) int { return strings.Compare(t.Columns[a], t.Columns[b]) })
	d.prefix = map[string][]byte{}
	for _, op := range []string{Put, Delete} {
		d.prefix[op] = []byte(`{"op":"` + op + `","row":{`)
	}
	d.suffix = []byte(`},"table":"` + t.Name + `"}`)
	return d, nil
}

// plain accepts names that need no quoting in SQL or JSON.
func plain(name string) bool {
	for i, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// check says whether the first n values of a row fit their columns, and turns
// a nil slice into nil. n is Key or the number of columns.
func (t *table) check(r Row, n int) error {
	if len(r) != n {
		return fault.New(fault.Invalid, "db: table %s: a row has %d values, want %d", t.Name, len(r), n)
	}
	for i, v := range r {
		ok := false
		switch v := v.(type) {
		case nil:
			ok = i >= t.Key
		case string:
			ok = t.kinds[i] == engine.Text
			if ok && !storable(v) {
				return fault.Hint(fault.New(fault.Invalid, "db: table %s: column %s: the text is not UTF-8 without NUL", t.Name, t.Columns[i]),
					"Pass it through db.Text.")
			}
		case int64:
			ok = t.kinds[i] == engine.Int
		case bool:
			ok = t.kinds[i] == engine.Bool
		case []byte:
			ok = t.kinds[i] == engine.Bytes && (v != nil || i >= t.Key)
		}
		if !ok {
			return fault.New(fault.Invalid, "db: table %s: column %s is %v, the value is %T", t.Name, t.Columns[i], t.kinds[i], v)
		}
	}
	return nil
}

// Text returns s as both engines can store it: bytes that are not UTF-8 become
// U+FFFD, NUL becomes U+2400 (the symbol for NUL). Whoever needs the exact
// bytes keeps them in a BYTEA column beside it.
func Text(s string) string {
	if storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\u2400")
}

func storable(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// keyOf returns the key of a row as a string that no other key gives.
func (t *table) keyOf(r Row) string {
	if s, ok := r[0].(string); ok && t.Key == 1 {
		return s
	}
	var b []byte
	for i := range t.Key {
		b = appendValue(b, r[i])
		b = append(b, ',')
	}
	return string(b)
}

// latest drops rows whose key comes again later: the last one wins, and
// PostgreSQL refuses to meet a key twice in one statement.
func (t *table) latest(rows []Row) []Row {
	if len(rows) < 2 {
		return rows
	}
	seen := make(map[string]int, len(rows))
	twice := false
	for i, r := range rows {
		k := t.keyOf(r)
		_, dup := seen[k]
		twice = twice || dup
		seen[k] = i
	}
	if !twice {
		return rows
	}
	out := make([]Row, 0, len(seen))
	for i, r := range rows {
		if seen[t.keyOf(r)] == i {
			out = append(out, r)
		}
	}
	return out
}

// decode reads the value of column i from JSON.
func (t *table) decode(i int, raw json.RawMessage) (any, error) {
	var err error
	if string(raw) == "null" {
		return nil, nil
	}
	switch t.kinds[i] {
	case engine.Text:
		var v string
		err = json.Unmarshal(raw, &v)
		return v, err
	case engine.Int:
		v, err := strconv.ParseInt(string(raw), 10, 64)
		return v, err
	case engine.Bool:
		var v bool
		err = json.Unmarshal(raw, &v)
		return v, err
	}
	v := []byte{}
	err = json.Unmarshal(raw, &v)
	return v, err
}
