package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tutela/hash/vpdq"
)

// makeFilm has ffmpeg write a film.
func makeFilm(t *testing.T, path string, args ...string) string {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	if out, err := exec.Command(ffmpeg, append(append([]string{"-v", "error"}, args...), path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func verb(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), &out, &errs); code != want {
		t.Fatalf("%v: exit %d, want %d: %s", args, code, want, errs.String())
	}
	return out.String()
}

// TestFilmVerbs fingerprints a film and a cut of it that was encoded anew and
// starts between two of its sampled frames.
func TestFilmVerbs(t *testing.T) {
	dir := t.TempDir()
	film := makeFilm(t, filepath.Join(dir, "a.mkv"), "-f", "lavfi", "-i", "mandelbrot=size=320x240:rate=10:start_scale=2", "-t", "12", "-g", "10")
	cut := makeFilm(t, filepath.Join(dir, "cut.avi"), "-i", film, "-ss", "3.4", "-t", "6", "-q:v", "6")
	text := verb(t, 0, "film", "hash", film)
	frames, err := vpdq.ReadText(strings.NewReader(text))
	if err != nil || len(frames) != 12 || frames[11].Number != 110 || frames[11].Seconds != 11 {
		t.Fatalf("%d frames, %v: %s", len(frames), err, text)
	}
	hma, err := vpdq.ReadJSON(strings.NewReader(verb(t, 0, "film", "hash", "--form", "hma", film)))
	if err != nil || len(hma) != 12 || hma[5].Hash != frames[5].Hash {
		t.Errorf("in the other form: %d frames, %v", len(hma), err)
	}
	var row filmRow
	if err := json.Unmarshal([]byte(verb(t, 0, "film", "hash", "--every", "0", "--json", film)), &row); err != nil || len(row.Frames) != 120 ||
		row.Width != 320 || row.Every != 1 || row.Rate != 10 || !strings.HasPrefix(row.Decoder, "ffmpeg") {
		t.Errorf("every frame: %d, %v", len(row.Frames), err)
	}
	list := filepath.Join(dir, "known.txt")
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{film, list} {
		var c comparedRow
		if err := json.Unmarshal([]byte(verb(t, 0, "film", "compare", "--json", cut, known)), &c); err != nil || !c.Verdict.Hit() || len(c.Compared.Spans) != 1 {
			t.Errorf("%s: %+v, %v", filepath.Base(known), c, err)
			continue
		}
		if s := c.Compared.Spans[0]; s.From < 1 || s.From > 4.1 || s.To < 8.9 || s.To > 11 {
			t.Errorf("%s: from %v to %v, the cut is from 3.4 to 9.4", filepath.Base(known), s.From, s.To)
		}
	}
	if out := verb(t, 0, "film", "compare", cut, list); !strings.Contains(out, "match") || !strings.Contains(out, "from 0:00:0") {
		t.Errorf("in words: %s", out)
	}
	verb(t, 2, "film", "hash", list) // no film
	verb(t, 3, "film", "hash", filepath.Join(dir, "nowhere.mp4"))
}

func TestFilmWithoutDecoder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mp4")
	if err := os.WriteFile(path, []byte("any"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	verb(t, 7, "film", "hash", path)
}

func TestClock(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0:00:00.0", 59.96: "0:01:00.0", 3723.45: "1:02:03.5"} {
		if got := clock(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}
