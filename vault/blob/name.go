package blob

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"

	"tutela/fault"
	"tutela/hash/digest"
)

// Name returns the name of a blob of a case: 64 lower-case hexadecimal digits
// of HMAC-SHA256(siteKey, case id ‖ 0x00 ‖ id).
func Name(siteKey []byte, caseID string, id digest.ID) string {
	mac := hmac.New(sha256.New, siteKey)
	io.WriteString(mac, caseID)
	mac.Write([]byte{0})
	mac.Write(id[:])
	return hex.EncodeToString(mac.Sum(nil))
}

// objectName adds eight random bytes to a name.
func objectName(name string, random [8]byte) string {
	return name + "-" + hex.EncodeToString(random[:])
}

// validObject reports whether s is 64 hexadecimal digits, "-" and 16 more, or
// another word of lower-case letters, digits and "-" of 3 to 200 characters:
// nothing that could leave a folder.
func validObject(s string) bool {
	if len(s) < 3 || len(s) > 200 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// wrapAAD binds a wrapped data key to its place.
func wrapAAD(caseID, object string, epoch, size int64) []byte {
	b := make([]byte, 0, 160)
	b = append(b, "tutela blob key v1\n"...)
	for _, s := range []string{caseID, object} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(epoch))
	return binary.BigEndian.AppendUint64(b, uint64(size))
}

// wrap encrypts a data key under a case key: nonce ‖ ciphertext ‖ tag.
func wrap(caseKey, dataKey []byte, nonce [12]byte, aad []byte) ([]byte, error) {
	aead, err := newAEAD(caseKey)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nonce[:], nonce[:], dataKey, aad), nil
}

// unwrap is the inverse of wrap; a row that was altered is fault.Corrupt.
func unwrap(caseKey, wrapped, aad []byte) ([]byte, error) {
	aead, err := newAEAD(caseKey)
	if err != nil {
		return nil, err
	}
	if len(wrapped) != 12+KeySize+tagSize {
		return nil, fault.New(fault.Corrupt, "blob: a wrapped key of %d bytes", len(wrapped))
	}
	key, err := aead.Open(nil, wrapped[:12], wrapped[12:], aad)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "blob: the wrapped key does not open: altered, or of another case")
	}
	return key, nil
}
