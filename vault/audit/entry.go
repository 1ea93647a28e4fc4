package audit

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"io"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// entry is one act on its way into the log.
type entry struct {
	head       proof.Header
	header     []byte
	signature  []byte
	salt       [proof.SaltSize]byte
	commitment proof.Hash
	seed       [proof.SaltSize]byte
	frames     []byte // nil for an act without items
}

// entry salts the items, builds the header and has the actor sign it.
func (l *Ledger) entry(site *keys.Site, actor Actor, id string, now int64, a Act, items []db.Item) (*entry, error) {
	e := &entry{}
	salts := make([]byte, (2+len(items))*proof.SaltSize)
	if _, err := io.ReadFull(&l.random, salts); err != nil {
		return nil, fault.New(fault.Outside, "audit: no randomness: %w", err)
	}
	e.salt = [proof.SaltSize]byte(salts)
	e.seed = [proof.SaltSize]byte(salts[proof.SaltSize:])
	frames := make([]frame, len(items))
	for i, item := range items {
		frames[i] = frame{salt: [proof.SaltSize]byte(salts[(2+i)*proof.SaltSize:]), item: item.JSON}
	}
	tree, err := proof.NewTree(e.seed, leaves(frames))
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	e.frames = encodeFrames(frames)
	root := tree.Root()
	e.head = proof.Header{Act: id, Actor: actor.KeyID(), Authority: a.Authority, Case: a.Case, Class: string(a.Class),
		Depth: tree.Depth(), Detail: a.Detail, Epoch: site.Epoch, Format: proof.Format, Object: a.Object, Ordered: a.Ordered,
		Role: a.Role, Root: hex.EncodeToString(root[:]), Site: site.ID, Time: now, Verb: a.Verb, Why: a.Why}
	if e.header, err = e.head.Encode(); err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	if e.signature, err = actor.Sign(proof.ToSign(e.header)); err != nil {
		return nil, err
	}
	e.commitment = proof.Commit(e.salt, e.header, e.signature)
	return e, nil
}

// insert writes the rows of an entry.
func (e *entry) insert(ctx context.Context, w *db.Writer, index int64) error {
	h := e.head
	err := exec(ctx, w, `INSERT INTO log_act (idx, act, at_us, class, verb, case_id, object, actor, header, signature, salt, commitment)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`,
		index, h.Act, h.Time, h.Class, h.Verb, h.Case, h.Object, h.Actor, e.header, e.signature, e.salt[:], e.commitment[:])
	if err != nil || e.frames == nil {
		return err
	}
	return exec(ctx, w, `INSERT INTO log_item (idx, seed, items) VALUES (?1, ?2, ?3)`, index, e.seed[:], e.frames)
}

// frame is one item as stored, or what is left of it.
type frame struct {
	erased bool
	leaf   proof.Hash // if erased
	salt   [proof.SaltSize]byte
	item   []byte
}

const (
	frameErased  = 0
	framePresent = 1
)

func leaves(frames []frame) []proof.Hash {
	out := make([]proof.Hash, len(frames))
	for i, f := range frames {
		if out[i] = f.leaf; !f.erased {
			out[i] = proof.Leaf(f.salt, f.item)
		}
	}
	return out
}

func encodeFrames(frames []frame) []byte {
	size := 0
	for _, f := range frames {
		size += 1 + proof.SaltSize + 4 + len(f.item)
	}
	if size == 0 {
		return nil
	}
	out := make([]byte, 0, size)
	for _, f := range frames {
		if f.erased {
			out = append(append(out, frameErased), f.leaf[:]...)
			continue
		}
		out = append(append(out, framePresent), f.salt[:]...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(f.item)))
		out = append(out, f.item...)
	}
	return out
}

// decodeFrames reads stored items; the items share b's memory.
func decodeFrames(b []byte) ([]frame, error) {
	var out []frame
	for at := 0; at < len(b); {
		var f frame
		rest := b[at+1:]
		switch {
		case b[at] == frameErased && len(rest) >= len(f.leaf):
			f.erased = true
			copy(f.leaf[:], rest)
			at += 1 + len(f.leaf)
		case b[at] == framePresent && len(rest) >= proof.SaltSize+4:
			copy(f.salt[:], rest)
			n := int(binary.BigEndian.Uint32(rest[proof.SaltSize:]))
			rest = rest[proof.SaltSize+4:]
			if n > len(rest) {
				return out, fault.New(fault.Corrupt, "audit: the items end in the middle of one")
			}
			f.item = rest[:n:n]
			at += 1 + proof.SaltSize + 4 + n
		default:
			return out, fault.New(fault.Corrupt, "audit: byte %d of the items begins no item", at)
		}
		out = append(out, f)
	}
	return out, nil
}
