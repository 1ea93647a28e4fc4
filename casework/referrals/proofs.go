package referrals

import (
	"context"
	"encoding/json"

	"tutela/fault"
	"tutela/format/referral"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// prove opens the statements that stand in the log below the checkpoint.
func (r *Room) prove(ctx context.Context, q db.Queryer, c *Cut, size int64) error {
	l, err := r.stated(ctx, q, c)
	if err != nil || l.act == "" || l.idx >= size {
		return err
	}
	place, err := places(ctx, q, l.act)
	if err != nil {
		return err
	}
	trust, err := r.v.Ledger.Trust(c.Checkpoint)
	if err != nil {
		return err
	}
	p := &c.Package
	for _, s := range c.statements {
		at, ok := place[r.leafIn(l, c, s.leaf)]
		if !ok {
			continue
		}
		proof, err := r.v.Ledger.ProveAt(ctx, q, l.act, at, c.Checkpoint)
		if err != nil {
			return err
		}
		text, err := proof.Encode()
		if err != nil {
			return fault.New(fault.Corrupt, "refer: %w", err)
		}
		p.Proofs = append(p.Proofs, referral.Proof{Name: s.name, About: s.about, JSON: text})
		p.Coverage.Proved = append(p.Coverage.Proved, s.name)
		p.ProofTrust = referral.ProofTrust{Origin: trust.Origin, LogKey: trust.LogKey, Actors: [][]byte{proof.ActorKey}}
	}
	return nil
}

// places returns by leaf where in an act statements lie.
func places(ctx context.Context, q db.Queryer, act string) (map[string]int, error) {
	if act == "" {
		return nil, nil
	}
	items, err := audit.Items(ctx, q, act)
	if err != nil {
		return nil, err
	}
	place := map[string]int{}
	for _, i := range items {
		row, err := rowOf(i.JSON)
		if err != nil {
			return nil, err
		}
		place[row.Leaf] = i.Place
	}
	return place, nil
}

// stating is what is read of a statement's item.
type stating struct {
	Leaf    string `json:"leaf"`
	Exhibit string `json:"exhibit"`
}

// rowOf reads a statement out of its item.
func rowOf(item []byte) (stating, error) {
	var i struct {
		Row stating `json:"row"`
	}
	if err := json.Unmarshal(item, &i); err != nil {
		return stating{}, fault.New(fault.Corrupt, "refer: a statement in the log: %w", err)
	}
	return i.Row, nil
}
