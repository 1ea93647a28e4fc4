package pdq

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"
)

// Bits is the length of a hash, and Size the same in bytes.
const (
	Bits = 256
	Size = 32
)

// ErrText says that a text is not a hash in its text form.
var ErrText = errors.New("pdq: not 64 hexadecimal digits")

// ErrSize says that a byte form is not 32 bytes long.
var ErrSize = errors.New("pdq: byte form is not 32 bytes")

// Hash is one PDQ hash, the most significant word first: the text form is the
// four words as 16 hexadecimal digits each. Bit i*16+j of the 256 belongs to row
// i and column j of the 16×16 block of frequencies.
type Hash [4]uint64

// String returns the text form of the reference: 64 lower-case hexadecimal digits.
func (h Hash) String() string {
	b := h.Bytes()
	return hex.EncodeToString(b[:])
}

// Bytes returns the 32 bytes that the text form spells.
func (h Hash) Bytes() [Size]byte {
	var b [Size]byte
	for i, w := range h {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	return b
}

// FromBytes is the inverse of Bytes; any other length than 32 gives ErrSize.
func FromBytes(b []byte) (Hash, error) {
	if len(b) != Size {
		return Hash{}, ErrSize
	}
	var h Hash
	for i := range h {
		h[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return h, nil
}

// Parse reads the text form in either case. Anything but exactly 64 hexadecimal
// digits gives ErrText.
func Parse(s string) (Hash, error) {
	if len(s) != 2*Size {
		return Hash{}, ErrText
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return Hash{}, ErrText
	}
	return FromBytes(b)
}

// Distance returns the number of bits in which two hashes differ, 0 to 256.
func (h Hash) Distance(o Hash) int {
	return bits.OnesCount64(h[0]^o[0]) + bits.OnesCount64(h[1]^o[1]) +
		bits.OnesCount64(h[2]^o[2]) + bits.OnesCount64(h[3]^o[3])
}

// Weight returns the number of bits that are set. Hashes of pictures have 128 or
// close to it.
func (h Hash) Weight() int { return h.Distance(Hash{}) }

// Usable weights of a hash, both ends included: a hash outside of them is of a
// picture without structure, or no PDQ at all.
const (
	MinWeight = 96
	MaxWeight = 160
)

// Ramp is the hash of an almost flat dark picture (misc-images/small.jpg of the
// reference). It has a usual weight but says nothing about a picture.
func Ramp() Hash {
	return Hash{0x0007001f003f003f, 0x007f00ff00ff00ff, 0x01ff01ff01ff03ff, 0x03ff03ff03ff03ff}
}

// Telling reports whether the hash can tell pictures apart: it is false for the
// zero hash, for hashes whose weight is far from 128, and for the neighbourhood
// of Ramp. Lists keep such values, but they take no part in matching.
func (h Hash) Telling() bool {
	w := h.Weight()
	return w >= MinWeight && w <= MaxWeight && h.Distance(Ramp()) > 16
}
