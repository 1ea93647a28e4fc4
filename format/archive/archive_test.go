package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tutela/fault"
	"tutela/format"
)

// got is one member as a test sees it.
type got struct {
	Path    string
	Content string
	Err     fault.Kind
	Member  Member
}

// walk reads everything.
func walk(t testing.TB, in []byte, kind Kind, lim format.Limits) ([]got, []format.Finding) {
	t.Helper()
	w := Walk(bytes.NewReader(in), int64(len(in)), kind, lim)
	var out []got
	for m := range w.Members() {
		g := got{Path: m.Path, Member: m}
		if m.IsFile() {
			r, err := m.Open()
			if err == nil {
				var b []byte
				b, err = io.ReadAll(r)
				g.Content = string(b)
			}
			g.Err = fault.KindOf(err)
		}
		out = append(out, g)
	}
	return out, w.Findings()
}

func has(fs []format.Finding, code string) bool {
	return slices.ContainsFunc(fs, func(f format.Finding) bool { return f.Code == code })
}

// zipOf makes a zip of name, content pairs.
func zipOf(t testing.TB, method uint16, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		h := &zip.FileHeader{Name: pairs[i], Method: method, Modified: time.Date(2025, 3, 4, 5, 6, 8, 0, time.UTC)}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZip(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		in := zipOf(t, method, "a.txt", "alpha", "dir/b.txt", strings.Repeat("beta", 1000), "dir/", "")
		members, fs := walk(t, in, Zip, format.Limits{})
		if len(fs) != 0 || len(members) != 3 {
			t.Fatalf("%d members, %+v", len(members), fs)
		}
		if members[0].Content != "alpha" || len(members[1].Content) != 4000 || !members[2].Member.Mode.IsDir() {
			t.Errorf("%+v", members)
		}
		if m := members[0].Member; m.Modified.UTC != "2025-03-04T05:06:08Z" || m.Size != 5 {
			t.Errorf("%+v", m)
		}
	}
}

func TestZipWithPrefix(t *testing.T) {
	in := append([]byte("#!/bin/sh\nself extracting\n"), zipOf(t, zip.Store, "a.txt", "alpha")...)
	members, fs := walk(t, in, Zip, format.Limits{})
	if len(fs) != 0 || len(members) != 1 || members[0].Content != "alpha" {
		t.Errorf("%+v %+v", members, fs)
	}
}

func TestZipNames(t *testing.T) {
	members, fs := walk(t, zipOf(t, zip.Store, "../../up.txt", "1", "/abs.txt", "2", `C:\win.txt`, "3", "a/../../b.txt", "4",
		"x\x01y\u202etxt", "5", "same", "6", "same", "7", "b\x94se", "8", "..", "9"), Zip, format.Limits{})
	want := []string{"up.txt", "abs.txt", "win.txt", "a/b.txt", "x\uFFFDy\uFFFDtxt", "same", "same", "böse", "_"}
	for i, w := range want {
		if members[i].Path != w {
			t.Errorf("path %q, want %q", members[i].Path, w)
		}
	}
	for _, code := range []string{"archive.path-escape", "archive.absolute", "archive.name-control", "archive.duplicate-name", "zip.name-encoding"} {
		if !has(fs, code) {
			t.Errorf("no %s in %+v", code, fs)
		}
	}
}

// patch returns a copy with bytes replaced at every place of old.
func patch(in []byte, old, new string) []byte {
	return bytes.ReplaceAll(slices.Clone(in), []byte(old), []byte(new))
}

func TestZipDamage(t *testing.T) {
	stored := zipOf(t, zip.Store, "a.txt", "alpha", "b.txt", "beta")
	for _, c := range []struct {
		name string
		in   []byte
		code string
		n    int
		want string // content of the first member
	}{
		{"content", patch(stored, "alpha", "alphX"), "archive.checksum", 2, "alphX"},
		{"no directory", stored[:bytes.Index(stored, []byte("PK\x01\x02"))], "zip.directory", 2, "alpha"},
		{"directory signature", patch(stored, "PK\x01\x02", "QK\x01\x02"), "zip.directory", 2, "alpha"},
		{"end record", stored[:len(stored)-5], "zip.directory", 2, "alpha"},
		{"first header", append([]byte("XXXX"), stored[4:]...), "archive.damaged", 2, ""},
		{"inside the first member", stored[:46], "zip.directory", 1, "al"},
	} {
		members, fs := walk(t, c.in, Zip, format.Limits{})
		if !has(fs, c.code) || len(members) != c.n || !strings.HasPrefix(members[0].Content, c.want) {
			t.Errorf("%s: %d members %+v, %+v", c.name, len(members), members, fs)
		}
	}
}

