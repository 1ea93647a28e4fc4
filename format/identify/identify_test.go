package identify

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/format"
)

func identify(in []byte, name string) (Type, []format.Finding) {
	return Identify(in, int64(len(in)), name)
}

func has(fs []format.Finding, code string) bool {
	return slices.ContainsFunc(fs, func(f format.Finding) bool { return f.Code == code })
}

func made(t *testing.T, f func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples are small files of every kind, made here.
func samples(t *testing.T) map[string][]byte {
	pic := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White})
	tarball := made(t, func(b *bytes.Buffer) error {
		w := tar.NewWriter(b)
		if err := w.WriteHeader(&tar.Header{Name: "a", Size: 1}); err != nil {
			return err
		}
		w.Write([]byte("x"))
		return w.Close()
	})
	zipped := func(in []byte) []byte {
		return made(t, func(b *bytes.Buffer) error {
			w := gzip.NewWriter(b)
			w.Write(in)
			return w.Close()
		})
	}
	return map[string][]byte{
		"a.jpg": made(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, pic, nil) }),
		"a.png": made(t, func(b *bytes.Buffer) error { return png.Encode(b, pic) }),
		"a.gif": made(t, func(b *bytes.Buffer) error { return gif.Encode(b, pic, nil) }),
		"a.zip": made(t, func(b *bytes.Buffer) error {
			w := zip.NewWriter(b)
			if _, err := w.Create("x"); err != nil {
				return err
			}
			return w.Close()
		}),
		"a.tar": tarball, "a.tgz": zipped(tarball), "a.gz": zipped([]byte("hello")),
		"a.txt": []byte("a shopping list\n- 2 apples\n"), "a.json": []byte(`{"a": [1, 2]}`),
		"a.eml":     []byte("From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\nhello\r\n"),
		"a.mbox":    []byte("From a@example.org Sat Mar  4 08:05:07 2023\nFrom: a@example.org\nSubject: x\n\nhello\n"),
		"_chat.txt": []byte("[13/03/2025, 10:00:01] Ada: hello\r\n"),
		"a.sqlite":  append([]byte("SQLite format 3\x00"), make([]byte, 100)...),
		"a.pdf":     []byte("%PDF-1.7\n%âãÏÓ\n"),
		"a.mp4":     []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"),
		"a.webp":    []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f"),
		"a.dng":     dng(binary.LittleEndian), "b.dng": dng(binary.BigEndian),
		"a.raf": []byte("FUJIFILMCCD-RAW 0201"), "a.cr3": []byte("\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01"),
		"empty": nil,
	}
}

// dng is a TIFF whose first directory holds the version tag.
func dng(o binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if o.AppendUint16(nil, 1)[0] == 0 {
		b = []byte("MM\x00*")
	}
	b = o.AppendUint32(b, 8)
	b = o.AppendUint16(b, 2)
	for _, tag := range []uint16{254, 50706} {
		b = o.AppendUint16(b, tag)
		b = append(b, make([]byte, 10)...)
	}
	return append(b, make([]byte, 64)...)
}

func TestKinds(t *testing.T) {
	want := map[string]Type{
		"a.jpg": {"image/jpeg", Picture, ".jpg", ""}, "a.png": {"image/png", Picture, ".png", ""}, "a.gif": {"image/gif", Picture, ".gif", ""},
		"a.zip": {"application/zip", Archive, ".zip", "zip"}, "a.tar": {"application/x-tar", Archive, ".tar", "tar"},
		"a.tgz": {"application/gzip", Archive, ".tgz", "tar.gz"}, "a.gz": {"application/gzip", Archive, ".gz", "gzip"},
		"a.txt": {"text/plain", Text, ".txt", ""}, "a.json": {"application/json", Text, ".json", ""},
		"a.eml": {"message/rfc822", Mail, ".eml", ""}, "a.mbox": {"application/mbox", Mbox, ".mbox", ""},
		"_chat.txt": {"text/plain", ChatText, ".txt", ""}, "a.sqlite": {"application/vnd.sqlite3", Database, ".sqlite", ""},
		"a.pdf": {"application/pdf", Document, ".pdf", ""}, "a.mp4": {"video/mp4", Video, ".mp4", ""}, "a.webp": {"image/webp", Picture, ".webp", ""},
		"a.dng": {"image/x-adobe-dng", Raw, ".dng", ""}, "b.dng": {"image/x-adobe-dng", Raw, ".dng", ""},
		"a.raf": {"image/x-fuji-raf", Raw, ".raf", ""}, "a.cr3": {"image/x-canon-cr3", Raw, ".cr3", ""},
		"empty": {"application/x-empty", Empty, "", ""},
	}
	for name, in := range samples(t) {
		got, found := identify(in, name)
		if got != want[name] || len(found) != 0 {
			t.Errorf("%s: %+v, want %+v (%+v)", name, got, want[name], found)
		}
		// The content decides: the same bytes without a name.
		if bare, _ := identify(in, "file"); bare != want[name] {
			t.Errorf("%s without its name: %+v", name, bare)
		}
	}
}

