// Package digest computes what seals a file: MD5, SHA-1, SHA-256 and a tree of
// chunk hashes in one pass. It promises that any later read can be checked
// chunk by chunk; it never keeps the bytes.
package digest

import (
	"encoding/hex"
	"fmt"
	"io"
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
	if n, err := hex.Decode(id[:], []byte(s)); err != nil || n != len(id) || len(s) != 2*len(id) {
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

// Sum reads r to its end in one pass.
func Sum(r io.Reader) (Set, error) { panic("not built yet") }