func TestZipEncryptedAndMethod(t *testing.T) {
	in := zipOf(t, zip.Store, "a.txt", "alpha")
	at := bytes.Index(in, []byte("PK\x01\x02"))
	enc := slices.Clone(in)
	enc[at+8] |= 1
	members, fs := walk(t, enc, Zip, format.Limits{})
	if !has(fs, "zip.encrypted") || !members[0].Member.Encrypted || members[0].Member.IsFile() {
		t.Errorf("%+v %+v", members, fs)
	}
	if _, err := members[0].Member.Open(); fault.KindOf(err) != fault.Refused {
		t.Errorf("open: %v", err)
	}
	in[at+10] = 98 // PPMd
	if _, fs := walk(t, in, Zip, format.Limits{}); !has(fs, "zip.method") {
		t.Errorf("%+v", fs)
	}
}

func TestZipOverlap(t *testing.T) {
	in := zipOf(t, zip.Deflate, "a", strings.Repeat("x", 5000), "b", strings.Repeat("y", 5000), "c", "z")
	first := bytes.Index(in, []byte("PK\x01\x02"))
	second := first + 4 + bytes.Index(in[first+4:], []byte("PK\x01\x02"))
	copy(in[second+42:second+46], in[first+42:first+46]) // b now points at a
	members, fs := walk(t, in, Zip, format.Limits{})
	if !has(fs, "zip.overlap") || members[0].Member.IsFile() || members[1].Member.IsFile() || members[2].Content != "z" {
		t.Errorf("%+v %+v", members, fs)
	}
}

func TestZipLinksAreRecorded(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "link"}
	h.SetMode(fs.ModeSymlink | 0o777)
	w, _ := z.CreateHeader(h)
	io.WriteString(w, "/etc/shadow")
	z.Close()
	members, found := walk(t, b.Bytes(), Zip, format.Limits{})
	if m := members[0].Member; m.Link != "/etc/shadow" || m.IsFile() || !has(found, "archive.link") {
		t.Errorf("%+v %+v", m, found)
	}
}

func TestLimits(t *testing.T) {
	bomb := zipOf(t, zip.Deflate, "z", strings.Repeat("\x00", 8<<20), "ok", "fine")
	members, fs := walk(t, bomb, Zip, format.Limits{})
	if members[0].Err != fault.Refused || len(members[0].Content) > 3<<20 || members[1].Content != "fine" || !has(fs, "archive.ratio") {
		t.Errorf("ratio: %d bytes, %v, %+v", len(members[0].Content), members[0].Err, fs)
	}
	many := zipOf(t, zip.Store, "a", "1", "b", "2", "c", "3")
	members, fs = walk(t, many, Zip, format.Limits{Items: 2})
	if len(members) != 2 || !has(fs, "archive.count") {
		t.Errorf("count: %d members, %+v", len(members), fs)
	}
	members, fs = walk(t, many, Zip, format.Limits{Bytes: 2})
	if members[2].Err != fault.Refused || !has(fs, "archive.total") {
		t.Errorf("total: %+v, %+v", members, fs)
	}
}

func tarOf(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	at := time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, h := range []*tar.Header{
		{Name: "dir/", Typeflag: tar.TypeDir, Mode: 0o755, ModTime: at},
		{Name: "dir/a.txt", Typeflag: tar.TypeReg, Size: 5, Mode: 0o644, ModTime: at},
		{Name: "s", Typeflag: tar.TypeSymlink, Linkname: "../../x", ModTime: at},
		{Name: "h", Typeflag: tar.TypeLink, Linkname: "dir/a.txt", ModTime: at},
		{Name: "dev", Typeflag: tar.TypeBlock, ModTime: at},
		{Name: "../up", Typeflag: tar.TypeReg, Size: 2, ModTime: at},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "alphabet"[:h.Size])
	}
	w.Close()
	return b.Bytes()
}

func gz(t testing.TB, name string, in []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = name
	w.ModTime = time.Unix(1700000000, 0)
	w.Write(in)
	w.Close()
	return b.Bytes()
}

func TestTarAndTarGz(t *testing.T) {
	plain := tarOf(t)
	for kind, in := range map[Kind][]byte{Tar: plain, TarGz: gz(t, "", plain)} {
		members, found := walk(t, in, kind, format.Limits{})
		var paths []string
		for _, m := range members {
			paths = append(paths, m.Path)
		}
		if !slices.Equal(paths, []string{"dir", "dir/a.txt", "s", "h", "dev", "up"}) {
			t.Fatalf("%s: %q", kind, paths)
		}
		if members[1].Content != "alpha" || members[5].Content != "al" || members[2].Member.Link != "../../x" || members[3].Member.Link != "dir/a.txt" {
			t.Errorf("%s: %+v", kind, members)
		}
		for _, code := range []string{"archive.link", "archive.special", "archive.path-escape"} {
			if !has(found, code) {
				t.Errorf("%s: no %s: %+v", kind, code, found)
			}
		}
		if m := members[1].Member; m.Modified.UTC != "2025-03-04T05:06:07Z" || (kind == Tar && m.Offset != 512) {
			t.Errorf("%s: %+v", kind, m)
		}
	}
	members, found := walk(t, plain[:1700], Tar, format.Limits{})
	if !has(found, "tar.damaged") || members[1].Content != "alpha" {
		t.Errorf("truncated: %+v %+v", members, found)
	}
}

