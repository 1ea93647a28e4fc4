package hashlists

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// document returns a list of the conformance data, or skips.
func document(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	b, err := os.ReadFile(filepath.Join(dir, "hashlists", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func random(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// feed imports documents one after the other as parts of a list.
type feed struct {
	t       *testing.T
	v       *vault.Vault
	purpose Purpose
	lists   []List
	texts   [][]byte
}

func (f *feed) bring(text []byte, version string, delta bool) (List, error) {
	l := described("L"+string(rune('A'+len(f.lists))), version, f.purpose, string(text))
	l.Delta, l.At, l.Document = delta, int64(10+len(f.lists)), digest.ID(sha256.Sum256(text))
	var out List
	err := do(f.t, f.v, func(ctx context.Context, w *db.Writer) (err error) {
		out, _, err = Import(ctx, w, l, random(text), hashlist.Options{})
		return err
	})
	if err == nil {
		f.lists, f.texts = append(f.lists, out), append(f.texts, text)
	}
	return out, err
}

func (f *feed) must(text []byte, version string, delta bool) List {
	f.t.Helper()
	l, err := f.bring(text, version, delta)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// active streams the entries of all active lists.
func (f *feed) active() (out []hashlist.Entry) {
	f.t.Helper()
	q := reader(f.t, f.v)
	lists, err := ActiveOf(f.t.Context(), q, f.purpose)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, l := range lists {
		for e, err := range Stream(f.t.Context(), q, l) {
			if err != nil {
				f.t.Fatal(err)
			}
			out = append(out, e)
		}
	}
	return out
}

// states returns the state of every value, to see that a refill gives it again.
func (f *feed) states() string {
	f.t.Helper()
	all, err := db.Collect(f.t.Context(), reader(f.t, f.v), scanEntry, selectEntry+" ORDER BY e.list_id, e.number, e.algorithm, e.value")
	if err != nil {
		f.t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range all {
		b.WriteString(string(e.List) + " " + e.line() + " " + string(e.State) + "\n")
	}
	return b.String()
}

// refilled reads every document again and expects what is there already.
func (f *feed) refilled() {
	f.t.Helper()
	before := f.states()
	err := do(f.t, f.v, func(ctx context.Context, w *db.Writer) error {
		all, err := db.Collect(ctx, w, scanEntry, selectEntry)
		if err != nil {
			return err
		}
		for _, e := range all { // as a fresh database has it
			if err := w.Delete(ctx, entryTable, db.Row{e.Algorithm, e.Value, string(e.List), e.Number}); err != nil {
				return err
			}
		}
		for i, l := range f.lists {
			if err := Refill(ctx, w, l, random(f.texts[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if after := f.states(); after != before {
		f.t.Errorf("a refill gives other entries")
	}
	for _, l := range f.lists {
		if err := Check(f.t.Context(), reader(f.t, f.v), l); err != nil {
			f.t.Error(err)
		}
	}
}

// TestPagesOfNCMEC imports both pages and expects what the conformance data says.
func TestPagesOfNCMEC(t *testing.T) {
	one, two := document(t, "ncmec-v2-page1.xml"), document(t, "ncmec-v2-page2.xml")
	engines(t, func(t *testing.T, v *vault.Vault) {
		f := feed{t: t, v: v, purpose: CSAM}
		if l := f.must(one, "2026-01", false); l.Next == "" || l.Scheme != "ncmec" || len(f.active()) != 28 {
			t.Errorf("after the first page: %+v, %d active", l, len(f.active()))
		}
		l := f.must(two, "2026-01", false)
		active := f.active()
		if l.Removals != 3 || l.Gone != 2 || l.Next != "" || len(active) != 48 {
			t.Errorf("after both pages: %+v, %d active", l, len(active))
		}
		for _, e := range active {
			if e.SourceID == "image/image-000" || e.SourceID == "image/image-001" {
				t.Errorf("%s is active", e.SourceID)
			}
		}
		gone, _ := hex.DecodeString("7b0bd21e77eeae83e73b71aa9d3870ba")
		if found, err := Lookup(t.Context(), reader(t, v), ForCases(), hashlist.MD5, [][]byte{gone}); err != nil || len(found) != 0 {
			t.Errorf("a withdrawn entry answers: %+v, %v", found, err)
		}
		f.refilled()
		for _, broken := range []string{"broken/ncmec-truncated.xml", "broken/ncmec-doctype.xml", "broken/ncmec-wrong-namespace.xml"} {
			before := f.states()
			if _, err := f.bring(document(t, broken), "2026-02", false); err == nil || f.states() != before {
				t.Errorf("%s: %v, or it changed entries", broken, err)
			}
		}
	})
}

func TestPagesOfStopNCII(t *testing.T) {
	one, two := document(t, "stopncii-page1.json"), document(t, "stopncii-page2.json")
	engines(t, func(t *testing.T, v *vault.Vault) {
		f := feed{t: t, v: v, purpose: AdultIntimate}
		f.must(one, "5", false)
		f.must(two, "5", false)
		usable := 0
		for _, e := range f.active() {
			if hex.EncodeToString(e.Values[0].Bytes) == "1ed580eb292bfb1016c145e7b93ec41404817bff8b7ec24b5a41dbc8a13f25b7" {
				t.Error("the hash that was withdrawn later is active")
			}
			if !e.Values[0].Barred {
				usable++
			}
		}
		if usable != 29 {
			t.Errorf("%d are usable, want 29", usable)
		}
		f.refilled()
	})
}

func TestChangesOfNSRL(t *testing.T) {
	base, delta := document(t, "nsrl-v3-minimal.sql"), document(t, "nsrl-v3-delta.sql")
	var want struct {
		Rows     int      `json:"file_rows"`
		Distinct int      `json:"distinct_hashes"`
		Gone     string   `json:"gone_sha256"`
		New      []string `json:"new_sha256"`
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(document(t, "expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all["nsrl-v3-delta.sql"], &want); err != nil {
		t.Fatal(err)
	}
	engines(t, func(t *testing.T, v *vault.Vault) {
		f := feed{t: t, v: v, purpose: KnownSoftware}
		if _, err := f.bring(delta, "2", true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("changes without a list gave %v", err)
		}
		f.must(base, "1", false)
		if _, err := f.bring(delta, "2", false); fault.KindOf(err) != fault.Invalid {
			t.Errorf("changes as a list of their own gave %v", err)
		}
		l := f.must(delta, "2", true)
		distinct := map[string]bool{}
		for _, e := range f.active() {
			for _, v := range e.Values {
				if v.Algorithm == hashlist.SHA256 {
					distinct[hex.EncodeToString(v.Bytes)] = true
				}
			}
		}
		if n := len(f.active()); n != want.Rows || len(distinct) != want.Distinct || distinct[want.Gone] || l.Gone != 2 || l.Release != "2026.02.1" {
			t.Errorf("%d rows, %d distinct, %+v", n, len(distinct), l)
		}
		for _, s := range want.New {
			if !distinct[s] {
				t.Errorf("%s is missing", s)
			}
		}
		f.refilled()
	})
}

// TestFormatsKeepTheirPurpose: no list of another purpose can be called one for
// cases.
func TestFormatsKeepTheirPurpose(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	for name, purpose := range map[string]Purpose{"stopncii-page1.json": AdultIntimate, "tat-page.json": Terrorism,
		"nsrl-v3-minimal.sql": KnownSoftware, "ncmec-v2-page1.xml": CSAM, "icse.csv": CSAM} {
		for _, p := range Purposes() {
			f := feed{t: t, v: v, purpose: p}
			_, err := f.bring(document(t, name), name, false)
			if may := p == purpose || purpose == CSAM && p == Test; may != (err == nil) || !may && fault.KindOf(err) != fault.Refused {
				t.Errorf("%s as %s: %v", name, p, err)
			}
			if err := do(t, v, func(ctx context.Context, w *db.Writer) error { // room for the next one
				all, err := db.Collect(ctx, w, scanEntry, selectEntry)
				for _, e := range all {
					w.Delete(ctx, entryTable, db.Row{e.Algorithm, e.Value, string(e.List), e.Number})
				}
				w.Delete(ctx, listTable, db.Row{"LA"})
				w.Delete(ctx, readingTable, db.Row{"LA"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestIdsOfTwoMembers: an entry takes the place of that of the same member only.
func TestIdsOfTwoMembers(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	page := func(entries ...string) []byte {
		return []byte(`<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>` + strings.Join(entries, "") + `</images></queryResult>`)
	}
	entry := func(member, id, md5 string) string {
		return `<image><member id="` + member + `"/><id>` + id + `</id><fingerprints><md5>` + strings.Repeat(md5, 32) + `</md5></fingerprints></image>`
	}
	f := feed{t: t, v: v, purpose: CSAM}
	f.must(page(entry("1", "x", "a"), entry("2", "x", "b"), entry("2", "y", "c"), entry("2", "y", "d")), "1", false)
	f.must(page(entry("1", "x", "e"), entry("1", "y", "f")), "2", true)
	var got []string
	for _, e := range f.active() {
		got = append(got, hex.EncodeToString(e.Values[0].Bytes[:1]))
	}
	slices.Sort(got)
	if s := strings.Join(got, " "); s != "bb dd ee ff" {
		t.Errorf("active are %s", s)
	}
	f.refilled()
}

func TestWithdrawEntries(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		f := feed{t: t, v: v, purpose: CSAM}
		l := f.must([]byte(md5s(0, 30)), "1", false)
		q := reader(t, v)
		before, _ := Names(t.Context(), q, CSAM)
		by := Withdrawal{List: l.ID, Officer: "SHA256:x", At: 9, Why: "the source was mistaken"}
		for _, c := range []struct {
			by      Withdrawal
			numbers []int64
			kind    fault.Kind
		}{{Withdrawal{List: l.ID, Officer: "x", At: 9}, []int64{1}, fault.Invalid}, {by, nil, fault.Invalid}, {by, []int64{1, 31}, fault.NotFound},
			{Withdrawal{List: "none", Officer: "x", At: 9, Why: "y"}, []int64{1}, fault.NotFound}, {by, []int64{8, 3, 8}, fault.Unknown}} {
			err := do(t, v, func(ctx context.Context, w *db.Writer) error { return Withdraw(ctx, w, c.by, c.numbers...) })
			if fault.KindOf(err) != c.kind {
				t.Errorf("%+v gave %v", c, err)
			}
		}
		if found, _ := Lookup(t.Context(), q, ForCases(), hashlist.MD5, [][]byte{key(2), key(7), key(0)}); len(found) != 1 || found[0].Number != 1 {
			t.Errorf("found %+v", found)
		}
		all, err := Withdrawals(t.Context(), q, l.ID)
		if err != nil || len(all) != 2 || all[0].Number != 3 || all[1].Why != by.Why {
			t.Errorf("%+v, %v", all, err)
		}
		if after, _ := Names(t.Context(), q, CSAM); slices.Equal(before, after) || len(after) != 1 {
			t.Errorf("the names are %v, before %v", after, before)
		}
		f.refilled()
	})
}
