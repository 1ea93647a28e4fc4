package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/format"
)

// TestSmallestCells reads rows whose cells are as small as a cell can be, four
// bytes: the first of them ends with its page.
func TestSmallestCells(t *testing.T) {
	for _, value := range []string{"NULL", "0", "1", "''", "x''"} {
		for _, size := range []int{512, 65536} {
			file, want := made(t, size, "UTF-8", "CREATE TABLE t (a)", "INSERT INTO t VALUES ("+value+"), ("+value+")")
			got, err := read(file, "t")
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("pages of %d, %s: %v, %v; want %v", size, value, got, err, want)
			}
		}
	}
	file, _ := made(t, 4096, "UTF-8", "CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (7), (9)")
	if got, err := read(file, "t"); err != nil || len(got) != 2 {
		t.Errorf("a table of row ids: %v, %v", got, err)
	}
}

// TestColumnsAsPeopleWriteThem declares tables in SQLite with comments, quotes
// and names that look like something else, and compares with its own view.
func TestColumnsAsPeopleWriteThem(t *testing.T) {
	for _, declared := range []string{
		"CREATE TABLE t (a, -- the first, it's new\n b INT)",
		"CREATE TABLE t (\n-- md5, sha1 (both)\n a TEXT,\n/* , x ) */ b, c /* ( */)",
		"CREATE TABLE t -- (not these)\n (a, b)",
		`CREATE TABLE t ("a""b", [c,d], 'e''f', ` + "`g``h`" + `)`,
		"CREATE TABLE t (a DEFAULT '--', b DEFAULT '/*', c)",
		"CREATE TABLE t (a CHECK (a <> ')'), b DEFAULT (1 + (2)), c_key, CHECK(b > 0), FOREIGN KEY (a) REFERENCES t(b))",
		"CREATE TABLE t (a TEXT, UNIQUE(a) ON CONFLICT IGNORE) /* end ) */ STRICT",
		"CREATE TABLE t AS SELECT 1 AS \"x y\", 2 AS b",
		"CREATE TABLE t (\"unique\" INT, \"check\"\tTEXT, primary_hash\nTEXT)",
	} {
		file, _ := made(t, 4096, "UTF-8", declared, "CREATE TABLE columns AS SELECT name FROM pragma_table_info('t')")
		f, err := Open(bytes.NewReader(file), int64(len(file)), format.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		tables, err := f.Tables()
		if err != nil || len(tables) != 2 {
			t.Fatalf("%s: %+v, %v", declared, tables, err)
		}
		var want []string
		for row, err := range f.Rows(tables[1]) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, row.Values[0].(string))
		}
		if diff := cmp.Diff(want, tables[0].Columns); diff != "" {
			t.Errorf("%s: %s", declared, diff)
		}
	}
}

