package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// Custody is one entry of an exhibit's chain (docs/formats/custody.md).
type Custody struct {
	Exhibit    string
	Seq        int64
	Step       string
	At         int64 // µs UTC
	Actor      string
	From, To   string
	Note       string
	Prev, Hash []byte // 32 bytes each
}

// Steps of custody.
const (
	StepSealed      = "sealed"
	StepOpened      = "opened"
	StepHandedOver  = "handed-over"
	StepReceived    = "received"
	StepQuarantined = "quarantined"
	StepReleased    = "released"
	StepMarked      = "marked"
	StepErased      = "erased"
)

// sum computes the entry's hash.
func (c Custody) sum(content digest.ID, size int64) []byte {
	b := make([]byte, 0, 256)
	lp := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = append(b, "tutela custody v1\n"...)
	b = append(b, c.Prev...)
	lp(c.Exhibit)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Seq))
	b = append(b, content[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	lp(c.Step)
	b = binary.BigEndian.AppendUint64(b, uint64(c.At))
	lp(c.Actor)
	lp(c.From)
	lp(c.To)
	lp(c.Note)
	h := sha256.Sum256(b)
	return h[:]
}

// after numbers and hashes an entry behind the last one (nil for the first).
func (c Custody) after(last *Custody, e Exhibit) Custody {
	c.Exhibit, c.Seq, c.Prev = e.ID, 1, make([]byte, 32)
	if last != nil {
		c.Seq, c.Prev = last.Seq+1, slices.Clone(last.Hash)
	}
	c.Hash = c.sum(e.SHA256, e.Size)
	return c
}

// CustodyOf returns the chains of exhibits, each in order.
func CustodyOf(ctx context.Context, q db.Queryer, ids ...string) (map[string][]Custody, error) {
	all, err := db.CollectIn(ctx, q, scanCustody, selectCustody+`WHERE exhibit IN (?*) ORDER BY exhibit, seq`, ids)
	if err != nil {
		return nil, err
	}
	by := make(map[string][]Custody, len(ids))
	for _, c := range all {
		by[c.Exhibit] = append(by[c.Exhibit], c)
	}
	return by, nil
}

// AddCustody adds one entry, the same in step, time, actor, persons and note,
// to the chain of each exhibit.
func AddCustody(ctx context.Context, w *db.Writer, entry Custody, exhibits ...Exhibit) error {
	ids := make([]string, len(exhibits))
	for i, e := range exhibits {
		ids[i] = e.ID
	}
	chains, err := CustodyOf(ctx, w, ids...)
	if err != nil {
		return err
	}
	rows := make([]db.Row, len(exhibits))
	for i, e := range exhibits {
		chain := chains[e.ID]
		if len(chain) == 0 {
			return fault.New(fault.Corrupt, "custody: exhibit %s has no chain", e.ID)
		}
		rows[i] = entry.after(&chain[len(chain)-1], e).row()
	}
	return w.Put(ctx, custodyTable, rows...)
}

// CheckCustody says what is wrong with the chain of an exhibit, nil if nothing.
func CheckCustody(e Exhibit, chain []Custody) error {
	broken := func(i int, what string) error {
		return fault.New(fault.Corrupt, "custody: exhibit %s: entry %d %s", e.ID, i+1, what)
	}
	if len(chain) == 0 {
		return fault.New(fault.Corrupt, "custody: exhibit %s has no chain", e.ID)
	}
	prev := make([]byte, 32)
	for i, c := range chain {
		switch {
		case c.Exhibit != e.ID:
			return broken(i, "is of another exhibit")
		case c.Seq != int64(i+1):
			return broken(i, fmt.Sprintf("has the number %d", c.Seq))
		case string(c.Prev) != string(prev):
			return broken(i, "does not follow the one before")
		case e.State != Erased && string(c.sum(e.SHA256, e.Size)) != string(c.Hash):
			return broken(i, "is not what was written")
		}
		prev = c.Hash
	}
	if last := chain[len(chain)-1].Step; chain[0].Step != StepSealed || (last == StepErased) != (e.State == Erased) {
		return broken(len(chain)-1, "does not fit the state of the exhibit")
	}
	return nil
}
