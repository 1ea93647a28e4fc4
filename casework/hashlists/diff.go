package hashlists

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"iter"
	"slices"

	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault/db"
)

// Kinds of difference between two lists.
const (
	Added       = "added"
	Missing     = "missing"
	Categorised = "category" // the value is in both, under other category codes
)

// Difference is one value that two lists do not tell alike.
type Difference struct {
	Kind     string
	Value    hashlist.Value
	SourceID string // in the list that has it, the second one where both have
	Was, Is  string // category codes in the first and the second list
}

// Differences counts values.
type Differences struct {
	Same, Added, Missing, Categorised int64
}

// Diff compares the active entries of an imported list with other ones, value by
// value, and reports each difference: first what the others add or categorise
// otherwise, in their order, then what they lack, in the order of the list. Whether
// a value comes once or more often makes no difference. Memory grows by 16 bytes
// for each value of the others. The caller compares lists of one scheme only: codes
// of two schemes are never equal.
func Diff(ctx context.Context, q db.Queryer, of List, others iter.Seq2[hashlist.Entry, error], report func(Difference) error) (Differences, error) {
	d := differ{ctx: ctx, q: q, of: of, report: report}
	var part []hashlist.Entry
	for e, err := range others {
		if err != nil {
			return d.n, err
		}
		if e.Removed {
			continue
		}
		if part = append(part, e); len(part) == 1000 {
			if err := d.compare(part); err != nil {
				return d.n, err
			}
			part = part[:0]
		}
	}
	if err := d.compare(part); err != nil {
		return d.n, err
	}
	return d.n, d.missing()
}

type differ struct {
	ctx    context.Context
	q      db.Queryer
	of     List
	report func(Difference) error
	n      Differences
	seen   []sign
}

// sign stands for a value: half of a SHA-256.
type sign [16]byte

func signOf(algorithm string, value []byte) sign {
	sum := sha256.Sum256(append([]byte(algorithm+" "), value...))
	return sign(sum[:16])
}

func (d *differ) compare(part []hashlist.Entry) error {
	values := map[hashlist.Algorithm][][]byte{}
	for _, e := range part {
		for _, v := range e.Values {
			values[v.Algorithm] = append(values[v.Algorithm], v.Bytes)
		}
	}
	codes := map[sign][]string{}
	for a, bs := range values {
		found, err := db.CollectIn(d.ctx, d.q, scanEntry, selectEntry+" WHERE e.value IN (?*) AND e.algorithm = ?1 AND e.state = 'active'", bs, string(a))
		if err != nil {
			return err
		}
		for _, e := range found {
			if e.List == d.of.ID { // asked of the database, it would go through the whole list
				s := signOf(e.Algorithm, e.Value)
				codes[s] = append(codes[s], e.Category)
			}
		}
	}
	for _, e := range part {
		for _, v := range e.Values {
			s := signOf(string(v.Algorithm), v.Bytes)
			d.seen = append(d.seen, s)
			if err := d.judge(e, v, codes[s]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *differ) judge(e hashlist.Entry, v hashlist.Value, codes []string) error {
	switch {
	case codes == nil:
		d.n.Added++
		return d.report(Difference{Added, v, e.SourceID, "", e.Category})
	case !slices.Contains(codes, e.Category):
		d.n.Categorised++
		return d.report(Difference{Categorised, v, e.SourceID, slices.Min(codes), e.Category})
	}
	d.n.Same++
	return nil
}

// missing reports what the list has and the others lack.
func (d *differ) missing() error {
	slices.SortFunc(d.seen, func(a, b sign) int { return bytes.Compare(a[:], b[:]) })
	for e, err := range Stream(d.ctx, d.q, d.of) {
		if err != nil {
			return err
		}
		for _, v := range e.Values {
			s := signOf(string(v.Algorithm), v.Bytes)
			if _, ok := slices.BinarySearchFunc(d.seen, s, func(a, b sign) int { return bytes.Compare(a[:], b[:]) }); ok {
				continue
			}
			d.n.Missing++
			if err := d.report(Difference{Missing, v, e.SourceID, e.Category, ""}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Export writes the active entries of a list in one of the forms hashlist.CSV and
// hashlist.VICS, with the scheme of its categories, and returns how many it wrote.
func Export(ctx context.Context, q db.Queryer, l List, form string, out io.Writer) (int, error) {
	h := hashlist.Header{Scheme: l.Scheme, Version: l.Model, Region: l.Region}
	switch form {
	case hashlist.CSV:
		return hashlist.WriteCSV(out, h, Stream(ctx, q, l))
	case hashlist.VICS:
		return hashlist.WriteVICS(out, h, Stream(ctx, q, l))
	}
	return 0, fault.New(fault.Invalid, "hash list: no list is written as %q", form)
}
