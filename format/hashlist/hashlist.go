package hashlist

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"

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
	Unknown      = "hashlist.unknown"   // a column, a kind of hash or a status that is not known; left out
	Elsewhere    = "hashlist.elsewhere" // a hash that the list only points to; nothing is fetched
	Unsettled    = "hashlist.unsettled" // a change of an earlier list that cannot be carried out as written
)

// maxFindings bounds the findings that are kept with their place; further ones
// of the same code are only counted.
const maxFindings = 1000

// Bounds of the texts that are kept of an entry, in bytes.
const (
	maxShortText = 256  // category codes, source ids, series
	maxNote      = 1024 // remarks
)

// Formats that Options can name.
const (
	Auto     = "auto"
	CSV      = "csv"
	VICS     = "vics"     // Project VIC JSON, models 1.2, 1.3 and 2.0
	Hashdeep = "hashdeep" // hashdeep's own text
	ICSE     = "icse"     // semicolon CSV of the international database
	NCMEC    = "ncmec"    // XML of hash sharing, version 2, a page at a time
	StopNCII = "stopncii" // JSON, a page at a time
	TAT      = "tat"      // JSON of Tech Against Terrorism, a page at a time
	NSRL     = "nsrl"     // SQLite database of RDS, version 3
	NSRLText = "nsrl-sql" // the same as SQL text: a whole database, or the changes of a quarter
)

// Formats returns the names of all formats, Auto first.
func Formats() []string {
	return []string{Auto, CSV, VICS, Hashdeep, ICSE, NCMEC, StopNCII, TAT, NSRL, NSRLText}
}

// Options say how to read a list.
type Options struct {
	Format  string   // one of Formats; "" means Auto
	Columns []string // names of the columns of a CSV without a header, for example "pdq"
	Mapping Mapping  // what the columns of a CSV mean, where their names do not say it
	Limits  format.Limits
}

// Header is what the list says about itself. It is complete after the last
// entry only, because a VICS document may name its data model at the end.
type Header struct {
	Format   string   // one of Formats, never Auto
	Scheme   string   // of the categories: "vics", "ncmec", …; "" where the list names none
	Version  string   // of the data model: "1.2", "1.3", "2.0"; "" for CSV
	Region   string   // profile of the categories: "US", "UK", "Default", …
	Release  string   // of the list, where the document names it
	Cases    bool     // a case export, not a list of media
	Columns  []string // of a CSV, as written
	Next     string   // where the next page is, as written; "" on the last page
	Delta    bool     // the document changes an earlier list, and is none by itself
	Entries  int      // that were usable
	Refused  int      // entries without a usable value
	Removals int      // entries that withdraw others
}

// Entry is one entry of a list: what is known of one file, or, with Removed, that
// an earlier entry no longer holds.
type Entry struct {
	Values   []Value
	Category string // code as written; "" where the list gives none, which is not 0
	SourceID string // the entry's id at the source; "" where it has none
	Details  Details
	Place    format.Place

	// Removed says that earlier entries of the source are withdrawn: those with
	// this SourceID (if there is one) that carry all of these Values.
	Removed bool
	// Replaces says that this entry takes the place of earlier ones, which are
	// named in the same way; by SourceID alone where there is one.
	Replaces bool
}

// Reader reads one list once.
type Reader struct {
	in       *bufio.Reader
	random   Random // the same bytes, for databases
	opt      Options
	header   Header
	findings []format.Finding
	counted  map[string]int // place in findings of the counter of a code that ran over
	perCode  map[string]int
}

// Random is a list that can be read in any order, as a database must be.
// *io.SectionReader is one.
type Random interface {
	io.ReaderAt
	Size() int64
}

// NewReader returns a Reader of the list in. Nothing is read yet. A list that is
// a database needs an in that is Random too.
func NewReader(in io.Reader, o Options) *Reader {
	o.Limits = o.Limits.OrDefault()
	random, _ := in.(Random)
	return &Reader{in: bufio.NewReaderSize(in, 1<<16), random: random, opt: o, counted: map[string]int{}, perCode: map[string]int{}}
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
	head, _ := r.in.Peek(1 << 16)
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 {
		return fault.New(fault.Invalid, "hash list: the file is empty")
	}
	kind := r.opt.Format
	if kind == "" || kind == Auto {
		if kind = recognise(head); kind == "" {
			return noList()
		}
	}
	r.header.Format = kind
	switch kind {
	case CSV, ICSE:
		return r.readCSV(emit)
	case VICS:
		return r.readVICS(emit)
	case Hashdeep:
		return r.readHashdeep(emit)
	case NCMEC:
		return r.readNCMEC(emit)
	case StopNCII, TAT:
		return r.readFeed(emit)
	case NSRL:
		return r.readNSRL(emit)
	case NSRLText:
		return r.readSQL(emit)
	}
	return fault.New(fault.Invalid, "hash list: unknown format %q", kind)
}

func noList() error {
	return fault.Hint(fault.New(fault.Invalid, "hash list: the file has none of the known formats"),
		"a web page in place of a list means that the link has expired")
}

// recognise names the format of a list that begins like head, "" for none.
func recognise(head []byte) string {
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	begins := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	line, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case begins("SQLite format 3\x00"):
		return NSRL
	case begins("%%%%"):
		return Hashdeep
	case begins("<"):
		if has("<queryResult") {
			return NCMEC
		}
		return ""
	case begins("{") && has(`"hashRecords"`):
		return StopNCII
	case begins("{") && has(`"hash_digest"`):
		return TAT
	case begins("{"), begins("["):
		return VICS
	case begins("MD5;SHA1;PhotoDNA;Image ID;"):
		return ICSE
	case statementLike.Match(line):
		return NSRLText
	}
	return CSV
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
	if e.Removed {
		r.header.Removals++
		return emit(e), nil
	}
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
	if r.header.Entries == 0 && r.header.Removals == 0 && r.header.Refused > 0 {
		return fault.New(fault.Invalid, "hash list: none of the %d entries is usable", r.header.Refused)
	}
	return nil
}

// short cleans a code or an id for keeping, note a remark.
func (r *Reader) short(s string, place format.Place) string { return r.clean(s, maxShortText, place) }

func (r *Reader) clean(s string, most int, place format.Place) string {
	if strings.IndexByte(s, 0) >= 0 {
		r.note(Control, place, "NUL byte")
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if len(s) > most {
		r.note(Cut, place, "%d bytes", len(s))
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
