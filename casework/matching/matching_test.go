package matching

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/hash/pdq"
	"tutela/phrase"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

func schemas() []db.Schema {
	return []db.Schema{staff.Schema(), cases.Schema(), media.Schema(), hashlists.Schema(), Schema()}
}

// engines runs a test on both databases.
func engines(t *testing.T, fn func(*testing.T, *vault.Vault)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, vaulttest.Open(t, schemas()...)) })
	t.Run("postgres", func(t *testing.T) { fn(t, vaulttest.OpenPG(t, schemas()...)) })
}

func do(t testing.TB, v *vault.Vault, fn func(context.Context, *db.Writer) error) {
	t.Helper()
	a := audit.Act{Class: audit.Collection, Verb: "test", Why: "test"}
	if _, err := v.Desk.Do(t.Context(), a, func(w *db.Writer) error { return fn(t.Context(), w) }); err != nil {
		t.Fatal(err)
	}
}

func reader(t testing.TB, v *vault.Vault) *db.Reader {
	t.Helper()
	q, err := v.Desk.Consult(t.Context(), audit.Act{Class: audit.Consultation, Verb: "test", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func bring(t testing.TB, v *vault.Vault, id, version string, p hashlists.Purpose, text string) {
	t.Helper()
	l := hashlists.List{ID: hashlists.ID(id), Source: "Unit " + id, Version: version, Purpose: p, Officer: "SHA256:x", At: 1,
		Document: digest.ID(sha256.Sum256([]byte(text)))}
	do(t, v, func(ctx context.Context, w *db.Writer) error {
		_, _, err := hashlists.Import(ctx, w, l, strings.NewReader(text), hashlist.Options{})
		return err
	})
}

// item is a file with invented content.
func item(name string) media.Item {
	b := []byte(name)
	return media.Item{ID: media.ID("item-" + name), Case: "C1", Exhibit: "E1", Path: name, Name: name, Size: int64(len(b)),
		MD5: md5.Sum(b), SHA1: sha1.Sum(b), SHA256: sha256.Sum256(b), State: media.Read}
}

// telling returns a hash of weight 128, as pictures have.
func telling(seed uint64) (h pdq.Hash) {
	for _, bit := range rand.New(rand.NewPCG(seed, 7)).Perm(256)[:128] {
		h[bit/64] |= 1 << (bit % 64)
	}
	return h
}

// moved returns the hash with n bits changed.
func moved(h pdq.Hash, n int) pdq.Hash {
	for _, bit := range rand.New(rand.NewPCG(5, 6)).Perm(256)[:n] {
		h[bit/64] ^= 1 << (bit % 64)
	}
	return h
}

func print1(h pdq.Hash, quality, side int) Print {
	return Print{Variant: "ref512", Hash: h, Quality: quality, Width: side, Height: 600}
}

func matched(t testing.TB, v *vault.Vault, subjects ...Subject) []Match {
	t.Helper()
	q := reader(t, v)
	m, err := Load(t.Context(), q, v.Keys.Site.Row)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Match(t.Context(), q, subjects)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// short is a match in one line.
func short(ms []Match) (out []string) {
	for _, m := range ms {
		out = append(out, fmt.Sprintf("%s %s/%d %s %s %d %s", m.Item, m.List, m.Number, m.Algorithm, m.Variant, m.Distance, m.Tier))
	}
	return out
}

func TestDigestsFirst(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		a, b := item("a"), item("b")
		bring(t, v, "L1", "7", hashlists.CSAM, fmt.Sprintf("md5,sha1,category,id\n%x,%x,2,n-1\n%x,,1,n-2\n", a.MD5, a.SHA1, b.MD5))
		h := telling(1)
		bring(t, v, "L2", "1", hashlists.Test, fmt.Sprintf("sha256,pdq,category\n%v,%v,A\n", a.SHA256, moved(h, 4)))
		sa := SubjectOf(a, nil)
		sa.Prints = []Print{print1(h, 100, 600)}
		got := matched(t, v, SubjectOf(b, nil), sa, SubjectOf(item("c"), nil))
		want := []string{
			"item-b L1/2 md5  0 exact",
			"item-a L1/1 sha1  0 exact",
			"item-a L2/1 sha256  0 exact",
			"item-a L2/1 pdq ref512 4 reencoded",
		}
		if diff := cmp.Diff(want, short(got)); diff != "" {
			t.Error(diff)
		}
		if m := got[1]; m.Category != "2" || m.SourceID != "n-1" || m.Version != "7" || m.Matcher != Version || m.Case != "C1" {
			t.Errorf("%+v", m)
		}
		if m := got[3]; m.Category != "A" || m.Quality != 100 {
			t.Errorf("%+v", m)
		}
		again := matched(t, v, sa)
		if again[0].ID != got[1].ID || len(again[0].ID) != 32 {
			t.Errorf("id %q, then %q", got[1].ID, again[0].ID)
		}
	})
}

func TestPurposes(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	a, h := item("a"), telling(1)
	for i, p := range hashlists.Purposes() {
		bring(t, v, fmt.Sprint("L", i), "1", p, fmt.Sprintf("md5,pdq\n%x,%v\n", a.MD5, h))
	}
	s := SubjectOf(a, nil)
	s.Prints = []Print{print1(h, 90, 600)}
	for _, m := range matched(t, v, s) {
		if m.List != "L0" && m.List != "L4" {
			t.Errorf("a list for %s answers in a case", hashlists.Purposes()[m.List[1]-'0'])
		}
	}
	if n := len(matched(t, v, s)); n != 4 {
		t.Errorf("%d matches, want 4", n)
	}
}

func TestTiersAndFloors(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	h := telling(2)
	bring(t, v, "L1", "1", hashlists.CSAM, "pdq\n"+h.String()+"\n"+pdq.Ramp().String()+"\n")
	white := func(p Print) Print { p.Variant = "white-full"; return p }
	for _, c := range []struct {
		name  string
		print Print
		want  Tier // "" = no match
	}{
		{"equal", print1(h, 100, 600), Same},
		{"10 bits", print1(moved(h, 10), 100, 600), Same},
		{"11 bits", print1(moved(h, 11), 100, 600), Likely},
		{"20 bits", print1(moved(h, 20), 100, 600), Likely},
		{"21 bits", print1(moved(h, 21), 100, 600), ToReview},
		{"31 bits", print1(moved(h, 31), 100, 600), ToReview},
		{"32 bits", print1(moved(h, 32), 100, 600), ""},
		{"quality 50", print1(h, 50, 600), Same},
		{"quality 49", print1(h, 49, 600), ""},
		{"side 32", print1(h, 100, 32), Same},
		{"side 31", print1(h, 100, 31), ToReview},
		{"side 24", print1(h, 100, 24), ToReview},
		{"side 23", print1(h, 100, 23), ""},
		{"transparent near", white(print1(moved(h, 9), 100, 600)), Same},
		{"transparent", white(print1(moved(h, 15), 100, 600)), ToReview},
		{"flat", print1(pdq.Hash{}, 100, 600), ""},
		{"ramp", print1(pdq.Ramp(), 100, 600), ""},
	} {
		s := SubjectOf(item("x"), nil)
		s.Prints = []Print{c.print}
		got := matched(t, v, s)
		if c.want == "" && len(got) != 0 || c.want != "" && (len(got) != 1 || got[0].Tier != c.want) {
			t.Errorf("%s: %v, want %q", c.name, short(got), c.want)
		}
	}
}

func TestNearestVariantCounts(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	h := telling(3)
	bring(t, v, "L1", "1", hashlists.CSAM, "pdq\n"+h.String()+"\n")
	s := SubjectOf(item("x"), nil)
	s.Prints = []Print{print1(moved(h, 12), 100, 600), {Variant: "full", Hash: moved(h, 3), Quality: 80, Width: 600, Height: 600}}
	if diff := cmp.Diff([]string{"item-x L1/1 pdq full 3 reencoded"}, short(matched(t, v, s))); diff != "" {
		t.Error(diff)
	}
}

// TestAgainstBruteForce compares many subjects with a list by hand.
func TestAgainstBruteForce(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	var text strings.Builder
	text.WriteString("pdq\n")
	var stored []pdq.Hash
	for i := range uint64(300) {
		h := telling(100 + i)
		stored = append(stored, h, moved(h, int(i%50)))
		fmt.Fprintln(&text, stored[2*i])
		fmt.Fprintln(&text, stored[2*i+1])
	}
	bring(t, v, "L1", "1", hashlists.CSAM, text.String())
	var subjects []Subject
	want := 0
	for i := range uint64(60) {
		s := SubjectOf(item(fmt.Sprint(i)), nil)
		h := moved(telling(100+i), int(i%40))
		s.Prints = []Print{print1(h, 100, 600)}
		subjects = append(subjects, s)
		for _, o := range stored {
			if o.Telling() && h.Distance(o) <= Radius {
				want++
			}
		}
	}
	got := matched(t, v, subjects...)
	if len(got) != want || want < 60 {
		t.Errorf("%d matches, by hand %d", len(got), want)
	}
}

func TestStoreAndList(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		a, b, c := item("a"), item("b"), item("c")
		b.Protected, c.Risk = true, true
		h := telling(1)
		bring(t, v, "L1", "1", hashlists.CSAM, fmt.Sprintf("md5,pdq\n%x,\n%x,\n%x,\n,%v\n", a.MD5, b.MD5, c.MD5, h))
		sa := SubjectOf(a, []media.Fingerprint{{SHA256: a.SHA256, Variant: "full", Hash: slices.Clone(bytesOf(moved(h, 15))), Quality: 90, Width: 600, Height: 600}})
		ms := matched(t, v, sa, SubjectOf(b, nil), SubjectOf(c, nil))
		all := []media.ID{a.ID, b.ID, c.ID}
		do(t, v, func(ctx context.Context, w *db.Writer) error {
			if err := media.PutItems(ctx, w, a, b, c); err != nil {
				return err
			}
			return Store(ctx, w, all, ms)
		})
		if diff := cmp.Diff([]string{"c exact true", "a exact false", "a confident false"}, listed(t, v, cases.View{})); diff != "" {
			t.Errorf("hidden view: %s", diff)
		}
		if n := len(listed(t, v, cases.View{Protected: true})); n != 4 {
			t.Errorf("protected view shows %d matches", n)
		}
		counts, err := Count(t.Context(), reader(t, v), "C1", cases.View{})
		if diff := cmp.Diff(map[Tier]int{Exact: 2}, counts); diff != "" || err != nil {
			t.Errorf("counts: %v %s", err, diff)
		}
		do(t, v, func(ctx context.Context, w *db.Writer) error {
			return hashlists.SetState(ctx, w, "L1", hashlists.Withdrawn, "test")
		})
		gone := matched(t, v, sa)
		do(t, v, func(ctx context.Context, w *db.Writer) error { return Store(ctx, w, []media.ID{a.ID}, gone) })
		if diff := cmp.Diff([]string{"c exact true"}, listed(t, v, cases.View{})); diff != "" {
			t.Errorf("after a withdrawal: %s", diff)
		}
	})
}

