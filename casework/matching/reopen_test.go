package matching

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

const unit = "Example Unit"

// site is a case with items a to e, matched with the lists of one source.
type site struct {
	t     *testing.T
	v     *vault.Vault
	items []media.Item
	at    int64
}

func newSite(t *testing.T, v *vault.Vault) *site {
	s := &site{t: t, v: v}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.items = append(s.items, item(name))
	}
	do(t, v, func(ctx context.Context, w *db.Writer) error { return media.PutItems(ctx, w, s.items...) })
	return s
}

// bring imports a list of the source and opens matches again, in one act.
func (s *site) bring(id, version, source, text string, delta bool) (out []Reopened) {
	s.t.Helper()
	s.at++
	l := hashlists.List{ID: hashlists.ID(id), Source: source, Version: version, Purpose: hashlists.CSAM, Officer: "SHA256:x", At: s.at, Delta: delta,
		Document: digest.ID(sha256.Sum256([]byte(text)))}
	do(s.t, s.v, func(ctx context.Context, w *db.Writer) (err error) {
		if _, _, err = hashlists.Import(ctx, w, l, strings.NewReader(text), hashlist.Options{}); err == nil {
			out, err = Reopen(ctx, w, s.change(source))
		}
		return err
	})
	return out
}

func (s *site) change(source string) Change {
	return Change{Source: source, Purpose: hashlists.CSAM, Officer: "SHA256:x", At: 100 + s.at, Why: "the lists of " + source}
}

// rematch does what the stage does after a change.
func (s *site) rematch() {
	s.t.Helper()
	var subjects []Subject
	var ids []media.ID
	for _, i := range s.items {
		subjects, ids = append(subjects, SubjectOf(i, nil)), append(ids, i.ID)
	}
	found := matched(s.t, s.v, subjects...)
	do(s.t, s.v, func(ctx context.Context, w *db.Writer) error { return Store(ctx, w, ids, found) })
}

func told(rs []Reopened) string {
	var out []string
	for _, r := range rs {
		out = append(out, fmt.Sprintf("%s %s %s>%s", r.Item, r.Cause, r.Was, r.Is))
	}
	return strings.Join(out, " | ")
}

func list(category string, items ...media.Item) string {
	text := "md5,category,id\n"
	for n, i := range items {
		text += fmt.Sprintf("%x,%s,n-%d\n", i.MD5, category, n)
	}
	return text
}

// TestNewVersionReopens: what a new version no longer carries, or puts into
// another category, is opened again; what it says alike is not.
func TestNewVersionReopens(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		s := newSite(t, v)
		a, b, c, d, e := s.items[0], s.items[1], s.items[2], s.items[3], s.items[4]
		if got := s.bring("L1", "1", unit, list("2", a, b, c), false); len(got) != 0 {
			t.Errorf("the first list opens %s", told(got))
		}
		s.bring("L2", "1", "Another Unit", list("2", b, e), false)
		s.rematch()
		got := s.bring("L3", "2", unit, list("2", a)+strings.TrimPrefix(list("3", c, d), "md5,category,id\n"), false)
		want := "item-b withdrawn Example Unit//2> | item-c corrected Example Unit//2>Example Unit//3"
		if told(got) != want {
			t.Errorf("opened %q, want %q", told(got), want)
		}
		if again := s.bring("L4", "3", unit, list("2", a), false); told(again) != "" { // before anything is matched again
			t.Errorf("opened twice: %s", told(again))
		}
		s.rematch()
		q := reader(t, v)
		open, err := ReopenedOf(t.Context(), q, "C1", cases.View{}, true)
		if err != nil || len(open) != 2 || open[0].Why == "" || open[0].List != "L1" {
			t.Errorf("open are %s, %v", told(open), err)
		}
		if other, _ := ReopenedOf(t.Context(), q, "C2", cases.View{}, false); len(other) != 0 {
			t.Errorf("another case has %s", told(other))
		}
	})
}

