package pipeline

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tutela/casework/media"
	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/format/picture"
	"tutela/hash/digest"
	"tutela/vault/evidence"
)

// lookAt looks at bytes as a verb does.
func lookAt(t *testing.T, d Decoding, name string, b []byte) (Looked, error) {
	t.Helper()
	e, err := evidence.DigestFirst(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return d.Look(t.Context(), e, name)
}

// TestLookAsTheStagesDo gives a file that belongs to no case the very fingerprints
// that it has in a case.
func TestLookAsTheStagesDo(t *testing.T) {
	s := newSite(t, "")
	id := s.openCovered(t)
	ramp, err := os.ReadFile(filepath.Join("..", "external", "decoder", "testdata", "ramp.jxl"))
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile(filepath.Join(operation(t).Dir, "lists", "sources", "sticker-0.webp"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"ramp.jxl": string(ramp), "sticker.webp": string(known), "broken.png": "\x89PNG\r\n\x1a\nnothing", "note.txt": "a note"}
	s.ingest(t, Order{Case: string(id)}, folder(t, files))
	rows := s.printsByName(t, id)
	d := Decoding{s.line.pool, decoder.Find()}
	for name, content := range files {
		l, err := lookAt(t, d, name, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Prints) != len(rows[name]) || l.SHA256 != s.item(t, id, name).SHA256 || string(l.Type.Kind) != s.item(t, id, name).Kind {
			t.Errorf("%s: %d prints, in a case %d", name, len(l.Prints), len(rows[name]))
		}
		for i, p := range l.Prints {
			hash, in := p.Hash.Bytes(), rows[name][i]
			if p.Variant != in.Variant || string(hash[:]) != string(in.Hash) || p.Quality != in.Quality || l.Picture.Decoder != in.Decoder ||
				l.Picture.PixelDigest != in.Pixels.String() || p.Width != in.Width {
				t.Errorf("%s: %+v, in a case %+v", name, p, in)
			}
		}
		if subject := l.Subject(); subject.Case != "" || subject.Item != "" || subject.SHA256 != l.SHA256 || len(subject.Prints) != len(l.Prints) {
			t.Errorf("%s: %+v", name, subject)
		}
	}
	if len(rows["sticker.webp"]) == 0 {
		t.Error("the sticker has no fingerprints")
	}
}

// TestLookTellsWhatIsWrong keeps errors for this machine and for content that
// changes, and tells the rest as data.
func TestLookTellsWhatIsWrong(t *testing.T) {
	pool := contain.NewPool(contain.Config{})
	defer pool.Close()
	d := Decoding{Pool: pool}
	for _, c := range []struct {
		name, content string
		outcome       media.Outcome
		detail        string
		whole         bool
	}{
		{"a.png", "\x89PNG\r\n\x1a\nnothing", media.Failed, picture.Damaged, false},
		{"a.jxl", "\xff\x0anothing", media.Failed, picture.NoDecoder, false},
		{"a.cr2", "II*\x00\x10\x00\x00\x00CR\x02\x00\x00\x00\x00\x00", media.Skipped, picture.RawCamera, true},
		{"a.txt", "a note", media.Skipped, "kind.text", true},
		{"a.jpg", "", media.Skipped, "", true},
	} {
		l, err := lookAt(t, d, c.name, []byte(c.content))
		if err != nil || l.Outcome != c.outcome || l.Detail != c.detail || l.Whole() != c.whole || len(l.Prints) != 0 {
			t.Errorf("%s: %+v, %v", c.name, l, err)
		}
	}
	b := []byte("\x89PNG\r\n\x1a\nnothing")
	e, err := evidence.DigestFirst(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	var changed *digest.ChunkError
	if _, err := d.Look(t.Context(), e, "a.png"); !errors.As(err, &changed) {
		t.Errorf("content that has changed: %v", err)
	}
	pool.Close()
	if _, err := lookAt(t, d, "a.png", b); !errors.Is(err, contain.ErrClosed) {
		t.Errorf("without a worker: %v", err)
	}
}
