package persons_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/db"
)

var (
	ctx  = context.Background()
	key  = []byte("0123456789abcdef0123456789abcdef")
	open = cases.View{Protected: true}
	shut = cases.View{}
)

func schemas() []db.Schema {
	return []db.Schema{staff.Schema(), cases.Schema(), identifiers.Schema(), persons.Schema()}
}

func first(id string) persons.Change {
	return persons.Change{ID: "h" + id, Officer: "SHA256:a", At: 1, Why: "named in a mail"}
}

func person(d casetest.Desk, id, label string, c persons.Category, m persons.Minor) (p persons.Person) {
	d.Do(func(w *db.Writer) (err error) {
		p, err = persons.Open(ctx, w, rand.Reader, persons.Person{ID: persons.ID(id), Case: "01A", Label: label, Category: c, Minor: m, Opened: 1}, first(id))
		return err
	})
	return p
}

func TestDisplay(t *testing.T) {
	for _, c := range []struct {
		category persons.Category
		minor    persons.Minor
		hidden   bool
	}{
		{persons.Other, persons.MinorUnknown, false}, {persons.Suspect, persons.MinorUnknown, false},
		{persons.Victim, persons.MinorUnknown, true}, {persons.Suspect, persons.MinorPossible, true},
		{persons.Other, persons.MinorYes, true}, {persons.Witness, persons.MinorUnknown, false},
	} {
		p := persons.Person{Label: "Name", Pseudonym: "Alder-0001", Category: c.category, Minor: c.minor}
		if got := persons.Display(p, shut); (got == "Alder-0001") != c.hidden {
			t.Errorf("%s, minor %s: shown as %q", c.category, c.minor, got)
		}
		if got := persons.Display(p, open); got != "Name" {
			t.Errorf("%s: the protected view shows %q", c.category, got)
		}
	}
}

func TestPersonsStartAsOther(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a := person(d, "1", "Ana Luz", "", "")
		if a.Category != persons.Other || a.Minor != persons.MinorUnknown || !regexp.MustCompile(`^[A-Z][a-z]+-\d{4}$`).MatchString(a.Pseudonym) {
			t.Errorf("%+v", a)
		}
		to := persons.Change{ID: "h2", Person: a.ID, Category: persons.Victim, Minor: persons.MinorPossible, Officer: "SHA256:a", At: 9, Why: "school named"}
		d.Do(func(w *db.Writer) error { return persons.Recategorise(ctx, w, to) })
		got, err := persons.Find(ctx, d.Look(), a.ID)
		want := a
		want.Category, want.Minor = persons.Victim, persons.MinorPossible
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		hs, err := persons.History(ctx, d.Look(), a.ID)
		if err != nil || len(hs) != 2 || hs[0].Category != persons.Other || hs[1] != to {
			t.Errorf("history: %+v, %v", hs, err)
		}
		d.Do(func(w *db.Writer) error { return persons.Rename(ctx, w, a.ID, " Ana L. ") })
		if got, _ := persons.Find(ctx, d.Look(), a.ID); got.Label != "Ana L." || got.Pseudonym != a.Pseudonym {
			t.Errorf("renamed: %+v", got)
		}
		_, err = persons.Find(ctx, d.Look(), "nobody")
		if fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		for name, bad := range map[string]func(*persons.Change){
			"reason": func(c *persons.Change) { c.Why = " " }, "category": func(c *persons.Change) { c.Category = "guilty" },
			"minor": func(c *persons.Change) { c.Minor = "no" }, "officer": func(c *persons.Change) { c.Officer = "" },
		} {
			c := to
			bad(&c)
			if err := d.Try(func(w *db.Writer) error { return persons.Recategorise(ctx, w, c) }); fault.KindOf(err) != fault.Invalid {
				t.Errorf("a change without %s: %v", name, err)
			}
		}
		for _, bad := range []error{
			d.Try(func(w *db.Writer) error { return persons.Rename(ctx, w, a.ID, " ") }),
			d.Try(func(w *db.Writer) error {
				_, err := persons.Open(ctx, w, rand.Reader, persons.Person{ID: "9", Case: "01A"}, first("9"))
				return err
			}),
			d.Try(func(w *db.Writer) error {
				_, err := persons.Open(ctx, w, rand.Reader, persons.Person{ID: "9", Case: "01A", Label: "x"}, persons.Change{})
				return err
			}),
		} {
			if fault.KindOf(bad) != fault.Invalid {
				t.Error(bad)
			}
		}
	}, schemas()...)
}

