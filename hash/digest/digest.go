// Package digest computes what seals a file: MD5, SHA-1, SHA-256 and a tree of
// chunk hashes in one pass. It promises that any later read can be checked
// chunk by chunk; it never keeps the bytes.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// ChunkSize is the size of a chunk of the tree in bytes (1 MiB).
const ChunkSize = 1 << 20

// ID is the SHA-256 of a file's bytes.
type ID [32]byte

// String returns 64 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Parse reads 64 hexadecimal digits of either case.
func Parse(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("digest: %q is not a SHA-256 of 64 hexadecimal digits", s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("digest: %q is not a SHA-256 of 64 hexadecimal digits", s)
	}
	return id, nil
}

// Set holds the digests of one file.
type Set struct {
	Size   int64
	MD5    [16]byte
	SHA1   [20]byte
	SHA256 ID
	Root   ID   // RFC 6962 tree head over the SHA-256 of each chunk
	Chunks []ID // SHA-256 of each chunk, in order
}

// Equal reports whether two sets are the same in every digest.
func (s Set) Equal(o Set) bool {
	if s.Size != o.Size || s.MD5 != o.MD5 || s.SHA1 != o.SHA1 || s.SHA256 != o.SHA256 ||
		s.Root != o.Root || len(s.Chunks) != len(o.Chunks) {
		return false
	}
	for i, c := range s.Chunks {
		if c != o.Chunks[i] {
			return false
		}
	}
	return true
}

// Root returns the Merkle tree head of RFC 6962 section 2.1 over the chunk
// hashes as leaf data: a leaf is SHA-256(0x00 ‖ chunk hash), a node
// SHA-256(0x01 ‖ left ‖ right), and no chunks give SHA-256 of nothing.
func Root(chunks []ID) ID {
	if len(chunks) == 0 {
		return sha256.Sum256(nil)
	}
	if len(chunks) == 1 {
		var leaf [1 + 32]byte
		copy(leaf[1:], chunks[0][:])
		return sha256.Sum256(leaf[:])
	}
	split := 1 << (bits.Len(uint(len(chunks)-1)) - 1) // largest power of two below the count
	left, right := Root(chunks[:split]), Root(chunks[split:])
	node := [1 + 64]byte{1}
	copy(node[1:], left[:])
	copy(node[33:], right[:])
	return sha256.Sum256(node[:])
}

// Join returns the chunk hashes as one string of bytes, 32 for each.
func Join(chunks []ID) []byte {
	out := make([]byte, 0, len(chunks)*len(ID{}))
	for _, c := range chunks {
		out = append(out, c[:]...)
	}
	return out
}

// Split is the inverse of Join; it refuses a length that is no multiple of 32.
func Split(joined []byte) ([]ID, error) {
	if len(joined)%len(ID{}) != 0 {
		return nil, fmt.Errorf("digest: chunk list of %d bytes is not a multiple of %d", len(joined), len(ID{}))
	}
	out := make([]ID, len(joined)/len(ID{}))
	for i := range out {
		copy(out[i][:], joined[i*len(ID{}):])
	}
	return out, nil
}
