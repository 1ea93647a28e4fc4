package cases_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
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

func matter(id string, opened int64) cases.Case {
	return cases.Case{ID: cases.ID(id), Title: "Matter " + id, Agency: "1", Authority: "order 7/2026", Purpose: "identify senders",
		Operation: "Trail", State: cases.Open, Opened: opened, ReviewDue: opened + 10, CoversOwn: true}
}

func mark(c cases.ID, k cases.MarkKind, object string, set bool, at int64) cases.Mark {
	return cases.Mark{Case: c, ObjectKind: cases.ItemObject, Object: object, Kind: k, Set: set, Officer: "SHA256:a", At: at, Why: "seen"}
}

func TestCases(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a, b, c := matter("01AAA", 3), matter("01AAB", 2), matter("01B", 1)
		d.Do(func(w *db.Writer) error { return cases.Put(ctx, w, a, b, c) })
		for _, id := range []cases.ID{"01AAA", "01aaa"} {
			got, err := cases.Find(ctx, d.Look(), id)
			if diff := cmp.Diff(a, got); err != nil || diff != "" {
				t.Errorf("Find(%s): %v\n%s", id, err, diff)
			}
		}
		if got, err := cases.Find(ctx, d.Look(), "01b"); err != nil || got.ID != c.ID {
			t.Errorf("short id: %v, %v", got.ID, err)
		}
		for id, want := range map[cases.ID]fault.Kind{"": fault.Invalid, "01A": fault.Invalid, "02": fault.NotFound, "01%": fault.Invalid, "_": fault.Invalid} {
			_, err := cases.Find(ctx, d.Look(), id)
			kind(t, err, want, "")
		}

		d.Do(func(w *db.Writer) error {
			if err := cases.PutMembers(ctx, w, cases.Member{Case: a.ID, Officer: "SHA256:a", Since: 1},
				cases.Member{Case: b.ID, Officer: "SHA256:a", Since: 1, Until: 2}); err != nil {
				return err
			}
			return cases.PutMarks(ctx, w, mark(a.ID, cases.Risk, "i1", true, 5))
		})
		order := func(officer staff.ID) (ids []cases.ID) {
			ls, err := cases.List(ctx, d.Look(), officer)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range ls {
				ids = append(ids, l.ID)
			}
			return ids
		}
		if diff := cmp.Diff([]cases.ID{a.ID, c.ID, b.ID}, order("")); diff != "" {
			t.Errorf("risk first, then time:\n%s", diff)
		}
		if diff := cmp.Diff([]cases.ID{a.ID}, order("SHA256:a")); diff != "" {
			t.Errorf("entitled:\n%s", diff)
		}
	}, staff.Schema(), cases.Schema())
}

func TestCaseRecordIsChecked(t *testing.T) {
	for name, bad := range map[string]func(*cases.Case){
		"id": func(c *cases.Case) { c.ID = "" }, "title": func(c *cases.Case) { c.Title = " " },
		"purpose": func(c *cases.Case) { c.Purpose = "" }, "state": func(c *cases.Case) { c.State = "x" },
		"authority": func(c *cases.Case) { c.Authority = "" }, "opened": func(c *cases.Case) { c.Opened = 0 },
	} {
		c := matter("01A", 1)
		bad(&c)
		if fault.KindOf(c.Check()) != fault.Invalid {
			t.Errorf("%s: accepted", name)
		}
	}
	c := matter("01A", 1)
	if c.Authority, c.CoversOwn = "", false; c.Check() != nil {
		t.Error("a case may be opened without an authority: it covers nothing")
	}
}

