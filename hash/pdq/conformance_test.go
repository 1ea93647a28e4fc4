package pdq_test

import (
	"encoding/csv"
	"image"
	"image/color"
	_ "image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tutela/hash/pdq"
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
	return filepath.Join(dir, name)
}

func table(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(conformance(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = r[i]
		}
		out = append(out, m)
	}
	return out
}

// load reads a PNG of grey or opaque colour without touching its values.
func load(t testing.TB, name string) pdq.Image {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	m := pdq.Image{W: b.Dx(), H: b.Dy(), Channels: 3}
	if g, ok := img.(*image.Gray); ok {
		m.Channels, m.Pix = 1, g.Pix
		return m
	}
	for y := range m.H {
		for x := range m.W {
			c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			m.Pix = append(m.Pix, c.R, c.G, c.B)
		}
	}
	return m
}

// exact returns the file with the pixels that a row of a table speaks of: itself
// if it is free of loss, else what the reference decoded from it, else "".
func exact(t testing.TB, file string) string {
	if strings.HasPrefix(file, "synthetic/exact/") || strings.HasPrefix(file, "decoded/") {
		return file
	}
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	decoded := "decoded/" + base + ".png"
	if _, err := os.Stat(conformance(t, "pdq/"+decoded)); err != nil {
		return ""
	}
	return decoded
}

// TestConformanceExact compares every picture of the two folders through both
// pipelines, and the tables' rows of the files that were decoded to them.
func TestConformanceExact(t *testing.T) {
	h, seen, rows := pdq.New(), map[string]bool{}, 0
	for _, r := range table(t, "pdq/expected.csv") {
		file := exact(t, r["file"])
		if file == "" {
			continue
		}
		rows++
		seen[file+" "+r["pipeline"]] = true
		m := load(t, conformance(t, "pdq/"+file))
		got, quality, err := h.Hash(m, pdq.Pipeline(r["pipeline"]))
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != r["hash"] || strconv.Itoa(quality) != r["quality"] {
			t.Errorf("%s %s: got %v quality %d, want %s %s", r["file"], r["pipeline"], got, quality, r["hash"], r["quality"])
		}
	}
	pictures := 0
	for _, dir := range []string{"synthetic/exact/", "decoded/"} {
		files, err := os.ReadDir(conformance(t, "pdq/"+dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			pictures++
			for _, p := range []pdq.Pipeline{pdq.Ref512, pdq.Full} {
				if !seen[dir+f.Name()+" "+string(p)] {
					t.Errorf("%s%s was not compared through %s", dir, f.Name(), p)
				}
			}
		}
	}
	if pictures < 52 {
		t.Errorf("only %d pictures were compared", pictures)
	}
	t.Logf("%d pictures, %d rows", pictures, rows)
}

func TestConformanceDihedral(t *testing.T) {
	names := []string{"orig", "rot90", "rot180", "rot270", "flipx", "flipy", "flip_plus_1", "flip_minus_1"}
	h, seen := pdq.New(), 0
	for _, r := range table(t, "pdq/dihedral.csv") {
		file := exact(t, r["file"])
		if file == "" {
			continue
		}
		seen++
		m := load(t, conformance(t, "pdq/"+file))
		got, quality, err := h.Dihedral(m, pdq.Ref512)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			if got[i].String() != r[name] {
				t.Errorf("%s %s: got %v, want %s", r["file"], name, got[i], r[name])
			}
		}
		if strconv.Itoa(quality) != r["quality"] {
			t.Errorf("%s: quality %d, want %s", r["file"], quality, r["quality"])
		}
	}
	if seen < 8 {
		t.Errorf("only %d rows were compared", seen)
	}
	t.Logf("%d rows", seen)
}
