package keys_test

import (
	"bytes"
	"context"
	"testing"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/keys"
	"tutela/vault/vaulttest"
)

// TestARevokedOfficerIsNoOneLeft: who was revoked still stands among those
// entitled until withdrawn, but does not count as somebody who could open the
// case.
func TestARevokedOfficerIsNoOneLeft(t *testing.T) {
	v := vaulttest.Open(t)
	me, x := v.Actor().KeyID(), vaulttest.AddOfficer(t, v, "X")
	must(t, v, func(ctx context.Context, w *db.Writer) error {
		if err := v.Keys.Cases.New(ctx, w, "c", 1, me, x.KeyID()); err != nil {
			return err
		}
		return v.Keys.Ring.Revoke(ctx, w, x.KeyID(), 2)
	})
	err := do(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Withdraw(ctx, w, "c", me) })
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("the last one who can open the case was withdrawn: %v", err)
	}
	must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Withdraw(ctx, w, "c", x.KeyID()) })
	if epoch, _, err := latest(t, v, v.Actor(), "c"); err != nil || epoch != 2 {
		t.Errorf("after X was withdrawn: epoch %d, %v", epoch, err)
	}
}

// TestARevokedOfficerGetsNothingNew: no new case, no new epoch and no rewrapped
// key is for somebody whose key was revoked, and the key does not come back.
func TestARevokedOfficerGetsNothingNew(t *testing.T) {
	v := vaulttest.Open(t)
	me, x, y := v.Actor().KeyID(), vaulttest.AddOfficer(t, v, "X"), vaulttest.AddOfficer(t, v, "Y")
	must(t, v, func(ctx context.Context, w *db.Writer) error {
		return v.Keys.Cases.New(ctx, w, "c", 1, me, x.KeyID(), y.KeyID())
	})
	_, first, err := latest(t, v, x, "c")
	if err != nil {
		t.Fatal(err)
	}
	must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Ring.Revoke(ctx, w, x.KeyID(), 2) })
	for what, fn := range map[string]func(context.Context, *db.Writer) error{
		"a new case": func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, "d", 3, me, x.KeyID()) },
		"the case again": func(ctx context.Context, w *db.Writer) error {
			return v.Keys.Cases.Entitle(ctx, w, "c", x.KeyID(), 3)
		},
		"revoked twice": func(ctx context.Context, w *db.Writer) error { return v.Keys.Ring.Revoke(ctx, w, x.KeyID(), 3) },
	} {
		if err := do(t, v, fn); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	err = do(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Ring.Add(ctx, w, x.Public(), 4) })
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("the key came back: %v", err)
	}
	must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.Withdraw(ctx, w, "c", y.KeyID()) })
	for _, gone := range []keys.Private{x, y} {
		if _, _, err := latest(t, v, gone, "c"); fault.KindOf(err) != fault.Refused {
			t.Errorf("the newest key for somebody gone: %v", err)
		}
		c := keys.NewCases(v.Keys.Ring, gone, v.Rand)
		if _, err := c.Key(t.Context(), reader(t, v), "c", 1); fault.KindOf(err) != fault.Refused {
			t.Errorf("the old key, wrapped anew: %v", err)
		}
	}
	epoch, second, err := latest(t, v, v.Actor(), "c")
	if err != nil || epoch != 2 || bytes.Equal(first, second) {
		t.Errorf("epoch %d, %v; the key is another: %v", epoch, err, !bytes.Equal(first, second))
	}
	if old, err := v.Keys.Cases.Key(t.Context(), reader(t, v), "c", 1); err != nil || !bytes.Equal(old, first) {
		t.Errorf("older objects: %v", err)
	}
}

// TestTheRecoveryKeyOpensEveryCase, before and after officers come and go, and
// a damaged or foreign one opens none.
func TestTheRecoveryKeyOpensEveryCase(t *testing.T) {
	v, site := vaulttest.OpenAt(t, "")
	me, x := v.Actor().KeyID(), vaulttest.AddOfficer(t, v, "X")
	must(t, v, func(ctx context.Context, w *db.Writer) error {
		if err := v.Keys.Cases.New(ctx, w, "c", 1, me, x.KeyID()); err != nil {
			return err
		}
		return v.Keys.Cases.Withdraw(ctx, w, "c", x.KeyID())
	})
	recovery, err := keys.LoadRecovery(site.Recovery)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := reader(t, v).Query(t.Context(), `SELECT epoch, wrapped FROM case_key ORDER BY epoch`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	stranger, n := vaulttest.Key(t, "stranger"), 0
	for rows.Next() {
		var epoch int64
		var wrapped []byte
		if err := rows.Scan(&epoch, &wrapped); err != nil {
			t.Fatal(err)
		}
		n++
		want, err := v.Keys.Cases.Key(t.Context(), reader(t, v), "c", epoch)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := recovery.Unwrap(wrapped); err != nil || !bytes.Equal(got, want) {
			t.Errorf("epoch %d: %v", epoch, err)
		}
		if _, err := stranger.Unwrap(wrapped); err == nil {
			t.Error("a stranger's key opens a case")
		}
		for i := 0; i < len(wrapped); i += 7 {
			bad := bytes.Clone(wrapped)
			bad[i] ^= 1
			if got, err := recovery.Unwrap(bad); err == nil {
				t.Errorf("epoch %d: byte %d was changed and the key still opens (%d bytes)", epoch, i, len(got))
			}
		}
		for cut := range len(wrapped) {
			if _, err := recovery.Unwrap(wrapped[:cut]); err == nil {
				t.Fatalf("epoch %d: %d bytes of %d open", epoch, cut, len(wrapped))
			}
		}
	}
	if n != 2 {
		t.Errorf("%d wrapped keys, want 2", n)
	}
}
