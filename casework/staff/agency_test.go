package staff_test

import (
	"slices"
	"testing"

	"tutela/casework/casetest"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

// confirmed enters a key of agency "2" and has two officers confirm it.
func confirmed(d casetest.Desk, key staff.Key) {
	a, b := officer("a", "A", staff.Liaison), officer("b", "B", staff.Supervisor)
	d.Do(func(w *db.Writer) error {
		if err := staff.PutOfficers(ctx, w, a, b); err != nil {
			return err
		}
		if err := staff.PutAgencies(ctx, w, agency("2", "Polícia", "PT")); err != nil {
			return err
		}
		return staff.PutKeys(ctx, w, key)
	})
	for _, o := range []staff.Officer{a, b} {
		d.Do(func(w *db.Writer) error {
			return staff.Confirm(ctx, w, staff.Confirmation{Agency: key.Agency, Fingerprint: key.Fingerprint, Officer: o.ID, At: 5, How: "telephone"})
		})
	}
}

// TestAChangedKeyIsConfirmedAnew: one person alone cannot put another key, or a
// longer life, under what two officers confirmed.
func TestAChangedKeyIsConfirmedAnew(t *testing.T) {
	key := staff.Key{Agency: "2", Kind: staff.OpenPGP, Text: "the key", Expires: 100}
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		for what, c := range map[string]struct {
			edit   func(*staff.Key)
			usable bool
		}{
			"the same again":   {func(*staff.Key) {}, true},
			"a shorter life":   {func(k *staff.Key) { k.Expires = 90 }, true},
			"another text":     {func(k *staff.Key) { k.Text = "the key, and another" }, false},
			"another kind":     {func(k *staff.Key) { k.Kind = staff.SSH }, false},
			"a longer life":    {func(k *staff.Key) { k.Expires = 101 }, false},
			"life for ever":    {func(k *staff.Key) { k.Expires = 0 }, false},
			"revoked":          {func(k *staff.Key) { k.Revoked = true }, false},
			"another agency's": {func(k *staff.Key) { k.Agency, k.Text = "3", "of 3" }, true}, // leaves this one alone
		} {
			confirmed(d, staff.Key{Agency: "2", Fingerprint: what, Kind: key.Kind, Text: key.Text, Expires: key.Expires})
			changed := key
			changed.Fingerprint = what
			c.edit(&changed)
			d.Do(func(w *db.Writer) error { return staff.PutKeys(ctx, w, changed) })
			ks, err := staff.Usable(ctx, d.Look(), "2", 50)
			if err != nil && fault.KindOf(err) != fault.Refused {
				t.Fatal(err)
			}
			if got := slices.ContainsFunc(ks, func(k staff.Key) bool { return k.Fingerprint == what }); got != c.usable {
				t.Errorf("%s: usable %v, want %v", what, got, c.usable)
			}
		}
	}, staff.Schema())
}

// TestARevokedKeyDoesNotComeBack, whoever enters it again and with whatever
// confirmations; a key of the same fingerprint with another agency is its own.
func TestARevokedKeyDoesNotComeBack(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		key := staff.Key{Agency: "2", Fingerprint: "AA", Kind: staff.Age, Text: "age1…"}
		confirmed(d, key)
		gone := key
		gone.Revoked = true
		d.Do(func(w *db.Writer) error { return staff.PutKeys(ctx, w, gone) })
		kind(t, d.Try(func(w *db.Writer) error { return staff.PutKeys(ctx, w, key) }), fault.Refused, "revoked")
		key.Text = "age1… other"
		kind(t, d.Try(func(w *db.Writer) error { return staff.PutKeys(ctx, w, key) }), fault.Refused, "revoked")
		d.Do(func(w *db.Writer) error { return staff.PutKeys(ctx, w, gone) }) // revoking twice is no error
		_, err := staff.Usable(ctx, d.Look(), "2", 50)
		kind(t, err, fault.Refused, "")
		all, err := staff.Keys(ctx, d.Look(), "2")
		if err != nil || len(all) != 1 || !all[0].Revoked || all[0].Text != "age1…" {
			t.Errorf("what is kept: %+v, %v", all, err)
		}
	}, staff.Schema())
}

// TestSuspendedOfficersConfirmNothing: what they confirmed before stays.
func TestSuspendedOfficersConfirmNothing(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		confirmed(d, staff.Key{Agency: "2", Fingerprint: "AA", Kind: staff.Age, Text: "age1…"})
		a := officer("a", "A", staff.Liaison)
		d.Do(func(w *db.Writer) error { return staff.Suspend(ctx, w, a.ID) })
		if _, err := staff.Usable(ctx, d.Look(), "2", 50); err != nil {
			t.Errorf("the key after one of its officers left: %v", err)
		}
		d.Do(func(w *db.Writer) error {
			return staff.PutKeys(ctx, w, staff.Key{Agency: "2", Fingerprint: "BB", Kind: staff.Age, Text: "age2…"})
		})
		err := d.Try(func(w *db.Writer) error {
			return staff.Confirm(ctx, w, staff.Confirmation{Agency: "2", Fingerprint: "BB", Officer: a.ID, At: 6, How: "telephone"})
		})
		kind(t, err, fault.Refused, "suspended")
		for _, r := range staff.Roles() {
			kind(t, staff.Require(ctx, d.Look(), a.ID, r), fault.Refused, "suspended")
		}
		kind(t, d.Try(func(w *db.Writer) error { return staff.Suspend(ctx, w, "SHA256:nobody") }), fault.NotFound, "no officer")
	}, staff.Schema())
}

// TestRolesDoNotContainEachOther asks for each role with each other one.
func TestRolesDoNotContainEachOther(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		for _, has := range staff.Roles() {
			o := officer(string(has), "X", has)
			d.Do(func(w *db.Writer) error { return staff.PutOfficers(ctx, w, o) })
			for _, needed := range staff.Roles() {
				err := staff.Require(ctx, d.Look(), o.ID, needed)
				if (err == nil) != (has == needed) || err != nil && fault.KindOf(err) != fault.Refused {
					t.Errorf("%s where %s is needed: %v", has, needed, err)
				}
			}
			if err := staff.Require(ctx, d.Look(), o.ID, staff.Roles()...); err != nil {
				t.Errorf("%s where any will do: %v", has, err)
			}
			kind(t, staff.Require(ctx, d.Look(), o.ID), fault.Refused, "none") // nothing allowed is nothing
		}
	}, staff.Schema())
}
