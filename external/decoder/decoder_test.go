package decoder

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/external/contain"
)

func TestMain(m *testing.M) {
	contain.Main(nil)
	os.Exit(m.Run())
}

func installed(t *testing.T, format string) Decoder {
	t.Helper()
	d, ok := For(Find(), format)
	if !ok {
		t.Skipf("no decoder of this system reads %s", format)
	}
	return d
}

// TestDecode reads one picture of colour ramps in each format.
func TestDecode(t *testing.T) {
	for _, format := range []string{"heic", "avif", "jxl"} {
		t.Run(format, func(t *testing.T) {
			d := installed(t, format)
			b, err := os.ReadFile("testdata/ramp." + format)
			if err != nil {
				t.Fatal(err)
			}
			out, err := d.PNG(t.Context(), bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			m, err := png.Decode(bytes.NewReader(out))
			if err != nil || m.Bounds().Dx() != 320 || m.Bounds().Dy() != 200 {
				t.Fatalf("%v, %v", m, err)
			}
			for _, at := range [][2]int{{10, 10}, {300, 20}, {160, 190}} {
				r, g, _, _ := m.At(at[0], at[1]).RGBA()
				if far(r>>8, at[0]*255/320) || far(g>>8, at[1]*255/200) {
					t.Errorf("%v: red %d, green %d", at, r>>8, g>>8)
				}
			}
			if !strings.Contains(d.Library, ".so") || len(strings.Fields(d.Library)) != 2 {
				t.Errorf("%s does not name its library", d)
			}
			t.Log(d)
		})
	}
}

func far(got uint32, want int) bool { return int(got)-want > 12 || want-int(got) > 12 }

func TestDamaged(t *testing.T) {
	for _, format := range []string{"heic", "avif", "jxl"} {
		d := installed(t, format)
		b, err := os.ReadFile("testdata/ramp." + format)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string][]byte{"empty": nil, "header only": b[:24], "text": []byte("no picture at all")} {
			var own *contain.Failure
			if out, err := d.PNG(t.Context(), bytes.NewReader(bad), int64(len(bad))); !errors.As(err, &own) && !errors.Is(err, contain.ErrCrashed) {
				t.Errorf("%s, %s: %d bytes, %v", format, name, len(out), err)
			}
		}
	}
}

func TestNothingInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	all := Find()
	if _, ok := For(all, "heic"); ok || len(all) != 3 || all[0].Package == "" {
		t.Errorf("%v", all)
	}
}

// TestImpostor finds a program of the right name that writes no picture.
func TestImpostor(t *testing.T) {
	dir := t.TempDir()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(own, filepath.Join(dir, "djxl")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	d, ok := For(Find(), "jxl")
	if !ok {
		t.Fatal("not found")
	}
	d.args = []string{"-test.run=^TestSaysNothing$"}
	var failed *contain.Failure
	if out, err := d.PNG(t.Context(), bytes.NewReader(nil), 0); !errors.As(err, &failed) {
		t.Errorf("%q, %v", out, err)
	}
}

func TestSaysNothing(t *testing.T) { fmt.Println("no picture") }

// TestMutated gives the decoders damaged files: whatever they do ends in a PNG or
// in an error of a known kind.
func TestMutated(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 4
	}
	r := rand.New(rand.NewPCG(9, 9))
	known := []error{contain.ErrCrashed, contain.ErrMemory, contain.ErrOutput, contain.ErrTimeout}
	for _, format := range []string{"heic", "avif", "jxl"} {
		t.Run(format, func(t *testing.T) {
			d := installed(t, format)
			b, err := os.ReadFile("testdata/ramp." + format)
			if err != nil {
				t.Fatal(err)
			}
			decoded, failed := 0, 0
			for range rounds {
				bad := bytes.Clone(b)
				for range 1 + r.IntN(8) {
					bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
				}
				out, err := d.PNG(t.Context(), bytes.NewReader(bad), int64(len(bad)))
				var own *contain.Failure
				switch {
				case err == nil && complete(out):
					decoded++
				case errors.As(err, &own), slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }):
					failed++
				default:
					t.Errorf("%d bytes, %v", len(out), err)
				}
			}
			t.Logf("%d damaged files still gave a picture, %d did not", decoded, failed)
		})
	}
}
