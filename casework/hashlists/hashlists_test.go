package hashlists

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// engines runs a test on both databases.
func engines(t *testing.T, fn func(*testing.T, *vault.Vault)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, vaulttest.Open(t, Schema())) })
	t.Run("postgres", func(t *testing.T) { fn(t, vaulttest.OpenPG(t, Schema())) })
}

func act(verb string) audit.Act {
	return audit.Act{Class: audit.Collection, Verb: verb, Why: "test"}
}

func reader(t testing.TB, v *vault.Vault) *db.Reader {
	t.Helper()
	q, err := v.Desk.Consult(t.Context(), audit.Act{Class: audit.Consultation, Verb: "hashlist.look", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func do(t testing.TB, v *vault.Vault, fn func(context.Context, *db.Writer) error) error {
	t.Helper()
	_, err := v.Desk.Do(t.Context(), act("hashlist.import"), func(w *db.Writer) error { return fn(t.Context(), w) })
	return err
}

// described is an import of a text.
func described(id, version string, p Purpose, text string) List {
	return List{ID: ID(id), Source: "Example Unit", Version: version, Purpose: p, Terms: "exercise only", Officer: "SHA256:x", At: 5,
		Document: digest.ID(sha256.Sum256([]byte(text)))}
}

func bring(t testing.TB, v *vault.Vault, l List, text string, o hashlist.Options) (out List, err error) {
	t.Helper()
	err = do(t, v, func(ctx context.Context, w *db.Writer) (err error) {
		out, _, err = Import(ctx, w, l, strings.NewReader(text), o)
		return err
	})
	return out, err
}

// md5s is a CSV of n invented digests from a start number.
func md5s(from, n int) string {
	var b strings.Builder
	b.WriteString("md5,category\n")
	for i := range n {
		fmt.Fprintf(&b, "%032x,%d\n", 1_000_000+from+i, i%3)
	}
	return b.String()
}

func key(n int) []byte {
	b, _ := hex.DecodeString(fmt.Sprintf("%032x", 1_000_000+n))
	return b
}

func TestImportAndLookup(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		text := md5s(0, 9000) // more than two batches
		l, err := bring(t, v, described("L1", "1", CSAM, text), text, hashlist.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if l.Entries != 9000 || l.Values != 9000 || l.State != Active || l.Format != "csv" {
			t.Errorf("imported %+v", l)
		}
		q := reader(t, v)
		found, err := Lookup(t.Context(), q, ForCases(), hashlist.MD5, [][]byte{key(8999), key(7), key(9000), key(7)})
		if err != nil || len(found) != 2 || found[0].Number != 8 || found[0].Category != "1" || found[0].List != "L1" {
			t.Errorf("found %+v, %v", found, err)
		}
		if found, _ := Lookup(t.Context(), q, ForCases(), hashlist.SHA1, [][]byte{key(7)}); len(found) != 0 {
			t.Errorf("found under another algorithm: %+v", found)
		}
		if found, _ := Lookup(t.Context(), q, nil, hashlist.MD5, [][]byte{key(7)}); len(found) != 0 {
			t.Errorf("found for no purpose: %+v", found)
		}
		if err := Check(t.Context(), q, l); err != nil {
			t.Errorf("check: %v", err)
		}
		all, err := All(t.Context(), q)
		if err != nil || len(all) != 1 || all[0] != l {
			t.Errorf("listed %+v, %v", all, err)
		}
	})
}

func TestPurposesStayApart(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		for i, p := range Purposes() {
			text := md5s(i*10, 10)
			if _, err := bring(t, v, described(fmt.Sprint("L", i), "1", p, text), text, hashlist.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		q := reader(t, v)
		for i, p := range Purposes() {
			found, err := Lookup(t.Context(), q, ForCases(), hashlist.MD5, [][]byte{key(i * 10)})
			if want := p == CSAM || p == Test; err != nil || (len(found) == 1) != want {
				t.Errorf("a %s list answers for a case: %v, %v", p, found, err)
			}
			if found, _ := Lookup(t.Context(), q, []Purpose{p}, hashlist.MD5, [][]byte{key(i * 10)}); len(found) != 1 {
				t.Errorf("%s: asked for itself, it gives %v", p, found)
			}
		}
	})
}

func TestDamagedListReplacesNothing(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		good := md5s(0, 5000)
		if _, err := bring(t, v, described("L1", "1", CSAM, good), good, hashlist.Options{}); err != nil {
			t.Fatal(err)
		}
		bad := md5s(6000, 5000) + "\"never closed,1\n" + md5s(0, 3)
		if _, err := bring(t, v, described("L2", "2", CSAM, bad), bad, hashlist.Options{}); fault.KindOf(err) != fault.Corrupt {
			t.Fatalf("damaged list gave %v", err)
		}
		other := md5s(0, 4)
		l := described("L3", "3", CSAM, "some other bytes")
		if _, err := bring(t, v, l, other, hashlist.Options{}); fault.KindOf(err) != fault.Corrupt {
			t.Fatalf("bytes that are not the document gave %v", err)
		}
		q := reader(t, v)
		all, err := All(t.Context(), q)
		if err != nil || len(all) != 1 || all[0].State != Active {
			t.Errorf("lists are %+v, %v", all, err)
		}
		if found, _ := Lookup(t.Context(), q, ForCases(), hashlist.MD5, [][]byte{key(6000)}); len(found) != 0 {
			t.Errorf("an entry of the damaged list answers: %+v", found)
		}
		if n, err := Entries(t.Context(), q, "L2", 1, 2, 3); err != nil || len(n) != 0 {
			t.Errorf("entries of the damaged list stayed: %v, %v", n, err)
		}
	})
}

