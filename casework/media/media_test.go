package media_test

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/hash/digest"
	"tutela/vault/db"
)

var (
	ctx  = context.Background()
	key  = []byte("0123456789abcdef0123456789abcdef")
	open = cases.View{Protected: true}
)

func content(s string) digest.ID { return digest.ID(sha256.Sum256([]byte(s))) }

func item(exhibit, path, bytes string) media.Item {
	return media.Item{ID: media.ItemID(key, exhibit, path, 0), Case: "01A", Exhibit: exhibit, Path: path,
		Name: path[strings.LastIndex(path, "/")+1:], Size: int64(len(bytes)), MD5: [16]byte{1}, SHA1: [20]byte{2},
		SHA256: content(bytes), MIME: "image/png", Kind: "picture", State: media.Read, Depth: 1}
}

func mark(k cases.MarkKind, object string) cases.Mark {
	return cases.Mark{Case: "01A", ObjectKind: cases.ItemObject, Object: object, Kind: k, Set: true, Officer: "SHA256:a", At: 5, Why: "seen"}
}

func paths(items []media.Item) (ps []string) {
	for _, i := range items {
		ps = append(ps, i.Path)
	}
	return ps
}

func schemas() []db.Schema { return []db.Schema{staff.Schema(), cases.Schema(), media.Schema()} }

func TestItemIDsAreStableAndApart(t *testing.T) {
	seen := map[media.ID]bool{}
	for _, e := range []string{"e1", "e2"} {
		for _, p := range []string{"", "a", "a/b"} {
			for n := range 3 {
				id := media.ItemID(key, e, p, n)
				if seen[id] || id != media.ItemID(key, e, p, n) {
					t.Errorf("%s %s %d: id is not its own", e, p, n)
				}
				seen[id] = true
			}
		}
	}
}

func TestEveryPlaceStays(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a, b, c, secret := item("e1", "a.png", "same"), item("e1", "x/b.png", "same"), item("e2", "c.txt", "other"), item("e3", "d.png", "same")
		c.Kind, c.State = "text", media.Unreadable
		secret.Protected = true
		d.Do(func(w *db.Writer) error { return media.PutItems(ctx, w, a, b, c, secret) })
		q := d.Look()
		all, err := media.Items(ctx, q, media.Query{Case: "01A"})
		if diff := cmp.Diff([]media.Item{a, b, c}, all); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		places, err := media.Places(ctx, q, "01A", cases.View{}, content("same"))
		if diff := cmp.Diff([]string{"a.png", "x/b.png"}, paths(places)); err != nil || diff != "" {
			t.Errorf("places: %v\n%s", err, diff)
		}
		if places, _ := media.Places(ctx, q, "01A", open, content("same")); len(places) != 3 {
			t.Errorf("the protected view shows %d places", len(places))
		}
		if other, _ := media.Places(ctx, q, "01B", open, content("same")); len(other) != 0 {
			t.Error("another case sees the places")
		}
		n, err := media.Count(ctx, q, "01A", cases.View{})
		want := media.Counts{Items: 3, Contents: 2, Bytes: 9, ByKind: map[string]int64{"picture": 2, "text": 1},
			ByState: map[string]int64{"read": 2, "unreadable": 1}}
		if diff := cmp.Diff(want, n); err != nil || diff != "" {
			t.Errorf("counts: %v\n%s", err, diff)
		}
		if n, _ := media.Count(ctx, q, "01A", open); n.Items != 4 {
			t.Errorf("the protected view counts %d", n.Items)
		}
		if n, err := media.Count(ctx, q, "01C", open); err != nil || n.Items != 0 || n.Bytes != 0 {
			t.Errorf("an empty case: %+v, %v", n, err)
		}
		for _, o := range []media.Query{{Case: "01A", Kind: "text"}, {Case: "01A", Exhibit: "e2"}, {Case: "01A", Limit: 1}} {
			if some, err := media.Items(ctx, q, o); err != nil || len(some) != 1 {
				t.Errorf("%+v gave %d items, %v", o, len(some), err)
			}
		}
		if found, err := media.Find(ctx, q, c.ID, "nobody"); err != nil || len(found) != 1 || found[0].ID != c.ID {
			t.Errorf("Find: %v, %v", found, err)
		}
	}, schemas()...)
}

func TestMarksOrderAndHide(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a, b, c := item("e1", "a", "1"), item("e1", "b", "2"), item("e2", "c", "3")
		f := func(i media.Item) []media.Finding {
			return media.FromReader(key, media.Finding{Case: "01A", Exhibit: i.Exhibit, Item: i.ID, Stage: "read", Version: "1"},
				format.Finding{Code: "zip.encrypted", Detail: "x", Place: format.Place{Path: i.Path, Offset: 7}, Count: 2},
				format.Finding{Code: "zip.encrypted"})
		}
		d.Do(func(w *db.Writer) error {
			if err := media.PutItems(ctx, w, a, b, c); err != nil {
				return err
			}
			for _, i := range []media.Item{a, b, c} {
				if err := media.PutFindings(ctx, w, f(i)...); err != nil {
					return err
				}
			}
			return cases.PutMarks(ctx, w, mark(cases.Risk, "e2"))
		})
		list := func(v cases.View) []string {
			all, err := media.Items(ctx, d.Look(), media.Query{Case: "01A", View: v})
			if err != nil {
				t.Fatal(err)
			}
			return paths(all)
		}
		if diff := cmp.Diff([]string{"c", "a", "b"}, list(cases.View{})); diff != "" {
			t.Errorf("risk first:\n%s", diff)
		}
		fs, err := media.Findings(ctx, d.Look(), media.Query{Case: "01A"})
		if err != nil || len(fs) != 6 || fs[0].Exhibit != "e2" || fs[1].Exhibit != "e2" {
			t.Fatalf("findings: %d, %v", len(fs), err)
		}
		codes, err := media.FindingCounts(ctx, d.Look(), "01A", cases.View{})
		if err != nil || codes["zip.encrypted"] != 9 {
			t.Errorf("%v, %v", codes, err)
		}
		d.Do(func(w *db.Writer) error {
			return cases.PutMarks(ctx, w, mark(cases.Protected, string(a.ID)), mark(cases.Protected, "e2"))
		})
		if diff := cmp.Diff([]string{"b"}, list(cases.View{})); diff != "" {
			t.Errorf("marked sources show:\n%s", diff)
		}
		if fs, _ := media.Findings(ctx, d.Look(), media.Query{Case: "01A"}); len(fs) != 2 {
			t.Errorf("%d findings show", len(fs))
		}
		if n, _ := media.Count(ctx, d.Look(), "01A", cases.View{}); n.Items != 1 || n.Findings != 3 {
			t.Errorf("counted: %+v", n)
		}
		if diff := cmp.Diff([]string{"c", "a", "b"}, list(open)); diff != "" {
			t.Errorf("protected view:\n%s", diff)
		}
	}, schemas()...)
}

