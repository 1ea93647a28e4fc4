package hashlists

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault"
)

func entriesOf(text []byte) iter.Seq2[hashlist.Entry, error] {
	return hashlist.NewReader(random(text), hashlist.Options{}).Entries()
}

func TestDiff(t *testing.T) {
	engines(t, func(t *testing.T, v *vault.Vault) {
		f := feed{t: t, v: v, purpose: CSAM}
		one := f.must([]byte(md5s(0, 3000)), "1", false)
		text := strings.Replace(md5s(2, 3000), fmt.Sprintf("%032x,0\n", 1_000_000+5), fmt.Sprintf("%032x,7\n", 1_000_000+5), 1)
		text = strings.ReplaceAll(text, "category", "label") // the same by another name
		two := f.must([]byte(text), "2", false)
		q := reader(t, v)
		for name, others := range map[string]iter.Seq2[hashlist.Entry, error]{
			"file": entriesOf([]byte(text)), "list": Stream(t.Context(), q, two),
		} {
			var got []string
			n, err := Diff(t.Context(), q, one, others, func(d Difference) error {
				if d.Kind != Categorised || d.Was == "2" {
					got = append(got, fmt.Sprintf("%s %x %s>%s", d.Kind, d.Value.Bytes[12:], d.Was, d.Is))
				}
				return nil
			})
			// from 2 on the categories of md5s are two places on
			want := []string{"added 000f4df8 >1", "added 000f4df9 >2", "missing 000f4240 0>", "missing 000f4241 1>"}
			if err != nil || n.Added != 2 || n.Missing != 2 || n.Same+n.Categorised != 2998 {
				t.Errorf("%s: %+v, %v", name, n, err)
			}
			var rest []string
			for _, g := range got {
				if !strings.HasPrefix(g, Categorised) {
					rest = append(rest, g)
				}
			}
			if strings.Join(rest, "|") != strings.Join(want, "|") {
				t.Errorf("%s: %v", name, rest)
			}
		}
		n, err := Diff(t.Context(), q, one, Stream(t.Context(), q, one), func(Difference) error { return errors.New("none expected") })
		if err != nil || n != (Differences{Same: 3000}) {
			t.Errorf("a list differs from itself: %+v, %v", n, err)
		}
		if _, err := Diff(t.Context(), q, one, entriesOf([]byte("md5\n\"x")), func(Difference) error { return nil }); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("a damaged file gave %v", err)
		}
	})
}

// TestExportRoundTrip exports an imported list in both forms; read back, it does not
// differ from the list, and says whose categories it has.
func TestExportRoundTrip(t *testing.T) {
	for _, name := range []string{"vics-2.0.json", "vics-1.3.json", "icse.csv", "plain.csv", "ncmec-v2-page1.xml", "broken/plain-formula.csv"} {
		text := document(t, name)
		engines(t, func(t *testing.T, v *vault.Vault) {
			f := feed{t: t, v: v, purpose: CSAM}
			l := f.must(text, "1", false)
			q := reader(t, v)
			for _, form := range []string{hashlist.CSV, hashlist.VICS} {
				var b bytes.Buffer
				n, err := Export(t.Context(), q, l, form, &b)
				if err != nil || int64(n) != l.Entries {
					t.Fatalf("%s as %s: %d entries, %v", name, form, n, err)
				}
				r := hashlist.NewReader(random(b.Bytes()), hashlist.Options{})
				d, err := Diff(t.Context(), q, l, r.Entries(), func(d Difference) error { return fmt.Errorf("%+v", d) })
				if err != nil || d.Same != l.Values {
					t.Errorf("%s as %s: %+v, %v", name, form, d, err)
				}
				if h := r.Header(); form == hashlist.CSV && (h.Scheme != l.Scheme || h.Version != l.Model || h.Region != l.Region) || l.Scheme == "" {
					t.Errorf("%s as %s: the scheme %s %s %s became %+v", name, form, l.Scheme, l.Model, l.Region, h)
				}
			}
			if _, err := Export(t.Context(), q, l, hashlist.NCMEC, &bytes.Buffer{}); fault.KindOf(err) != fault.Invalid {
				t.Errorf("an unknown form gave %v", err)
			}
		})
	}
}
