package staff_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/casetest"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

var ctx = context.Background()

func kind(t *testing.T, err error, want fault.Kind, part string) {
	t.Helper()
	if fault.KindOf(err) != want || err != nil && !strings.Contains(err.Error(), part) {
		t.Errorf("got %v (%v), want kind %v with %q", err, fault.KindOf(err), want, part)
	}
}

func officer(id, name string, roles ...staff.Role) staff.Officer {
	return staff.Officer{ID: staff.ID("SHA256:" + id), Name: name, Roles: roles, State: staff.Active, Since: 1}
}

func TestOfficersAndRoles(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		ines, ruth := officer("i", "Inés", staff.Examiner, staff.Investigator), officer("r", "Ruth", staff.Auditor)
		d.Do(func(w *db.Writer) error { return staff.PutOfficers(ctx, w, ruth, ines) })
		q := d.Look()
		all, err := staff.Officers(ctx, q)
		if diff := cmp.Diff([]staff.Officer{ines, ruth}, all); err != nil || diff != "" {
			t.Errorf("Officers: %v\n%s", err, diff)
		}
		if err := staff.Require(ctx, q, ines.ID, staff.Supervisor, staff.Examiner); err != nil {
			t.Error(err)
		}
		kind(t, staff.Require(ctx, q, ruth.ID, staff.Examiner), fault.Refused, "none of the roles")
		kind(t, staff.Require(ctx, q, "SHA256:x", staff.Examiner), fault.Refused, "no officer")
		_, err = staff.Find(ctx, q, "SHA256:x")
		kind(t, err, fault.NotFound, "no officer")

		d.Do(func(w *db.Writer) error { return staff.Suspend(ctx, w, ines.ID) })
		kind(t, staff.Require(ctx, d.Look(), ines.ID, staff.Examiner), fault.Refused, "suspended")
		kind(t, d.Try(func(w *db.Writer) error { return staff.Suspend(ctx, w, "SHA256:x") }), fault.NotFound, "")
	}, staff.Schema())
}

func TestOfficerRecordIsChecked(t *testing.T) {
	good := officer("a", "A", staff.Admin)
	for name, bad := range map[string]func(*staff.Officer){
		"fingerprint": func(o *staff.Officer) { o.ID = "typed name" },
		"name":        func(o *staff.Officer) { o.Name = " " },
		"role":        func(o *staff.Officer) { o.Roles = nil },
		"no role":     func(o *staff.Officer) { o.Roles = []staff.Role{"chief"} },
		"state":       func(o *staff.Officer) { o.State = "gone" },
	} {
		o := good
		bad(&o)
		if fault.KindOf(o.Check()) != fault.Invalid {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestParseRoles(t *testing.T) {
	got, err := staff.ParseRoles("supervisor, Examiner,examiner")
	if diff := cmp.Diff([]staff.Role{staff.Examiner, staff.Supervisor}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	_, err = staff.ParseRoles("chief")
	kind(t, err, fault.Invalid, "no")
	if fault.HintOf(err) == "" {
		t.Error("no hint names the roles")
	}
	_, err = staff.ParseRoles(" , ")
	kind(t, err, fault.Invalid, "no role")
}

func agency(id, name, country string) staff.Agency {
	return staff.Agency{ID: staff.AgencyID(id), Name: name, Country: country, Channel: "e-mail", Address: "desk@agency.example", State: staff.Active}
}

func TestAgencies(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		own, pt, es := agency("1", "Unit", "XK"), agency("2", "Polícia", "PT"), agency("3", "Policía", "ES")
		own.Own = true
		_, err := staff.Own(ctx, d.Look())
		kind(t, err, fault.NotFound, "own agency")
		d.Do(func(w *db.Writer) error { return staff.PutAgencies(ctx, w, own, pt, es) })
		got, err := staff.Own(ctx, d.Look())
		if diff := cmp.Diff(own, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		all, err := staff.Agencies(ctx, d.Look(), "")
		if diff := cmp.Diff([]staff.Agency{es, pt, own}, all); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if some, err := staff.Agencies(ctx, d.Look(), "PT"); err != nil || len(some) != 1 || some[0].ID != "2" {
			t.Errorf("%v, %v", some, err)
		}
		pt.Own = true
		kind(t, d.Try(func(w *db.Writer) error { return staff.PutAgencies(ctx, w, pt) }), fault.Refused, "another agency")
		d.Do(func(w *db.Writer) error { own.Name = "Unit 2"; return staff.PutAgencies(ctx, w, own) })
		for _, country := range []string{"", "ZZ", "es", "ESP"} {
			bad := agency("4", "X", country)
			kind(t, d.Try(func(w *db.Writer) error { return staff.PutAgencies(ctx, w, bad) }), fault.Invalid, "country")
		}
	}, staff.Schema())
}

func TestKeysNeedTwoOfficers(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a, b := officer("a", "A", staff.Liaison), officer("b", "B", staff.Supervisor)
		key := staff.Key{Agency: "2", Fingerprint: "AA", Kind: staff.Age, Text: "age1…", Expires: 100}
		confirm := func(o staff.ID, how string) error {
			return d.Try(func(w *db.Writer) error {
				return staff.Confirm(ctx, w, staff.Confirmation{Agency: "2", Fingerprint: "AA", Officer: o, At: 5, How: how})
			})
		}
		d.Do(func(w *db.Writer) error {
			if err := staff.PutOfficers(ctx, w, a, b); err != nil {
				return err
			}
			return staff.PutAgencies(ctx, w, agency("2", "Polícia", "PT"))
		})
		kind(t, confirm(a.ID, "telephone"), fault.NotFound, "no key")
		d.Do(func(w *db.Writer) error { return staff.PutKeys(ctx, w, key) })
		kind(t, confirm(a.ID, " "), fault.Invalid, "how")
		kind(t, confirm("SHA256:x", "telephone"), fault.Refused, "no officer")
		for range 2 { // twice by the same officer is once
			if err := confirm(a.ID, "telephone"); err != nil {
				t.Fatal(err)
			}
			_, err := staff.Usable(ctx, d.Look(), "2", 50)
			kind(t, err, fault.Refused, "two officers")
		}
		if err := confirm(b.ID, "meeting"); err != nil {
			t.Fatal(err)
		}
		ks, err := staff.Usable(ctx, d.Look(), "2", 50)
		if diff := cmp.Diff([]staff.Key{key}, ks); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		_, err = staff.Usable(ctx, d.Look(), "2", 100)
		kind(t, err, fault.Refused, "no key")
		all, err := staff.Keys(ctx, d.Look(), "2")
		if err != nil || len(all) != 1 || len(all[0].By) != 2 || all[0].By[0].Officer != a.ID {
			t.Errorf("Keys: %+v, %v", all, err)
		}
		key.Revoked = true
		d.Do(func(w *db.Writer) error { return staff.PutKeys(ctx, w, key) })
		_, err = staff.Usable(ctx, d.Look(), "2", 50)
		kind(t, err, fault.Refused, "")
		key.Kind = "pkcs7"
		kind(t, d.Try(func(w *db.Writer) error { return staff.PutKeys(ctx, w, key) }), fault.Invalid, "kind")
		kind(t, d.Try(func(w *db.Writer) error { return staff.PutKeys(ctx, w, staff.Key{Kind: staff.SSH}) }), fault.Invalid, "needs")
	}, staff.Schema())
}