func TestGzip(t *testing.T) {
	in := gz(t, "../notes.txt", []byte("hello"))
	members, found := walk(t, in, Gzip, format.Limits{})
	if len(members) != 1 || members[0].Path != "notes.txt" || members[0].Content != "hello" || members[0].Member.Size != -1 {
		t.Errorf("%+v %+v", members, found)
	}
	if members, found = walk(t, in[:len(in)-3], Gzip, format.Limits{}); members[0].Content != "hello" || members[0].Err != fault.Corrupt || !has(found, "archive.damaged") {
		t.Errorf("truncated: %+v %+v", members, found)
	}
	if members, found = walk(t, append(in, "garbage"...), Gzip, format.Limits{}); members[0].Content != "hello" || len(found) == 0 {
		t.Errorf("garbage: %+v %+v", members, found)
	}
	if _, found = walk(t, []byte("nothing"), Gzip, format.Limits{}); !has(found, "gzip.damaged") {
		t.Errorf("%+v", found)
	}
	bomb := gz(t, "z", bytes.Repeat([]byte{0}, 16<<20))
	if members, found = walk(t, bomb, Gzip, format.Limits{}); members[0].Err != fault.Refused || !has(found, "archive.ratio") {
		t.Errorf("bomb: %v %+v", members[0].Err, found)
	}
	if _, found = walk(t, bomb, TarGz, format.Limits{}); len(found) > 30 {
		t.Errorf("bomb as tar: %d findings", len(found))
	}
}

func TestUnknownKind(t *testing.T) {
	if members, found := walk(t, []byte("x"), Kind("rar"), format.Limits{}); len(members) != 0 || !has(found, "archive.unsupported") {
		t.Errorf("%+v", found)
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{"a/b": "a/b", "/": "_", "": "_", "./a//b/.": "a/b", `..\..\x`: "x", "d:/e": "e", "\xff": "\uFFFD",
		strings.Repeat("x", 5000): strings.Repeat("x", maxPath)} {
		if p, _ := Safe(in); p != want || !fs.ValidPath(p) {
			t.Errorf("Safe(%.20q) = %.40q, want %.40q", in, p, want)
		}
	}
}

func TestConformanceContainers(t *testing.T) {
	root := os.Getenv("TUTELA_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	dir := filepath.Join(root, "whatsapp", "synthetic", "containers")
	b, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Skipf("conformance inputs are absent: set TUTELA_CONFORMANCE (%v)", err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		in, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		members, found := walk(t, in, Zip, format.Limits{})
		codes := map[string]bool{}
		for _, f := range found {
			codes[f.Code] = true
		}
		chats := 0
		for _, m := range members {
			if strings.HasSuffix(m.Path, ".txt") && strings.Contains(strings.ToLower(m.Path), "chat") && m.Err == 0 && m.Content != "" {
				chats++
			}
		}
		switch filepath.Base(name) {
		case "evil-paths.zip":
			if !codes["archive.absolute"] || !codes["archive.path-escape"] || chats != 1 {
				t.Errorf("%s: %+v", name, found)
			}
		case "high-ratio.zip":
			if !codes["archive.ratio"] || chats != 1 {
				t.Errorf("%s: %+v", name, found)
			}
		case "two-chats.zip":
			if chats != 2 {
				t.Errorf("%s: %d chats", name, chats)
			}
		default:
			if len(found) != 0 || chats != 1 {
				t.Errorf("%s: %d chats, %+v", name, chats, found)
			}
		}
	}
}

// FuzzWalk checks that no bytes make the walk panic, grow without bound or yield
// an unsafe path.
func FuzzWalk(f *testing.F) {
	f.Add(zipOf(f, zip.Deflate, "a.txt", "alpha", "../b", "beta"), byte(0))
	f.Add(zipOf(f, zip.Store, "a.txt", "alpha"), byte(0))
	f.Add(tarOf(f), byte(1))
	f.Add(gz(f, "n", []byte("hello")), byte(2))
	f.Add(gz(f, "n", tarOf(f)), byte(3))
	f.Fuzz(func(t *testing.T, in []byte, k byte) {
		kind := []Kind{Zip, Tar, Gzip, TarGz}[k%4]
		members, found := walk(t, in, kind, format.Limits{Items: 100, Bytes: 4 << 20})
		total := 0
		for _, m := range members {
			total += len(m.Content)
			if !fs.ValidPath(m.Path) || m.Path == "." {
				t.Fatalf("path %q", m.Path)
			}
		}
		if total > 5<<20 || len(members) > 100 || len(found) > 1000 {
			t.Fatalf("%d bytes, %d members, %d findings", total, len(members), len(found))
		}
	})
}