func TestFindingRoundTrip(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		of := media.Finding{Case: "01A", Exhibit: "e1", Stage: "unpack", Version: "2"}
		fs := media.FromReader(key, of, format.Finding{Code: "a", Detail: "bad\x00\xff", Place: format.Place{Path: "p", Offset: 1, Length: 2, Line: 3}, Count: 4})
		if again := media.FromReader(key, of, fs[0].Finding); again[0].ID != fs[0].ID {
			t.Error("ids are not stable")
		}
		d.Do(func(w *db.Writer) error { return media.PutFindings(ctx, w, fs...) })
		got, err := media.Findings(ctx, d.Look(), media.Query{Case: "01A", Exhibit: "e1"})
		fs[0].Detail = db.Text(fs[0].Detail)
		if diff := cmp.Diff(fs, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		err = d.Try(func(w *db.Writer) error { return media.PutFindings(ctx, w, media.Finding{}) })
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("an empty finding: %v", err)
		}
	}, schemas()...)
}

func TestFingerprintsResultsExposures(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		print := media.Fingerprint{Case: "01A", SHA256: content("a"), Variant: "full", Version: "1", Hash: make([]byte, 32), Quality: 90,
			Decoder: "image/png go1.26", Pixels: content("pixels"), Width: 640, Height: 480}
		newer := print
		newer.Version, newer.Quality = "2", 91
		hidden := item("e9", "", "z")
		hidden.Protected = true
		rs := []media.Result{{Case: "01A", Subject: "i1", Stage: "read", Version: "1", Outcome: media.Done},
			{Case: "01A", Subject: "i2", Stage: "read", Version: "1", Outcome: media.Failed, Detail: "zip.encrypted"},
			{Case: "01A", Subject: string(hidden.ID), Stage: "read", Version: "1", Outcome: media.Done}}
		seen := media.Exposure{ID: "x1", Case: "01A", Item: "i1", Officer: "SHA256:a", At: 9, Seconds: 4, Filter: "grey"}
		d.Do(func(w *db.Writer) error {
			for _, err := range []error{media.PutItems(ctx, w, hidden), media.PutFingerprints(ctx, w, print, newer),
				media.PutResults(ctx, w, rs...), media.PutExposures(ctx, w, seen)} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		q := d.Look()
		ps, err := media.Fingerprints(ctx, q, "01A", "", content("a"), content("b"))
		if diff := cmp.Diff([]media.Fingerprint{print, newer}, ps); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if ps, _ := media.Fingerprints(ctx, q, "01A", "2", content("a")); len(ps) != 1 || ps[0].Quality != 91 {
			t.Errorf("version 2: %+v", ps)
		}
		if ps, _ := media.Fingerprints(ctx, q, "01B", "", content("a")); len(ps) != 0 {
			t.Error("another case sees the fingerprint")
		}
		got, err := media.Results(ctx, q, "01A", "i1", "i2")
		if diff := cmp.Diff(rs[:2], got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		cover, err := media.Covered(ctx, q, "01A", cases.View{})
		want := []media.Coverage{{Stage: "read", Version: "1", Outcome: media.Done, Subjects: 1},
			{Stage: "read", Version: "1", Outcome: media.Failed, Detail: "zip.encrypted", Subjects: 1}}
		if diff := cmp.Diff(want, cover); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if cover, _ := media.Covered(ctx, q, "01A", open); cover[0].Subjects != 2 {
			t.Errorf("the protected view: %+v", cover)
		}
		es, err := media.Exposures(ctx, q, "01A", "SHA256:a")
		if diff := cmp.Diff([]media.Exposure{seen}, es); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		for name, bad := range map[string]func(*db.Writer) error{
			"item":        func(w *db.Writer) error { return media.PutItems(ctx, w, media.Item{}) },
			"fingerprint": func(w *db.Writer) error { return media.PutFingerprints(ctx, w, media.Fingerprint{Case: "01A"}) },
			"result": func(w *db.Writer) error {
				return media.PutResults(ctx, w, media.Result{Case: "c", Subject: "s", Stage: "s", Version: "1", Outcome: "maybe"})
			},
			"exposure": func(w *db.Writer) error { return media.PutExposures(ctx, w, media.Exposure{ID: "x"}) },
		} {
			if fault.KindOf(d.Try(bad)) != fault.Invalid {
				t.Errorf("an incomplete %s was accepted", name)
			}
		}
	}, schemas()...)
}
