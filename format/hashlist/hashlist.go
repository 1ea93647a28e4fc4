package hashlist

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"tutela/fault"
	"tutela/format"
)

// Codes of findings.
const (
	BadValue     = "hashlist.value"     // a value is malformed and left out; the rest of its entry counts
	BadEntry     = "hashlist.entry"     // an entry or line has no usable value and is left out
	BadLine      = "hashlist.line"      // a line has another number of columns than the header
	DuplicateKey = "hashlist.duplicate" // an entry says a thing twice; a category said twice counts as unknown
	Flat         = "hashlist.flat"      // a perceptual hash that tells nothing; kept, but barred from matching
	Control      = "hashlist.control"   // a NUL byte in a text, replaced by U+FFFD
	Cut          = "hashlist.cut"       // a text longer than the limit was cut
	WrongCount   = "hashlist.count"     // the list states another number of entries than it has
)

// maxFindings bounds the findings that are kept with their place; further ones
// of the same code are only counted.
const maxFindings = 1000

// maxShortText bounds category codes and source ids, in bytes.
const maxShortText = 256

// Formats that Options can name.
const (
	Auto = "auto"
	CSV  = "csv"
	VICS = "vics"
)

// Options say how to read a list.
type Options struct {
	Format  string   // Auto (also ""), CSV or VICS
	Columns []string // names of the columns of a CSV without a header, for example "pdq"
	Limits  format.Limits
}

// Header is what the list says about itself. It is complete after the last
// entry only, because a VICS document may name its data model at the end.
type Header struct {
	Format  string   // CSV or VICS
	Scheme  string   // of the categories: "vics", or "" where the list names none
	Version string   // of the data model: "1.2", "1.3", "2.0"; "" for CSV
	Region  string   // profile of the categories: "US", "UK", "Default", …
	Cases   bool     // a case export, not a list of media
	Columns []string // of a CSV, as written
	Entries int      // that were usable
	Refused int      // entries without a usable value
}

// Entry is one entry of a list: what is known of one file.
type Entry struct {
	Values   []Value
	Category string // code as written; "" where the list gives none, which is not 0
	SourceID string // the entry's id at the source; "" where it has none
	Place    format.Place
}

// Reader reads one list once.
type Reader struct {
	in       *bufio.Reader
	opt      Options
	header   Header
	findings []format.Finding
	counted  map[string]int // place in findings of the counter of a code that ran over
	perCode  map[string]int
}

// NewReader returns a Reader of the list in. Nothing is read yet.
func NewReader(in io.Reader, o Options) *Reader {
	o.Limits = o.Limits.OrDefault()
	return &Reader{in: bufio.NewReaderSize(in, 1<<16), opt: o, counted: map[string]int{}, perCode: map[string]int{}}
}

// Header returns what the list says about itself.
func (r *Reader) Header() Header { return r.header }

// Findings returns what was noticed so far.
func (r *Reader) Findings() []format.Finding { return r.findings }

// Entries reads the list. An error is the last thing it yields; whoever got one
// must drop all entries of the list. The error is fault.Corrupt for a damaged
// list and fault.Invalid for something that is no list of the wanted format.
func (r *Reader) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stopped := false
		err := r.read(func(e Entry) bool {
			stopped = !yield(e, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(Entry{}, err)
		}
	}
}

func (r *Reader) read(emit func(Entry) bool) error {
	if err := r.decodeText(); err != nil {
		return err
	}
	head, _ := r.in.Peek(512)
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 {
		return fault.New(fault.Invalid, "hash list: the file is empty")
	}
	kind := r.opt.Format
	if kind == "" || kind == Auto {
		kind = CSV
		if head[0] == '{' || head[0] == '[' {
			kind = VICS
		}
	}
	if head[0] == '<' || bytes.HasPrefix(head, []byte("%%%%")) || bytes.HasPrefix(head, []byte("SQLite format 3")) {
		return fault.Hint(fault.New(fault.Invalid, "hash list: neither CSV nor VICS JSON"),
			"a web page in place of a list means that the link has expired")
	}
	r.header.Format = kind
	switch kind {
	case CSV:
		return r.readCSV(emit)
	case VICS:
		return r.readVICS(emit)
	}
	return fault.New(fault.Invalid, "hash list: unknown format %q", kind)
}

// decodeText takes away a byte order mark and turns UTF-16 into UTF-8. Places
// then count bytes of the UTF-8 form.
func (r *Reader) decodeText() error {
	mark, err := r.in.Peek(3)
	if err != nil && err != io.EOF {
		return fault.New(fault.Outside, "hash list: read: %w", err)
	}
	switch {
	case bytes.HasPrefix(mark, []byte("\xef\xbb\xbf")):
		r.in.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		r.in = bufio.NewReaderSize(transform.NewReader(r.in, decoder), 1<<16)
	}
	return nil
}

func (r *Reader) note(code string, place format.Place, detail string, args ...any) {
	r.perCode[code]++
	if r.perCode[code] <= maxFindings {
		r.findings = append(r.findings, format.Finding{Code: code, Detail: fmt.Sprintf(detail, args...), Place: place})
		return
	}
	at, ok := r.counted[code]
	if !ok {
		at = len(r.findings)
		r.counted[code] = at
		r.findings = append(r.findings, format.Finding{Code: code, Detail: "further ones", Place: place})
	}
	r.findings[at].Count++
}

// deliver counts an entry and hands it on, or notes that it is of no use.
func (r *Reader) deliver(e Entry, emit func(Entry) bool) (bool, error) {
	if len(e.Values) == 0 {
		r.header.Refused++
		r.note(BadEntry, e.Place, "no usable value")
		return true, nil
	}
	r.header.Entries++
	const most = 500_000_000
	if r.header.Entries > most {
		return false, fault.New(fault.Refused, "hash list: more than %d entries", most)
	}
	return emit(e), nil
}

// finish judges the list as a whole.
func (r *Reader) finish() error {
	if r.header.Entries == 0 && r.header.Refused > 0 {
		return fault.New(fault.Invalid, "hash list: none of the %d entries is usable", r.header.Refused)
	}
	return nil
}

// short cleans a code or an id for keeping.
func (r *Reader) short(s string, place format.Place) string {
	if bytes.IndexByte([]byte(s), 0) >= 0 {
		r.note(Control, place, "NUL byte")
		s = string(bytes.ReplaceAll([]byte(s), []byte{0}, []byte("\uFFFD")))
	}
	if len(s) > maxShortText {
		r.note(Cut, place, "%d bytes", len(s))
		s = s[:maxShortText]
	}
	return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD")))
}
