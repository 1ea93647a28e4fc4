package pipeline

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tutela/casework/media"
	"tutela/external/decoder"
	"tutela/format"
	"tutela/hash/vpdq"
)

func ffmpeg(t testing.TB) decoder.Decoder {
	t.Helper()
	d, ok := decoder.For(decoder.Find(), decoder.Film)
	if !ok {
		t.Skip("ffmpeg is not installed")
	}
	return d
}

// testFilm has ffmpeg write a film of its test pattern.
func testFilm(t testing.TB, d decoder.Decoder, name, source string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", source}, args...)
	if out, err := exec.Command(d.Path, append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hashFilm(t testing.TB, d decoder.Decoder, b []byte, o FilmOptions) FilmPrint {
	t.Helper()
	p, err := HashFilm(t.Context(), d, bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func filmCodes(fs []format.Finding) string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Code)
	}
	return strings.Join(out, " ")
}

// TestConformanceFilms compares every frame of the clips with the hashes of the
// reference, by the gates of the conformance data.
func TestConformanceFilms(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes 1,900 frames")
	}
	d := ffmpeg(t)
	read := func(name string) []byte {
		b, err := os.ReadFile(conformance(t, filepath.Join("vpdq", name)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	rows, err := csv.NewReader(bytes.NewReader(read("videos.csv"))).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		name := strings.TrimSuffix(r[0], ".mp4")
		ref, err := vpdq.ReadText(bytes.NewReader(read("reference/" + name + ".txt")))
		if err != nil {
			t.Fatal(err)
		}
		film := read("videos/" + r[0])
		got := hashFilm(t, d, film, FilmOptions{SecondsPerHash: 0.001})
		if len(got.Findings) > 0 || strconv.Itoa(len(got.Frames)) != r[4] || len(got.Frames) != len(ref) || strconv.Itoa(got.Stream.Width) != r[1] || got.Stream.Rate != 30 {
			t.Errorf("%s: %d frames, %+v, %v", name, len(got.Frames), got.Stream, got.Findings)
			continue
		}
		sum, n, most := 0, 0, 0
		for i, f := range got.Frames {
			far := f.Hash.Distance(ref[i].Hash)
			if f.Number != ref[i].Number || f.Seconds-ref[i].Seconds > 0.001 || ref[i].Seconds-f.Seconds > 0.001 {
				t.Fatalf("%s: frame %d at %v, want %d at %v", name, f.Number, f.Seconds, ref[i].Number, ref[i].Seconds)
			}
			if ref[i].Quality >= 50 {
				sum, n, most = sum+far, n+1, max(most, far)
			}
		}
		meanGate, mostGate := 2.0, 8
		switch name {
		case "doorknob-hd-no-bar":
			meanGate, mostGate = 6, 24
		case "test-padded-dimensions":
			meanGate, mostGate = 0, 0
		}
		mean := float64(sum) / float64(n)
		t.Logf("%-31s %3d frames, mean %.2f (gate %.0f), most %d (gate %d)", name, n, mean, meanGate, most, mostGate)
		if mean > meanGate || most > mostGate || strconv.Itoa(n) != r[7] {
			t.Errorf("%s: beyond the gate", name)
		}
		sparse := hashFilm(t, d, film, FilmOptions{})
		if want := vpdq.Thin(got.Frames, 30); !slices.Equal(sparse.Frames, want) {
			t.Errorf("%s: one hash a second gives %d frames, thinned out %d", name, len(sparse.Frames), len(want))
		}
	}
}

// TestFilmOfFilms finds a clip again in a film that it was copied into, encoded
// anew by another codec at another size.
func TestFilmOfFilms(t *testing.T) {
	d := ffmpeg(t)
	clip := hashFilm(t, d, testFilm(t, d, "clip.mp4", "mandelbrot=size=320x240:rate=10:start_scale=2", "-t", "8"), FilmOptions{})
	long := hashFilm(t, d, testFilm(t, d, "long.mkv", "testsrc2=size=480x360:rate=10:duration=12", "-f", "lavfi", "-i", "mandelbrot=size=320x240:rate=10:start_scale=2",
		"-filter_complex", "[1:v]trim=duration=8,scale=480:360[b];[0:v][b]concat", "-c:v", "mpeg4", "-q:v", "5"), FilmOptions{})
	c := vpdq.Compare(long.Frames, clip.Frames, vpdq.Reference())
	if v := vpdq.Standard().Judge(c); v != vpdq.SameShare || c.Compared.Percent() != 100 || len(c.Query.Spans) != 1 || c.Query.Spans[0].From != 12 {
		t.Errorf("%s: %+v", v, c)
	}
}

func TestFilmLimits(t *testing.T) {
	d := ffmpeg(t)
	b := testFilm(t, d, "a.mkv", "testsrc2=size=320x240:rate=10:duration=10", "-g", "5")
	if p := hashFilm(t, d, b, FilmOptions{SecondsPerHash: 0.5, MaxFrames: 5}); p.Every != 25 || len(p.Frames) != 4 || filmCodes(p.Findings) != FilmSparse {
		t.Errorf("a film that is too long: one of %d, %d, %v", p.Every, len(p.Frames), p.Findings)
	}
	if p := hashFilm(t, d, b[:len(b)/2], FilmOptions{}); len(p.Frames) < 3 || len(p.Frames) > 9 || filmCodes(p.Findings) != FilmDamaged {
		t.Errorf("half of a film: %d frames, %v", len(p.Frames), p.Findings)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "no film": []byte("words"), "another": bytes.Repeat([]byte{0, 0, 1, 0xb3}, 4000)} {
		if p := hashFilm(t, d, bad, FilmOptions{}); len(p.Frames) != 0 || len(p.Findings) == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	wav := testFilm(t, d, "a.mp4", "sine=duration=1")
	if p := hashFilm(t, d, wav, FilmOptions{}); filmCodes(p.Findings) != FilmNoPictures {
		t.Errorf("sound alone: %+v", p)
	}
}

// TestMutatedFilms damages films of several forms in many ways: each ends in
// frames or a finding, in bounded time.
func TestMutatedFilms(t *testing.T) {
	if testing.Short() {
		t.Skip("starts sixty programs")
	}
	d := ffmpeg(t)
	r := rand.New(rand.NewPCG(11, 12))
	seen := map[string]int{}
	for _, name := range []string{"a.mp4", "a.mkv", "a.avi", "a.ts", "a.gif"} {
		film := testFilm(t, d, name, "testsrc2=size=160x120:rate=10:duration=3", "-g", "5")
		for n := range 6 {
			b := bytes.Clone(film)
			for range 1 + r.IntN(1<<(2*n)) { // also in the headers
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
			if n%3 == 0 {
				b = b[:r.IntN(len(b))]
			}
			begun := time.Now()
			p, err := HashFilm(t.Context(), d, bytes.NewReader(b), int64(len(b)), FilmOptions{SecondsPerHash: 0.1})
			if err != nil && refusal(err) == "" {
				t.Errorf("%s, %d: %v", name, n, err)
			}
			if err == nil && len(p.Frames) == 0 && len(p.Findings) == 0 || len(p.Frames) > 20_000 || time.Since(begun) > time.Minute {
				t.Errorf("%s, %d: %d frames, %v, %v", name, n, len(p.Frames), p.Findings, time.Since(begun))
			}
			seen[filmCodes(p.Findings)+" "+refusal(err)]++
		}
	}
	t.Log(seen)
}

// TestFilmsCaughtUp takes films in without a decoder, then with one.
func TestFilmsCaughtUp(t *testing.T) {
	d := ffmpeg(t)
	s := newSite(t, "")
	id := s.openCovered(t)
	film := testFilm(t, d, "a.mkv", "testsrc2=size=320x240:rate=10:duration=5", "-g", "5")
	dir := folder(t, map[string]string{"a.mkv": string(film), "again.mkv": string(film), "cut.mkv": string(film[:len(film)/2]),
		"sound.mp4": string(testFilm(t, d, "a.mp4", "sine=duration=1"))})
	with := s.line.decoders
	s.line.decoders = nil
	s.ingest(t, Order{Case: string(id)}, dir)
	left, err := media.LeftOut(t.Context(), s.look(t), id, FilmNoDecoder)
	if err != nil || len(left) != 4 {
		t.Errorf("%d films were left out, %v", len(left), err)
	}
	if n := s.release(t, id); n != 0 {
		t.Errorf("%d exhibits are to be looked at again without a decoder", n)
	}
	s.line.decoders = with
	if n := s.release(t, id); n != 4 {
		t.Errorf("%d exhibits are looked at again", n)
	}
	codes := map[string]string{"a.mkv": "", "again.mkv": "", "cut.mkv": FilmDamaged, "sound.mp4": FilmNoPictures}
	for name, prints := range s.printsByName(t, id) {
		if name == "sound.mp4" {
			if len(prints) != 0 {
				t.Errorf("%s has fingerprints", name)
			}
			continue
		}
		if len(prints) != 1 || prints[0].Variant != FilmVariant || prints[0].Width != 320 || !strings.HasPrefix(prints[0].Decoder, "ffmpeg, libavcodec.so.") {
			t.Errorf("%s: %+v", name, prints)
			continue
		}
		frames, err := vpdq.Unpack(prints[0].Hash)
		if err != nil || name != "cut.mkv" && len(frames) != 5 || len(frames) < 2 || frames[1].Seconds != 1 {
			t.Errorf("%s: %d frames, %v", name, len(frames), err)
		}
	}
	for _, i := range s.items(t, id) {
		fs, err := media.Findings(t.Context(), s.look(t), media.Query{Case: id, Exhibit: i.Exhibit})
		if err != nil {
			t.Fatal(err)
		}
		var own []string
		for _, f := range fs {
			if f.Stage == Fingerprint {
				own = append(own, f.Code)
			}
		}
		if strings.Join(own, " ") != codes[i.Name] {
			t.Errorf("%s: findings %v, want %q", i.Name, own, codes[i.Name])
		}
	}
	if different, err := s.line.Rebuild(t.Context(), nil); err != nil || len(different) > 0 {
		t.Errorf("a rebuild gives %v, %v", different, err)
	}
}
