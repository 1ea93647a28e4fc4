package bagit

import (
	"bytes"
	"crypto/sha512"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tutela/fault"
)

// Oxum returns the value of Payload-Oxum: bytes, a dot, number of files.
func Oxum(files []File) string {
	var n int64
	for _, f := range files {
		n += f.Size
	}
	return fmt.Sprintf("%d.%d", n, len(files))
}

// Write writes the bag as a tar. sign, if not nil, is called with the bytes of
// the tag manifest and returns files that stand after it and in no manifest: a
// signature. Each file is read once; nothing is kept but digests.
func Write(w io.Writer, b Bag, sign func(tagManifest []byte) ([]File, error)) error {
	info, err := FormatInfo(b.Info)
	if err != nil {
		return err
	}
	tags := slices.Concat(b.Tags, []File{Bytes(BagInfo, info), Bytes(BagitTxt, []byte(bagitText))})
	t := &tarWriter{w: w, seconds: b.At.Unix()}
	tagSums, dataSums := map[string][]byte{}, map[string][]byte{}
	before, after, err := split(tags, b.Payload)
	if err != nil {
		return err
	}
	for _, f := range before {
		sums := tagSums
		if strings.HasPrefix(f.Name, payload) {
			sums = dataSums
		}
		if err := t.file(f, sums); err != nil {
			return err
		}
	}
	if err := t.file(Bytes(Manifest, formatManifest(dataSums)), tagSums); err != nil {
		return err
	}
	for _, f := range after {
		if err := t.file(f, tagSums); err != nil {
			return err
		}
	}
	return t.finish(formatManifest(tagSums), sign)
}

// finish writes the tag manifest, what sign adds, and the end.
func (t *tarWriter) finish(manifest []byte, sign func([]byte) ([]File, error)) error {
	if err := t.file(Bytes(TagManifest, manifest), map[string][]byte{}); err != nil {
		return err
	}
	if sign != nil {
		files, err := sign(manifest)
		if err != nil {
			return fmt.Errorf("bagit: sign: %w", err)
		}
		for _, f := range files {
			if err := t.file(f, map[string][]byte{}); err != nil {
				return err
			}
		}
	}
	return t.close()
}

// split sorts the files and cuts them where the payload manifest stands.
func split(tags, data []File) (before, after []File, err error) {
	for _, f := range tags {
		if strings.HasPrefix(f.Name, payload) || f.Name == Manifest || f.Name == TagManifest || f.Name == "fetch.txt" {
			return nil, nil, fault.New(fault.Invalid, "bagit: %s cannot be a tag file", f.Name)
		}
	}
	for _, f := range data {
		if !strings.HasPrefix(f.Name, payload) {
			return nil, nil, fault.New(fault.Invalid, "bagit: payload file %s is not below data", f.Name)
		}
	}
	all := slices.Concat(tags, data)
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for i, f := range all {
		if f.Name > Manifest {
			return all[:i], all[i:], nil
		}
	}
	return all, nil, nil
}

// file writes f and notes its digest.
func (t *tarWriter) file(f File, sums map[string][]byte) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("bagit: open %s: %w", f.Name, err)
	}
	defer r.Close()
	h := sha512.New()
	if err := t.add(f.Name, f.Size, io.TeeReader(r, h)); err != nil {
		return err
	}
	sums[f.Name] = h.Sum(nil)
	return nil
}

func formatManifest(sums map[string][]byte) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%x  %s\n", sums[name], name)
	}
	return b.Bytes()
}

// FormatInfo writes the fields as bag-info.txt, in the order given.
func FormatInfo(fields []Field) ([]byte, error) {
	var b bytes.Buffer
	for _, f := range fields {
		if err := CheckValue(f.Value); err != nil {
			return nil, fmt.Errorf("bagit: %s: %w", f.Label, err)
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Label, f.Value)
	}
	return b.Bytes(), nil
}

// CheckValue refuses what cannot stand in one line of bag-info.txt.
func CheckValue(v string) error {
	switch {
	case v == "" || len(v) > maxInfo:
		return fault.New(fault.Invalid, "value of %d bytes, want 1 to %d", len(v), maxInfo)
	case !utf8.ValidString(v):
		return fault.New(fault.Invalid, "value is not UTF-8")
	case strings.IndexFunc(v, unicode.IsControl) >= 0:
		return fault.New(fault.Invalid, "value has a control character")
	case strings.Trim(v, space) != v:
		return fault.New(fault.Invalid, "value begins or ends with space")
	}
	return nil
}
