package hashlist

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"tutela/fault"
)

// expected decodes what the conformance data says of a list.
func expected(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(conformance(t, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[name], into); err != nil {
		t.Fatal(err)
	}
}

func (r result) live(match func(Entry) bool) (n int) {
	for _, e := range r.entries {
		if !e.Removed && match(e) {
			n++
		}
	}
	return n
}

func (r result) ids(match func(Entry) bool) (out []string) {
	for _, e := range r.entries {
		if match(e) {
			out = append(out, e.SourceID)
		}
	}
	return out
}

func anyOf(Entry) bool { return true }

// said is a boolean of the expectations as an answer.
func said(b *bool) Answer {
	switch {
	case b == nil:
		return ""
	case *b:
		return Yes
	}
	return No
}

func TestConformanceNCMEC(t *testing.T) {
	type page struct {
		Images, Videos, Deleted int
		Next                    *int `json:"next_start"`
		WithPDQ                 int  `json:"with_pdq"`
		WithPhotoDNA            int  `json:"with_photodna"`
		Unclassified            int  `json:"without_classification"`
		Lookups                 []struct {
			MD5, ID, Classification, PDQ string
			Member                       int
		}
		Affirmative []string `json:"affirmative_feedback"`
		Negative    []string `json:"negative_feedback"`
	}
	for _, name := range []string{"ncmec-v2-page1.xml", "ncmec-v2-page2.xml", "ncmec-v2-empty.xml"} {
		var want page
		expected(t, name, &want)
		r := readFile(t, name, Options{})
		h := r.Header()
		images := r.live(func(e Entry) bool { return e.Details.Media == "image" })
		if r.err != nil || h.Format != NCMEC || images != want.Images || h.Entries != want.Images+want.Videos || h.Removals != want.Deleted || h.Refused != 0 {
			t.Errorf("%s: %d images, %+v, %v", name, images, h, r.err)
		}
		if (want.Next != nil) != (h.Next != "") || want.Next != nil && !strings.Contains(h.Next, fmt.Sprintf("&start=%d&", *want.Next)) {
			t.Errorf("%s: next page is %q", name, h.Next)
		}
		for _, l := range want.Lookups {
			found := r.find(MD5, l.MD5)
			if len(found) != 1 || !strings.HasSuffix(found[0].SourceID, "/"+l.ID) || found[0].Category != l.Classification ||
				found[0].Details.Member != fmt.Sprint(l.Member) || l.PDQ != "" && len(r.find(PDQ, l.PDQ)) != 1 {
				t.Errorf("%s: %s gave %+v", name, l.MD5, found)
			}
		}
		if name != "ncmec-v2-page1.xml" {
			continue
		}
		if with(r, PDQ) != want.WithPDQ || with(r, PhotoDNA) != want.WithPhotoDNA ||
			r.live(func(e Entry) bool { return e.Category == "" }) != want.Unclassified {
			t.Errorf("%s: %d with PDQ, %d with PhotoDNA", name, with(r, PDQ), with(r, PhotoDNA))
		}
		if r.code(Unknown) != 1 || r.Findings()[0].Detail != `"future-hash"` || r.code(Elsewhere) != want.Videos {
			t.Errorf("%s: %+v", name, r.Findings())
		}
		for word, ids := range map[string][]string{"affirmative": want.Affirmative, "negative": want.Negative} {
			got := strings.Join(r.ids(func(e Entry) bool { return e.Details.Feedback == word }), " ")
			for _, id := range ids {
				if !strings.Contains(got, id) || strings.Count(got, "/") != len(ids) {
					t.Errorf("%s: %s feedback for %s, want %v", name, word, got, ids)
				}
			}
		}
	}
	r := readFile(t, "ncmec-v2-page2.xml", Options{})
	if gone := r.ids(func(e Entry) bool { return e.Removed }); strings.Join(gone, " ") != "image/image-000 image/image-001 image/image-999" {
		t.Errorf("withdrawn: %v", gone)
	}
}

func TestConformanceFeeds(t *testing.T) {
	var both result
	for _, name := range []string{"stopncii-page1.json", "stopncii-page2.json"} {
		var want struct {
			Records  int
			More     bool           `json:"has_more"`
			ByStatus map[string]int `json:"by_status"`
			Lookups  []struct{ Value, Status string }
		}
		expected(t, name, &want)
		r := readFile(t, name, Options{})
		h := r.Header()
		if r.err != nil || h.Format != StopNCII || h.Entries+h.Removals+h.Refused != want.Records || (h.Next != "") != want.More {
			t.Errorf("%s: %+v, %v", name, h, r.err)
		}
		for status, n := range want.ByStatus {
			got := 0
			for _, e := range r.entries {
				if e.Details.Status == status {
					got++
				}
			}
			if got != n {
				t.Errorf("%s: %d %s, want %d", name, got, status, n)
			}
		}
		both.entries = append(both.entries, r.entries...)
		for _, l := range want.Lookups {
			if found := both.find(PDQ, l.Value); len(found) != 1 || found[0].Details.Status != l.Status {
				t.Errorf("%s: %s gave %+v", name, l.Value, found)
			}
		}
	}
	r := readFile(t, "stopncii-page2.json", Options{})
	if r.code(BadValue) != 1 || r.code(Unknown) != 1 || r.code(Flat) != 1 || r.Header().Refused != 2 {
		t.Errorf("page 2: %+v", r.Findings())
	}
	for _, f := range r.Findings() {
		if f.Place.Offset == 0 {
			t.Errorf("a finding without a place: %+v", f)
		}
	}
	var want struct{ Entries, Deleted, PDQ int }
	expected(t, "tat-page.json", &want)
	r = readFile(t, "tat-page.json", Options{})
	h := r.Header()
	deletedPDQ := 1 // its value is of no use, because its id names it
	if r.err != nil || h.Format != TAT || h.Entries+h.Removals != want.Entries || h.Removals != want.Deleted || with(r, PDQ) != want.PDQ-deletedPDQ {
		t.Errorf("tat-page.json: %d with PDQ, %+v, %v", with(r, PDQ), h, r.err)
	}
}

func TestConformanceHashdeep(t *testing.T) {
	var want struct {
		Entries int
		Columns []string
		Lookups []struct {
			MD5, SHA256, Name string
			Size              int
		}
	}
	expected(t, "hashdeep.txt", &want)
	r := readFile(t, "hashdeep.txt", Options{})
	if r.err != nil || len(r.entries) != want.Entries || strings.Join(r.Header().Columns, ",") != strings.Join(want.Columns, ",") {
		t.Errorf("%d entries, %+v, %v", len(r.entries), r.Header(), r.err)
	}
	for _, l := range want.Lookups {
		found := r.find(SHA256, l.SHA256)
		if len(found) != 1 || found[0].Details.Name != l.Name || found[0].Details.Size != fmt.Sprint(l.Size) || len(r.find(MD5, l.MD5)) != 1 {
			t.Errorf("%s gave %+v", l.SHA256, found)
		}
	}
}

func TestConformanceDetails(t *testing.T) {
	type lookup struct {
		MD5            string
		ImageID        int   `json:"image_id"`
		Distributed    *bool `json:"is_distributed"`
		Victim         *bool `json:"victim_identified"`
		Offender       *bool `json:"offender_identified"`
		Precategorized *bool `json:"is_precategorized"`
		Baseline       *bool
		Series         *string
		Updated        *string `json:"date_updated_raw"`
	}
	for _, name := range []string{"icse.csv", "vics-1.3.json", "vics-2.0.json"} {
		var want struct{ Lookups []lookup }
		expected(t, name, &want)
		r := readFile(t, name, Options{})
		if len(want.Lookups) == 0 || r.Header().Scheme == "" {
			t.Errorf("%s: %d look-ups, %+v", name, len(want.Lookups), r.Header())
		}
		for _, l := range want.Lookups {
			found := r.find(MD5, l.MD5)
			if len(found) == 0 {
				t.Errorf("%s: %s is missing", name, l.MD5)
				continue
			}
			d := found[0].Details
			if d.Distributed != said(l.Distributed) || d.Victim != said(l.Victim) || d.Offender != said(l.Offender) ||
				d.Precategorized != said(l.Precategorized) || d.Baseline != said(l.Baseline) {
				t.Errorf("%s: %s: answers %+v", name, l.MD5, d)
			}
			if l.Series != nil && d.Series != *l.Series || l.Series == nil && d.Series != "" || l.Updated != nil && d.Updated != *l.Updated {
				t.Errorf("%s: %s: series %q, updated %q", name, l.MD5, d.Series, d.Updated)
			}
			if l.ImageID != 0 && found[0].SourceID != fmt.Sprint(l.ImageID) {
				t.Errorf("%s: %s has the id %s", name, l.MD5, found[0].SourceID)
			}
		}
	}
}

func TestConformanceBrokenFormats(t *testing.T) {
	for _, c := range []struct {
		name             string
		entries, refused int
		kind             fault.Kind
		codes            map[string]int
		says             string
	}{
		{"hashdeep-truncated-line.txt", 49, 1, fault.Unknown, map[string]int{BadLine: 1}, ""},
		{"hashdeep-unknown-column.txt", 50, 0, fault.Unknown, map[string]int{Unknown: 1}, ""},
		{"ncmec-truncated.xml", -1, 0, fault.Corrupt, nil, "byte 9706"},
		{"ncmec-doctype.xml", 0, 0, fault.Refused, nil, "document type"},
		{"ncmec-wrong-namespace.xml", 0, 0, fault.Invalid, nil, "hashsharing/v9"},
		{"ncmec-bad-pdq.xml", 28, 0, fault.Unknown, map[string]int{BadValue: 1}, ""},
		{"ncmec-count-mismatch.xml", 28, 0, fault.Unknown, map[string]int{WrongCount: 1}, ""},
		{"nsrl-malicious-delta.sql", 0, 0, fault.Refused, nil, "line 1"},
		{"nsrl-not-a-database.db", 0, 0, fault.Corrupt, nil, "sqlite"},
		{"stopncii-bad-json.json", -1, 0, fault.Corrupt, nil, "byte 7596"},
	} {
		r := readFile(t, "broken/"+c.name, Options{})
		if (r.err == nil) != (c.kind == fault.Unknown) || fault.KindOf(r.err) != c.kind || r.err != nil && !strings.Contains(r.err.Error(), c.says) {
			t.Errorf("%s: %v (%v)", c.name, r.err, fault.KindOf(r.err))
		}
		if c.entries >= 0 && len(r.entries) != c.entries || r.Header().Refused != c.refused {
			t.Errorf("%s: %d entries, %d refused, %+v", c.name, len(r.entries), r.Header().Refused, r.Findings())
		}
		for code, n := range c.codes {
			if r.code(code) != n {
				t.Errorf("%s: %d × %s, want %d: %+v", c.name, r.code(code), code, n, r.Findings())
			}
		}
	}
	r := readFile(t, "broken/hashdeep-truncated-line.txt", Options{})
	if f := r.Findings()[0]; f.Place.Line != 55 {
		t.Errorf("the rejected line is %d, want 55", f.Place.Line)
	}
	r = readFile(t, "broken/ncmec-bad-pdq.xml", Options{})
	f := r.Findings()[0]
	text, _ := os.ReadFile(conformance(t, "broken/ncmec-bad-pdq.xml"))
	if got := string(text[f.Place.Offset : f.Place.Offset+f.Place.Length]); got != "f015eac1f01554f9ecc1d390677ba5b8" || f.Place.Line != 13 {
		t.Errorf("the rejected value is at line %d: %q", f.Place.Line, got)
	}
	if found := r.find(MD5, md5Text); len(found) != 1 || len(found[0].Values) != 3 {
		t.Errorf("the other hashes of the entry: %+v", found)
	}
}
