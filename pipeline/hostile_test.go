package pipeline

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostileFiles returns inputs made to exhaust or to deceive, each with the
// beginning of a finding's code that must tell of it.
func hostileFiles(t testing.TB) (files map[string][]byte, codes map[string]string) {
	zeros := zipOf(t, packed{"zeros.bin", make([]byte, 400<<20)})
	nested := zeros
	for n := range 20 { // deeper than the limit
		nested = zipOf(t, packed{fmt.Sprintf("%d.zip", n), nested})
	}
	wide := zeros
	for range 4 { // 8^4 bombs, if all were opened
		var all []packed
		for n := range 8 {
			all = append(all, packed{fmt.Sprintf("%d.zip", n), wide})
		}
		wide = zipOf(t, all...)
	}
	many := 10_000
	if os.Getenv("TUTELA_LONG") != "" {
		many = 120_000
	}
	files = map[string][]byte{
		"ratio.zip": zeros, "nested.zip": nested, "wide.zip": wide, "overlap.zip": overlapping(t, many/2), "many.zip": manyMembers(t, many),
		"escape.zip": zipOf(t, packed{"../../../etc/cron.d/x", []byte("a")}, packed{"/etc/x", []byte("b")}, packed{`..\..\x`, []byte("c")}, packed{"ok.txt", []byte("d")}),
		"escape.tar": tarOf(t, tar.Header{Name: "../x", Size: 1}, tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"},
			tar.Header{Name: "device", Typeflag: tar.TypeBlock}, tar.Header{Name: "ok.txt", Size: 1}),
		"bomb.tar.gz": gzipOf(t, tarOf(t, tar.Header{Name: "zeros", Size: 300 << 20})), "bomb.gz": gzipOf(t, make([]byte, 300<<20)),
		"self.gz":   bytes.Repeat(gzipOf(t, []byte("x")), 20_000),
		"parts.eml": partsMail(200_000), "deep.eml": deepMail(5_000), "large.png": pngHeader(65_535, 65_535), "wide.png": pngHeader(1<<31-1, 1),
		"link.zip": linkZip(t),
	}
	return files, map[string]string{"ratio.zip": "archive.ratio", "nested.zip": "archive.depth", "wide.zip": "archive.", "overlap.zip": "zip.overlap",
		"escape.zip": "archive.path-escape", "escape.tar": "archive.path-escape", "bomb.tar.gz": "archive.ratio", "bomb.gz": "archive.ratio",
		"parts.eml": "", "deep.eml": "", "large.png": "picture.", "wide.png": "picture.", "link.zip": "archive."}
}

type packed struct {
	name string
	data []byte
}

// zipOf packs members; equal data is compressed once.
func zipOf(t testing.TB, members ...packed) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	done := map[*byte][]byte{}
	for _, m := range members {
		if done[&m.data[0]] == nil {
			var c bytes.Buffer
			w, _ := flate.NewWriter(&c, flate.BestSpeed)
			w.Write(m.data)
			w.Close()
			done[&m.data[0]] = c.Bytes()
		}
		data := done[&m.data[0]]
		out, err := z.CreateRaw(&zip.FileHeader{Name: m.name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(m.data),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(m.data))})
		if err == nil {
			_, err = out.Write(data)
		}
		fatalIn(t, err)
	}
	fatalIn(t, z.Close())
	return b.Bytes()
}

func fatalIn(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// overlapping is a zip whose directory names one large member n times.
func overlapping(t testing.TB, n int) []byte {
	one := zipOf(t, packed{"aaaaaaaa.bin", make([]byte, 8<<20)})
	at := bytes.LastIndex(one, []byte("PK\x05\x06"))
	start := int(binary.LittleEndian.Uint32(one[at+16:]))
	entry, end := bytes.Clone(one[start:at]), bytes.Clone(one[at:])
	name := bytes.Index(entry, []byte("aaaaaaaa"))
	out := bytes.Clone(one[:start])
	for i := range n {
		copy(entry[name:], fmt.Sprintf("%08x", i))
		out = append(out, entry...)
	}
	binary.LittleEndian.PutUint16(end[8:], uint16(min(n, 65_535)))
	binary.LittleEndian.PutUint16(end[10:], uint16(min(n, 65_535)))
	binary.LittleEndian.PutUint32(end[12:], uint32(n*len(entry)))
	return append(out, end...)
}

// manyMembers is a zip of n tiny members.
func manyMembers(t testing.TB, n int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("d%d/f%d.bin", i%100, i)})
		if err == nil {
			_, err = fmt.Fprintf(w, "\x00\x01 %d", i%1000)
		}
		fatalIn(t, err)
	}
	fatalIn(t, z.Close())
	return b.Bytes()
}

