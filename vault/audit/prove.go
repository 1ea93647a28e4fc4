package audit

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
)

// Prove returns a proof that opens the item at place of an act, or the act alone
// (place −1), against the newest checkpoint.
func (l *Ledger) Prove(ctx context.Context, q db.Queryer, act string, place int) (proof.Proof, error) {
	h, err := readHead(ctx, q)
	if err != nil {
		return proof.Proof{}, err
	}
	return l.ProveAt(ctx, q, act, place, h.note)
}

// ProveAt is Prove against an older checkpoint, so that a package cut at a
// checkpoint is the same bytes each time.
func (l *Ledger) ProveAt(ctx context.Context, q db.Queryer, act string, place int, note string) (proof.Proof, error) {
	c, err := l.open(note)
	if err != nil {
		return proof.Proof{}, err
	}
	s, err := find(ctx, q, act)
	if err != nil {
		return proof.Proof{}, err
	}
	if s.header == nil {
		return proof.Proof{}, fault.New(fault.NotFound, "audit: act %s has been erased", act)
	}
	if s.index >= c.Size {
		return proof.Proof{}, fault.New(fault.Invalid, "audit: act %s is younger than the checkpoint", act)
	}
	p := proof.Proof{Format: proof.ProofFormat, Place: int64(place), Header: string(s.header), Signature: s.signature,
		EntrySalt: s.salt, Index: s.index, Checkpoint: note}
	head, err := proof.ParseHeader(s.header)
	if err != nil {
		return proof.Proof{}, fault.New(fault.Corrupt, "audit: act %s: %w", act, err)
	}
	m, ok := l.ring.View().Find(head.Actor)
	if !ok {
		return proof.Proof{}, fault.New(fault.Corrupt, "audit: the actor of act %s is not in the keyring", act)
	}
	p.ActorKey = m.Key
	steps, err := tlog.ProveRecord(c.Size, s.index, hashReader(ctx, q))
	if err != nil {
		return proof.Proof{}, fault.New(fault.Corrupt, "audit: prove: %w", err)
	}
	p.LogPath = flat(steps)
	if place >= 0 {
		err = openItem(&p, s, place)
	}
	return p, err
}

func openItem(p *proof.Proof, s stored, place int) error {
	frames, err := decodeFrames(s.items)
	if err != nil {
		return err
	}
	if place >= len(frames) || len(s.seed) != proof.SaltSize {
		return fault.New(fault.NotFound, "audit: act %s has no item %d", s.act, place)
	}
	f := frames[place]
	if f.erased {
		return fault.New(fault.NotFound, "audit: item %d of act %s has been erased", place, s.act)
	}
	tree, err := proof.NewTree([proof.SaltSize]byte(s.seed), leaves(frames))
	if err != nil {
		return fault.New(fault.Corrupt, "%w", err)
	}
	p.Item, p.ItemSalt = f.item, f.salt[:]
	for _, h := range tree.Path(place) {
		p.ItemPath = append(p.ItemPath, h[:])
	}
	return nil
}

func flat[H ~[32]byte](hashes []H) [][]byte {
	out := make([][]byte, len(hashes))
	for i, h := range hashes {
		out[i] = append([]byte(nil), h[:]...)
	}
	return out
}

// Consistency returns the proof that the log at the newer checkpoint begins with
// the log at the older one; proof.CheckConsistency checks it.
func (l *Ledger) Consistency(ctx context.Context, q db.Queryer, older, newer string) ([]proof.Hash, error) {
	from, err := l.open(older)
	if err != nil {
		return nil, err
	}
	to, err := l.open(newer)
	if err != nil {
		return nil, err
	}
	if from.Size == 0 {
		return nil, nil
	}
	if from.Size > to.Size {
		return nil, fault.New(fault.Invalid, "audit: the older checkpoint is the larger one")
	}
	steps, err := tlog.ProveTree(to.Size, from.Size, hashReader(ctx, q))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "audit: prove: %w", err)
	}
	out := make([]proof.Hash, len(steps))
	for i, h := range steps {
		out[i] = proof.Hash(h)
	}
	return out, nil
}

// Trust returns what somebody outside has to know to verify proofs against the
// checkpoint: origin, log key of its epoch, everybody who has ever acted.
func (l *Ledger) Trust(note string) (proof.Trust, error) {
	c, err := l.open(note)
	if err != nil {
		return proof.Trust{}, err
	}
	v := l.ring.View()
	t := proof.Trust{Origin: c.Origin}
	for _, e := range v.Epochs() {
		if _, err := proof.OpenCheckpoint(note, c.Origin, e.Key); err == nil {
			t.LogKey = e.Key
		}
	}
	for _, m := range v.Members() {
		t.Actors = append(t.Actors, m.Key)
	}
	return t, nil
}
