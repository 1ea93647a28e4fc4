package db

import (
	"encoding/base64"
	"strconv"
)

// Values of Item.Op.
const (
	Put    = "put"    // the row was inserted or replaced
	Delete = "delete" // the row was removed; its item holds the key columns only
)

// Item is one change of one row: what an act commits to, and what a replay
// applies.
type Item struct {
	Op    string // Put or Delete
	Table string
	JSON  []byte // canonical, see below
}

// The canonical JSON of an item is
//
//	{"op":"put","row":{"COLUMN":VALUE,…},"table":"NAME"}
//
// without spaces, columns sorted by name, without the column act. Text: only
// ", \ and bytes below 0x20 are escaped (\b \f \n \r \t where JSON has them,
// else \u00xx in lower case), everything else is UTF-8 as it is. Numbers:
// decimal. Bytes: base 64 (RFC 4648 §4, padded). NULL: null.

// item encodes a row (or the key of one) into buf.
func (t *table) item(buf []byte, op string, r Row) []byte {
	buf = append(buf, t.prefix[op]...)
	buf = t.fields(buf, r, "")
	return append(buf, t.suffix...)
}

// fields appends the columns that r has; act, when not empty, is one more.
func (t *table) fields(buf []byte, r Row, act string) []byte {
	start := len(buf)
	for _, i := range t.sorted {
		if i >= len(r) {
			continue
		}
		if act != "" && t.Columns[i] > "act" {
			buf, act = appendAct(buf, start, act), ""
		}
		if len(buf) > start {
			buf = append(buf, ',')
		}
		buf = append(buf, t.names[i]...)
		buf = appendValue(buf, r[i])
	}
	if act != "" {
		buf = appendAct(buf, start, act)
	}
	return buf
}

func appendAct(buf []byte, start int, act string) []byte {
	if len(buf) > start {
		buf = append(buf, ',')
	}
	return appendText(append(buf, `"act":`...), act)
}

// appendValue appends a value that table.check let through.
func appendValue(buf []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(buf, v)
	case int64:
		return strconv.AppendInt(buf, v, 10)
	case bool:
		return strconv.AppendBool(buf, v)
	case []byte:
		if v != nil {
			buf = append(buf, '"')
			buf = base64.StdEncoding.AppendEncode(buf, v)
			return append(buf, '"')
		}
	}
	return append(buf, "null"...)
}

const hexDigits = "0123456789abcdef"

func appendText(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		buf = append(buf, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\b':
			buf = append(buf, '\\', 'b')
		case '\f':
			buf = append(buf, '\\', 'f')
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	buf = append(buf, s[start:]...)
	return append(buf, '"')
}
