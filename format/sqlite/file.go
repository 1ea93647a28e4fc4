package sqlite

import (
	"encoding/binary"
	"io"
	"strings"

	"tutela/fault"
	"tutela/format"
)

const magic = "SQLite format 3\x00"

// File is a database file. It serves one goroutine at a time.
type File struct {
	in       io.ReaderAt
	size     int64
	pageSize int64
	usable   int64 // bytes of a page without the reserved ones
	encoding uint32
	limits   format.Limits
	blocks   [8]block // of the file, read last
	turn     int
}

type block struct {
	at   int64 // -1: none
	data []byte
}

// blockSize is how much is read at a time: more than a page, because neighbours
// are wanted soon.
const blockSize = 256 << 10

// Open reads the header of a file, whose form is that of
// sqlite.org/fileformat2.html. A file that is no database, or is shorter than it
// says, gives a Corrupt error. Limits.Text bounds one row.
func Open(in io.ReaderAt, size int64, limits format.Limits) (*File, error) {
	f := &File{in: in, size: size, limits: limits.OrDefault()}
	for i := range f.blocks {
		f.blocks[i].at = -1
	}
	head := make([]byte, 100)
	if _, err := in.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fault.New(fault.Outside, "sqlite: header: %w", err)
	}
	if string(head[:16]) != magic {
		return nil, fault.New(fault.Corrupt, "sqlite: no database: the first bytes differ")
	}
	if f.pageSize = int64(binary.BigEndian.Uint16(head[16:])); f.pageSize == 1 {
		f.pageSize = 1 << 16
	}
	f.usable = f.pageSize - int64(head[20])
	f.encoding = binary.BigEndian.Uint32(head[56:])
	pages := int64(binary.BigEndian.Uint32(head[28:]))
	switch {
	case f.pageSize < 512 || f.pageSize&(f.pageSize-1) != 0 || f.usable < 480:
		return nil, fault.New(fault.Corrupt, "sqlite: header: pages of %d bytes", f.pageSize)
	case head[21] != 64 || head[22] != 32 || head[23] != 32:
		return nil, fault.New(fault.Corrupt, "sqlite: header: the payload fractions are not 64, 32 and 32")
	case f.encoding > 3:
		return nil, fault.New(fault.Corrupt, "sqlite: header: text encoding %d", f.encoding)
	case size < f.pageSize, pages*f.pageSize > size:
		return nil, fault.New(fault.Corrupt, "sqlite: the file has %d bytes, its header says %d pages of %d", size, pages, f.pageSize)
	}
	return f, nil
}

// page returns a page, from 1. It is valid until the next call but seven.
func (f *File) page(n uint32) ([]byte, error) {
	at := (int64(n) - 1) * f.pageSize
	if n == 0 || at+f.pageSize > f.size {
		return nil, fault.New(fault.Corrupt, "sqlite: page %d is outside of the file", n)
	}
	start := at - at%blockSize // pages divide a block
	for i := range f.blocks {
		if b := f.blocks[i]; b.at == start {
			return b.data[at-start : at-start+f.pageSize], nil
		}
	}
	b := &f.blocks[f.turn]
	f.turn = (f.turn + 1) % len(f.blocks)
	if b.data == nil {
		b.data = make([]byte, min(blockSize, f.size))
	}
	b.at = -1
	if _, err := f.in.ReadAt(b.data[:min(blockSize, f.size-start)], start); err != nil && err != io.EOF {
		return nil, fault.New(fault.Outside, "sqlite: page %d: %w", n, err)
	}
	b.at = start
	return b.data[at-start : at-start+f.pageSize], nil
}

// Table is a table as the file describes it.
type Table struct {
	Name    string
	Columns []string // names, in the order of the values of a row
	Root    uint32   // first page
}

// Tables returns the tables of the file that have row ids.
func (f *File) Tables() ([]Table, error) {
	var out []Table
	for row, err := range f.scan(1) {
		if err != nil {
			return nil, err
		}
		if len(row.Values) < 5 || row.Values[0] != "table" {
			continue
		}
		name, _ := row.Values[1].(string)
		root, _ := row.Values[3].(int64)
		sql, _ := row.Values[4].(string)
		if root <= 0 || root > 1<<32-1 || withoutRowID(sql) {
			continue
		}
		out = append(out, Table{name, Columns(sql), uint32(root)})
	}
	return out, nil
}

func withoutRowID(sql string) bool {
	sql = uncommented(sql)
	end := strings.ToUpper(sql[strings.LastIndexByte(sql, ')')+1:])
	return strings.Contains(strings.Join(strings.Fields(end), " "), "WITHOUT ROWID")
}

// Columns returns the names of the columns that a CREATE TABLE statement
// declares, nil when it is none.
func Columns(sql string) []string {
	sql = uncommented(sql)
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(sql); i++ {
		if n := quoted(sql[i:]); n > 0 {
			i += n - 1
			continue
		}
		switch c := sql[i]; {
		case c == '(':
			if depth++; depth == 1 {
				start = i + 1
			}
		case depth == 1 && (c == ',' || c == ')'):
			if name, ok := columnName(strings.TrimSpace(sql[start:i])); ok {
				out = append(out, name)
			}
			if start = i + 1; c == ')' {
				return out
			}
		case c == ')':
			depth--
		}
	}
	return nil
}

// uncommented puts a space for each comment of a statement: the file keeps what
// people wrote.
func uncommented(sql string) string {
	var b strings.Builder
	for len(sql) > 0 {
		n, keep := max(1, quoted(sql)), true
		switch {
		case strings.HasPrefix(sql, "--"):
			n, keep = 1+strings.IndexByte(sql, '\n'), false
		case strings.HasPrefix(sql, "/*"):
			if n, keep = strings.Index(sql[2:], "*/"), false; n >= 0 {
				n += len("/**/")
			}
		}
		if n <= 0 { // a comment that does not end
			n = len(sql)
		}
		if keep {
			b.WriteString(sql[:n])
		} else {
			b.WriteByte(' ')
		}
		sql = sql[n:]
	}
	return b.String()
}

// quoted returns the length of the quoted part that s begins with, 0 when it
// begins with none. A doubled quote ends one part and begins the next.
func quoted(s string) int {
	kind := strings.IndexByte("\"`['", s[0])
	if kind < 0 {
		return 0
	}
	if end := strings.IndexByte(s[1:], "\"`]'"[kind]); end >= 0 {
		return end + 2
	}
	return len(s)
}

// columnName reads the name that a declaration begins with; a constraint has none.
func columnName(declared string) (string, bool) {
	if declared == "" {
		return "", false
	}
	if n := quoted(declared); n > 0 {
		first, name := declared[:1], declared[1:max(1, n-1)]
		for n < len(declared) && first != "[" && declared[n] == first[0] { // doubled
			part := quoted(declared[n:])
			name += first + declared[n+1:n+max(1, part-1)]
			n += part
		}
		return name, n > 1 && declared[n-1] == "\"`]'"[strings.IndexByte("\"`['", first[0])]
	}
	name := declared
	if at := strings.IndexAny(declared, " \t\r\n("); at >= 0 {
		name = declared[:at]
	}
	switch strings.ToUpper(name) {
	case "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN":
		return "", false
	}
	return name, true
}
