// Package bagit writes and reads bags (BagIt, RFC 8493) in the strict form of
// docs/formats/referral.md: SHA-512 manifests, one tar for the same files. It
// promises that Write gives the same bytes for the same bag and that a reader
// refuses every byte the grammar does not allow; it never follows a link, a
// fetch.txt or a path out of the bag.
package bagit

import (
	"bytes"
	"io"
	"strings"
	"time"

	"tutela/fault"
)

// Names of the files that every bag has.
const (
	BagitTxt    = "bagit.txt"
	BagInfo     = "bag-info.txt"
	Manifest    = "manifest-sha512.txt"
	TagManifest = "tagmanifest-sha512.txt"
)

const bagitText = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// Bounds of the format.
const (
	MaxPath = 100           // bytes of a path
	MaxSize = 8<<30 - 1     // bytes of a file: 11 octal digits
	maxKept = 64 << 20      // bytes of a file that Read keeps in memory
	maxTime = 1<<33 - 1     // seconds: 11 octal digits
	maxInfo = 1024          // bytes of a value in bag-info.txt
	block   = 512           // bytes of a tar block
	payload = "data/"       // where the payload is
	space   = " \t\r\n\v\f" // what a value may not begin or end with
)

// File is one file to write. Open is called once; it must give Size bytes.
type File struct {
	Name string
	Size int64
	Open func() (io.ReadCloser, error)
}

// Bytes returns a File with the given content.
func Bytes(name string, b []byte) File {
	return File{Name: name, Size: int64(len(b)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

// Field is one line of bag-info.txt.
type Field struct{ Label, Value string }

// Bag is what Write makes a bag of. Names in Payload begin with "data/", names
// in Tags do not; the manifests and bagit.txt are added.
type Bag struct {
	Info    []Field
	Payload []File
	Tags    []File
	At      time.Time // of every tar header, whole seconds
}

// CheckName refuses a path that could mean something else on another machine:
// it must be 1 to 100 bytes of A–Z a–z 0–9 . _ - in segments that begin with a
// letter or a digit.
func CheckName(name string) error {
	if name == "" || len(name) > MaxPath {
		return fault.New(fault.Invalid, "bagit: path of %d bytes, want 1 to %d", len(name), MaxPath)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || !alnum(segment[0]) {
			return fault.New(fault.Invalid, "bagit: path %q has a segment that does not begin with a letter or digit", name)
		}
		for i := range len(segment) {
			if c := segment[i]; !alnum(c) && c != '.' && c != '_' && c != '-' {
				return fault.New(fault.Invalid, "bagit: path %q has byte 0x%02x", name, c)
			}
		}
	}
	return nil
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
