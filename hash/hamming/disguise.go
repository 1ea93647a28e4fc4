package hamming

import (
	"crypto/hmac"
	"crypto/sha256"
	"math/rand/v2"
)

// Disguise is a secret exchange of places and values of the bits of codes. It
// leaves all distances as they are, so that disguised codes can be searched, and
// makes codes useless to somebody without the key. docs/formats/hamming.md says
// what it does not hide.
type Disguise struct {
	check [16]byte
	mask  Code
	// moved holds, for each byte of a code and value of the byte, where its bits
	// go; nil leaves codes as they are.
	moved *[32][256]Code
}

// NewDisguise derives a disguise from a secret key. Without a key (nil) it changes
// nothing.
func NewDisguise(key []byte) *Disguise {
	d := new(Disguise)
	if key == nil {
		return d
	}
	copy(d.check[:], derive(key, "tutela hamming key check v1"))
	stream := rand.NewChaCha8([32]byte(derive(key, "tutela hamming disguise v1")))
	for i := range d.mask {
		d.mask[i] = stream.Uint64()
	}
	var from [256]int // stored bit b is bit from[b] of the code
	for b := range from {
		from[b] = b
	}
	for b := 255; b > 0; b-- {
		j := int(stream.Uint64() % uint64(b+1))
		from[b], from[j] = from[j], from[b]
	}
	d.moved = new([32][256]Code)
	for b, f := range from {
		for v := range 256 {
			if v>>(f%8)&1 == 1 {
				d.moved[f/8][v][b/64] |= 1 << (b % 64)
			}
		}
	}
	return d
}

func derive(key []byte, label string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(label))
	return m.Sum(nil)
}

// Check returns a value by which an index shows under which key it was made: zeros
// without a key.
func (d *Disguise) Check() [16]byte { return d.check }

// Hide returns the code as it is stored and asked for.
func (d *Disguise) Hide(c Code) Code {
	if d.moved == nil {
		return c
	}
	out := d.mask
	for i := range 32 {
		m := &d.moved[i][byte(c[i/8]>>(8*(i%8)))]
		out[0] ^= m[0]
		out[1] ^= m[1]
		out[2] ^= m[2]
		out[3] ^= m[3]
	}
	return out
}
