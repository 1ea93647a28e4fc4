package audit_test

import (
	"context"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// TestEraseHistory: the log forgets every earlier state of the rows that an act
// of erasure changed, and of no others.
func TestEraseHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		ctx := context.Background()
		first := write(t, v, "a", "b")
		second := write(t, v, "a") // another state of the same row
		act := audit.Act{Class: audit.Erasure, Verb: "note.erase", Case: "case-1", Why: "art. 16"}
		if _, err := v.Desk.Do(ctx, act, func(w *db.Writer) error {
			_, err := v.Ledger.EraseHistory(ctx, w, "case-1")
			return err
		}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("nothing was changed: %v, want invalid", err)
		}
		_, err := v.Desk.Do(ctx, act, func(w *db.Writer) error {
			if err := w.Delete(ctx, noteTable(), db.Row{"a"}); err != nil {
				return err
			}
			n, err := v.Ledger.EraseHistory(ctx, w, "case-1")
			if n != 2 {
				t.Errorf("%d items dropped, want 2", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		mustBeClean(t, v)
		q := reader(t, v)
		left := ""
		for _, a := range []string{first.Act, second.Act} {
			items, err := audit.Items(ctx, q, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range items {
				left += string(i.JSON) + "\n"
			}
		}
		if strings.Contains(left, `"id":"a"`) || !strings.Contains(left, `"id":"b"`) {
			t.Errorf("what is left: %s", left)
		}
	})
}
