package hashlist

import (
	"io"
	"strings"

	"tutela/fault"
)

// readHashdeep reads the output of hashdeep, version 1.0: two lines with %%%%,
// remarks with ##, then size, digests and name. A name may hold commas.
func (r *Reader) readHashdeep(emit func(Entry) bool) error {
	c := &records{in: r.in, limit: min(r.opt.Limits.Text, 1<<20), whole: true}
	first, err := c.next()
	if err == nil && strings.HasPrefix(first, "%%%% HASHDEEP-1.") {
		first, err = c.next()
	}
	names, found := strings.CutPrefix(first, "%%%% ")
	switch {
	case err != nil && err != io.EOF:
		return err
	case !found:
		return fault.New(fault.Invalid, "hash list: line %d: the line that names the columns is missing", c.place.Line)
	}
	columns := strings.Split(names, ",")
	if columns[len(columns)-1] != "filename" || columns[0] != "size" {
		return fault.New(fault.Invalid, "hash list: line %d: the columns do not go from size to filename", c.place.Line)
	}
	roles := make([]role, len(columns))
	useful := false
	for i, name := range columns {
		switch a := algorithmOf(name); {
		case a != "":
			roles[i].algorithm, useful = a, true
		case name == "size":
			roles[i].detail = "size"
		case name == "filename":
			roles[i].detail = "name"
		default:
			r.note(Unknown, c.place, "%.40q", name)
		}
	}
	if !useful {
		return fault.New(fault.Invalid, "hash list: line %d: no known hash has a column", c.place.Line)
	}
	r.header.Columns = columns
	for {
		text, err := c.next()
		if err == io.EOF {
			return r.finish()
		}
		if err != nil {
			return err
		}
		if goOn, err := r.line(c.place, strings.SplitN(text, ",", len(columns)), roles, emit); err != nil || !goOn {
			return err
		}
	}
}
