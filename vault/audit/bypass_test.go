package audit_test

import (
	"context"
	"testing"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// TestBypassesDoNotBuild builds small programs as if they stood in casework:
// each tries to write without an act and must fail with the message in its first
// line; one does it properly and must build.
func TestBypassesDoNotBuild(t *testing.T) {
	vaulttest.BypassesDoNotBuild(t, 9)
}

// TestEmptyHandlesDoNothing covers what the compiler cannot refuse: the zero
// value of a handle.
func TestEmptyHandlesDoNothing(t *testing.T) {
	ctx := context.Background()
	if err := new(db.Writer).Put(ctx, noteTable(), db.Row{"a", "b"}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a writer out of nothing: %v, want refused", err)
	}
	if _, err := new(db.Reader).Query(ctx, `SELECT 1`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a reader out of nothing: %v, want refused", err)
	}
	if _, err := (db.Raw{}).Read().Query(ctx, `SELECT 1`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a raw side out of nothing reads: %v, want refused", err)
	}
	if err := (db.Raw{}).Write(ctx, func(*db.Writer) error { return nil }); fault.KindOf(err) != fault.Refused {
		t.Errorf("a raw side out of nothing writes: %v, want refused", err)
	}
	if _, err := (db.RawWriter{}).Exec(ctx, `DELETE FROM note`); fault.KindOf(err) != fault.Refused {
		t.Errorf("a raw writer out of nothing: %v, want refused", err)
	}
}
