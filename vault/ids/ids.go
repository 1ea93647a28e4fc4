// Package ids makes the two kinds of row id: ULIDs for what people make, and
// stable keyed digests for what is derived, so that a rebuild gives the same
// id. It never makes an id from a guessable value without a key.
package ids

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"io"
	"time"

	"github.com/oklog/ulid/v2"
)

// New returns a ULID (26 characters of Crockford base 32) for the time now,
// with randomness from rand.
func New(now time.Time, rand io.Reader) (string, error) {
	id, err := ulid.New(ulid.Timestamp(now), rand)
	if err != nil {
		return "", err
	}
	return id.String(), nil
}

// Derive returns the stable id of something derived: the first 20 bytes of
// HMAC-SHA256(key, kind and parts, each preceded by its length as a 64-bit
// big-endian number), in lower-case base 32 without padding (32 characters).
func Derive(key []byte, kind string, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	put := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		mac.Write(n[:])
		io.WriteString(mac, s)
	}
	put(kind)
	for _, p := range parts {
		put(p)
	}
	return encoding.EncodeToString(mac.Sum(nil)[:20])
}

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
