package hashlists

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"tutela/format/hashlist"
	"tutela/hash/hamming"
	"tutela/hash/pdq"
	"tutela/vault/db"
)

// Lookup returns the entries of active lists of the given purposes that carry one
// of the values, ordered by list and number. Barred entries never answer.
func Lookup(ctx context.Context, q db.Queryer, purposes []Purpose, a hashlist.Algorithm, values [][]byte) ([]Entry, error) {
	if len(purposes) == 0 {
		return nil, nil
	}
	args := []any{string(a)}
	for _, p := range purposes {
		args = append(args, string(p))
	}
	return db.CollectIn(ctx, q, scanEntry, selectEntry+` JOIN hash_list l ON l.id = e.list_id
		WHERE e.value IN (?*) AND e.algorithm = ?1 AND NOT e.barred AND e.state = 'active' AND l.state = 'active'
		AND l.purpose IN (`+numbered(2, len(purposes))+") ORDER BY e.list_id, e.number", values, args...)
}

func numbered(first, n int) string {
	s := ""
	for i := range n {
		s += fmt.Sprintf(", ?%d", first+i)
	}
	return s[2:]
}

// Perceptual holds the PDQ values of active lists in memory for exact search by
// distance: 32 bytes each, and some 100 more for the tables of large lists. It is
// safe for concurrent use.
type Perceptual struct {
	lists  []ID
	codes  *hamming.Segment // the id of a code is its place
	places []place
	work   sync.Pool
}

type place struct {
	list   int32 // index of lists
	number int64
}

// Near is one value within the radius of a search.
type Near struct {
	List     ID
	Number   int64
	Hash     pdq.Hash
	Distance int
}

// LoadPerceptual reads the PDQ values of the active lists of the given purposes,
// without the barred ones.
func LoadPerceptual(ctx context.Context, q db.Queryer, purposes ...Purpose) (*Perceptual, error) {
	lists, err := ActiveOf(ctx, q, purposes...)
	if err != nil {
		return nil, err
	}
	p := &Perceptual{work: sync.Pool{New: func() any { return new(hamming.Work) }}}
	var codes []hamming.Code
	for _, l := range lists {
		if codes, err = p.load(ctx, q, l, codes); err != nil {
			return nil, err
		}
	}
	ids := make([]uint64, len(codes))
	for i := range ids {
		ids[i] = uint64(i)
	}
	p.codes, err = hamming.NewSegment(ids, codes)
	return p, err
}

// load appends the codes of a list and notes their places.
func (p *Perceptual) load(ctx context.Context, q db.Queryer, l List, codes []hamming.Code) ([]hamming.Code, error) {
	rows, err := q.Query(ctx, `SELECT value, number FROM hash_list_entry
		WHERE list_id = ?1 AND algorithm = 'pdq' AND NOT barred AND state = 'active' ORDER BY number, value`, string(l.ID))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	at := int32(len(p.lists))
	p.lists = append(p.lists, l.ID)
	for rows.Next() {
		var value []byte
		var number int64
		if err := rows.Scan(&value, &number); err != nil {
			return nil, err
		}
		h, err := pdq.FromBytes(value)
		if err != nil {
			return nil, fmt.Errorf("hash list: list %s, entry %d: %w", string(l.ID), number, err)
		}
		codes = append(codes, h)
		p.places = append(p.places, place{at, number})
	}
	return codes, rows.Err()
}

// Len returns the number of values.
func (p *Perceptual) Len() int { return len(p.places) }

// Search returns every value within radius bits of a hash, by list and number.
func (p *Perceptual) Search(h pdq.Hash, radius int) []Near {
	w := p.work.Get().(*hamming.Work)
	defer p.work.Put(w)
	hits := p.codes.Search(nil, w, h, radius)
	slices.SortFunc(hits, func(a, b hamming.Hit) int { return cmp.Compare(a.Index, b.Index) })
	var out []Near
	for _, hit := range hits {
		at := p.places[hit.Index]
		out = append(out, Near{p.lists[at.list], at.number, p.codes.Code(hit.Index), hit.Distance})
	}
	return out
}

// Entries returns the entries of one list with the given numbers, one for each
// of their values.
func Entries(ctx context.Context, q db.Queryer, l ID, numbers ...int64) ([]Entry, error) {
	return db.CollectIn(ctx, q, scanEntry, selectEntry+" WHERE e.number IN (?*) AND e.list_id = ?1 ORDER BY e.number, e.algorithm, e.value",
		numbers, string(l))
}
