package hashlist

import (
	"slices"
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/format"
	"tutela/format/sqlite"
)

// nsrlColumns is the order of the columns of FILE in RDS, version 3.
func nsrlColumns() []string {
	return []string{"sha256", "sha1", "md5", "crc32", "file_name", "file_size", "package_id"}
}

// readNSRL reads the table FILE of an RDS database, version 3: known software.
func (r *Reader) readNSRL(emit func(Entry) bool) error {
	if r.random == nil {
		return fault.New(fault.Invalid, "hash list: a database cannot be read from a stream")
	}
	db, err := sqlite.Open(r.random, r.random.Size(), r.opt.Limits)
	if err != nil {
		return err
	}
	tables, err := db.Tables()
	if err != nil {
		return err
	}
	named := func(name string) int {
		return slices.IndexFunc(tables, func(t sqlite.Table) bool { return strings.EqualFold(t.Name, name) })
	}
	file := named("FILE")
	if file < 0 || !slices.Contains(tables[file].Columns, "sha256") {
		return fault.New(fault.Invalid, "hash list: the database has no table FILE with hashes")
	}
	if v := named("VERSION"); v >= 0 {
		for row, err := range db.Rows(tables[v]) {
			if err != nil {
				return err
			}
			r.release(tables[v].Columns, texts(row.Values))
		}
	}
	r.header.Columns = tables[file].Columns
	for row, err := range db.Rows(tables[file]) {
		if err != nil {
			return err
		}
		e := r.fileRow(r.header.Columns, texts(row.Values), format.Place{Offset: row.Offset})
		if goOn, err := r.deliver(e, emit); err != nil || !goOn {
			return err
		}
	}
	return r.finish()
}

// texts writes the values of a row as text; blobs have none.
func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			out[i] = v
		case int64:
			out[i] = strconv.FormatInt(v, 10)
		}
	}
	return out
}

// fileRow makes an entry of a row of FILE. Several rows can tell of one content;
// package and name tell them apart and make the entry's id.
func (r *Reader) fileRow(columns, values []string, place format.Place) Entry {
	e := Entry{Place: place}
	id := ""
	for i, column := range columns[:min(len(columns), len(values))] {
		switch column {
		case "sha256", "sha1", "md5":
			r.value(&e, Algorithm(column), values[i], place)
		case "file_name":
			r.set(&e, "name", values[i], place)
		case "file_size":
			r.set(&e, "size", values[i], place)
		case "package_id":
			id = values[i]
		}
	}
	e.SourceID = rowID(id, e.Details.Name)
	return e
}

func rowID(id, name string) string {
	out := id + "/" + name
	return strings.ToValidUTF8(out[:min(len(out), maxShortText)], "\uFFFD")
}

// release notes which release of the list a row of VERSION names; the last counts.
func (r *Reader) release(columns, values []string) {
	at := slices.Index(columns, "version")
	if columns == nil {
		at = 0
	}
	if at >= 0 && at < len(values) {
		r.header.Release = r.short(values[at], format.Place{})
	}
}