func TestPseudonymsAreRandomAndApart(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		open := func(id string, r []byte) (p persons.Person, err error) {
			err = d.Try(func(w *db.Writer) error {
				p, err = persons.Open(ctx, w, bytes.NewReader(r), persons.Person{ID: persons.ID(id), Case: "01A", Label: "Same Name", Opened: 1}, first(id))
				return err
			})
			return p, err
		}
		a, err := open("1", make([]byte, 6))
		if err != nil || a.Pseudonym != "Acacia-0000" {
			t.Fatalf("%+v, %v", a, err)
		}
		b, err := open("2", append(make([]byte, 6), 1, 0, 0, 0, 0, 7)) // the same draw, then another
		if err != nil || b.Pseudonym != "Agate-0007" {
			t.Errorf("%+v, %v", b, err)
		}
		if _, err := open("3", nil); fault.KindOf(err) != fault.Outside {
			t.Errorf("no randomness: %v", err)
		}
		err = d.Try(func(w *db.Writer) error {
			_, err := persons.Open(ctx, w, iotest.ErrReader(fmt.Errorf("broken")), persons.Person{ID: "4", Case: "01A", Label: "x"}, first("4"))
			return err
		})
		if fault.KindOf(err) != fault.Outside {
			t.Errorf("broken randomness: %v", err)
		}
	}, schemas()...)
}

func TestListHonoursMarks(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		for _, id := range []string{"1", "2", "3"} {
			person(d, id, "P"+id, persons.Other, "")
		}
		mark := func(k cases.MarkKind, id string) cases.Mark {
			return cases.Mark{Case: "01A", ObjectKind: cases.PersonObject, Object: id, Kind: k, Set: true, Officer: "o", At: 1, Why: "w"}
		}
		d.Do(func(w *db.Writer) error {
			return cases.PutMarks(ctx, w, mark(cases.Risk, "3"), mark(cases.Protected, "1"))
		})
		order := func(v cases.View) (ids []persons.ID) {
			ps, err := persons.List(ctx, d.Look(), "01A", v)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				ids = append(ids, p.ID)
			}
			return ids
		}
		if diff := cmp.Diff([]persons.ID{"3", "2"}, order(shut)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]persons.ID{"3", "1", "2"}, order(open)); diff != "" {
			t.Error(diff)
		}
	}, schemas()...)
}

func assignment(p, i string) persons.Assignment {
	return persons.Assignment{Case: "01A", Person: persons.ID(p), Identifier: identifiers.ID(i), Relation: "uses", Basis: persons.Reported,
		Source: persons.Source{Evaluation: "B2"}, Officer: "SHA256:a", At: 5, Why: "answer of the operator"}
}

