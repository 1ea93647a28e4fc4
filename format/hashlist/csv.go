package hashlist

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"tutela/fault"
	"tutela/format"
)

// role is what a column is good for.
type role struct {
	algorithm Algorithm
	category  bool
	id        bool
	detail    string // name of a detail
	scheme    string // "scheme", "version" or "region" of the category
}

// roleOf reads the name of a column as lists spell it. Only names that cannot
// mean anything else are taken.
func roleOf(name string) role {
	if a := algorithmOf(name); a != "" {
		return role{algorithm: a}
	}
	switch plainName(name) {
	case "category", "label", "class", "classification", "cat":
		return role{category: true}
	case "id", "imageid", "mediaid", "sourceid", "entryid":
		return role{id: true}
	case "categoryscheme", "categoryversion", "categoryregion":
		return role{scheme: strings.TrimPrefix(plainName(name), "category")}
	}
	if name = strings.TrimSpace(name); slices.Contains(detailNames(), name) {
		return role{detail: name}
	}
	return role{}
}

// records splits a CSV into records, each with its place.
type records struct {
	in    *bufio.Reader
	delim byte
	limit int64 // bytes of one record
	whole bool  // a record is a line: quotes mean nothing
	line  int
	at    int64
	place format.Place // of the last record
}

// next returns the next record that is neither blank nor a comment.
func (c *records) next() (string, error) {
	for {
		c.place = format.Place{Offset: c.at, Line: c.line + 1}
		text, err := c.readLine()
		if err != nil {
			return "", err
		}
		for !c.whole && strings.Count(text, `"`)%2 == 1 {
			more, err := c.readLine()
			if err == io.EOF || int64(len(text)+len(more)) > c.limit {
				return "", fault.New(fault.Corrupt, "hash list: line %d: quote is never closed", c.place.Line)
			}
			if err != nil {
				return "", err
			}
			text += "\n" + more
		}
		c.place.Length = c.at - c.place.Offset
		if t := strings.TrimSpace(text); t != "" && t[0] != '#' {
			return text, nil
		}
	}
}

func (c *records) readLine() (string, error) {
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		c.at += int64(len(part))
		line = append(line, part...)
		if int64(len(line)) > c.limit {
			return "", fault.New(fault.Corrupt, "hash list: line %d is longer than %d bytes", c.line+1, c.limit)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			return "", fault.New(fault.Corrupt, "hash list: line %d: %w", c.line+1, err)
		}
		if err == io.EOF && len(line) == 0 {
			return "", io.EOF
		}
		c.line++
		return strings.TrimRight(string(line), "\r\n"), nil
	}
}

// cells splits a record; a quoted cell may hold the delimiter, and a doubled
// quote in it is one.
func cells(text string, delim byte) []string {
	var out []string
	for {
		var cell string
		if strings.HasPrefix(text, `"`) {
			var b strings.Builder
			rest := text[1:]
			for {
				before, after, _ := strings.Cut(rest, `"`)
				b.WriteString(before)
				if !strings.HasPrefix(after, `"`) {
					rest = after
					break
				}
				b.WriteByte('"')
				rest = after[1:]
			}
			at := strings.IndexByte(rest, delim)
			if at < 0 {
				return append(out, b.String()+rest)
			}
			cell, text = b.String()+rest[:at], rest[at+1:]
		} else {
			at := strings.IndexByte(text, delim)
			if at < 0 {
				return append(out, text)
			}
			cell, text = text[:at], text[at+1:]
		}
		out = append(out, cell)
	}
}

func (r *Reader) readCSV(emit func(Entry) bool) error {
	c := &records{in: r.in, limit: min(r.opt.Limits.Text, 1<<20)}
	first, err := c.next()
	if err == io.EOF {
		return fault.New(fault.Invalid, "hash list: the file holds no entry")
	}
	if err != nil {
		return err
	}
	if c.delim = delimiter(first); r.opt.Mapping.Delimiter != "" {
		c.delim = r.opt.Mapping.Delimiter[0]
	}
	roles, named, err := r.columns(cells(first, c.delim), c.delim)
	if err != nil {
		return err
	}
	for text := first; ; {
		if !named {
			if goOn, err := r.line(c.place, cells(text, c.delim), roles, emit); err != nil || !goOn {
				return err
			}
		}
		named = false
		if text, err = c.next(); err == io.EOF {
			return r.finish()
		} else if err != nil {
			return err
		}
	}
}

