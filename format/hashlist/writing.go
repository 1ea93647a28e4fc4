package hashlist

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"

	"tutela/fault"
)

// csvAlgorithms is the order of the hash columns of an exported CSV.
func csvAlgorithms() []Algorithm { return []Algorithm{SHA256, SHA1, MD5, SHA512, PDQ, PhotoDNA} }

// WriteCSV writes entries as a CSV that this package reads back without a mapping:
// UTF-8, commas, lower-case hexadecimal digits, a header with hashes, id, category
// with scheme, version and region, and all details. Texts that a spreadsheet would
// take for a formula get an apostrophe in front. An entry with several hashes of a
// kind takes several lines. It returns the number of entries.
func WriteCSV(out io.Writer, h Header, entries iter.Seq2[Entry, error]) (int, error) {
	w := bufio.NewWriter(out)
	var head []string
	for _, a := range csvAlgorithms() {
		head = append(head, string(a))
	}
	head = append(head, "id", "category", "category_scheme", "category_version", "category_region")
	writeLine(w, append(head, detailNames()...))
	n := 0
	for e, err := range entries {
		if err != nil {
			return n, err
		}
		for first := true; first || len(e.Values) > 0; first = false {
			var line []string
			for _, a := range csvAlgorithms() {
				line = append(line, hex.EncodeToString(take(&e, a)))
			}
			line = append(line, escape(e.SourceID), escape(e.Category), escape(h.Scheme), escape(h.Version), escape(h.Region))
			for _, name := range detailNames() {
				if a := e.Details.answer(name); a != nil {
					line = append(line, string(*a))
				} else {
					line = append(line, escape(*e.Details.text(name)))
				}
			}
			writeLine(w, line)
		}
		n++
	}
	return n, flush(w)
}

// take removes the first value of an algorithm from an entry and returns it.
func take(e *Entry, a Algorithm) []byte {
	at := slices.IndexFunc(e.Values, func(v Value) bool { return v.Algorithm == a })
	if at < 0 {
		return nil
	}
	b := e.Values[at].Bytes
	e.Values = slices.Delete(slices.Clone(e.Values), at, at+1)
	return b
}

func writeLine(w *bufio.Writer, cells []string) {
	for i, c := range cells {
		if i > 0 {
			w.WriteByte(',')
		}
		if strings.ContainsAny(c, ",\"\r\n") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		w.WriteString(c)
	}
	w.WriteByte('\n')
}

func flush(w *bufio.Writer) error {
	if err := w.Flush(); err != nil {
		return fault.New(fault.Outside, "hash list: write: %w", err)
	}
	return nil
}

// vicsMedia is an entry as VICS 2.0 writes it. Its members are those that public
// readers know.
type vicsMedia struct {
	MediaID            string          `json:"MediaID,omitempty"`
	Category           json.RawMessage `json:"Category,omitempty"`
	MD5                string          `json:"MD5,omitempty"`
	SHA1               string          `json:"SHA1,omitempty"`
	PhotoDNA           string          `json:"PhotoDNA,omitempty"`
	MediaSize          string          `json:"MediaSize,omitempty"`
	MimeType           string          `json:"MimeType,omitempty"`
	Series             string          `json:"Series,omitempty"`
	VictimIdentified   *bool           `json:"VictimIdentified,omitempty"`
	OffenderIdentified *bool           `json:"OffenderIdentified,omitempty"`
	IsDistributed      *bool           `json:"IsDistributed,omitempty"`
	IsPrecategorized   *bool           `json:"IsPrecategorized,omitempty"`
	DateUpdated        string          `json:"DateUpdated,omitempty"`
	Comments           string          `json:"Comments,omitempty"`
	AlternativeHashes  []vicsHash      `json:"AlternativeHashes,omitempty"`
	MediaFiles         []vicsFile      `json:"MediaFiles,omitempty"`
}

type vicsHash struct{ HashName, HashValue string }

type vicsFile struct{ FileName string }

var (
	wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)
	regionName  = regexp.MustCompile(`^[A-Za-z]{1,20}$`)
)

// WriteVICS writes entries as a list of media of VICS 2.0. The region is that of
// the header when its categories are VICS categories, and CUSTOM otherwise, because
// numbers without their scheme mean something else in each country. Details that
// VICS has no member for are left out. It returns the number of entries.
func WriteVICS(out io.Writer, h Header, entries iter.Seq2[Entry, error]) (int, error) {
	region := "CUSTOM"
	if h.Scheme == VICS && regionName.MatchString(h.Region) {
		region = h.Region
	}
	w := bufio.NewWriter(out)
	w.WriteString(`{"@odata.context":"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/` + region + `/$metadata#Media","value":[`)
	n := 0
	for e, err := range entries {
		if err != nil {
			return n, err
		}
		if n > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('\n')
		b, err := json.Marshal(mediaOf(e))
		if err != nil {
			return n, fault.New(fault.Invalid, "hash list: write: %w", err)
		}
		w.Write(b)
		n++
	}
	w.WriteString("\n]}\n")
	return n, flush(w)
}

func mediaOf(e Entry) vicsMedia {
	d := e.Details
	m := vicsMedia{MediaID: e.SourceID, MediaSize: d.Size, MimeType: d.Media, Series: d.Series, VictimIdentified: d.Victim.bool(),
		OffenderIdentified: d.Offender.bool(), IsDistributed: d.Distributed.bool(), IsPrecategorized: d.Precategorized.bool(),
		DateUpdated: d.Updated, Comments: d.Note}
	if wholeNumber.MatchString(e.Category) {
		m.Category = json.RawMessage(e.Category)
	} else if e.Category != "" {
		m.Category, _ = json.Marshal(e.Category) // a string cannot fail
	}
	m.MD5, m.SHA1 = hex.EncodeToString(take(&e, MD5)), hex.EncodeToString(take(&e, SHA1))
	m.PhotoDNA = base64.StdEncoding.EncodeToString(take(&e, PhotoDNA))
	for _, v := range e.Values {
		m.AlternativeHashes = append(m.AlternativeHashes, vicsHash{strings.ToUpper(string(v.Algorithm)), hex.EncodeToString(v.Bytes)})
	}
	if d.Name != "" {
		m.MediaFiles = []vicsFile{{d.Name}}
	}
	return m
}

// bool is the answer as VICS writes it; nil leaves the member out.
func (a Answer) bool() *bool {
	if a == "" {
		return nil
	}
	yes := a == Yes
	return &yes
}