func TestClaimsAndAssignments(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		claim := persons.Claim{ID: "c1", Case: "01A", Person: "1", Predicate: "lives-in", Object: "Porto", Basis: persons.Observed,
			Source:  persons.Source{Exhibit: "e1", Item: "i1", Place: format.Place{Path: "a › b", Offset: 3, Length: 4}, Evaluation: "A1"},
			Officer: "SHA256:a", At: 7}
		as := []persons.Assignment{assignment("1", "i1"), assignment("2", "i1")} // a shared telephone
		d.Do(func(w *db.Writer) error {
			if err := persons.PutClaims(ctx, w, claim); err != nil {
				return err
			}
			return persons.Assign(ctx, w, as...)
		})
		cs, err := persons.Claims(ctx, d.Look(), "01A")
		if diff := cmp.Diff([]persons.Claim{claim}, cs); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		got, err := persons.Assignments(ctx, d.Look(), "01A")
		if diff := cmp.Diff(as, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		claim.Withdrawn, as[0].Withdrawn = true, true
		d.Do(func(w *db.Writer) error {
			if err := persons.PutClaims(ctx, w, claim); err != nil {
				return err
			}
			return persons.Assign(ctx, w, as[0])
		})
		if cs, _ := persons.Claims(ctx, d.Look(), "01A"); len(cs) != 0 {
			t.Error("a withdrawn claim stands")
		}
		if got, _ := persons.Assignments(ctx, d.Look(), "01A"); len(got) != 1 {
			t.Error("a withdrawn assignment stands")
		}
		for name, bad := range map[string]func(*persons.Claim){
			"two subjects": func(c *persons.Claim) { c.Identifier = "i" }, "no subject": func(c *persons.Claim) { c.Person = "" },
			"basis": func(c *persons.Claim) { c.Basis = "known" }, "source": func(c *persons.Claim) { c.Source.Exhibit = "" },
			"evaluation": func(c *persons.Claim) { c.Source.Evaluation = "Z9" },
		} {
			c := claim
			bad(&c)
			if err := d.Try(func(w *db.Writer) error { return persons.PutClaims(ctx, w, c) }); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, bad := range map[string]func(*persons.Assignment){
			"reason": func(a *persons.Assignment) { a.Why = "" }, "basis": func(a *persons.Assignment) { a.Basis = persons.Observed },
			"person": func(a *persons.Assignment) { a.Person = "" },
		} {
			a := as[1]
			bad(&a)
			if err := d.Try(func(w *db.Writer) error { return persons.Assign(ctx, w, a) }); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	}, schemas()...)
}

func TestMaskShowsPseudonyms(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		v, _ := identifiers.ParsePhone("+34 612 345 678")
		n, _ := identifiers.ParseLabel("Lucecita")
		b := identifiers.Collate(key, "01A", []identifiers.Seen{{Value: v, Relation: identifiers.Author, Exhibit: "e"}, {Value: n, Relation: identifiers.Member, Exhibit: "e"}})
		victim, suspect := person(d, "1", "Ana Luz", persons.Victim, ""), person(d, "2", "Carl Bo", persons.Suspect, "")
		d.Do(func(w *db.Writer) error {
			if err := identifiers.Put(ctx, w, b); err != nil {
				return err
			}
			return persons.Assign(ctx, w, assignment("1", string(b.Identifiers[0].ID)), assignment("1", string(b.Identifiers[1].ID)))
		})
		m, err := persons.MaskOf(ctx, d.Look(), "01A", shut)
		if err != nil {
			t.Fatal(err)
		}
		p := victim.Pseudonym
		if got := m.Text("ana luz told Carl Bo: lucecita, 612 345 678"); got != strings.ReplaceAll("# told Carl Bo: #, #", "#", p) {
			t.Errorf("got %q", got)
		}
		if got := m.Identifier(b.Identifiers[0].ID, v.Norm); got != p {
			t.Errorf("the number shows as %q", got)
		}
		if got := m.Identifier("other", "Ana Luz"); got != p {
			t.Errorf("another identifier with the name shows as %q", got)
		}
		if got := m.Text("ask Ana Rosa"); got != "ask ▒▒▒▒ Rosa" {
			t.Errorf("a part of the name: %q", got)
		}
		if got := m.Identifier("other", "Ana Rosa"); got != "Ana Rosa" {
			t.Errorf("somebody else who shares a word of the name shows as %q", got)
		}
		if m.Text(suspect.Label) != "Carl Bo" {
			t.Error("a suspect is masked")
		}
		if m, err = persons.MaskOf(ctx, d.Look(), "01A", open); err != nil || m.Text("Ana Luz") != "Ana Luz" || m.Identifier(b.Identifiers[0].ID, "x") != "x" {
			t.Error("the protected view masks")
		}
	}, schemas()...)
}
