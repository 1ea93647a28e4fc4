package vpdq

import (
	"encoding/binary"
	"errors"
	"math"

	"tutela/hash/pdq"
)

// ErrPacked says that bytes are not what Pack writes.
var ErrPacked = errors.New("vpdq: not packed frames")

// The packed form: "vpdq1", then for each frame its number (32 bits, all of them
// set where it is not known), its time in milliseconds (32 bits), its quality (8
// bits) and its hash (256 bits), big-endian.
const (
	packedHead  = "vpdq1"
	packedFrame = 4 + 4 + 1 + pdq.Size
)

// Pack returns the frames in a form for storage, with times in milliseconds.
func Pack(fs []Frame) []byte {
	b := append(make([]byte, 0, len(packedHead)+len(fs)*packedFrame), packedHead...)
	for _, f := range fs {
		hash := f.Hash.Bytes()
		b = binary.BigEndian.AppendUint32(b, uint32(f.Number))
		b = binary.BigEndian.AppendUint32(b, uint32(min(math.Round(f.Seconds*1000), math.MaxUint32)))
		b = append(append(b, byte(f.Quality)), hash[:]...)
	}
	return b
}

// Unpack is the inverse of Pack.
func Unpack(b []byte) ([]Frame, error) {
	rest := len(b) - len(packedHead)
	if rest < 0 || string(b[:len(packedHead)]) != packedHead || rest%packedFrame != 0 || rest/packedFrame > MaxFrames {
		return nil, ErrPacked
	}
	out := make([]Frame, 0, rest/packedFrame)
	for b = b[len(packedHead):]; len(b) > 0; b = b[packedFrame:] {
		hash, err := pdq.FromBytes(b[9:packedFrame])
		number := int32(binary.BigEndian.Uint32(b))
		if err != nil || b[8] > 100 || number < -1 {
			return nil, ErrPacked
		}
		out = append(out, Frame{int(number), int(b[8]), hash, float64(binary.BigEndian.Uint32(b[4:])) / 1000})
	}
	return out, nil
}
