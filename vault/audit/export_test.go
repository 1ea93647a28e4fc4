package audit

import (
	"context"

	"tutela/vault/db"
)

// CheckIn is Check in the eyes of a transaction, so that a test can damage the
// log ten thousand times without committing once.
func (l *Ledger) CheckIn(ctx context.Context, q db.Queryer) (problems []Problem, err error) {
	c := &checker{l: l, ctx: ctx, q: q, view: l.ring.View(), rows: map[[16]byte]rowState{}, spans: map[int64]span{},
		yield: func(p Problem, _ error) bool {
			problems = append(problems, p)
			return false
		}}
	if err := c.run(nil); err != nil && !c.stopped {
		return nil, err
	}
	return problems, nil
}
