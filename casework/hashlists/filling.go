package hashlists

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
	"io"

	"tutela/fault"
	"tutela/format"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// filling is one reading of a document into the table of entries.
type filling struct {
	ctx     context.Context
	w       *db.Writer
	list    List
	reader  *hashlist.Reader
	number  int64
	rows    []db.Row
	details []db.Row
	sum     hash.Hash // of the entries
	told    hash.Hash // of the details

	gone     []hashlist.Entry // withdrawals that are not carried out yet
	replaced []hashlist.Entry // entries of the batch that take the place of earlier ones
	keys     map[string]bool  // of replaced
}

func (f *filling) findings() []format.Finding { return f.reader.Findings() }

func fill(ctx context.Context, w *db.Writer, l List, in io.Reader, o hashlist.Options) (*filling, error) {
	document := sha256.New()
	var source io.Reader = io.TeeReader(in, document)
	if random, ok := in.(hashlist.Random); ok {
		source = tee{source, random}
	}
	f := &filling{ctx: ctx, w: w, list: l, reader: hashlist.NewReader(source, o), sum: sha256.New(), told: sha256.New(), keys: map[string]bool{}}
	f.list.Values, f.list.Gone = 0, 0
	for e, err := range f.reader.Entries() {
		if err != nil {
			return f, err
		}
		if err := f.take(e); err != nil {
			return f, err
		}
	}
	if err := f.flush(); err != nil {
		return f, err
	}
	if _, err := io.Copy(io.Discard, source); err != nil {
		return f, fault.New(fault.Outside, "hash list: read: %w", err)
	}
	if got := digest.ID(document.Sum(nil)); got != l.Document {
		return f, fault.New(fault.Corrupt, "hash list: the bytes read have SHA-256 %v, the sealed document %v", got, l.Document)
	}
	h := f.reader.Header()
	if h.Scheme == "" && f.list.Scheme != "" {
		h.Scheme = l.Source // the codes are the source's own
	}
	f.list.Format, f.list.Scheme, f.list.Model, f.list.Region = h.Format, h.Scheme, h.Version, h.Region
	f.list.Removals, f.list.Release, f.list.Next = int64(h.Removals), h.Release, h.Next
	f.list.Entries, f.list.Refused, f.list.Digest = int64(h.Entries), int64(h.Refused), digest.ID(f.sum.Sum(nil))
	if l.read {
		f.list.DetailsDigest = digest.ID(f.told.Sum(nil))
	}
	return f, fits(h.Format, l.Purpose)
}

// tee is a stream whose bytes are noted, and the same bytes for reading in any
// order.
type tee struct {
	io.Reader
	hashlist.Random
}

// take brings one entry in. A withdrawal concerns what came before it; so the
// entries before it are written first.
func (f *filling) take(e hashlist.Entry) error {
	if e.Removed {
		if len(f.rows) > 0 {
			if err := f.flush(); err != nil {
				return err
			}
		}
		f.gone = append(f.gone, e)
	} else {
		if len(f.gone) > 0 || f.keys[takesPlace(e)] {
			if err := f.flush(); err != nil {
				return err
			}
		}
		f.add(e)
	}
	if len(f.rows) >= batch || len(f.gone) >= batch {
		return f.flush()
	}
	return nil
}

// takesPlace names what an entry takes the place of.
func takesPlace(e hashlist.Entry) string {
	switch {
	case !e.Replaces:
		return ""
	case e.SourceID != "":
		return "id " + e.SourceID
	}
	return string(e.Values[0].Algorithm) + " " + string(e.Values[0].Bytes)
}

// add turns an entry into rows, its values in the order of sorted.
func (f *filling) add(e hashlist.Entry) {
	f.number++
	if e.Replaces {
		f.keys[takesPlace(e)] = true
		f.replaced = append(f.replaced, e)
	}
	if e.Category != "" && f.list.Scheme == "" {
		f.list.Scheme = f.list.Source
	}
	values := sorted(e.Values)
	for _, v := range values {
		row := Entry{Algorithm: string(v.Algorithm), Value: v.Bytes, List: f.list.ID, Number: f.number,
			Category: db.Text(e.Category), SourceID: db.Text(e.SourceID), Barred: v.Barred, State: Active}
		io.WriteString(f.sum, row.line())
		f.rows = append(f.rows, row.row())
	}
	f.list.Values += int64(len(values))
	if f.list.read && e.Details != (hashlist.Details{}) {
		b, _ := json.Marshal(e.Details) // strings cannot fail
		d := detail{f.list.ID, f.number, db.Text(string(b))}
		io.WriteString(f.told, d.line())
		f.details = append(f.details, d.row())
	}
}

// flush carries out the withdrawals and writes the rows that are waiting.
func (f *filling) flush() error {
	if err := f.end(f.gone, Withdrawn); err != nil {
		return err
	}
	if err := f.end(f.replaced, Superseded); err != nil {
		return err
	}
	f.gone, f.replaced = f.gone[:0], f.replaced[:0]
	clear(f.keys)
	err := f.w.Put(f.ctx, entryTable, f.rows...)
	if err == nil && len(f.details) > 0 {
		err = f.w.Put(f.ctx, detailTable, f.details...)
	}
	f.rows, f.details = f.rows[:0], f.details[:0]
	return err
}
