package hashlist

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"tutela/format"
	"tutela/hash/pdq"
)

// Algorithm names how a value was computed.
type Algorithm string

// The algorithms whose values are kept.
const (
	MD5      Algorithm = "md5"
	SHA1     Algorithm = "sha1"
	SHA256   Algorithm = "sha256"
	SHA512   Algorithm = "sha512"
	PDQ      Algorithm = "pdq"
	PhotoDNA Algorithm = "photodna"
)

// Size returns the length of a value in bytes, 0 for an unknown algorithm.
func (a Algorithm) Size() int {
	switch a {
	case MD5:
		return 16
	case SHA1:
		return 20
	case SHA256, PDQ:
		return 32
	case SHA512:
		return 64
	case PhotoDNA:
		return 144
	}
	return 0
}

// Value is one value of an entry.
type Value struct {
	Algorithm Algorithm
	Bytes     []byte
	Barred    bool // says nothing about a file: kept, but takes no part in matching
}

// algorithmOf reads the name of an algorithm as lists spell it: "SHA-256",
// "sha_1", "PhotoDNA". It returns "" for anything else.
func algorithmOf(name string) Algorithm {
	a := Algorithm(plainName(name))
	if a == "hashpdq" || a == "imagepdq" {
		a = PDQ
	}
	if a.Size() == 0 {
		return ""
	}
	return a
}

// plainName drops case, spaces and punctuation.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// value reads one value and adds it to the entry, or notes why it is left out.
// An empty text is no value and no fault.
func (r *Reader) value(e *Entry, a Algorithm, text string, place format.Place) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	b, ok := parse(a, text)
	if !ok {
		r.note(BadValue, place, "%s of %d characters is malformed", a, len(text))
		return
	}
	v := Value{Algorithm: a, Bytes: b, Barred: flat(a, b)}
	if v.Barred {
		r.note(Flat, place, "%s", a)
	}
	e.Values = append(e.Values, v)
}

func parse(a Algorithm, text string) ([]byte, bool) {
	if a == PhotoDNA && len(text) == base64.StdEncoding.EncodedLen(a.Size()) {
		b, err := base64.StdEncoding.DecodeString(text)
		return b, err == nil && len(b) == a.Size()
	}
	if len(text) != 2*a.Size() {
		return nil, false
	}
	b, err := hex.DecodeString(text)
	return b, err == nil
}

// flat reports whether a value stands for nothing: all bytes equal to 0 or 255,
// the digest of an empty file, or a perceptual hash of a picture without
// structure.
func flat(a Algorithm, b []byte) bool {
	if a == PDQ {
		h, err := pdq.FromBytes(b)
		return err != nil || !h.Telling()
	}
	switch hex.EncodeToString(b) {
	case "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855":
		return true
	}
	for _, v := range b {
		if v != b[0] || (v != 0 && v != 255) {
			return false
		}
	}
	return true
}
