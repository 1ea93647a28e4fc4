package audit

import (
	"context"
	"encoding/json"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// EraseHistory drops what the log remembers of earlier states of every row that
// the act of w has deleted or replaced so far, within the acts of a case. Call
// it last in an act of class erasure: rows and log then forget the same things,
// whatever rooms they are of. It returns the number of items dropped.
func (l *Ledger) EraseHistory(ctx context.Context, w *db.Writer, caseID string) (int, error) {
	touched := map[[16]byte]bool{}
	for _, it := range engine.Unlock(w.Raw()).Items() {
		parsed, err := parseItem(it.JSON)
		if err != nil {
			return 0, err
		}
		if t, ok := l.store.Table(parsed.Table); ok {
			touched[rowKey(t, parsed.Row)] = true
		}
	}
	if len(touched) == 0 {
		return 0, fault.New(fault.Invalid, "audit: erase: the act has changed nothing yet")
	}
	return Erase(ctx, w, Selector{Case: caseID, Match: func(table string, row map[string]json.RawMessage) bool {
		t, ok := l.store.Table(table)
		return ok && touched[rowKey(t, row)]
	}})
}
