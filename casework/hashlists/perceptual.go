package hashlists

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/hash/pdq"
	"tutela/vault/db"
	"tutela/vault/near"
)

// Perceptual answers by distance from the PDQ values of active lists, exactly. It
// holds them in memory (32 bytes each, and some 100 more for the tables of large
// lists), or in an index on disk. It is safe for concurrent use.
type Perceptual struct {
	lists  []ID
	values int
	codes  *hamming.Segment // in memory; the id of a code is its place
	places []place
	// disguise spreads the bits of the codes in memory, which are correlated.
	disguise *hamming.Disguise
	index    *near.Index // or on disk; the id of a code is that of its place
	work     sync.Pool
}

// place is where a value stands.
type place struct {
	list   int32 // index of lists
	number int64
}

// numberBits is how many bits of an id in the index are the entry's number.
const numberBits = 40

func (p place) id() uint64 { return uint64(p.list)<<numberBits | uint64(p.number) }

func placeOf(id uint64) place { return place{int32(id >> numberBits), int64(id & (1<<numberBits - 1))} }

// Near is one value within the radius of a search.
type Near struct {
	List     ID
	Number   int64
	Distance int
}

// Keep says where the values of large lists are kept on disk between runs.
type Keep struct {
	Dir   string   // "" for in memory only
	Key   []byte   // secret of the site, so that the files tell nothing
	State []string // names what the lists say now: another state, another index
	From  int64    // values from which on it is worth it; 0 for the default
}

// keepFrom is the default of Keep.From: what is less is read and sorted in less
// than a second.
const keepFrom = 200_000

// LoadPerceptual reads the PDQ values of the active lists of the given purposes,
// without the barred ones, into memory.
func LoadPerceptual(ctx context.Context, q db.Queryer, purposes ...Purpose) (*Perceptual, error) {
	lists, err := ActiveOf(ctx, q, purposes...)
	if err != nil {
		return nil, err
	}
	return loadPerceptual(ctx, q, lists, nil)
}

func loadPerceptual(ctx context.Context, q db.Queryer, lists []List, key []byte) (*Perceptual, error) {
	p := newPerceptual(lists)
	p.disguise = hamming.NewDisguise(key)
	var codes []hamming.Code
	var ids []uint64
	for v, err := range values(ctx, q, lists) {
		if err != nil {
			return nil, err
		}
		ids, codes = append(ids, uint64(len(ids))), append(codes, p.disguise.Hide(v.hash))
		p.places = append(p.places, v.place)
	}
	var err error
	p.codes, err = hamming.NewSegment(ids, codes)
	p.values = len(codes)
	return p, err
}

func newPerceptual(lists []List) *Perceptual {
	p := &Perceptual{work: sync.Pool{New: func() any { return new(memory) }}}
	for _, l := range lists {
		p.lists = append(p.lists, l.ID)
	}
	return p
}

// value is one PDQ value of a list.
type value struct {
	place
	hash pdq.Hash
}

// values reads the usable PDQ values of lists, by list, number and value.
func values(ctx context.Context, q db.Queryer, lists []List) iter.Seq2[value, error] {
	return func(yield func(value, error) bool) {
		for i, l := range lists {
			if !valuesOf(ctx, q, int32(i), l.ID, yield) {
				return
			}
		}
	}
}

// valuesOf reads those of one list and reports whether to go on.
func valuesOf(ctx context.Context, q db.Queryer, at int32, l ID, yield func(value, error) bool) bool {
	rows, err := q.Query(ctx, `SELECT value, number FROM hash_list_entry
		WHERE list_id = ?1 AND algorithm = 'pdq' AND NOT barred AND state = 'active' ORDER BY number, value`, string(l))
	if err != nil {
		return yield(value{}, err)
	}
	defer rows.Close()
	for rows.Next() {
		v := value{place: place{list: at}}
		var b []byte
		if err := rows.Scan(&b, &v.number); err != nil {
			return yield(value{}, err)
		}
		if v.hash, err = pdq.FromBytes(b); err != nil {
			return yield(value{}, fmt.Errorf("hash list: list %s, entry %d: %w", string(l), v.number, err))
		}
		if !yield(v, nil) {
			return false
		}
	}
	if err := rows.Err(); err != nil {
		return yield(value{}, err)
	}
	return true
}

