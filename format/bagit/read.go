package bagit

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"tutela/fault"
	"tutela/format"
)

// State is what a reader saw of one file.
type State struct {
	Size   int64
	SHA512 [sha512.Size]byte
}

// Contents is what a bag holds, before anything of it is believed.
type Contents struct {
	Files map[string]State
	Kept  map[string][]byte // content of the files that were asked for
	At    time.Time         // of the tar headers; zero for a folder
}

// Problem is one thing that is wrong with a bag; Name is the file, or "".
type Problem struct{ Name, Why string }

// reader gathers members.
type reader struct {
	got   Contents
	keep  func(string) bool
	left  int64
	files int
}

func newReader(l format.Limits, keep func(string) bool) *reader {
	l = l.OrDefault()
	return &reader{keep: keep, left: l.Bytes, files: l.Items,
		got: Contents{Files: map[string]State{}, Kept: map[string][]byte{}}}
}

// ReadTar reads a bag in a tar. keep names the files whose content is wanted
// (64 MiB each at most). With an error it returns what was read until then.
func ReadTar(src io.Reader, l format.Limits, keep func(name string) bool) (*Contents, error) {
	r := newReader(l, keep)
	at, err := readTar(src, r.visit)
	r.got.At = at
	return &r.got, err
}

// ReadDir reads a bag that was unpacked to a folder. A link, an empty folder
// and a name outside the grammar are errors.
func ReadDir(dir fs.FS, l format.Limits, keep func(name string) bool) (*Contents, error) {
	r := newReader(l, keep)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fault.New(fault.Outside, "bagit: read folder: %w", err)
		case d.IsDir():
			return notEmpty(dir, name)
		case !d.Type().IsRegular():
			return fault.New(fault.Corrupt, "bagit: %s is not a regular file", name)
		}
		if err := CheckName(name); err != nil {
			return fault.New(fault.Corrupt, "%w", err)
		}
		return r.open(dir, name)
	})
	return &r.got, err
}

func notEmpty(dir fs.FS, name string) error {
	entries, err := fs.ReadDir(dir, name)
	if err != nil {
		return fault.New(fault.Outside, "bagit: read folder: %w", err)
	}
	if len(entries) == 0 {
		return fault.New(fault.Corrupt, "bagit: folder %s is empty", name)
	}
	return nil
}

func (r *reader) open(dir fs.FS, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return fault.New(fault.Outside, "bagit: open %s: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fault.New(fault.Outside, "bagit: stat %s: %w", name, err)
	}
	return r.visit(member{name: name, size: info.Size(), body: f})
}

// visit digests one member.
func (r *reader) visit(m member) error {
	if r.files--; r.files < 0 {
		return fault.New(fault.Refused, "bagit: too many files")
	}
	if r.left -= m.size; r.left < 0 {
		return fault.New(fault.Refused, "bagit: more bytes than the limit")
	}
	h := sha512.New()
	dst := io.Writer(h)
	var kept bytes.Buffer
	wanted := r.keep != nil && r.keep(m.name)
	if wanted {
		if m.size > maxKept {
			return fault.New(fault.Refused, "bagit: %s has %d bytes", m.name, m.size)
		}
		dst = io.MultiWriter(h, &kept)
	}
	n, err := io.Copy(dst, io.LimitReader(m.body, m.size+1))
	if err != nil || n != m.size {
		return fault.New(fault.Corrupt, "bagit: %s does not have its %d bytes", m.name, m.size)
	}
	s := State{Size: n}
	h.Sum(s.SHA512[:0])
	r.got.Files[m.name] = s
	if wanted {
		r.got.Kept[m.name] = kept.Bytes()
	}
	return nil
}

// Verify compares the files with their manifests (which must have been kept,
// as bagit.txt must) and returns what does not agree; loose are the files that
// stand in no manifest, beside the tag manifest itself. No problem means that
// every other file is the one that the tag manifest stands for.
func (c *Contents) Verify(loose ...string) []Problem {
	var all []Problem
	tags, data := map[string]bool{}, map[string]bool{}
	for name := range c.Files {
		switch {
		case strings.HasPrefix(name, payload):
			data[name] = true
		case name != TagManifest && !slices.Contains(loose, name):
			tags[name] = true
		}
	}
	all = append(all, c.compare(TagManifest, tags)...)
	all = append(all, c.compare(Manifest, data)...)
	if string(c.Kept[BagitTxt]) != bagitText {
		all = append(all, Problem{BagitTxt, "is not the declaration of BagIt 1.0"})
	}
	if tags["fetch.txt"] {
		all = append(all, Problem{"fetch.txt", "files to be fetched are refused"})
	}
	return all
}

// compare checks that the manifest lists exactly the files in want.
func (c *Contents) compare(manifest string, want map[string]bool) []Problem {
	text, ok := c.Kept[manifest]
	if !ok {
		return []Problem{{manifest, "is missing"}}
	}
	sums, err := ParseManifest(text)
	if err != nil {
		return []Problem{{manifest, err.Error()}}
	}
	var all []Problem
	for _, name := range slices.Sorted(maps.Keys(want)) {
		sum, listed := sums[name]
		switch {
		case !listed:
			all = append(all, Problem{name, "is not listed in " + manifest})
		case c.Files[name].SHA512 != sum:
			all = append(all, Problem{name, "digest differs from " + manifest})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if !want[name] {
			all = append(all, Problem{name, "is listed in " + manifest + " but missing"})
		}
	}
	return all
}

// ParseManifest reads a manifest in the strict form: sorted, lower case, two
// spaces, each line ended.
func ParseManifest(text []byte) (map[string][sha512.Size]byte, error) {
	sums, last := map[string][sha512.Size]byte{}, ""
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return nil, fault.New(fault.Corrupt, "manifest does not end with a line end")
	}
	line := 0
	for l := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		line++
		var sum [sha512.Size]byte
		hexed, name, ok := strings.Cut(l, "  ")
		n, err := hex.Decode(sum[:], []byte(cut(hexed, 2*sha512.Size)))
		if !ok || err != nil || n != len(sum) || hex.EncodeToString(sum[:]) != hexed {
			return nil, fault.New(fault.Corrupt, "line %d is not a SHA-512, two spaces and a path", line)
		}
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if name <= last {
			return nil, fault.New(fault.Corrupt, "line %d is not in ascending order", line)
		}
		sums[name], last = sum, name
	}
	return sums, nil
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// ParseInfo reads bag-info.txt in the strict form.
func ParseInfo(text []byte) ([]Field, error) {
	var fields []Field
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return nil, fault.New(fault.Corrupt, "bag-info.txt does not end with a line end")
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		label, value, ok := strings.Cut(l, ": ")
		if !ok || label == "" {
			return nil, fault.New(fault.Corrupt, "bag-info.txt line %d is not a label and a value", len(fields)+1)
		}
		if err := CheckValue(value); err != nil {
			return nil, fmt.Errorf("bag-info.txt line %d: %w", len(fields)+1, err)
		}
		fields = append(fields, Field{label, value})
	}
	return fields, nil
}
