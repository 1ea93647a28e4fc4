package matching

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/format/hashlist"
	"tutela/format/picture"
	"tutela/hash/digest"
	"tutela/hash/pdq"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

func conformance(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// subjectOfFile does what the stages before matching do with a file.
func subjectOfFile(t testing.TB, name string, b []byte) Subject {
	t.Helper()
	out, err := picture.Fingerprint(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var p picture.Print
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	s := Subject{Case: "C1", Item: media.ID(name), MD5: md5.Sum(b), SHA1: sha1.Sum(b), SHA256: sha256.Sum256(b)}
	for _, v := range p.Variants {
		h, err := pdq.Parse(v.Hash)
		if err != nil {
			t.Fatal(err)
		}
		s.Prints = append(s.Prints, Print{v.Label, h, v.Quality, p.Width, p.Height})
	}
	return s
}

// TestConformanceLists imports lists as they are exchanged and finds the files
// of the conformance data that they name, and their edited copies.
func TestConformanceLists(t *testing.T) {
	v := vaulttest.Open(t, schemas()...)
	for i, name := range []string{"vics-1.3.json", "vics-2.0.json", "plain.csv"} {
		b := conformance(t, "hashlists/"+name)
		l := hashlists.List{ID: hashlists.ID(name), Source: name, Version: "1", Purpose: hashlists.Test, Officer: "SHA256:x",
			At: int64(i + 1), Document: digest.ID(sha256.Sum256(b))}
		do(t, v, func(ctx context.Context, w *db.Writer) error {
			_, _, err := hashlists.Import(ctx, w, l, bytes.NewReader(b), hashlist.Options{})
			return err
		})
	}
	var subjects []Subject
	want := map[string]Tier{}
	for name, tier := range map[string]Tier{
		"pdq/synthetic/exact/rgb-150x200.png":                Exact,
		"pdq/synthetic/jpeg/land-q80-420.jpg":                Exact,
		"pdq/threatexchange/bridge-mods/aaa-orig.jpg":        Exact,
		"pdq/threatexchange/bridge-mods/shrink-a-little.jpg": Same,
		"pdq/threatexchange/bridge-mods/high-contrast.jpg":   Same,
		"pdq/threatexchange/misc-images/modes/CMYK.jpg":      Same,
		"pdq/synthetic/jpeg/land-q10-420.jpg":                Same,
		"pdq/synthetic/exact/checker-8px.png":                "",
		"whatsapp/stickers/1/01_Cuppy_smile.webp":            "",
		"pdq/synthetic/exact/flat-black.png":                 "",
		"pdq/synthetic/exif/orientation-3.jpg":               "",
	} {
		subjects = append(subjects, subjectOfFile(t, name, conformance(t, name)))
		want[name] = tier
	}
	best := map[string]Tier{}
	for _, m := range matched(t, v, subjects...) {
		if _, ok := best[string(m.Item)]; !ok {
			best[string(m.Item)] = m.Tier // the strongest comes first
		}
		if !strings.HasPrefix(string(m.List), "vics") && m.Category != "ignore" && m.Category != "interest" {
			t.Errorf("%s: category %q", m.List, m.Category)
		}
	}
	for name, tier := range want {
		if best[name] != tier {
			t.Errorf("%s: %q, want %q", name, best[name], tier)
		}
	}
}