// delimiter is the one of semicolon, tab and comma that the first line has most.
func delimiter(first string) byte {
	best := byte(',')
	for _, d := range []byte{';', '\t'} {
		if strings.Count(first, string(d)) > strings.Count(first, string(best)) {
			best = d
		}
	}
	return best
}

// columns gives each column its role, by the mapping, the first line or the
// options; named says that the first line was a header. One bare hash of 32 or 40
// digits names itself; 64 digits may be SHA-256 or PDQ, and that is not guessed.
func (r *Reader) columns(first []string, delim byte) (roles []role, named bool, err error) {
	if r.header.Format == ICSE {
		return r.columnsICSE(first)
	}
	if len(r.opt.Mapping.Columns) > 0 {
		return r.columnsMapped(first)
	}
	header := r.opt.Columns
	for _, cell := range first {
		if algorithmOf(cell) != "" {
			named, header = true, first
		}
	}
	if header == nil && len(first) == 1 {
		switch {
		case isDigest(MD5, first[0]):
			header = []string{string(MD5)}
		case isDigest(SHA1, first[0]):
			header = []string{string(SHA1)}
		}
	}
	useful := false
	for _, name := range header {
		roles = append(roles, roleOf(name))
		useful = useful || roles[len(roles)-1].algorithm != ""
	}
	if !useful {
		return nil, false, fault.Hint(fault.New(fault.Invalid, "hash list: the first line names no known hash column"),
			"name the columns in the order of the file, for example sha256,md5,category")
	}
	if delim == ',' && strings.Contains(strings.Join(first, ";"), "PhotoDNA;Image ID;Is distributed;") {
		return nil, false, fault.New(fault.Invalid, "hash list: an ICSE list has semicolons between its columns, not commas")
	}
	for i, as := range roles {
		if as == (role{}) {
			r.note(Unknown, format.Place{}, "column %.40q", header[i])
		}
	}
	r.header.Columns = header
	return roles, named, nil
}

func isDigest(a Algorithm, text string) bool {
	_, ok := parse(a, strings.TrimSpace(text))
	return ok
}

// line reads one record into an entry.
func (r *Reader) line(place format.Place, got []string, roles []role, emit func(Entry) bool) (bool, error) {
	if len(got) != len(roles) {
		r.header.Refused++
		r.note(BadLine, place, "%d columns, the header has %d", len(got), len(roles))
		return true, nil
	}
	e := Entry{Place: place}
	for i, cell := range got {
		switch as := roles[i]; {
		case as.algorithm != "":
			r.value(&e, as.algorithm, cell, place)
		case as.category:
			e.Category = r.short(unescape(strings.TrimSpace(cell)), place)
		case as.id:
			e.SourceID = r.short(unescape(strings.TrimSpace(cell)), place)
		case as.detail != "":
			r.set(&e, as.detail, unescape(cell), place)
		case as.scheme != "":
			r.scheme(as.scheme, unescape(strings.TrimSpace(cell)), place)
		}
	}
	if r.header.Format == ICSE && e.Details.Baseline == Yes {
		e.Category = "baseline"
	}
	return r.deliver(e, emit)
}

// scheme notes whose numbering the categories follow. A list has one; a line that
// names another is told.
func (r *Reader) scheme(which, text string, place format.Place) {
	field := map[string]*string{"scheme": &r.header.Scheme, "version": &r.header.Version, "region": &r.header.Region}[which]
	if text = r.short(text, place); *field == "" {
		*field = text
	} else if *field != text {
		r.note(BadValue, place, "another %s of the category", which)
	}
}
