package hashlists

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"tutela/fault"
	"tutela/format"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// batch is how many values go to the database at a time.
const batch = 4000

// Import reads the document in and makes l an active list. Of l the caller fills
// ID, Source, Version, Purpose, Terms, Recipients, Officer, At, Document and Delta;
// the list is returned complete. The bytes that are read must be those of Document,
// which is checked; a database must be Random. Active lists of the same source and
// purpose but another version become superseded, unless l is a delta; parts of one
// version stand side by side, and what a part withdraws is withdrawn in all of
// them. Any error means that the whole act must fail, which it does when it is
// returned from it: then nothing has changed.
func Import(ctx context.Context, w *db.Writer, l List, in io.Reader, o hashlist.Options) (List, []format.Finding, error) {
	if err := l.check(); err != nil {
		return List{}, nil, err
	}
	changed, err := superseded(ctx, w, l)
	if err != nil {
		return List{}, nil, err
	}
	if l.Mapping, err = mappingText(o.Mapping); err != nil {
		return List{}, nil, err
	}
	l.read = true
	f, err := fill(ctx, w, l, in, o)
	if err != nil {
		return List{}, f.findings(), err
	}
	if l = f.list; f.reader.Header().Delta && !l.Delta {
		return List{}, f.findings(), fault.Hint(fault.New(fault.Invalid, "hash list: the document changes an earlier list and is none by itself"),
			"import it as a delta of that list")
	}
	l.State, l.Columns = Active, strings.Join(o.Columns, ",")
	if err := w.Put(ctx, listTable, append(changed, l.row())...); err != nil {
		return List{}, f.findings(), err
	}
	return l, f.findings(), w.Put(ctx, readingTable, l.readingRow())
}

// superseded returns the rows of the lists whose place l takes.
func superseded(ctx context.Context, w *db.Writer, l List) ([]db.Row, error) {
	same, err := db.Collect(ctx, w, scanList, selectList+" WHERE source = ?1 AND purpose = ?2 AND state = 'active' ORDER BY id",
		l.Source, string(l.Purpose))
	if err != nil {
		return nil, err
	}
	if l.Delta && len(same) == 0 {
		return nil, fault.New(fault.NotFound, "hash list: a delta needs an active list of the same source and purpose")
	}
	var changed []db.Row
	for _, old := range same {
		switch {
		case old.Document == l.Document && old.Version == l.Version:
			return nil, fault.New(fault.Invalid, "hash list: this document is active already as list %s", string(old.ID))
		case old.Version != l.Version && !l.Delta:
			old.State, old.Why = Superseded, "version "+l.Version
			changed = append(changed, old.row())
		}
	}
	return changed, nil
}

func mappingText(m hashlist.Mapping) (string, error) {
	b, err := json.Marshal(m)
	if err != nil || string(b) == "{}" {
		return "", err
	}
	_, err = hashlist.ParseMapping(b)
	return string(b), err
}

// Refill reads the entries of a list from its document again. It returns a
// Corrupt error when they are not the entries that were imported. Because lists
// withdraw entries of earlier ones, all are refilled in the order of their import.
func Refill(ctx context.Context, w *db.Writer, l List, in io.Reader) error {
	o := hashlist.Options{Format: l.Format}
	if l.Columns != "" {
		o.Columns = strings.Split(l.Columns, ",")
	}
	if l.Mapping != "" {
		var err error
		if o.Mapping, err = hashlist.ParseMapping([]byte(l.Mapping)); err != nil {
			return err
		}
	}
	f, err := fill(ctx, w, l, in, o)
	if err != nil {
		return err
	}
	if f.list.Digest != l.Digest || f.list.DetailsDigest != l.DetailsDigest {
		return fault.New(fault.Corrupt, "hash list: list %s: the document gives other entries than at the import", string(l.ID))
	}
	return again(ctx, w, l.ID)
}

// sorted orders the values of an entry and drops repetitions.
func sorted(in []hashlist.Value) []hashlist.Value {
	out := slices.Clone(in)
	slices.SortFunc(out, func(a, b hashlist.Value) int {
		return cmp.Or(strings.Compare(string(a.Algorithm), string(b.Algorithm)), bytes.Compare(a.Bytes, b.Bytes))
	})
	return slices.CompactFunc(out, func(a, b hashlist.Value) bool {
		return a.Algorithm == b.Algorithm && bytes.Equal(a.Bytes, b.Bytes)
	})
}

// line is what List.Digest covers of a value: number, algorithm, value in
// hexadecimal digits, category and source id quoted, and whether it is barred.
func (e Entry) line() string {
	return fmt.Sprintf("%d %s %x %q %q %v\n", e.Number, e.Algorithm, e.Value, e.Category, e.SourceID, e.Barred)
}

// line is what List.DetailsDigest covers of an entry: its number and its details
// in JSON, where it has any.
func (d detail) line() string { return fmt.Sprintf("%d %s\n", d.Number, d.Text) }

// Check reads the entries of a list from the database and returns a Corrupt
// error when they are not those that were imported.
func Check(ctx context.Context, q db.Queryer, l List) error {
	sum, details := sha256.New(), sha256.New()
	n, _, err := db.One(ctx, q, func(r *sql.Rows) (n int64, err error) { err = r.Scan(&n); return n, err },
		"SELECT COUNT(*) FROM hash_list_entry WHERE list_id = ?1", string(l.ID))
	if err != nil {
		return err
	}
	for p, err := range pages(ctx, q, l) {
		if err != nil {
			return err
		}
		for _, e := range p.values {
			io.WriteString(sum, e.line())
		}
		for _, d := range p.details {
			io.WriteString(details, d.line())
		}
	}
	if digest.ID(sum.Sum(nil)) != l.Digest || n != l.Values || l.read && digest.ID(details.Sum(nil)) != l.DetailsDigest {
		return fault.New(fault.Corrupt, "hash list: list %s: its entries are not those that were imported", string(l.ID))
	}
	return nil
}
