package bagit

import (
	"archive/tar"
	"bytes"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/format"
)

const sigName = TagManifest + ".sig"

func small() Bag {
	return Bag{
		Info:    []Field{{"Source-Organization", "Unit Ä"}, {"Payload-Oxum", "7.2"}},
		Payload: []File{Bytes("data/b.txt", []byte("two\n")), Bytes("data/a/x.bin", []byte{0, 1, 2})},
		Tags:    []File{Bytes("README.txt", []byte("read me\n")), Bytes("signer.pub", []byte("key\n"))},
		At:      time.Unix(1_700_000_000, 0),
	}
}

func write(t testing.TB, b Bag) []byte {
	t.Helper()
	var out bytes.Buffer
	err := Write(&out, b, func(m []byte) ([]File, error) {
		sum := sha512.Sum512(m)
		return []File{Bytes(sigName, sum[:])}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tags(name string) bool { return !strings.HasPrefix(name, "data/") }

// problems reads a tar and returns everything that is wrong with it.
func problems(b []byte) []string {
	c, err := ReadTar(bytes.NewReader(b), format.Limits{}, tags)
	if err != nil {
		return []string{err.Error()}
	}
	return named(c, sigName)
}

func named(c *Contents, loose ...string) []string {
	var all []string
	for _, p := range c.Verify(loose...) {
		all = append(all, p.Name+": "+p.Why)
	}
	// The signature of these tests is the digest of the tag manifest.
	if sum := sha512.Sum512(c.Kept[TagManifest]); !bytes.Equal(sum[:], c.Kept[sigName]) {
		all = append(all, "signature")
	}
	if info, err := ParseInfo(c.Kept[BagInfo]); err != nil || len(info) != 2 {
		all = append(all, "info")
	}
	return all
}

func TestWriteReadsBack(t *testing.T) {
	b := write(t, small())
	if got := problems(b); got != nil {
		t.Fatalf("problems: %q", got)
	}
	if !bytes.Equal(b, write(t, small())) {
		t.Error("two writes differ")
	}
	c, err := ReadTar(bytes.NewReader(b), format.Limits{}, tags)
	if err != nil || !c.At.Equal(time.Unix(1_700_000_000, 0)) {
		t.Errorf("time %v, %v", c.At, err)
	}
	info, err := ParseInfo(c.Kept[BagInfo])
	if diff := cmp.Diff(small().Info, info); diff != "" || err != nil {
		t.Errorf("info: %v %s", err, diff)
	}
	if Oxum(small().Payload) != "7.2" {
		t.Error("Oxum =", Oxum(small().Payload))
	}
	if c.Files["data/a/x.bin"].SHA512 != sha512.Sum512([]byte{0, 1, 2}) {
		t.Error("digest of a payload file is wrong")
	}
}

// TestStandardTar reads our tar with the standard library and writes the same
// members with it: two opinions on each header byte.
func TestStandardTar(t *testing.T) {
	b := write(t, small())
	r := tar.NewReader(bytes.NewReader(b))
	last := ""
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name <= last || h.Mode != 0o644 || h.Uid != 0 || h.Typeflag != tar.TypeReg || h.ModTime.Unix() != 1_700_000_000 {
			t.Errorf("header %+v after %s", h, last)
		}
		last = h.Name
	}
	if last != sigName {
		t.Errorf("last member is %q", last)
	}
}

// TestEverySingleByte changes, removes and doubles each byte of a bag in turn.
func TestEverySingleByte(t *testing.T) {
	good := write(t, small())
	for i := range good {
		for _, x := range []byte{0x01, 0x20, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[i] ^= x
			if problems(bad) == nil {
				t.Fatalf("byte %d ^ %02x of %d is not noticed", i, x, len(good))
			}
		}
		if i%7 == 0 && problems(append(bytes.Clone(good[:i]), good[i+1:]...)) == nil {
			t.Fatalf("removal of byte %d is not noticed", i)
		}
	}
	for n := 0; n < len(good); n += 64 {
		if problems(good[:n]) == nil {
			t.Errorf("truncation to %d is not noticed", n)
		}
	}
	for _, more := range []string{"\x00", "x", strings.Repeat("\x00", 512), string(good)} {
		if problems(append(bytes.Clone(good), more...)) == nil {
			t.Errorf("%d bytes after the end are not noticed", len(more))
		}
	}
}

// raw writes members as they are given, for damage that Write refuses.
func raw(t *testing.T, members ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	for i := 0; i < len(members); i += 2 {
		h, err := header(members[i], int64(len(members[i+1])), 0)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(h)
		out.WriteString(members[i+1])
		out.Write(make([]byte, padding(int64(len(members[i+1])))))
	}
	out.Write(make([]byte, 2*block))
	return out.Bytes()
}

func manifestOf(members ...string) string {
	sums := map[string][]byte{}
	for i := 0; i < len(members); i += 2 {
		s := sha512.Sum512([]byte(members[i+1]))
		sums[members[i]] = s[:]
	}
	return string(formatManifest(sums))
}

func TestDamagedBags(t *testing.T) {
	data := manifestOf("data/a", "A")
	tag := manifestOf("bagit.txt", bagitText, Manifest, data)
	upper := strings.ToUpper(data[:128]) + data[128:]
	for _, c := range []struct {
		name    string
		members []string
		want    string
	}{
		{"good", []string{"bagit.txt", bagitText, "data/a", "A", Manifest, data, TagManifest, tag}, ""},
		{"content", []string{"bagit.txt", bagitText, "data/a", "B", Manifest, data, TagManifest, tag}, "data/a: digest differs"},
		{"surplus", []string{"bagit.txt", bagitText, "data/a", "A", "data/b", "", Manifest, data, TagManifest, tag}, "data/b: is not listed"},
		{"surplus tag", []string{"bagit.txt", bagitText, "data/a", "A", "extra.txt", "", Manifest, data, TagManifest, tag}, "extra.txt: is not listed"},
		{"missing", []string{"bagit.txt", bagitText, Manifest, data, TagManifest, tag}, "data/a: is listed"},
		{"no manifest", []string{"bagit.txt", bagitText, "data/a", "A", TagManifest, tag}, "is missing"},
		{"no tag manifest", []string{"bagit.txt", bagitText, "data/a", "A", Manifest, data}, TagManifest + ": is missing"},
		{"fetch", []string{"bagit.txt", bagitText, "data/a", "A", "fetch.txt", "x", Manifest, data, TagManifest, tag}, "fetch.txt"},
		{"upper case", []string{"bagit.txt", bagitText, "data/a", "A", Manifest, upper, TagManifest, tag}, "line 1"},
		{"twice", []string{"bagit.txt", bagitText, "data/a", "A", Manifest, data + data, TagManifest, tag}, "ascending"},
		{"CRLF", []string{"bagit.txt", bagitText, "data/a", "A", Manifest, strings.ReplaceAll(data, "\n", "\r\n"), TagManifest, tag}, "0x0d"},
		{"old bagit", []string{"bagit.txt", "BagIt-Version: 0.97\n", "data/a", "A", Manifest, data, TagManifest, tag}, "BagIt 1.0"},
		{"member twice", []string{"bagit.txt", bagitText, "data/a", "A", "data/a", "A", Manifest, data, TagManifest, tag}, "follows"},
		{"order", []string{"data/a", "A", "bagit.txt", bagitText, Manifest, data, TagManifest, tag}, "follows"},
		{"nothing", nil, "without files"},
	} {
		got := ""
		if r, err := ReadTar(bytes.NewReader(raw(t, c.members...)), format.Limits{}, tags); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(r.Verify())
			got = strings.ReplaceAll(strings.NewReplacer("{", "", "}", "").Replace(got), " is", ": is")
			got = strings.ReplaceAll(got, " digest", ": digest")
		}
		if (c.want == "") != (got == "[]") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	for _, name := range []string{"", "/etc/passwd", "../x", "data/../x", "data//x", "data/", "data/.x", "data/-x",
		"data\\x", "data/ü", "data/a b", "data/a\nb", "data/a:b", "data/" + strings.Repeat("x", 96), "data/a\x00"} {
		if err := CheckName(name); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", name, err)
		}
		b := small()
		b.Payload = append(b.Payload, Bytes(name, nil))
		if err := Write(io.Discard, b, nil); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	for _, name := range []string{"a", "data/a", "data/items/9.jpg", "data/" + strings.Repeat("x", 95)} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*Bag){
		"tag below data":   func(b *Bag) { b.Tags = append(b.Tags, Bytes("data/z", nil)) },
		"own manifest":     func(b *Bag) { b.Tags = append(b.Tags, Bytes(Manifest, nil)) },
		"fetch":            func(b *Bag) { b.Tags = append(b.Tags, Bytes("fetch.txt", nil)) },
		"twice":            func(b *Bag) { b.Payload = append(b.Payload, b.Payload[0]) },
		"short content":    func(b *Bag) { b.Payload[0].Size++ },
		"long content":     func(b *Bag) { b.Payload[0].Size-- },
		"huge":             func(b *Bag) { b.Payload[0].Size = 8 << 30 },
		"before 1970":      func(b *Bag) { b.At = time.Unix(-1, 0) },
		"line in a value":  func(b *Bag) { b.Info[0].Value = "a\nTutela-Handling: TLP:CLEAR" },
		"empty value":      func(b *Bag) { b.Info[0].Value = "" },
		"space at the end": func(b *Bag) { b.Info[0].Value = "a " },
	} {
		b := small()
		change(&b)
		if err := Write(io.Discard, b, nil); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// unpack writes the members of a tar to a map.
func unpack(t *testing.T, b []byte) fstest.MapFS {
	t.Helper()
	dir := fstest.MapFS{}
	_, err := readTar(bytes.NewReader(b), func(m member) error {
		data, err := io.ReadAll(m.body)
		dir[m.name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFolder(t *testing.T) {
	good := write(t, small())
	c, err := ReadDir(unpack(t, good), format.Limits{}, tags)
	if err != nil || named(c, sigName) != nil {
		t.Fatalf("%v, %q", err, named(c, sigName))
	}
	for name, change := range map[string]func(fstest.MapFS){
		"surplus":      func(d fstest.MapFS) { d["data/new"] = &fstest.MapFile{} },
		"missing":      func(d fstest.MapFS) { delete(d, "data/b.txt") },
		"link":         func(d fstest.MapFS) { d["data/b.txt"].Mode |= fs.ModeSymlink },
		"empty folder": func(d fstest.MapFS) { d["data/empty"] = &fstest.MapFile{Mode: fs.ModeDir | 0o755} },
		"hidden":       func(d fstest.MapFS) { d["data/.DS_Store"] = &fstest.MapFile{} },
		"changed":      func(d fstest.MapFS) { d["data/b.txt"].Data[0]++ },
	} {
		d := unpack(t, good)
		change(d)
		if c, err := ReadDir(d, format.Limits{}, tags); err == nil && named(c, sigName) == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
}

func TestLimits(t *testing.T) {
	b := write(t, small())
	for _, l := range []format.Limits{{Bytes: 10}, {Items: 2}} {
		if _, err := ReadTar(bytes.NewReader(b), l, tags); fault.KindOf(err) != fault.Refused {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

// TestSha512sum lets the stock tool read the manifests.
func TestSha512sum(t *testing.T) {
	tool, err := exec.LookPath("sha512sum")
	if err != nil {
		t.Skip("sha512sum is not installed")
	}
	dir := t.TempDir()
	for name, f := range unpack(t, write(t, small())) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, f.Data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []string{Manifest, TagManifest} {
		cmd := exec.Command(tool, "--strict", "-c", m)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", m, err, out)
		}
	}
}

func FuzzReadTar(f *testing.F) {
	good := write(f, small())
	f.Add(good)
	f.Add(good[:1000])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadTar(bytes.NewReader(b), format.Limits{Bytes: 1 << 20, Items: 100}, tags)
		if err == nil && len(c.Files) == 0 {
			t.Error("a bag without files was read")
		}
		c.Verify(sigName)
	})
}
