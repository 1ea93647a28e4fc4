package hashlist

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/format"
)

const (
	md5Text    = "7b0bd21e77eeae83e73b71aa9d3870ba"
	sha256Text = "3bbef3d92d9f1d30267d4d2a1aea1dd76da4f6f3620f07d7052c4ed9d4c61f25"
	context20  = `"@odata.context":"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media"`
)

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // algorithms, category, id of the first entry
	}{
		{"comma", "MD5,Category,Media ID\n" + md5Text + ",2,77\n", []string{"md5", "2", "77"}},
		{"semicolon", "sha-256;note;label\r\n" + sha256Text + ";a,b;x\r\n", []string{"sha256", "x", ""}},
		{"tab", "hash_pdq\tsha256\n" + sha256Text + "\t" + sha256Text + "\n", []string{"pdqsha256", "", ""}},
		{"quotes", `md5,note,class` + "\n" + md5Text + `,"a ""b"", c` + "\nsecond line\",7\n", []string{"md5", "7", ""}},
		{"upper", "# a comment\n\n" + strings.ToUpper(md5Text) + "\n", []string{"md5", "", ""}},
		{"no line end", "md5\n" + md5Text, []string{"md5", "", ""}},
	} {
		r := readText(c.text, Options{})
		if r.err != nil || len(r.entries) != 1 {
			t.Errorf("%s: %d entries, %v, %+v", c.name, len(r.entries), r.err, r.Findings())
			continue
		}
		e, algorithms := r.entries[0], ""
		for _, v := range e.Values {
			algorithms += string(v.Algorithm)
		}
		if diff := cmp.Diff(c.want, []string{algorithms, e.Category, e.SourceID}); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestPlacesPointAtTheBytes(t *testing.T) {
	text := "md5,note\n" + md5Text + ",one\n\n" + md5Text + ",\"two\nlines\"\n" + md5Text + ",three\n"
	r := readText(text, Options{})
	if r.err != nil || len(r.entries) != 3 {
		t.Fatalf("%d entries, %v", len(r.entries), r.err)
	}
	for i, want := range []struct {
		line int
		note string
	}{{2, "one"}, {4, "two"}, {6, "three"}} {
		p := r.entries[i].Place
		part := text[p.Offset : p.Offset+p.Length]
		if p.Line != want.line || !strings.HasPrefix(part, md5Text) || !strings.Contains(part, want.note) {
			t.Errorf("entry %d: line %d, %q", i, p.Line, part)
		}
	}
	doc := `{` + context20 + `,"value":[ {"MD5":"` + md5Text + `","MediaID":9} ]}`
	r = readText(doc, Options{})
	p := r.entries[0].Place
	if part := doc[p.Offset : p.Offset+p.Length]; part != `{"MD5":"`+md5Text+`","MediaID":9}` || r.entries[0].SourceID != "9" {
		t.Errorf("the place of the entry is %q", part)
	}
}

func TestLongLinesAndManyFindings(t *testing.T) {
	limits := format.Limits{Text: 1000}
	r := readText("md5,note\n"+md5Text+","+strings.Repeat("x", 2000)+"\n", Options{Limits: limits})
	if fault.KindOf(r.err) != fault.Corrupt {
		t.Errorf("long line gave %v", r.err)
	}
	r = readText("md5\n"+md5Text+"\n"+strings.Repeat("zz\n", 3000), Options{})
	if r.err != nil || r.Header().Refused != 3000 || len(r.Findings()) != 2*(maxFindings+1) || r.code(BadValue) != 3000 {
		t.Errorf("%d refused, %d findings, %d of them values, %v", r.Header().Refused, len(r.Findings()), r.code(BadValue), r.err)
	}
}

func TestNothingUsableIsNoList(t *testing.T) {
	for name, text := range map[string]string{
		"lines": "md5\nabc\n", "vics": `{` + context20 + `,"value":[{"MD5":"abc"}]}`,
		"no values": `{` + context20 + `}`, "array": `[1]`, "no model": `{"value":[{"MD5":"` + md5Text + `"}]}`,
		"scalar": `{` + context20 + `,"value":7}`, "comments": "# nothing\n",
	} {
		if r := readText(text, Options{}); r.err == nil {
			t.Errorf("%s: accepted with %d entries", name, len(r.entries))
		}
	}
	if r := readText(`{`+context20+`,"value":[]}`, Options{}); r.err != nil || len(r.entries) != 0 {
		t.Errorf("an empty list is a list: %v", r.err)
	}
	if r := readText("md5\n", Options{Format: "xml"}); fault.KindOf(r.err) != fault.Invalid {
		t.Errorf("unknown format gave %v", r.err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk gone") }

func TestReadErrorEndsTheList(t *testing.T) {
	for _, head := range []string{"md5\n" + md5Text + "\n", `{` + context20 + `,"value":[{"MD5":"` + md5Text + `"}`, ""} {
		r := NewReader(io.MultiReader(strings.NewReader(head), failing{}), Options{})
		var last error
		for _, err := range r.Entries() {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), "disk gone") {
			t.Errorf("after %d bytes: %v", len(head), last)
		}
	}
}

func TestStopsWhenAsked(t *testing.T) {
	entry := `{"MD5":"` + md5Text + `"}`
	for _, text := range []string{"md5\n" + strings.Repeat(md5Text+"\n", 9), `{` + context20 + `,"value":[` + entry + strings.Repeat(","+entry, 8) + `]}`} {
		n := 0
		for range NewReader(strings.NewReader(text), Options{}).Entries() {
			if n++; n == 3 {
				break
			}
		}
		if n != 3 {
			t.Errorf("%d entries after the stop", n)
		}
	}
}

func TestAlternativeHashes(t *testing.T) {
	pdqText := "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
	doc := `{` + context20 + `,"value":[{"AlternativeHashes":[{"HashName":"PDQ","HashValue":"` + pdqText +
		`"},{"HashName":"Future","HashValue":"1"}]},{"AlternativeHash":{"HashName":"SHA-256","HashValue":"` + sha256Text + `"}}]}`
	r := readText(doc, Options{})
	if r.err != nil || len(r.entries) != 2 || r.code(Unknown) != 1 || with(r, PDQ) != 1 || with(r, SHA256) != 1 {
		t.Errorf("%+v, %v, %v", r.entries, r.Findings(), r.err)
	}
}

// TestScannerAgrees reads documents with the scanner and with encoding/json.
func TestScannerAgrees(t *testing.T) {
	for _, doc := range []string{
		`{}`, `[]`, `[1,-2.5e3,true,false,null,"x"]`, `{"a":{"b":[{}]},"c":"\u00e9\ud83d\ude00\n\"\\\/"}`, ` { "a" : [ ] } `,
		`{`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{1:2}`, `[1 2]`, `]`, `"x`, `tru`, `[1]]`, `{"a":1 "b":2}`, `nul`, `[01x]`, `[01]`, `[1.]`, `[-]`, `[1e]`,
		"\"a\nb\"", `"\q"`, `"\u12"`, `{]`, `[}`, `--1`, ``, ` `, `1 1`, `{"a":1}{`,
	} {
		s := scanner{in: bufio.NewReader(strings.NewReader(doc)), depth: 20, limit: 1000}
		var err error
		for {
			var tok token
			if tok, err = s.next(); err != nil || tok.kind == 'E' {
				break
			}
		}
		if (err == nil) != json.Valid([]byte(doc)) {
			t.Errorf("%q: %v, valid %v", doc, err, json.Valid([]byte(doc)))
		}
	}
	s := scanner{in: bufio.NewReader(strings.NewReader(`"\u00e9\ud83d\ude00\ud83dx\udc00 cut here"`)), depth: 1, limit: 14}
	tok, err := s.next()
	if err != nil || !strings.HasPrefix(tok.text, "é😀\uFFFDx") || !tok.cut {
		t.Errorf("%q, cut %v, %v", tok.text, tok.cut, err)
	}
}

// endless repeats an entry, to see that memory does not grow with the list.
type endless struct {
	left int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.left == 0 {
			return 0, io.EOF
		}
		e.left--
		e.rest = fmt.Sprintf("%032x,%d\n", e.left, e.left%5)
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestManyEntries(t *testing.T) {
	r := NewReader(io.MultiReader(strings.NewReader("md5,category\n"), bufio.NewReader(&endless{left: 200_000})), Options{})
	n := 0
	for _, err := range r.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 200_000 {
		t.Errorf("%d entries", n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("md5,category\n" + md5Text + ",1\n"))
	f.Add([]byte("\xff\xfem\x00d\x005\x00\n\x00"))
	f.Add([]byte(`{` + context20 + `,"value":[{"MD5":"` + md5Text + `","Category":1,"AlternativeHashes":[{"HashName":"PDQ","HashValue":"0"}]}]}`))
	f.Add([]byte(`{"value":[{"Media":[{"MD5":"x"}],"TotalMediaFiles":3}],` + context20 + `}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := readText(string(b), Options{})
		for _, e := range r.entries {
			if len(e.Values) == 0 {
				t.Fatal("an entry without a value")
			}
			for _, v := range e.Values {
				if len(v.Bytes) != v.Algorithm.Size() {
					t.Fatalf("%s of %d bytes", v.Algorithm, len(v.Bytes))
				}
			}
		}
		if len(b) > 0 && b[0] == '{' && r.err == nil && !json.Valid([]byte(strings.ToValidUTF8(string(b), "?"))) {
			t.Fatalf("accepted what is no JSON: %q", b)
		}
	})
}
