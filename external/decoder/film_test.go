package decoder

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tutela/external/contain"
)

// ffmpeg returns the decoder of films, or skips.
func ffmpeg(t testing.TB) Decoder {
	t.Helper()
	d, ok := For(Find(), Film)
	if !ok {
		t.Skip("ffmpeg is not installed")
	}
	return d
}

// pattern has ffmpeg write a film of its test pattern, with further arguments.
func pattern(t testing.TB, d Decoder, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=4"}, args...)
	if out, err := exec.Command(d.Path, append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (d Decoder) count(t *testing.T, b []byte, every, most int) (frames int, complained bool, err error) {
	t.Helper()
	var all []byte
	complained, err = d.Frames(t.Context(), bytes.NewReader(b), int64(len(b)), every, most, func(r io.Reader) (err error) {
		all, err = io.ReadAll(r)
		return err
	})
	return bytes.Count(all, []byte("P6\n320 240\n255\n")), complained, err
}

func TestFilm(t *testing.T) {
	d := ffmpeg(t)
	for _, name := range []string{"a.mp4", "a.mkv", "a.webm", "a.avi", "a.ts", "a.mpg", "a.flv", "a.wmv", "a.3gp"} {
		args := map[string][]string{"a.mpg": {"-r", "25"}, "a.webm": {"-c:v", "libvpx", "-deadline", "realtime"},
			"a.3gp": {"-c:v", "libx264"}}[name]
		b := pattern(t, d, name, args...)
		s, err := d.Look(t.Context(), bytes.NewReader(b), int64(len(b)))
		want := 10.0
		if name == "a.mpg" {
			want = 25
		}
		if err != nil || s.Width != 320 || s.Height != 240 || s.Rate < want*0.95 || s.Rate > want*1.05 || s.Codec == "" || s.Rotation != 0 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		n, complained, err := d.count(t, b, int(want), 100)
		if err != nil || complained || n != 4 {
			t.Errorf("%s: %d frames, complained %v, %v", name, n, complained, err)
		}
	}
	b := pattern(t, d, "all.mp4")
	if n, _, err := d.count(t, b, 1, 1000); err != nil || n != 40 {
		t.Errorf("every frame: %d, %v", n, err)
	}
	if n, _, err := d.count(t, b, 1, 7); err != nil || n != 7 {
		t.Errorf("at most seven: %d, %v", n, err)
	}
}

func TestFilmTurned(t *testing.T) {
	d := ffmpeg(t)
	b := pattern(t, d, "a.mp4")
	at := bytes.Index(b, []byte("tkhd")) + 4 + 40 // the matrix (ISO/IEC 14496-12, 8.3.2)
	for i, v := range []int32{0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30} {
		binary.BigEndian.PutUint32(b[at+4*i:], uint32(v))
	}
	s, err := d.Look(t.Context(), bytes.NewReader(b), int64(len(b)))
	if err != nil || s.Rotation != 90 || s.Width != 320 {
		t.Errorf("%+v, %v", s, err)
	}
	if n, _, err := d.count(t, b, 10, 100); err != nil || n != 4 {
		t.Errorf("%d frames as they are stored, %v", n, err)
	}
}

func TestFilmDamaged(t *testing.T) {
	d := ffmpeg(t)
	mkv := pattern(t, d, "a.mkv", "-g", "5")
	if n, _, err := d.count(t, mkv[:len(mkv)*2/3], 1, 1000); n < 15 || n > 39 {
		t.Errorf("two thirds of a film: %d frames, %v", n, err)
	}
	hurt := bytes.Clone(mkv)
	for i := len(hurt) / 3; i < len(hurt); i += 997 {
		hurt[i] ^= 0xff
	}
	if n, complained, err := d.count(t, hurt, 1, 1000); n < 5 || !complained {
		t.Errorf("a film with errors: %d frames, complained %v, %v", n, complained, err)
	}
	mp4 := pattern(t, d, "a.mp4") // its table of contents is at the end
	for name, bad := range map[string][]byte{"empty": nil, "half": mp4[:len(mp4)/2], "text": []byte("no film at all"),
		"list": []byte("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), "concat": []byte("ffconcat version 1.0\nfile /etc/passwd\n")} {
		s, err := d.Look(t.Context(), bytes.NewReader(bad), int64(len(bad)))
		var own *contain.Failure
		if !errors.As(err, &own) && !errors.Is(err, ErrNoStream) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if n, _, err := d.count(t, bad, 1, 10); n != 0 || !errors.As(err, &own) {
			t.Errorf("%s: %d frames, %v", name, n, err)
		}
	}
}

func TestFilmWithoutPictures(t *testing.T) {
	d := ffmpeg(t)
	path := filepath.Join(t.TempDir(), "a.mp4")
	if out, err := exec.Command(d.Path, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := d.Look(t.Context(), bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrNoStream) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestReadStream(t *testing.T) {
	stream := func(more string) string {
		return fmt.Sprintf(`{"streams":[{"codec_name":"h264","width":4,"height":2%s}],"format":{"duration":"7.5"}}`, more)
	}
	for text, want := range map[string]Stream{
		stream(`,"avg_frame_rate":"30000/1001","r_frame_rate":"30000/1001"`):    {Codec: "h264", Width: 4, Height: 2, Rate: 30000.0 / 1001, Seconds: 7.5},
		stream(`,"avg_frame_rate":"0/0","r_frame_rate":"25/1","duration":"3"`):  {Codec: "h264", Width: 4, Height: 2, Rate: 25, Seconds: 3},
		stream(`,"avg_frame_rate":"15/1","r_frame_rate":"60/1"`):                {Codec: "h264", Width: 4, Height: 2, Rate: 15, Variable: true, Seconds: 7.5},
		stream(`,"avg_frame_rate":"1/0","r_frame_rate":"-3/1","duration":"-4"`): {Codec: "h264", Width: 4, Height: 2, Seconds: 7.5},
		stream(`,"side_data_list":[{"rotation":-90}],"tags":{"rotate":"270"}`):  {Codec: "h264", Width: 4, Height: 2, Rotation: 90, Seconds: 7.5},
		stream(`,"tags":{"rotate":"-90"}`):                                      {Codec: "h264", Width: 4, Height: 2, Rotation: 270, Seconds: 7.5},
		stream(`,"side_data_list":[{},{"rotation":1e300}],"duration":"1e300"`):  {Codec: "h264", Width: 4, Height: 2, Seconds: 7.5},
		strings.ReplaceAll(stream(""), "h264", strings.Repeat("H2<b>64", 20)):   {Codec: "2b642b642b642b64", Width: 4, Height: 2, Seconds: 7.5},
	} {
		got, err := readStream([]byte(text), nil)
		if strings.Contains(text, "<b>") {
			want.Codec = got.Codec
			if strings.ContainsAny(got.Codec, "<>H") {
				t.Errorf("codec %q", got.Codec)
			}
		}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	if _, err := readStream([]byte(`{"streams":[]}`), nil); err != ErrNoStream {
		t.Error(err)
	}
	if _, err := readStream([]byte(`{"streams":"x"}`), nil); err == nil {
		t.Error("nonsense was read")
	}
}