// OpenPerceptual is LoadPerceptual for large lists, whose values are kept in an
// index on disk: it opens the one of this state, or makes it where it is missing,
// damaged or of another state. Where the disk fails, memory serves.
func OpenPerceptual(ctx context.Context, q db.Queryer, k Keep, purposes ...Purpose) (*Perceptual, error) {
	lists, err := ActiveOf(ctx, q, purposes...)
	if err != nil {
		return nil, err
	}
	var sum int64
	for _, l := range lists {
		sum += l.Values
	}
	if k.Dir == "" || sum < cmp.Or(k.From, keepFrom) {
		return loadPerceptual(ctx, q, lists, k.Key)
	}
	x, err := k.open(ctx, q, lists)
	if fault.KindOf(err) == fault.Outside {
		return loadPerceptual(ctx, q, lists, k.Key)
	} else if err != nil {
		return nil, err
	}
	p := newPerceptual(lists)
	p.index, p.values = x, x.Len()
	runtime.AddCleanup(p, func(x *near.Index) { x.Close() }, x)
	return p, nil
}

// open returns the index of this state. Another process that is making one is
// waited for.
func (k Keep) open(ctx context.Context, q db.Queryer, lists []List) (*near.Index, error) {
	mark := k.mark(lists)
	for {
		x, err := near.Open(k.Dir, near.Options{Key: k.Key, ReadOnly: true})
		if err == nil && x.Mark() == mark {
			return x, nil
		}
		if err == nil {
			x.Close()
		} else if kind := fault.KindOf(err); kind != fault.NotFound && kind != fault.Corrupt {
			return nil, err
		}
		x, err = near.Create(k.Dir, k.Key, near.Source{Mark: mark, Entries: entries(ctx, q, lists)})
		if err == nil {
			return x, x.Release()
		}
		if fault.KindOf(err) != fault.Busy {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// mark names the state in a number.
func (k Keep) mark(lists []List) uint64 {
	sum := sha256.New()
	fmt.Fprintf(sum, "perceptual index v1\n%q\n", strings.Join(k.State, "\n"))
	for _, l := range lists {
		fmt.Fprintf(sum, "%q %x\n", string(l.ID), l.Digest)
	}
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

func entries(ctx context.Context, q db.Queryer, lists []List) iter.Seq2[near.Entry, error] {
	return func(yield func(near.Entry, error) bool) {
		for v, err := range values(ctx, q, lists) {
			if err == nil && (v.number < 0 || v.number >= 1<<numberBits || len(lists) > 1<<(64-numberBits)) {
				err = fault.New(fault.Invalid, "hash list: entry %d of %d lists has no place in an index", v.number, len(lists))
			}
			if !yield(near.Entry{ID: v.id(), Code: v.hash}, err) {
				return
			}
		}
	}
}

// Len returns the number of values.
func (p *Perceptual) Len() int { return p.values }

// memory is what a search uses.
type memory struct {
	segment hamming.Work
	index   near.Work
	found   []hamming.Hit
	hits    []near.Hit
}

// Search returns every value within radius bits of a hash, by list and number.
func (p *Perceptual) Search(h pdq.Hash, radius int) ([]Near, error) {
	m := p.work.Get().(*memory)
	defer p.work.Put(m)
	m.hits = m.hits[:0]
	if p.index != nil {
		var err error
		m.hits, err = p.index.Search(m.hits, &m.index, h, radius)
		runtime.KeepAlive(p) // the index is closed when nobody has p any more
		if err != nil {
			return nil, err
		}
	} else {
		m.found = p.codes.Search(m.found[:0], &m.segment, p.disguise.Hide(h), radius)
		for _, f := range m.found {
			m.hits = append(m.hits, near.Hit{ID: p.places[f.Index].id(), Distance: f.Distance})
		}
	}
	slices.SortFunc(m.hits, func(a, b near.Hit) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Distance, b.Distance))
	})
	var out []Near
	for _, hit := range m.hits {
		at := placeOf(hit.ID)
		out = append(out, Near{p.lists[at.list], at.number, hit.Distance})
	}
	return out, nil
}
