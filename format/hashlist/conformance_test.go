package hashlist

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
)

// conformance returns the path of a file of the conformance data, or skips.
func conformance(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	return filepath.Join(dir, "hashlists", name)
}

// result is everything that reading a list gave.
type result struct {
	*Reader
	entries []Entry
	err     error
}

func (r result) code(code string) (n int) {
	for _, f := range r.Findings() {
		if f.Code == code {
			n += max(1, f.Count)
		}
	}
	return n
}

// find returns the entries that have a value.
func (r result) find(a Algorithm, digits string) (out []Entry) {
	for _, e := range r.entries {
		for _, v := range e.Values {
			if v.Algorithm == a && hex.EncodeToString(v.Bytes) == digits {
				out = append(out, e)
				break
			}
		}
	}
	return out
}

func readText(text string, o Options) result {
	r := result{Reader: NewReader(strings.NewReader(text), o)}
	for e, err := range r.Entries() {
		if err != nil {
			r.err = err
			break
		}
		r.entries = append(r.entries, e)
	}
	return r
}

func readFile(t testing.TB, name string, o Options) result {
	t.Helper()
	text, err := os.ReadFile(conformance(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return readText(string(text), o)
}

func with(r result, a Algorithm) (n int) {
	for _, e := range r.entries {
		for _, v := range e.Values {
			if v.Algorithm == a {
				n++
				break
			}
		}
	}
	return n
}

func TestConformanceVICS(t *testing.T) {
	type lookup struct {
		MD5, SHA1 string
		Category  int
		PhotoDNA  *string `json:"photodna_hex"`
		PDQ       *string
	}
	var all map[string]json.RawMessage
	text, err := os.ReadFile(conformance(t, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vics-1.3.json", "vics-2.0.json", "vics-1.2-known.json", "vics-2.0-odd-order.json"} {
		var want struct {
			Version    string
			Region     string
			Entries    int
			ByCategory map[string]int `json:"by_category"`
			PhotoDNA   int            `json:"with_photodna"`
			PDQ        int            `json:"with_pdq"`
			Lookups    []lookup
		}
		if err := json.Unmarshal(all[name], &want); err != nil {
			t.Fatal(err)
		}
		r := readFile(t, name, Options{})
		h := r.Header()
		if r.err != nil || len(r.entries) != want.Entries || h.Version != want.Version || h.Region != want.Region || h.Format != VICS {
			t.Errorf("%s: %d entries, %+v, %v", name, len(r.entries), h, r.err)
		}
		counts := map[string]int{}
		for _, e := range r.entries {
			counts[e.Category]++
		}
		for c, n := range want.ByCategory {
			if counts[c] != n {
				t.Errorf("%s: category %s %d times, want %d", name, c, counts[c], n)
			}
		}
		if want.PDQ > 0 && (with(r, PDQ) != want.PDQ || with(r, PhotoDNA) != want.PhotoDNA) {
			t.Errorf("%s: %d with PDQ, %d with PhotoDNA", name, with(r, PDQ), with(r, PhotoDNA))
		}
		for _, l := range want.Lookups {
			found := r.find(MD5, l.MD5)
			if len(found) == 0 || len(r.find(SHA1, l.SHA1)) == 0 || found[0].Category != fmt.Sprint(l.Category) {
				t.Errorf("%s: %s gave %+v", name, l.MD5, found)
			}
			if l.PDQ != nil && len(r.find(PDQ, *l.PDQ)) == 0 || l.PhotoDNA != nil && len(r.find(PhotoDNA, *l.PhotoDNA)) == 0 {
				t.Errorf("%s: perceptual hashes of %s are missing", name, l.MD5)
			}
		}
		if n := len(r.find(MD5, "dd491b1b3c409a14a819b2e9b5fe4f5d")); n != 0 {
			t.Errorf("%s: an absent hash was found", name)
		}
		if name == "vics-1.2-known.json" && counts[""] != 50 {
			t.Errorf("%s: missing categories became %v", name, counts)
		}
	}
	r := readFile(t, "vics-2.0-case.json", Options{})
	if r.err != nil || len(r.entries) != 25 || !r.Header().Cases || r.code(WrongCount) != 1 {
		t.Errorf("case export: %d entries, %+v, %v", len(r.entries), r.Findings(), r.err)
	}
}

func TestConformanceCSV(t *testing.T) {
	for _, name := range []string{"plain.csv", "plain-utf16.csv"} {
		r := readFile(t, name, Options{})
		if r.err != nil || len(r.entries) != 50 || with(r, MD5) != 37 || with(r, PDQ) != 49 {
			t.Errorf("%s: %d entries, %d with MD5, %d with PDQ, %v", name, len(r.entries), with(r, MD5), with(r, PDQ), r.err)
		}
		labels := map[string]int{}
		for _, e := range r.entries {
			labels[e.Category]++
		}
		if labels["ignore"] != 17 || labels["interest"] != 33 {
			t.Errorf("%s: %v", name, labels)
		}
	}
	r := readFile(t, "icse.csv", Options{})
	found := r.find(MD5, "b3f3f4c9f60d132cd490078d68eed538")
	if r.err != nil || len(r.entries) != 50 || with(r, PhotoDNA) != 25 || len(found) != 1 || found[0].SourceID != "900001" || found[0].Place.Line != 3 {
		t.Errorf("icse.csv: %d entries, %+v, %v", len(r.entries), found, r.err)
	}
	r = readFile(t, "hex-lines.txt", Options{})
	if r.err != nil || len(r.entries) != 51 || with(r, MD5) != 51 {
		t.Errorf("hex-lines.txt: %d entries, %v", len(r.entries), r.err)
	}
	r = readFile(t, "pdq-lines.txt", Options{Columns: []string{"pdq"}})
	if r.err != nil || len(r.entries) != 49 || with(r, PDQ) != 49 {
		t.Errorf("pdq-lines.txt: %d entries, %v", len(r.entries), r.err)
	}
	if r = readFile(t, "pdq-lines.txt", Options{}); fault.KindOf(r.err) != fault.Invalid || fault.HintOf(r.err) == "" {
		t.Errorf("64 digits were guessed: %v", r.err)
	}
}

func TestConformanceBroken(t *testing.T) {
	for _, c := range []struct {
		name             string
		options          Options
		entries, refused int
		kind             fault.Kind // Unknown: no error
		codes            map[string]int
	}{
		{"vics-truncated.json", Options{}, -1, 0, fault.Corrupt, nil},
		{"vics-trailing-garbage.json", Options{}, 51, 0, fault.Corrupt, nil},
		{"vics-bad-hash-length.json", Options{}, 3, 1, fault.Unknown, map[string]int{BadValue: 2, BadEntry: 1}},
		{"vics-category-text.json", Options{}, 5, 0, fault.Unknown, nil},
		{"vics-unknown-model.json", Options{}, 0, 0, fault.Invalid, nil},
		{"vics-deep-nesting.json", Options{}, 0, 0, fault.Refused, nil},
		{"vics-huge-string.json", Options{}, 1, 0, fault.Unknown, map[string]int{Cut: 1}},
		{"vics-utf16.json", Options{}, 3, 0, fault.Unknown, nil},
		{"vics-duplicate-keys.json", Options{}, 1, 0, fault.Unknown, map[string]int{DuplicateKey: 1}},
		{"vics-two-values.json", Options{}, 1, 0, fault.Corrupt, nil},
		{"empty.json", Options{}, 0, 0, fault.Invalid, nil},
		{"only-bom.json", Options{}, 0, 0, fault.Invalid, nil},
		{"html-login-page.json", Options{}, 0, 0, fault.Invalid, nil},
		{"hashdeep-no-header.txt", Options{}, 0, 0, fault.Invalid, nil},
		{"icse-comma-header.csv", Options{}, 0, 0, fault.Invalid, nil},
		{"icse-missing-column.csv", Options{}, 49, 1, fault.Unknown, map[string]int{BadLine: 1}},
		{"icse-unclosed-quote.csv", Options{}, -1, 0, fault.Corrupt, nil},
		{"plain-no-header.csv", Options{}, 0, 0, fault.Invalid, nil},
		{"plain-formula.csv", Options{}, 2, 0, fault.Unknown, nil},
		{"plain-nul.csv", Options{}, 1, 0, fault.Unknown, map[string]int{Control: 1}},
		{"pdq-flat-values.txt", Options{Columns: []string{"pdq"}}, 3, 2, fault.Unknown, map[string]int{BadValue: 2, Flat: 3}},
	} {
		r := readFile(t, "broken/"+c.name, c.options)
		if (r.err == nil) != (c.kind == fault.Unknown) || fault.KindOf(r.err) != c.kind {
			t.Errorf("%s: %v (%v)", c.name, r.err, fault.KindOf(r.err))
		}
		if c.entries >= 0 && len(r.entries) != c.entries || r.Header().Refused != c.refused {
			t.Errorf("%s: %d entries, %d refused", c.name, len(r.entries), r.Header().Refused)
		}
		for code, n := range c.codes {
			if r.code(code) != n {
				t.Errorf("%s: %d × %s, want %d: %+v", c.name, r.code(code), code, n, r.Findings())
			}
		}
	}
	r := readFile(t, "broken/icse-missing-column.csv", Options{})
	if r.Findings()[0].Place.Line != 6 {
		t.Errorf("the rejected line is %d, want 6", r.Findings()[0].Place.Line)
	}
	r = readFile(t, "broken/vics-category-text.json", Options{})
	var codes []string
	for _, e := range r.entries {
		codes = append(codes, e.Category)
	}
	if got := strings.Join(codes, "|"); got != "1|one|-1|99|" {
		t.Errorf("categories %q", got)
	}
}
