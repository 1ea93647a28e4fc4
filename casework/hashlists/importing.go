package hashlists

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"hash"
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
// ID, Source, Version, Purpose, Terms, Recipients, Officer, At and Document; the
// list is returned complete. The bytes that are read must be those of Document,
// which is checked. Active lists of the same source and purpose but another
// version become superseded; parts of one version stand side by side. Any error
// means that the whole act must fail, which it does when it is returned from it:
// then nothing has changed.
func Import(ctx context.Context, w *db.Writer, l List, in io.Reader, o hashlist.Options) (List, []format.Finding, error) {
	if err := l.check(); err != nil {
		return List{}, nil, err
	}
	same, err := db.Collect(ctx, w, scanList, selectList+" WHERE source = ?1 AND purpose = ?2 AND state = 'active' ORDER BY id",
		l.Source, string(l.Purpose))
	if err != nil {
		return List{}, nil, err
	}
	var changed []db.Row
	for _, old := range same {
		switch {
		case old.Document == l.Document && old.Version == l.Version:
			return List{}, nil, fault.New(fault.Invalid, "hash list: this document is active already as list %s", string(old.ID))
		case old.Version != l.Version:
			old.State, old.Why = Superseded, "version "+l.Version
			changed = append(changed, old.row())
		}
	}
	f, err := fill(ctx, w, l, in, o)
	if err != nil {
		return List{}, f.findings(), err
	}
	l = f.list
	l.State, l.Columns = Active, strings.Join(o.Columns, ",")
	return l, f.findings(), w.Put(ctx, listTable, append(changed, l.row())...)
}

// Refill reads the entries of a list from its document again. It returns a
// Corrupt error when they are not the entries that were imported.
func Refill(ctx context.Context, w *db.Writer, l List, in io.Reader) error {
	o := hashlist.Options{Format: l.Format}
	if l.Columns != "" {
		o.Columns = strings.Split(l.Columns, ",")
	}
	f, err := fill(ctx, w, l, in, o)
	if err != nil {
		return err
	}
	if f.list.Digest != l.Digest {
		return fault.New(fault.Corrupt, "hash list: list %s: the document gives other entries than at the import", string(l.ID))
	}
	return nil
}

// filling is one reading of a document into the table of entries.
type filling struct {
	list   List
	reader *hashlist.Reader
	rows   []db.Row
	sum    hash.Hash
}

func (f *filling) findings() []format.Finding { return f.reader.Findings() }

func fill(ctx context.Context, w *db.Writer, l List, in io.Reader, o hashlist.Options) (*filling, error) {
	document := sha256.New()
	all := io.TeeReader(in, document)
	f := &filling{list: l, reader: hashlist.NewReader(all, o), sum: sha256.New()}
	f.list.Values = 0
	var number int64
	for e, err := range f.reader.Entries() {
		if err != nil {
			return f, err
		}
		number++
		f.add(e, number)
		if len(f.rows) >= batch {
			if err := f.flush(ctx, w); err != nil {
				return f, err
			}
		}
	}
	if err := f.flush(ctx, w); err != nil {
		return f, err
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return f, fault.New(fault.Outside, "hash list: read: %w", err)
	}
	if got := digest.ID(document.Sum(nil)); got != l.Document {
		return f, fault.New(fault.Corrupt, "hash list: the bytes read have SHA-256 %v, the sealed document %v", got, l.Document)
	}
	h := f.reader.Header()
	f.list.Format, f.list.Scheme, f.list.Model, f.list.Region = h.Format, h.Scheme, h.Version, h.Region
	f.list.Entries, f.list.Refused, f.list.Digest = int64(h.Entries), int64(h.Refused), digest.ID(f.sum.Sum(nil))
	return f, nil
}

// add turns an entry into rows, its values in the order of sorted.
func (f *filling) add(e hashlist.Entry, number int64) {
	values := sorted(e.Values)
	for _, v := range values {
		row := Entry{Algorithm: string(v.Algorithm), Value: v.Bytes, List: f.list.ID, Number: number,
			Category: db.Text(e.Category), SourceID: db.Text(e.SourceID), Barred: v.Barred, State: Active}
		io.WriteString(f.sum, row.line())
		f.rows = append(f.rows, row.row())
	}
	f.list.Values += int64(len(values))
}

func (f *filling) flush(ctx context.Context, w *db.Writer) error {
	err := w.Put(ctx, entryTable, f.rows...)
	f.rows = f.rows[:0]
	return err
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

// Check reads the entries of a list from the database and returns a Corrupt
// error when they are not those that were imported.
func Check(ctx context.Context, q db.Queryer, l List) error {
	sum := sha256.New()
	n, _, err := db.One(ctx, q, func(r *sql.Rows) (n int64, err error) { err = r.Scan(&n); return n, err },
		"SELECT COUNT(*) FROM hash_list_entry WHERE list_id = ?1", string(l.ID))
	if err != nil {
		return err
	}
	for from := int64(0); ; {
		const step = 2000 // entries at a time
		page, err := db.Collect(ctx, q, scanEntry, selectEntry+" WHERE e.list_id = ?1 AND e.number > ?2 AND e.number <= ?3",
			string(l.ID), from, from+step)
		if err != nil {
			return err
		}
		slices.SortFunc(page, func(a, b Entry) int {
			return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.Algorithm, b.Algorithm), bytes.Compare(a.Value, b.Value))
		})
		for _, e := range page {
			io.WriteString(sum, e.line())
		}
		if from += step; from >= l.Entries {
			break
		}
	}
	if digest.ID(sum.Sum(nil)) != l.Digest || n != l.Values {
		return fault.New(fault.Corrupt, "hash list: list %s: its entries are not those that were imported", string(l.ID))
	}
	return nil
}
