package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/external/decoder"
	"tutela/format/picture"
)

// TestPicturesOfSystemDecoders takes pictures in that only decoders of the
// system read: first without any; those that are installed catch up by a release.
func TestPicturesOfSystemDecoders(t *testing.T) {
	s := newSite(t, "")
	id := s.openCovered(t)
	files := map[string]string{}
	for _, format := range []string{"heic", "avif", "jxl"} {
		b, err := os.ReadFile(filepath.Join("..", "external", "decoder", "testdata", "ramp."+format))
		if err != nil {
			t.Fatal(err)
		}
		files["ramp."+format] = string(b)
	}
	dir := folder(t, files)
	with := s.line.decoders
	s.line.decoders = nil
	s.ingest(t, Order{Case: string(id)}, dir)
	for name, prints := range s.printsByName(t, id) {
		if len(prints) > 0 {
			t.Errorf("%s has fingerprints without a decoder", name)
		}
	}
	if left, err := media.LeftOut(t.Context(), s.look(t), id, picture.NoDecoder); err != nil || len(left) != 3 {
		t.Errorf("%d items were left out, %v", len(left), err)
	}
	if n := s.release(t, id); n != 0 {
		t.Errorf("%d exhibits are to be looked at again without a decoder", n)
	}
	s.line.decoders = with
	s.release(t, id)
	for name, prints := range s.printsByName(t, id) {
		d, ok := decoder.For(with, strings.TrimPrefix(filepath.Ext(name), "."))
		if !ok {
			t.Logf("%s: no decoder is installed", name)
			continue
		}
		if len(prints) != 1 || prints[0].Variant != "ref512" || prints[0].Width != 320 || !strings.HasPrefix(prints[0].Decoder, d.String()+", then ") {
			t.Errorf("%s: %+v", name, prints)
		}
	}
}

// printsByName returns the fingerprints of the items of a case by their names.
func (s *site) printsByName(t *testing.T, id cases.ID) map[string][]media.Fingerprint {
	t.Helper()
	out := map[string][]media.Fingerprint{}
	for _, i := range s.items(t, id) {
		prints, err := media.Fingerprints(t.Context(), s.look(t), id, "", i.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		out[i.Name] = prints
	}
	return out
}