// TestTableNamesWithBrackets: a name is quoted as a column is.
func TestTableNamesWithBrackets(t *testing.T) {
	for _, name := range []string{`"t(x"`, "[t)x]", "`t(`", `"t -- "`} {
		if diff := cmp.Diff([]string{"a", "b"}, Columns("CREATE TABLE "+name+" (a, b TEXT)")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// overflowing returns a database whose one row lies in a chain of pages, and the
// offset in the file of the link to the first of them.
func overflowing(t *testing.T, size int) (file []byte, link int, want [][]any) {
	t.Helper()
	file, want = made(t, size, "UTF-8", "CREATE TABLE t (a TEXT)",
		fmt.Sprintf("INSERT INTO t VALUES ('%s')", strings.Repeat("0123456789", size)))
	if got, err := read(file, "t"); err != nil || !cmp.Equal(want, got) {
		t.Fatalf("undamaged: %v", err)
	}
	cell := size + int(binary.BigEndian.Uint16(file[size+8:])) // the table's root is page 2
	length, a := varint(file[cell:])
	_, b := varint(file[cell+a:])
	local := (size-12)*32/255 - 23
	if l := local + (int(length)-local)%(size-4); l <= size-35 {
		local = l
	}
	return file, cell + a + b + local, want
}

// TestDamagedOverflow: a chain that ends early, leaves the file or turns back is
// an error, never a row with other bytes.
func TestDamagedOverflow(t *testing.T) {
	file, link, _ := overflowing(t, 512)
	first := binary.BigEndian.Uint32(file[link:])
	at := func(page uint32) int { return int(page-1) * 512 }
	second := binary.BigEndian.Uint32(file[at(first):])
	for _, c := range []struct {
		what  string
		place int
		page  uint32
	}{
		{"no first page", link, 0}, {"a first page outside", link, uint32(len(file)/512) + 1}, {"the largest page", link, 1<<32 - 1},
		{"a chain that ends", at(second), 0}, {"a page that follows itself", at(second), second},
		{"a circle of two", at(second), first}, {"a chain that leaves the file", at(second), 1 << 31},
	} {
		b := bytes.Clone(file)
		binary.BigEndian.PutUint32(b[c.place:], c.page)
		got, err := read(b, "t")
		if fault.KindOf(err) != fault.Corrupt || len(got) != 0 {
			t.Errorf("%s: %d rows, %v", c.what, len(got), err)
		}
	}
}

// TestDamagedHeaders: what the first hundred bytes may not say is refused before
// any page is read.
func TestDamagedHeaders(t *testing.T) {
	file, want := made(t, 1024, "UTF-8", "CREATE TABLE t (a)", "INSERT INTO t VALUES (5)")
	for _, c := range []struct {
		what string
		at   int
		to   []byte
	}{
		{"magic", 15, []byte{1}}, {"pages of none", 16, []byte{0, 0}}, {"pages of 256", 16, []byte{1, 0}},
		{"pages of 1000", 16, []byte{3, 0xe8}}, {"pages longer than the file", 16, []byte{0x40, 0}},
		{"pages of 512 with 200 reserved", 16, []byte{2, 0, 1, 1, 200}}, {"fraction", 21, []byte{65}},
		{"least fraction", 22, []byte{0}}, {"leaf fraction", 23, []byte{0}},
		{"more pages than there are", 28, []byte{0, 0, 1, 0}}, {"the most pages", 28, []byte{255, 255, 255, 255}},
		{"encoding", 56, []byte{0, 0, 0, 4}},
	} {
		b := bytes.Clone(file)
		copy(b[c.at:], c.to)
		if f, err := Open(bytes.NewReader(b), int64(len(b)), format.Limits{}); fault.KindOf(err) != fault.Corrupt || f != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	for n := range 1024 { // shorter than its one page
		if _, err := Open(bytes.NewReader(file[:n]), int64(n), format.Limits{}); fault.KindOf(err) != fault.Corrupt {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	b := bytes.Clone(file)
	copy(b[32:], []byte{0, 0, 0, 2, 0, 0, 0, 9}) // a free list that begins in a live page: it is never followed
	if got, err := read(b, "t"); err != nil || !cmp.Equal(want, got) {
		t.Errorf("a wrong free list: %v, %v", got, err)
	}
}

// TestDamagedTrees: a page that is no part of a table, points to itself or has
// cells outside of it.
func TestDamagedTrees(t *testing.T) {
	s := []string{"CREATE TABLE t (a)", "BEGIN"}
	for i := range 200 {
		s = append(s, fmt.Sprintf("INSERT INTO t VALUES ('%020d')", i))
	}
	file, _ := made(t, 512, "UTF-8", append(s, "COMMIT")...)
	const root = 512
	if file[root] != 5 {
		t.Fatalf("the root has type %d", file[root])
	}
	cell := root + int(binary.BigEndian.Uint16(file[root+12:]))
	for _, c := range []struct {
		what string
		at   int
		to   []byte
	}{
		{"an index page", root, []byte{2}}, {"an index leaf", root, []byte{10}}, {"a free page", root, []byte{0}},
		{"too many cells", root + 3, []byte{255, 255}}, {"a cell at the end", root + 12, []byte{2, 0}},
		{"a cell over the end", root + 12, []byte{1, 0xfd}}, {"a cell far outside", root + 12, []byte{255, 255}},
		{"a child that is the root", cell, []byte{0, 0, 0, 2}}, {"a child that is none", cell, []byte{0, 0, 0, 0}},
		{"a child outside", cell, []byte{255, 255, 255, 255}}, {"a last child that is the root", root + 8, []byte{0, 0, 0, 2}},
	} {
		b := bytes.Clone(file)
		copy(b[c.at:], c.to)
		if got, err := read(b, "t"); fault.KindOf(err) != fault.Corrupt || len(got) > 200 {
			t.Errorf("%s: %d rows, %v", c.what, len(got), err)
		}
	}
}