func TestMismatch(t *testing.T) {
	s := samples(t)
	for _, c := range []struct{ content, name string }{{"a.png", "x.jpg"}, {"a.zip", "x.jpg"}, {"a.jpg", "x.txt"}, {"a.txt", "x.png"}, {"a.mp4", "x.pdf"}, {"a.gif", `dir\X.JPEG`}} {
		if _, found := identify(s[c.content], c.name); !has(found, "type.mismatch") {
			t.Errorf("%s as %s: %+v", c.content, c.name, found)
		}
	}
	for _, c := range []struct{ content, name string }{{"a.png", "x.dat"}, {"a.jpg", "x.jpeg"}, {"a.mbox", "x.txt"}, {"a.zip", "pack.wastickers"}} {
		if _, found := identify(s[c.content], c.name); len(found) != 0 {
			t.Errorf("%s as %s: %+v", c.content, c.name, found)
		}
	}
}

func TestDisguise(t *testing.T) {
	if _, found := identify([]byte("x"), "photo.jpg.exe"); !has(found, "type.double-extension") {
		t.Errorf("%+v", found)
	}
	if _, found := identify([]byte("x"), "photo\u202egpj.exe"); !has(found, "type.hidden-extension") {
		t.Errorf("%+v", found)
	}
}

func TestMailStaysMail(t *testing.T) {
	for _, in := range []string{"", "just a note without any header\n", strings.Repeat("\x00", 512)} {
		if got, _ := identify([]byte(in), "tip.eml"); got.Kind != Mail {
			t.Errorf("%q: %+v", in[:min(len(in), 10)], got)
		}
	}
}

func TestLogsAreNotChats(t *testing.T) {
	for _, in := range []string{"2023-03-04 08:05:07 - INFO: started\n2023-03-04 08:05:08 - INFO: ready\n", "[2023-03-04 08:05:07] INFO: started\n", "Shopping list\n- 10:30 dentist\n"} {
		if got, _ := identify([]byte(in), "server.log"); got.Kind != Text {
			t.Errorf("%q: %+v", in, got)
		}
	}
	if got, _ := identify([]byte("[2023-03-04 08:05:07] Ada: hi\r\n"), "_chat.txt"); got.Kind != ChatText {
		t.Errorf("%+v", got)
	}
}

func TestConformance(t *testing.T) {
	root := os.Getenv("TUTELA_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("conformance inputs are absent: set TUTELA_CONFORMANCE (%v)", err)
	}
	for dir, kind := range map[string]Kind{"whatsapp/synthetic/shapes": ChatText, "mail/enmime": Mail, "mail/synthetic": Mail, "pdq/synthetic/jpeg": Picture} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(p, ".csv") {
				return err
			}
			in, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			want := kind
			if strings.HasSuffix(p, ".mbox") {
				want = Mbox
			}
			if got, _ := Identify(in[:min(len(in), Head)], int64(len(in)), filepath.Base(p)); got.Kind != want {
				t.Errorf("%s: %+v, want %s", p, got, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00"), "a.dng")
	f.Add([]byte("\x1f\x8b\x08\x00"), "a.tgz")
	f.Add([]byte("From a b c d:e\nx: y\n"), "m")
	f.Fuzz(func(t *testing.T, in []byte, name string) {
		if got, _ := identify(in, name); got.MIME == "" || got.Kind == "" {
			t.Fatalf("%+v", got)
		}
	})
}