func linkZip(t testing.TB) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "link.txt"}
	h.SetMode(fs.ModeSymlink | 0o777)
	w, err := z.CreateHeader(h)
	fatalIn(t, err)
	io.WriteString(w, "/etc/passwd")
	fatalIn(t, z.Close())
	return b.Bytes()
}

func tarOf(t testing.TB, headers ...tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		h.Mode = 0o644
		fatalIn(t, w.WriteHeader(&h))
		_, err := w.Write(make([]byte, h.Size))
		fatalIn(t, err)
	}
	fatalIn(t, w.Close())
	return b.Bytes()
}

func gzipOf(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, err := w.Write(data)
	fatalIn(t, err)
	fatalIn(t, w.Close())
	return b.Bytes()
}

// partsMail is a message of n attachments.
func partsMail(n int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 05 Jan 2026 10:00:00 +0100\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range n {
		fmt.Fprintf(&b, "--b\r\nContent-Type: application/octet-stream; name=\"%d\"\r\n\r\n%d\r\n", i, i)
	}
	b.WriteString("--b--\r\n")
	return b.Bytes()
}

// deepMail is a message of n multiparts inside each other.
func deepMail(n int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@example.org\r\nSubject: deep\r\nMIME-Version: 1.0\r\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\nhello\r\n")
	return b.Bytes()
}

// pngHeader is the beginning of a picture of those sides, with a little data.
func pngHeader(w, h uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		body := append([]byte(kind), data...)
		return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 6, 0, 0, 0))...)
	return append(append(out, chunk("IDAT", []byte{0x78, 0x9c, 0x01})...), chunk("IEND", nil)...)
}

// writeAll writes files into a folder.
func writeAll(t testing.TB, dir string, files map[string][]byte) {
	for name, data := range files {
		write(t, filepath.Join(dir, name), string(data))
	}
}

// TestHostile runs all of them at once, together with harmless files, and
// measures: each gives its finding, nothing crashes, the harmless are read, and
// memory stays within bounds.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	files, codes := hostileFiles(t)
	dir := t.TempDir()
	writeAll(t, dir, files)
	write(t, filepath.Join(dir, "harmless.txt"), "call +39 06 1234 5678\n")
	fatalIn(t, os.Symlink("/etc/passwd", filepath.Join(dir, "symlink.txt")))
	s, k := killSite(t, "")
	id := s.openCovered(t)
	k.Case, k.Paths = string(id), []string{dir}
	m := measure(t, k)
	s.sane(t, id)
	t.Logf("%v; findings %v", m, s.codes(t, id))
	if m.Main > 300<<20 || m.Worker > 768<<20 {
		t.Errorf("memory: %v", m)
	}
	found := s.codesByExhibit(t, id)
	for name, code := range codes {
		ok := false
		for c := range found[name] {
			ok = ok || code != "" && strings.HasPrefix(c, code)
		}
		if !ok && code != "" {
			t.Errorf("%s: no finding %s: %v", name, code, found[name])
		}
	}
	if st := s.stages(t, id); st["link done"] == 0 {
		t.Errorf("the harmless file was not read: %v", st)
	}
	for _, i := range s.items(t, id) {
		if strings.Contains(i.Path, "..") || strings.HasPrefix(i.Path, "/") || i.Name == "symlink.txt" {
			t.Errorf("item %q", i.Path)
		}
	}
}

// TestTruncated cuts every file of the demo at several lengths.
func TestTruncated(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	p, dir := operation(t), t.TempDir()
	n := 0
	fatalIn(t, filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".txt") && n > 200 {
			return err
		}
		data, err := os.ReadFile(path)
		for _, part := range []int{1, 10, 50, 90, 99} {
			if cut := len(data) * part / 100; cut > 0 {
				write(t, filepath.Join(dir, fmt.Sprint(n), fmt.Sprint(part), filepath.Base(path)), string(data[:cut]))
			}
		}
		n++
		return err
	}))
	s, k := killSite(t, "")
	id := s.openCovered(t)
	k.Case, k.Paths = string(id), []string{dir}
	m := measure(t, k)
	s.sane(t, id)
	roots := 0
	for _, i := range s.items(t, id) {
		if i.Parent == "" {
			roots++
		}
	}
	t.Logf("%d files cut to %d; %v; findings %v", n, roots, m, s.codes(t, id))
	if m.Main > 300<<20 || m.Worker > 768<<20 || roots < 4*n {
		t.Errorf("%d items of %d files, memory %v", roots, n, m)
	}
}
