package hashlist

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// long is a document of any length: a head, an entry over and over, and a tail.
type long struct {
	head, tail string
	entry      func(n int) string
	entries    int
	n          int
	rest       string
	size       int64
}

func (l *long) Read(p []byte) (int, error) {
	for l.rest == "" {
		switch {
		case l.n == 0:
			l.rest = l.head
		case l.n <= l.entries:
			l.rest = l.entry(l.n)
		case l.n == l.entries+1:
			l.rest = l.tail
		default:
			return 0, io.EOF
		}
		l.n++
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	l.size += int64(n)
	return n, nil
}

// TestLongListsNeedLittleMemory reads documents of many megabytes and looks at the
// heap meanwhile.
func TestLongListsNeedLittleMemory(t *testing.T) {
	const entries = 20_000
	pad := strings.Repeat("x", 500)
	md5 := func(n int) string { return fmt.Sprintf("%032x", n) }
	comma := func(n int) string {
		if n == 1 {
			return ""
		}
		return ","
	}
	for format, l := range map[string]*long{
		VICS: {head: "{" + context20 + `,"value":[`, tail: "]}", entry: func(n int) string {
			return comma(n) + `{"MD5":"` + md5(n) + `","Category":2,"Comments":"` + pad + `","MediaFiles":[{"FileName":"` + pad + `"}],"DateUpdated":"/Date(1767312000000)/"}` + "\n"
		}},
		NCMEC: {head: `<queryResult xmlns="` + ncmecSpace + `"><images>`, tail: "</images></queryResult>", entry: func(n int) string {
			return "<image><id>" + md5(n) + "</id><fingerprints><md5>" + md5(n) + "</md5><x>" + pad + "</x></fingerprints></image>"
		}},
		StopNCII: {head: `{"hashRecords":[`, tail: "]}", entry: func(n int) string {
			return comma(n) + `{"signalType":"VideoMD5","hashValue":"` + md5(n) + `","hashStatus":"Active","caseNumbers":{"` + pad + `":"Active"}}`
		}},
		NSRLText: {entry: func(n int) string {
			return "INSERT INTO FILE VALUES ('','','" + md5(n) + "','0','" + pad + "',1,1);\n"
		}},
		Hashdeep: {head: "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n", entry: func(n int) string { return "7," + md5(n) + "," + pad + "\n" }},
	} {
		l.entries = entries
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := NewReader(l, Options{Format: format})
		n, most := 0, uint64(0)
		for _, err := range r.Entries() {
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if n++; n%5_000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
		if n != entries || l.size < 10<<20 {
			t.Errorf("%s: %d entries in %d bytes", format, n, l.size)
		}
		if grown := int64(most) - int64(before.HeapAlloc); grown > 4<<20 {
			t.Errorf("%s: the heap grew by %d bytes over %d bytes of list", format, grown, l.size)
		}
	}
}