func TestVersions(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	one, part, two := md5s(0, 3), md5s(3, 3), md5s(1, 3)
	for _, c := range []struct{ id, version, text string }{{"L1", "1", one}, {"L2", "1", part}, {"L3", "2", two}} {
		if _, err := bring(t, v, described(c.id, c.version, CSAM, c.text), c.text, hashlist.Options{}); err != nil {
			t.Fatal(err)
		}
		n, err := ActiveOf(t.Context(), reader(t, v), CSAM)
		if want := map[string]int{"L1": 1, "L2": 2, "L3": 1}[c.id]; err != nil || len(n) != want {
			t.Errorf("after %s: %d active lists, %v", c.id, len(n), err)
		}
	}
	if _, err := bring(t, v, described("L4", "2", CSAM, two), two, hashlist.Options{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the same document twice gave %v", err)
	}
	q := reader(t, v)
	if found, _ := Lookup(t.Context(), q, ForCases(), hashlist.MD5, [][]byte{key(0), key(4)}); len(found) != 0 {
		t.Errorf("superseded entries answer: %v", found)
	}
	for _, c := range []struct {
		id   ID
		s    State
		why  string
		kind fault.Kind
	}{{"L3", Withdrawn, "", fault.Invalid}, {"L3", "gone", "x", fault.Invalid}, {"L9", Withdrawn, "x", fault.NotFound}} {
		err := do(t, v, func(ctx context.Context, w *db.Writer) error { return SetState(ctx, w, c.id, c.s, c.why) })
		if fault.KindOf(err) != c.kind {
			t.Errorf("%+v gave %v", c, err)
		}
	}
	if err := do(t, v, func(ctx context.Context, w *db.Writer) error {
		return SetState(ctx, w, "L3", Withdrawn, "the source asked for it")
	}); err != nil {
		t.Fatal(err)
	}
	if found, _ := Lookup(t.Context(), q, ForCases(), hashlist.MD5, [][]byte{key(1)}); len(found) != 0 {
		t.Errorf("withdrawn entries answer: %v", found)
	}
}

func TestIncompleteImportsAreRefused(t *testing.T) {
	text := md5s(0, 1)
	whole := described("L1", "1", CSAM, text)
	for name, change := range map[string]func(*List){
		"id": func(l *List) { l.ID = "" }, "officer": func(l *List) { l.Officer = "" }, "time": func(l *List) { l.At = 0 },
		"source": func(l *List) { l.Source = " " }, "version": func(l *List) { l.Version = "" },
		"purpose": func(l *List) { l.Purpose = "known-good" }, "document": func(l *List) { l.Document = digest.ID{} },
	} {
		l := whole
		change(&l)
		if err := l.check(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if err := whole.check(); err != nil {
		t.Error(err)
	}
}

func TestPerceptual(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		hash := "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
		near := "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b2d" // 4 bits away
		text := "pdq\n" + strings.Repeat("0", 64) + "\n" + hash + "\n" + near + "\n"
		l, err := bring(t, v, described("L1", "1", CSAM, text), text, hashlist.Options{})
		if err != nil || l.Values != 3 {
			t.Fatalf("%+v, %v", l, err)
		}
		p, err := LoadPerceptual(t.Context(), reader(t, v), ForCases()...)
		if err != nil || p.Len() != 2 {
			t.Fatalf("%d values, %v: the flat one must not count", p.Len(), err)
		}
		h, err := p.Search([4]uint64{}, 31)
		if err != nil || len(h) != 0 {
			t.Errorf("a flat picture found %v", h)
		}
		b, _ := hex.DecodeString(hash)
		found, err := p.Search([4]uint64{be(b), be(b[8:]), be(b[16:]), be(b[24:])}, 31)
		if err != nil || len(found) != 2 || found[0].Distance != 0 || found[0].Number != 2 || found[1].Distance != 4 || found[1].List != "L1" {
			t.Errorf("found %+v", found)
		}
		if p, err := LoadPerceptual(t.Context(), reader(t, v), Terrorism); err != nil || p.Len() != 0 {
			t.Errorf("another purpose loads %d values, %v", p.Len(), err)
		}
	})
}

func be(b []byte) (v uint64) {
	for _, x := range b[:8] {
		v = v<<8 | uint64(x)
	}
	return v
}

// TestRefill drops nothing: reading the document again gives the same rows, and
// another document is noticed.
func TestRefill(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	text := strings.ReplaceAll(md5s(0, 40), "md5,category\n", "")
	o := hashlist.Options{Columns: []string{"md5", "label"}}
	l, err := bring(t, v, described("L1", "1", Test, text), text, o)
	if err != nil {
		t.Fatal(err)
	}
	again := func(text string) error {
		return do(t, v, func(ctx context.Context, w *db.Writer) error { return Refill(ctx, w, l, strings.NewReader(text)) })
	}
	if err := again(text); err != nil {
		t.Errorf("refill: %v", err)
	}
	if err := Check(t.Context(), reader(t, v), l); err != nil {
		t.Errorf("check after refill: %v", err)
	}
	if err := again(text + "\n"); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another document gave %v", err)
	}
}

func TestCheckSeesEveryColumn(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	text := "md5,category,id\n" + hex.EncodeToString(key(1)) + ",1,a\n" + hex.EncodeToString(key(2)) + ",2,b\n"
	l, err := bring(t, v, described("L1", "1", Test, text), text, hashlist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base := Entry{Algorithm: "md5", Value: key(2), List: "L1", Number: 2, Category: "2", SourceID: "b", State: Active}
	undo := errors.New("undo")
	for name, change := range map[string]func(*Entry){
		"category": func(e *Entry) { e.Category = "3" }, "source": func(e *Entry) { e.SourceID = "c" },
		"barred": func(e *Entry) { e.Barred = true }, "value": func(e *Entry) { e.Value = key(3) },
		"algorithm": func(e *Entry) { e.Algorithm = "sha1" }, "beyond": func(e *Entry) { e.Number = 900 },
	} {
		err := do(t, v, func(ctx context.Context, w *db.Writer) error {
			e := base
			e.Value = bytes.Clone(base.Value)
			change(&e)
			if err := w.Put(ctx, entryTable, e.row()); err != nil {
				return err
			}
			if err := Check(ctx, w, l); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("%s changed: check says %v", name, err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
	}
}
