// Package proof is the log's arithmetic: item trees, act headers, commitments,
// checkpoints and proofs as in docs/formats/audit.md. It promises that a proof
// can be checked without a database and without trust in its maker; it never
// reads a disk, a clock or a key store.
package proof

import "crypto/sha256"

// Hash is a SHA-256 value.
type Hash = [sha256.Size]byte

// SaltSize is the size of every salt and seed in bytes.
const SaltSize = 32

// Leaf returns the leaf of an item: SHA-256(0x00 ‖ salt ‖ item).
func Leaf(salt [SaltSize]byte, item []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(salt[:])
	h.Write(item)
	var out Hash
	h.Sum(out[:0])
	return out
}
