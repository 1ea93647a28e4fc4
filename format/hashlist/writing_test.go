package hashlist

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tutela/fault"
)

func each(entries []Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range entries {
			if !e.Removed && !yield(e, nil) {
				return
			}
		}
	}
}

// plain brings entries into the form in which both sides of a round trip agree:
// hashes in one order, and line ends that a CSV keeps.
func plain(entries []Entry, keep func(*Entry)) []Entry {
	var out []Entry
	for _, e := range entries {
		if e.Removed {
			continue
		}
		e.Values = slices.Clone(e.Values)
		slices.SortFunc(e.Values, func(a, b Value) int {
			return strings.Compare(string(a.Algorithm)+string(a.Bytes), string(b.Algorithm)+string(b.Bytes))
		})
		e.Details.Note = strings.ReplaceAll(e.Details.Note, "\r\n", "\n")
		e.Replaces = false
		keep(&e)
		out = append(out, e)
	}
	return out
}

// TestRoundTrip exports every list of the conformance data and reads it back.
func TestRoundTrip(t *testing.T) {
	lists := map[string]result{}
	for _, name := range []string{"vics-1.3.json", "vics-2.0.json", "vics-1.2-known.json", "vics-2.0-case.json", "vics-2.0-odd-order.json",
		"icse.csv", "hashdeep.txt", "plain.csv", "plain-utf16.csv", "hex-lines.txt", "ncmec-v2-page1.xml", "stopncii-page2.json", "tat-page.json",
		"nsrl-v3-minimal.sql", "broken/plain-formula.csv", "broken/plain-nul.csv", "broken/vics-category-text.json"} {
		lists[name] = readFile(t, name, Options{})
	}
	ignore := cmpopts.IgnoreFields(Entry{}, "Place")
	for name, r := range lists {
		if r.err != nil || len(r.entries) == 0 {
			t.Fatalf("%s: %v", name, r.err)
		}
		var b bytes.Buffer
		n, err := WriteCSV(&b, r.Header(), each(r.entries))
		again := readText(b.String(), Options{})
		whole := func(*Entry) {}
		if err != nil || n != r.Header().Entries || again.err != nil {
			t.Fatalf("%s as CSV: %d entries, %v, %v", name, n, err, again.err)
		}
		if diff := cmp.Diff(plain(r.entries, whole), plain(again.entries, whole), ignore); diff != "" {
			t.Errorf("%s as CSV: %s", name, diff)
		}
		if a, z := r.Header(), again.Header(); a.Scheme != z.Scheme || a.Version != z.Version || a.Region != z.Region {
			t.Errorf("%s as CSV: the scheme %+v became %+v", name, a, z)
		}
		b.Reset()
		n, err = WriteVICS(&b, r.Header(), each(r.entries))
		again = readText(b.String(), Options{})
		if err != nil || n != r.Header().Entries || again.err != nil || again.Header().Version != "2.0" {
			t.Fatalf("%s as VICS: %d entries, %v, %v", name, n, err, again.err)
		}
		known := func(e *Entry) { // what VICS has members for
			d := e.Details
			e.Details = Details{Series: d.Series, Victim: d.Victim, Offender: d.Offender, Distributed: d.Distributed,
				Precategorized: d.Precategorized, Size: d.Size, Media: d.Media, Updated: d.Updated, Note: d.Note}
		}
		if diff := cmp.Diff(plain(r.entries, known), plain(again.entries, known), ignore); diff != "" {
			t.Errorf("%s as VICS: %s", name, diff)
		}
	}
}

func TestFormulasAreEscaped(t *testing.T) {
	var b bytes.Buffer
	for _, text := range []string{"=1+1", "@x", "-1", "+2", "'=x", "''", "plain", "a\"b,c\nd", "\t=x"} {
		e := Entry{Values: []Value{{MD5, bytes.Repeat([]byte{7, 8}, 8), false}}, Category: text}
		b.Reset()
		if _, err := WriteCSV(&b, Header{}, each([]Entry{e})); err != nil {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(b.String(), "\n")
		for _, cell := range cells(line, ',') {
			if formula(cell) {
				t.Errorf("%q is written as %q", text, cell)
			}
		}
		if r := readText(b.String(), Options{}); len(r.entries) != 1 || r.entries[0].Category != text {
			t.Errorf("%q came back as %+v, %v", text, r.entries, r.err)
		}
	}
}

// TestSeveralHashesOfAKind keeps all values: on several lines of a CSV, and as
// alternatives in VICS.
func TestSeveralHashesOfAKind(t *testing.T) {
	e := Entry{SourceID: "7", Category: "2"}
	for i := range 3 {
		e.Values = append(e.Values, Value{MD5, bytes.Repeat([]byte{byte(i), 9}, 8), false})
	}
	for _, write := range []func(*bytes.Buffer) (int, error){
		func(b *bytes.Buffer) (int, error) { return WriteCSV(b, Header{}, each([]Entry{e})) },
		func(b *bytes.Buffer) (int, error) { return WriteVICS(b, Header{}, each([]Entry{e})) },
	} {
		var b bytes.Buffer
		if n, err := write(&b); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		r := readText(b.String(), Options{})
		values := 0
		for _, got := range r.entries {
			values += len(got.Values)
			if got.SourceID != "7" || got.Category != "2" {
				t.Errorf("%+v", got)
			}
		}
		if values != 3 {
			t.Errorf("%d values: %s", values, b.String())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	for _, write := range []func(iter.Seq2[Entry, error]) (int, error){
		func(s iter.Seq2[Entry, error]) (int, error) { return WriteCSV(full{}, Header{}, s) },
		func(s iter.Seq2[Entry, error]) (int, error) { return WriteVICS(full{}, Header{}, s) },
	} {
		if _, err := write(each(nil)); fault.KindOf(err) != fault.Outside {
			t.Errorf("a full disk gave %v", err)
		}
		gone := errors.New("gone")
		if _, err := write(func(yield func(Entry, error) bool) { yield(Entry{}, gone) }); !errors.Is(err, gone) {
			t.Errorf("a failed reading gave %v", err)
		}
	}
}