func TestEntitlement(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		o := staff.Officer{ID: "SHA256:a", Name: "A", Roles: []staff.Role{staff.Investigator}, State: staff.Active}
		c := matter("01A", 1)
		d.Do(func(w *db.Writer) error {
			if err := staff.PutOfficers(ctx, w, o); err != nil {
				return err
			}
			return cases.Put(ctx, w, c)
		})
		kind(t, cases.Check(ctx, d.Look(), c.ID, o.ID), fault.Refused, "not entitled")
		kind(t, cases.Check(ctx, d.Look(), c.ID, "SHA256:x"), fault.Refused, "no officer")
		m := cases.Member{Case: c.ID, Officer: o.ID, Since: 5}
		d.Do(func(w *db.Writer) error { return cases.PutMembers(ctx, w, m) })
		if err := cases.Check(ctx, d.Look(), c.ID, o.ID); err != nil {
			t.Error(err)
		}
		m.Until = 9
		d.Do(func(w *db.Writer) error { return cases.PutMembers(ctx, w, m) })
		kind(t, cases.Check(ctx, d.Look(), c.ID, o.ID), fault.Refused, "not entitled")
		got, err := cases.Members(ctx, d.Look(), c.ID)
		if diff := cmp.Diff([]cases.Member{m}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		m.Until = 0
		d.Do(func(w *db.Writer) error { return cases.PutMembers(ctx, w, m) })
		d.Do(func(w *db.Writer) error { return staff.Suspend(ctx, w, o.ID) })
		kind(t, cases.Check(ctx, d.Look(), c.ID, o.ID), fault.Refused, "suspended")
		for _, bad := range []cases.Member{{Officer: "x"}, {Case: "x"}, {Case: "x", Officer: "x", Since: 5, Until: 4}} {
			kind(t, d.Try(func(w *db.Writer) error { return cases.PutMembers(ctx, w, bad) }), fault.Invalid, "")
		}
	}, staff.Schema(), cases.Schema())
}

func TestMarks(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		first, other := mark("01A", cases.Risk, "i1", true, 5), mark("01A", cases.Protected, "i2", true, 6)
		d.Do(func(w *db.Writer) error { return cases.PutMarks(ctx, w, first, other) })
		back := mark("01A", cases.Risk, "i1", false, 7)
		d.Do(func(w *db.Writer) error { return cases.PutMarks(ctx, w, back) })
		got, err := cases.Marks(ctx, d.Look(), "01A", "")
		if diff := cmp.Diff([]cases.Mark{back, other}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if some, err := cases.Marks(ctx, d.Look(), "01A", cases.Protected); err != nil || len(some) != 1 {
			t.Errorf("%v, %v", some, err)
		}
		for name, bad := range map[string]func(*cases.Mark){
			"reason": func(m *cases.Mark) { m.Why = " " }, "kind": func(m *cases.Mark) { m.Kind = "x" },
			"officer": func(m *cases.Mark) { m.Officer = "" }, "object": func(m *cases.Mark) { m.Object = "" },
		} {
			m := first
			bad(&m)
			if fault.KindOf(d.Try(func(w *db.Writer) error { return cases.PutMarks(ctx, w, m) })) != fault.Invalid {
				t.Errorf("a mark without %s was accepted", name)
			}
		}
	}, staff.Schema(), cases.Schema())
}

func TestRevision(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		var acts []string
		for range 3 {
			d.Do(func(w *db.Writer) error {
				acts = append(acts, w.Act())
				if err := cases.Raise(ctx, w, "01A", "01A"); err != nil {
					return err
				}
				return cases.Raise(ctx, w, "01A")
			})
		}
		d.Do(func(w *db.Writer) error { return cases.Raise(ctx, w, "01B") })
		before, err := cases.RevisionOf(ctx, d.Look(), "01A", "")
		if want := (cases.Revision{Count: 3, Act: acts[2]}); err != nil || before != want {
			t.Errorf("%+v, %v; want %+v", before, err, want)
		}
		if again, _ := cases.RevisionOf(ctx, d.Look(), "01A", ""); again != before {
			t.Error("a consultation raised the revision")
		}
		if r, err := cases.RevisionOf(ctx, d.Look(), "01A", acts[1]); err != nil || r.Count != 2 || r.Act != acts[1] {
			t.Errorf("up to the second act: %+v, %v", r, err)
		}
		if r, err := cases.RevisionOf(ctx, d.Look(), "01C", ""); err != nil || r != (cases.Revision{}) {
			t.Errorf("untouched case: %+v, %v", r, err)
		}
		kind(t, d.Try(func(w *db.Writer) error { return cases.Raise(ctx, w, "") }), fault.Invalid, "")
	}, staff.Schema(), cases.Schema())
}
