package hashlist

import (
	"encoding/json"
	"slices"
	"strings"

	"tutela/fault"
)

// Mapping says what the columns of a CSV mean whose names do not say it, and whose
// numbering its categories follow. In JSON:
//
//	{"delimiter": ";", "scheme": "unit", "version": "2", "region": "XX",
//	 "columns": {"Hash": "md5", "Grade": "category", "Ref": "id", "Remark": "note"}}
//
// A column that the mapping does not name is not read.
type Mapping struct {
	Delimiter string            `json:"delimiter,omitempty"` // one of , ; | and tab; "" = as the first line shows
	Scheme    string            `json:"scheme,omitempty"`
	Version   string            `json:"version,omitempty"`
	Region    string            `json:"region,omitempty"`
	Columns   map[string]string `json:"columns,omitempty"` // name in the first line → an algorithm, "category", "id" or a name of Details
}

// ParseMapping reads a mapping from JSON. Anything that it does not understand is
// an Invalid error: a column that is read as another would be worse than none.
func ParseMapping(text []byte) (Mapping, error) {
	var m Mapping
	in := json.NewDecoder(strings.NewReader(string(text)))
	in.DisallowUnknownFields()
	if err := in.Decode(&m); err != nil {
		return Mapping{}, fault.New(fault.Invalid, "hash list: mapping: %w", err)
	}
	if in.More() {
		return Mapping{}, fault.New(fault.Invalid, "hash list: mapping: something follows after the end")
	}
	if !slices.Contains([]string{"", ",", ";", "|", "\t"}, m.Delimiter) {
		return Mapping{}, fault.New(fault.Invalid, "hash list: mapping: the delimiter is none of , ; | and tab")
	}
	seen := map[string]bool{}
	useful := false
	for _, meaning := range m.Columns {
		as, ok := meant(meaning)
		if !ok {
			return Mapping{}, fault.Hint(fault.New(fault.Invalid, "hash list: mapping: %.40q means nothing", meaning),
				"a column can be md5, sha1, sha256, sha512, pdq, photodna, category, id, "+strings.Join(detailNames(), ", "))
		}
		if seen[meaning] && as.algorithm == "" {
			return Mapping{}, fault.New(fault.Invalid, "hash list: mapping: two columns are %s", meaning)
		}
		seen[meaning], useful = true, useful || as.algorithm != ""
	}
	if len(m.Columns) > 0 && !useful {
		return Mapping{}, fault.New(fault.Invalid, "hash list: mapping: no column is a hash")
	}
	return m, nil
}

// meant is the role that a mapping gives a column.
func meant(meaning string) (role, bool) {
	switch {
	case Algorithm(meaning).Size() > 0:
		return role{algorithm: Algorithm(meaning)}, true
	case meaning == "category":
		return role{category: true}, true
	case meaning == "id":
		return role{id: true}, true
	case slices.Contains(detailNames(), meaning):
		return role{detail: meaning}, true
	}
	return role{}, false
}

// columnsMapped gives the columns the roles of the mapping.
func (r *Reader) columnsMapped(first []string) (roles []role, named bool, err error) {
	m := r.opt.Mapping
	header, left := first, len(m.Columns)
	if r.opt.Columns != nil {
		header = r.opt.Columns
	}
	for _, name := range header {
		meaning, ok := m.Columns[strings.TrimSpace(name)]
		as, _ := meant(meaning)
		if ok {
			left--
		}
		roles = append(roles, as)
	}
	if left != 0 {
		return nil, false, fault.New(fault.Invalid, "hash list: %d columns of the mapping are not in the first line, or come twice", max(left, -left))
	}
	r.header.Columns, r.header.Scheme, r.header.Version, r.header.Region = header, m.Scheme, m.Version, m.Region
	return roles, r.opt.Columns == nil, nil
}

// icseColumns are the columns of an ICSE list and what they mean, after
// HashDBTool of IPED.
func icseColumns() (names []string, roles []role) {
	return []string{"MD5", "SHA1", "PhotoDNA", "Image ID", "Is distributed", "Victim identified", "Offender identified",
			"Series name", "Number of submissions", "File Available", "Media Type", "Baseline"},
		[]role{{algorithm: MD5}, {algorithm: SHA1}, {algorithm: PhotoDNA}, {id: true}, {detail: "is_distributed"}, {detail: "victim_identified"},
			{detail: "offender_identified"}, {detail: "series"}, {}, {}, {detail: "media"}, {detail: "baseline"}}
}

func (r *Reader) columnsICSE(first []string) ([]role, bool, error) {
	names, roles := icseColumns()
	if !slices.Equal(first, names) {
		return nil, false, fault.New(fault.Invalid, "hash list: the first line is not that of an ICSE list")
	}
	r.header.Columns, r.header.Scheme = names, ICSE
	return roles, true, nil
}

// A text that a spreadsheet would take for a formula is written with an
// apostrophe in front, as spreadsheets do it themselves, and read without it.
func escape(text string) string {
	if formula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

func unescape(text string) string {
	if strings.HasPrefix(text, "'") && formula(strings.TrimLeft(text, "'")) {
		return text[1:]
	}
	return text
}

func formula(text string) bool {
	return text != "" && strings.IndexByte("=+-@\t\r", text[0]) >= 0
}
