package matching

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/hash/pdq"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// TestLoadForPurposes asks the lists of the named purposes and no other, and what
// they answer never gets into a case.
func TestLoadForPurposes(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	a, h := item("a"), telling(1)
	for i, p := range hashlists.Purposes() {
		bring(t, v, fmt.Sprint("L", i), "1", p, fmt.Sprintf("md5,pdq\n%x,%v\n", a.MD5, h))
	}
	s := SubjectOf(a, nil)
	s.Prints = []Print{print1(h, 90, 600)}
	for i, p := range hashlists.Purposes() {
		q := reader(t, v)
		m, err := LoadFor(t.Context(), q, v.Keys.Site.Row, p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Match(t.Context(), q, []Subject{s})
		if err != nil || len(got) != 2 || len(m.Lists()) != 1 {
			t.Fatalf("%s: %v, %v, lists %v", p, short(got), err, m.Lists())
		}
		for _, g := range got {
			if l, ok := m.List(g.List); !ok || l.Purpose != p || g.List != hashlists.ID(fmt.Sprint("L", i)) {
				t.Errorf("asked for %s, answered by %s", p, g.List)
			}
		}
		_, err = v.Desk.Do(t.Context(), audit.Act{Class: audit.Collection, Verb: "test", Why: "test"}, func(w *db.Writer) error {
			return Store(t.Context(), w, []media.ID{a.ID}, got)
		})
		if want := p == hashlists.CSAM || p == hashlists.Test; (err == nil) != want {
			t.Errorf("stored for %s: %v", p, err)
		}
	}
}

// TestGround compares again what a match rests on.
func TestGround(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		a, h := item("a"), telling(1)
		bring(t, v, "L1", "1", hashlists.CSAM, fmt.Sprintf("md5,sha256,pdq\n%x,,\n,%v,\n,,%v\n", a.MD5, a.SHA256, moved(h, 9)))
		s := SubjectOf(a, nil)
		other := Print{Variant: "full", Hash: moved(h, 25), Quality: 80, Width: 600, Height: 600}
		s.Prints = []Print{other, print1(h, 100, 600)}
		q := reader(t, v)
		got := matched(t, v, s)
		if len(got) != 3 {
			t.Fatalf("%v", short(got))
		}
		for _, m := range got {
			own := [][]byte{s.Value(m.Algorithm)}
			if m.Algorithm == "pdq" {
				own = append(s.Hashes(m.Variant), make([]byte, 32), []byte("short"))
			}
			g, err := GroundOf(t.Context(), q, m, own...)
			if err != nil || g.Distance != m.Distance || !bytes.Equal(g.Own, own[0]) {
				t.Errorf("%s: %+v, %v", m.Algorithm, g, err)
			}
			if m.Algorithm == "pdq" && (g.Distance != 9 || pdqOf(t, g.Listed) != moved(h, 9)) {
				t.Errorf("%+v", g)
			}
			if m.Algorithm != "pdq" && !bytes.Equal(g.Own, g.Listed) {
				t.Errorf("%+v", g)
			}
			if _, err := GroundOf(t.Context(), q, m); fault.KindOf(err) != fault.NotFound {
				t.Errorf("without a value of the file: %v", err)
			}
			m.Number = 77
			if _, err := GroundOf(t.Context(), q, m, own...); fault.KindOf(err) != fault.NotFound {
				t.Errorf("without an entry: %v", err)
			}
		}
		if s.Value("pdq") != nil || s.Hashes("up512") != nil {
			t.Error("a value that the subject has not")
		}
	})
}

func pdqOf(t *testing.T, b []byte) pdq.Hash {
	t.Helper()
	h, err := pdq.FromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestFindListed gives a match to those who see it in the list, and to nobody else.
func TestFindListed(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		a, b := item("a"), item("b")
		b.Protected = true
		bring(t, v, "L1", "1", hashlists.CSAM, fmt.Sprintf("md5\n%x\n%x\n", a.MD5, b.MD5))
		ms := matched(t, v, SubjectOf(a, nil), SubjectOf(b, nil))
		do(t, v, func(ctx context.Context, w *db.Writer) error {
			if err := media.PutItems(ctx, w, a, b); err != nil {
				return err
			}
			return Store(ctx, w, []media.ID{a.ID, b.ID}, ms)
		})
		q, all := reader(t, v), cases.View{Protected: true}
		for _, c := range []struct {
			of   cases.ID
			view cases.View
			id   string
			want bool
		}{
			{"C1", cases.View{}, ms[0].ID, true}, {"C1", all, ms[0].ID, true}, {"C1", cases.View{}, ms[1].ID, false},
			{"C1", all, ms[1].ID, true}, {"C2", all, ms[0].ID, false}, {"C1", all, "", false},
		} {
			l, err := FindListed(t.Context(), q, c.of, c.view, c.id)
			if (err == nil) != c.want || !c.want && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%+v: %v", c, err)
			}
			if c.want && l.ID != c.id {
				t.Errorf("%+v: %+v", c, l)
			}
		}
		listed, err := OfCase(t.Context(), q, "C1", all)
		one, _ := FindListed(t.Context(), q, "C1", all, ms[1].ID)
		if diff := cmp.Diff(listed[1], one); diff != "" && cmp.Diff(listed[0], one) != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// TestRulesGiveTheTiers names a rule for every tier of a PDQ match.
func TestRulesGiveTheTiers(t *testing.T) {
	for _, c := range []struct {
		variant  string
		side     int
		distance int
		rule     Rule
		tier     Tier
	}{
		{"ref512", 400, 0, Nearest, Same}, {"ref512", 400, 10, Nearest, Same}, {"ref512", 400, 11, Near, Likely}, {"full", 400, 20, Near, Likely},
		{"full", 400, 21, Far, ToReview}, {"ref512", 31, 0, SmallPicture, ToReview}, {"white-ref512", 400, 11, CarefulVariant, ToReview},
		{"up512", 100, 10, Nearest, Same}, {"up512", 100, 11, CarefulVariant, ToReview}, {"up512", 100, 30, Far, ToReview},
	} {
		p := Print{Variant: c.variant, Width: c.side, Height: 2 * c.side}
		if r := RuleOf(p, c.distance); r != c.rule || tierOf(p, c.distance) != c.tier {
			t.Errorf("%+v: %s, %s", c, r, tierOf(p, c.distance))
		}
	}
}

func TestParts(t *testing.T) {
	for variant, want := range map[string]string{
		"ref512": "ref512", "white-up512": "white up512", "white-crop-ref512": "white-crop ref512",
		"white-crop-upright-frame12-ref512": "white-crop upright frame12 ref512", "upright-full": "upright full",
	} {
		got := Parts(variant)
		if strings.Join(got, " ") != want || strings.Join(got, "-") != variant {
			t.Errorf("%s: %q", variant, got)
		}
	}
}
