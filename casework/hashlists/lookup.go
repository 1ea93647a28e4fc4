package hashlists

import (
	"context"
	"fmt"

	"tutela/format/hashlist"
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

// Entries returns the entries of one list with the given numbers, one for each
// of their values.
func Entries(ctx context.Context, q db.Queryer, l ID, numbers ...int64) ([]Entry, error) {
	return db.CollectIn(ctx, q, scanEntry, selectEntry+" WHERE e.number IN (?*) AND e.list_id = ?1 ORDER BY e.number, e.algorithm, e.value",
		numbers, string(l))
}