func TestWithdrawnEntriesAndListsReopen(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		s := newSite(t, v)
		a, b, c := s.items[0], s.items[1], s.items[2]
		s.bring("L1", "1", unit, list("2", a, b, c), false)
		s.bring("L2", "1b", unit, list("2", b), true) // says the same of b
		s.rematch()
		withdraw := func(fn func(context.Context, *db.Writer) error) (out []Reopened) {
			s.at++
			do(t, v, func(ctx context.Context, w *db.Writer) (err error) {
				if err = fn(ctx, w); err == nil {
					out, err = Reopen(ctx, w, s.change(unit))
				}
				return err
			})
			return out
		}
		got := withdraw(func(ctx context.Context, w *db.Writer) error {
			return hashlists.Withdraw(ctx, w, hashlists.Withdrawal{List: "L1", Officer: "SHA256:x", At: 9, Why: "mistaken"}, 1, 2)
		})
		if told(got) != "item-a withdrawn Example Unit//2>" {
			t.Errorf("opened %s", told(got))
		}
		s.rematch()
		got = withdraw(func(ctx context.Context, w *db.Writer) error {
			return hashlists.SetState(ctx, w, "L1", hashlists.Withdrawn, "the source asked")
		})
		if told(got) != "item-c withdrawn Example Unit//2>" {
			t.Errorf("opened %s", told(got))
		}
		settle := func(match, why string) (n int, err error) {
			_, err = v.Desk.Do(t.Context(), audit.Act{Class: audit.Alteration, Verb: "test", Why: "test"}, func(w *db.Writer) error {
				n, err = Settle(t.Context(), w, "C1", match, "SHA256:x", 500, why)
				return err
			})
			return n, err
		}
		if _, err := settle(got[0].Match, " "); fault.KindOf(err) != fault.Invalid {
			t.Errorf("settled without a reason: %v", err)
		}
		if n, err := settle(got[0].Match, "the recipients were told"); n != 1 || err != nil {
			t.Errorf("settled %d, %v", n, err)
		}
		if _, err := settle(got[0].Match, "again"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("settled twice: %v", err)
		}
		q := reader(t, v)
		open, _ := ReopenedOf(t.Context(), q, "C1", cases.View{}, true)
		all, err := ReopenedOf(t.Context(), q, "C1", cases.View{}, false)
		if err != nil || len(open) != 1 || len(all) != 2 || all[0].SettledWhy != "the recipients were told" {
			t.Errorf("open %s, all %s, %v", told(open), told(all), err)
		}
		do(t, v, func(ctx context.Context, w *db.Writer) error { return Forget(ctx, w, a.ID, c.ID) })
		if all, _ := ReopenedOf(t.Context(), q, "C1", cases.View{}, false); len(all) != 0 {
			t.Errorf("after the erasure: %s", told(all))
		}
	})
}

// TestCorrectedByItsSource: an entry that comes again in a later page with another
// classification opens its match; one that comes again unchanged does not; one that
// is deleted does.
func TestCorrectedByItsSource(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		s := newSite(t, v)
		page := func(parts ...string) string {
			return `<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>` + strings.Join(parts, "") + `</images></queryResult>`
		}
		entry := func(i media.Item, class string) string {
			return fmt.Sprintf("<image><id>%s</id><classification>%s</classification><fingerprints><md5>%x</md5></fingerprints></image>", i.Name, class, i.MD5)
		}
		a, b, c := s.items[0], s.items[1], s.items[2]
		s.bring("L1", "1", unit, page(entry(a, "A1"), entry(b, "A1"), entry(c, "B2")), false)
		s.rematch()
		got := s.bring("L2", "2", unit, page(entry(a, "A1"), entry(b, "B1"), "<deletedImage><id>c</id></deletedImage>"), true)
		if want := "item-b corrected ncmec//A1>ncmec//B1 | item-c withdrawn ncmec//B2>"; told(got) != want {
			t.Errorf("opened %q, want %q", told(got), want)
		}
		s.rematch()
		q := reader(t, v)
		list, err := db.Collect(t.Context(), q, scanMatch, "SELECT "+matchColumns+" FROM hash_match m ORDER BY m.item")
		if err != nil || len(list) != 2 || list[0].List != "L2" || list[1].Category != "B1" {
			t.Errorf("matches are %v, %v", short(list), err)
		}
	})
}

// TestOtherPurposesStayOut: a list for another purpose gives no match of a case,
// and a match that claims one is refused.
func TestOtherPurposesStayOut(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	s := newSite(t, v)
	a := s.items[0]
	for i, p := range hashlists.Purposes() {
		bring(t, v, fmt.Sprint("L", i), "1", p, list("1", a))
		bring(t, v, fmt.Sprint("P", i), "1", p, "pdq\n"+moved(telling(3), 2).String()+"\n")
	}
	subject := SubjectOf(a, nil)
	subject.Prints = []Print{print1(telling(3), 100, 600)}
	found := matched(t, v, subject)
	if len(found) != 2*len(hashlists.ForCases()) {
		t.Errorf("found %v", short(found))
	}
	for i, p := range hashlists.Purposes() {
		may := p == hashlists.CSAM || p == hashlists.Test
		id := hashlists.ID(fmt.Sprint("L", i))
		for _, m := range found {
			if (m.List == id || m.List == hashlists.ID(fmt.Sprint("P", i))) && !may {
				t.Errorf("a list for %s answers: %+v", p, m)
			}
		}
		undo := errors.New("undo")
		_, err := v.Desk.Do(t.Context(), audit.Act{Class: audit.Combination, Verb: "test", Why: "test"}, func(w *db.Writer) error {
			m := Match{ID: "m", Case: "C1", Item: a.ID, List: id, Version: "1", Number: 1, Algorithm: "md5", Tier: Exact, Matcher: Version}
			if err := Store(t.Context(), w, []media.ID{a.ID}, []Match{m}); err != nil {
				return err
			}
			return undo
		})
		if may != errors.Is(err, undo) || !may && fault.KindOf(err) != fault.Refused {
			t.Errorf("a match with a list for %s: %v", p, err)
		}
	}
}
