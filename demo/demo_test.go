package demo

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"image"
	_ "image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/webp"
)

func generate(t *testing.T) Plan {
	t.Helper()
	p, err := Generate(filepath.Join(t.TempDir(), "op"), Scales()["small"], 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tree returns the digest of every file below dir.
func tree(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := map[string][32]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, p))
		out[p] = sha256.Sum256(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	a, b := tree(t, generate(t).Dir), tree(t, generate(t).Dir)
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%d and %d files", len(a), len(b))
	}
	for name, sum := range a {
		if b[name] != sum {
			t.Errorf("%s differs between two runs", name)
		}
	}
}

func TestRefusesFullFolder(t *testing.T) {
	p := generate(t)
	if _, err := Generate(p.Dir, Scales()["small"], 1); err == nil {
		t.Error("a full folder was written over")
	}
}

func TestElevenCountriesAndDecoys(t *testing.T) {
	p := generate(t)
	if len(p.Countries) != 11 {
		t.Errorf("%d countries post: %v", len(p.Countries), p.Countries)
	}
	if p.Bystander.Posts || p.Bystander.E164 == "" || p.Minor.E164 == p.Witness.E164 {
		t.Errorf("decoys: %+v", p)
	}
	if p.Known < 5 || p.Messages < 300 {
		t.Errorf("known %d, messages %d", p.Known, p.Messages)
	}
	for _, f := range []string{p.Protected, p.Mail, p.List, filepath.Join(p.Folder, "Downloads", "broken.zip")} {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
}

// TestExportsAreRealZips opens each export as any tool would, decodes each
// picture in it, and looks for every attachment that the text names.
func TestExportsAreRealZips(t *testing.T) {
	p := generate(t)
	for _, name := range append(p.Exports, p.Protected) {
		z, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		members := map[string]bool{}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			members[f.Name] = true
			switch filepath.Ext(f.Name) {
			case ".txt":
				text = string(b)
			case ".jpg":
				if _, _, err := image.Decode(bytes.NewReader(b)); err != nil {
					t.Errorf("%s: %v", f.Name, err)
				}
			case ".webp":
				if img, err := webp.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() != 512 {
					t.Errorf("%s: %v", f.Name, err)
				}
			}
		}
		z.Close()
		if text == "" || len(members) < 5 {
			t.Errorf("%s: no text or hardly a member (%d)", name, len(members))
		}
		for m := range members {
			if !strings.HasSuffix(m, ".txt") && !strings.Contains(text, m) {
				t.Errorf("%s: the text does not name %s", name, m)
			}
		}
	}
}

func TestBystanderNeverPosts(t *testing.T) {
	p := generate(t)
	for _, name := range append(p.Exports, p.Protected) {
		z, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			if filepath.Ext(f.Name) != ".txt" {
				continue
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), " "+p.Bystander.label()+": ") && !strings.Contains(string(b), "] Senderos") {
				t.Errorf("%s: the bystander posts", name)
			}
		}
		z.Close()
	}
}

func TestListHoldsDigestsOfItsSources(t *testing.T) {
	p := generate(t)
	f, err := os.Open(p.List)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	sums := map[string]bool{}
	for _, sum := range tree(t, filepath.Join(filepath.Dir(p.List), "sources")) {
		sums[hex.EncodeToString(sum[:])] = true
	}
	for _, row := range rows[1:] {
		if !sums[row[3]] {
			t.Errorf("entry %s is the digest of no source", row[0])
		}
	}
}

func TestPicturesDiffer(t *testing.T) {
	p := generate(t)
	seen := map[[32]byte]int{}
	for _, sum := range tree(t, filepath.Join(p.Folder, "Pictures")) {
		seen[sum]++
	}
	if len(seen) < 4 {
		t.Errorf("only %d different pictures", len(seen))
	}
}

func TestHalfHalves(t *testing.T) {
	in := image.NewRGBA(image.Rect(0, 0, 5, 4))
	for i := range in.Pix {
		in.Pix[i] = 200
	}
	out := half(in)
	if out.Rect.Dx() != 2 || out.Rect.Dy() != 2 || out.RGBAAt(1, 1).R != 200 || out.RGBAAt(1, 1).A != 255 {
		t.Errorf("got %v %v", out.Rect, out.RGBAAt(1, 1))
	}
}