func bytesOf(h pdq.Hash) []byte {
	b := h.Bytes()
	return b[:]
}

// listed is the list of a case in short; every line must explain itself in every
// language.
func listed(t testing.TB, v *vault.Vault, view cases.View) (out []string) {
	t.Helper()
	all, err := OfCase(t.Context(), reader(t, v), "C1", view)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		out = append(out, fmt.Sprintf("%s %s %v", l.Name, l.Tier, l.AtRisk))
		key, args := l.Explanation()
		for _, lang := range phrase.Languages() {
			if s := phrase.For(lang).Text(key, args...); strings.Contains(s, "%!") || strings.HasPrefix(s, "[") || !strings.Contains(s, "Unit L1") {
				t.Errorf("%s: %s", lang, s)
			}
		}
	}
	return out
}

func TestStoreRefusesStrangers(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	a := audit.Act{Class: audit.Collection, Verb: "test", Why: "test"}
	_, err := v.Desk.Do(t.Context(), a, func(w *db.Writer) error {
		return Store(t.Context(), w, []media.ID{"x"}, []Match{{ID: "1", Case: "C1", Item: "y"}})
	})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestSubjectOf(t *testing.T) {
	i := item("a")
	s := SubjectOf(i, []media.Fingerprint{{SHA256: i.SHA256, Hash: make([]byte, 31)}, {SHA256: digest.ID{1}, Hash: make([]byte, 32)},
		{SHA256: i.SHA256, Variant: "full", Hash: bytesOf(telling(1)), Quality: 3, Width: 4, Height: 5}})
	want := []Print{{"full", telling(1), 3, 4, 5}}
	if diff := cmp.Diff(want, s.Prints); diff != "" || s.Item != i.ID {
		t.Error(diff)
	}
}
