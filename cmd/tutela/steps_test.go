package main

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/hash/pdq"
)

// hills is a landscape of overlapping waves.
func hills(seed uint64, w, h int) image.Image {
	r := rand.New(rand.NewPCG(seed, 3))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	f, g, p := 2+4*r.Float64(), 3+5*r.Float64(), 6*r.Float64()
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			s := math.Sin(f*u*6+p) + math.Sin(g*v*6+f*u) + math.Sin((u+v)*9)
			img.Set(x, y, color.RGBA{uint8(127 + 40*s), uint8(120 + 30*s*v), uint8(200 - 50*u), 255})
		}
	}
	return img
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// alone runs a test in an empty folder with an empty home, and returns a function
// that runs a verb there.
func alone(t *testing.T, files map[string][]byte) func(args ...string) (string, int) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, name := range []string{"HOME", "TMPDIR"} {
		t.Setenv(name, t.TempDir())
	}
	t.Setenv("TUTELA_DATA", filepath.Join(os.Getenv("HOME"), "data"))
	t.Setenv("LANG", "en")
	return func(args ...string) (string, int) {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, nil, &out, &errs)
		if errs.Len() > 0 {
			t.Logf("%v: %s", args, errs.String())
		}
		return out.String(), code
	}
}

func rowsOf[T any](t *testing.T, out string) (rows []T) {
	t.Helper()
	for line := range strings.Lines(out) {
		var row T
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestFingerprintFindings tells each file what was wrong with it, and writes
// nothing anywhere.
func TestFingerprintFindings(t *testing.T) {
	whole := asJPEG(t, hills(1, 640, 400))
	files := map[string][]byte{"whole.jpg": whole, "cut.jpg": whole[:len(whole)/2], "tiny.png": asPNG(t, hills(1, 20, 20)),
		"weak.png": asPNG(t, hills(1, 28, 300)), "broken.png": []byte("\x89PNG\r\n\x1a\nnothing"), "empty": nil,
		"raw.cr2": []byte("II*\x00\x10\x00\x00\x00CR\x02\x00\x00\x00\x00\x00"), "-odd 'name'.jpg": whole}
	verb := alone(t, files)
	for _, c := range []struct {
		file, outcome, detail string
		prints, compared      int
		code                  int
	}{
		{"whole.jpg", "done", "", 2, 2, 0},
		{"cut.jpg", "done", "picture.truncated", 2, 2, exitIncomplete},
		{"tiny.png", "done", "picture.too-small", 0, 0, 0},
		{"weak.png", "done", "", 1, 1, 0},
		{"broken.png", "failed", "picture.damaged", 0, 0, exitIncomplete},
		{"empty", "skipped", "", 0, 0, 0},
		{"raw.cr2", "skipped", "picture.raw-camera", 0, 0, 0},
		{"./-odd 'name'.jpg", "done", "", 2, 2, 0},
	} {
		out, code := verb("fingerprint", "--json", c.file)
		rows := rowsOf[askedRow](t, out)
		if code != c.code || len(rows) != 1 || rows[0].Outcome != c.outcome || rows[0].Detail != c.detail || len(rows[0].SHA256) != 64 {
			t.Errorf("%s: exit %d, %s", c.file, code, out)
			continue
		}
		var prints, compared int
		if p := rows[0].Picture; p != nil {
			prints = len(p.Variants)
			compared = len(slices.DeleteFunc(p.Variants, func(v askedVariant) bool { return !v.Compared }))
		}
		if prints != c.prints || compared > c.compared {
			t.Errorf("%s: %d prints, %d compared: %s", c.file, prints, compared, out)
		}
		if text, _ := verb("fingerprint", c.file); !strings.Contains(text, rows[0].MD5) || strings.Contains(text, "[") || strings.Contains(text, "%!") {
			t.Errorf("%s: %s", c.file, text)
		}
	}
	for _, name := range []string{"HOME", "TMPDIR"} {
		left, err := os.ReadDir(os.Getenv(name))
		if err != nil || len(left) > 0 {
			t.Errorf("%s has %v, %v", name, left, err)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != len(files) {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

// moved returns the hash with n bits changed.
func moved(h pdq.Hash, n int) pdq.Hash {
	for _, bit := range rand.New(rand.NewPCG(5, uint64(n))).Perm(256)[:n] {
		h[bit/64] ^= 1 << (bit % 64)
	}
	return h
}

// ref512 returns the hash of a file by the verb.
func ref512(t *testing.T, verb func(...string) (string, int), file string) pdq.Hash {
	t.Helper()
	out, _ := verb("fingerprint", "--json", file)
	for _, v := range rowsOf[askedRow](t, out)[0].Picture.Variants {
		if strings.HasSuffix(v.Variant, "ref512") {
			h, err := pdq.Parse(v.PDQ)
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
	}
	t.Fatalf("no ref512: %s", out)
	return pdq.Hash{}
}

// TestStepsHold carries out, with the tools of the system, every step that explains
// a match, in each tier.
func TestStepsHold(t *testing.T) {
	files := map[string][]byte{"a.jpg": asJPEG(t, hills(2, 400, 300)), "b's.png": asPNG(t, hills(3, 300, 280)),
		"c.jpg": asJPEG(t, hills(4, 320, 320)), "small.png": asPNG(t, hills(5, 30, 60)), "n.txt": []byte("a note\n")}
	verb := alone(t, files)
	list := fmt.Sprintf("id,md5,pdq,category\nn,%x,,1\na,,%v,1\nb,,%v,2\nc,,%v,2\ns,,%v,1\n", md5.Sum(files["n.txt"]),
		moved(ref512(t, verb, "a.jpg"), 7), moved(ref512(t, verb, "b's.png"), 15), moved(ref512(t, verb, "c.jpg"), 25),
		moved(ref512(t, verb, "small.png"), 3))
	if err := os.WriteFile("LIST", []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "--agency", "A", "--country", "ES"}, {"hashlist", "import", "--source", "U", "--version", "1", "--purpose", "test", "LIST"}} {
		if out, code := verb(args...); code != 0 {
			t.Fatalf("%v: %d %s", args, code, out)
		}
	}
	want := map[string][2]string{"a.jpg": {"reencoded", "at most 10"}, "b's.png": {"confident", "at most 20"}, "c.jpg": {"review", "more than 20"},
		"small.png": {"review", "smaller side is 30"}, "n.txt": {"exact", "MD5"}}
	out, code := verb("match", "--explain", "--json", "a.jpg", "b's.png", "c.jpg", "small.png", "n.txt")
	rows := rowsOf[matchedRow](t, out)
	if code != 0 || len(rows) != len(want) {
		t.Fatalf("exit %d: %s", code, out)
	}
	done := map[string]int{}
	for _, r := range rows {
		if len(r.Hits) != 1 || r.Hits[0].Tier != want[r.File][0] {
			t.Errorf("%s: %+v", r.File, r.Hits)
			continue
		}
		last := r.Hits[0].Steps[len(r.Hits[0].Steps)-1]
		if !strings.Contains(last.What, want[r.File][1]) {
			t.Errorf("%s: the rule is %q", r.File, last.What)
		}
		for _, s := range r.Hits[0].Steps {
			if strings.Contains(s.What, "[") || strings.Contains(s.What, "%!") {
				t.Errorf("%s: %s", r.File, s.What)
			}
			done[carryOut(t, s)]++
		}
	}
	t.Logf("steps by tool: %v", done)
	if done["sha256sum"] < 2*len(want) || done["python3"]+done["absent python3"] != 4 || done["djpeg"]+done["absent djpeg"] != 2 {
		t.Errorf("steps by tool: %v", done)
	}
}

// carryOut does one step, if its tool is there, and names the tool.
func carryOut(t *testing.T, s step) string {
	t.Helper()
	tool, _, _ := strings.Cut(s.Command, " ")
	if tool == "" {
		return "words"
	}
	for _, needed := range []string{tool, "sh", "pdq-photo-hasher"} {
		if _, err := exec.LookPath(needed); err != nil && strings.Contains("sh "+s.Command, needed) {
			return "absent " + needed
		}
	}
	got, err := exec.Command("sh", "-c", s.Command).Output()
	if err != nil || !strings.HasPrefix(strings.TrimSpace(string(got)), s.Expect) {
		t.Errorf("%s\n%s\ngives %q, %v, want %s", s.What, s.Command, got, err, s.Expect)
	}
	return tool
}

// TestVariantsInWords knows a sentence for every part of a label.
func TestVariantsInWords(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		a := newApp(t.Context(), globals{Lang: lang}, nil, nil, nil)
		for _, label := range []string{"ref512", "full", "up512", "white-crop-upright-frame12-ref512", "white-up512", "frame3-ref512"} {
			words := variantMeaning(a, label)
			if strings.Contains(words, "[") || strings.Contains(words, "%!") || strings.Count(words, ";") != strings.Count(strings.Replace(label, "white-crop", "white", 1), "-") {
				t.Errorf("%s: %s", label, words)
			}
		}
	}
}
