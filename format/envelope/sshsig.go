package envelope

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"tutela/fault"
)

const (
	sshBegin = "-----BEGIN SSH SIGNATURE-----\n"
	sshEnd   = "-----END SSH SIGNATURE-----\n"
	sshMagic = "SSHSIG"
	sshType  = "ssh-ed25519"
	sshLine  = 70 // characters of base64, as ssh-keygen writes
)

func sshString[T ~string | ~[]byte](s T) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

// toSign returns what an SSHSIG signature of the message's SHA-512 covers.
func toSign(sum []byte) []byte {
	return bytes.Join([][]byte{[]byte(sshMagic), sshString(Namespace), sshString(""), sshString("sha512"), sshString(sum)}, nil)
}

func encodeSSH(key ed25519.PublicKey, sig []byte) []byte {
	blob := bytes.Join([][]byte{[]byte(sshMagic), {0, 0, 0, 1}, sshString(wireKey(key)), sshString(Namespace), sshString(""),
		sshString("sha512"), sshString(append(sshString(sshType), sshString(sig)...))}, nil)
	text := base64.StdEncoding.EncodeToString(blob)
	var b strings.Builder
	b.WriteString(sshBegin)
	for len(text) > 0 {
		n := min(len(text), sshLine)
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString(sshEnd)
	return []byte(b.String())
}

func wireKey(key ed25519.PublicKey) []byte { return append(sshString(sshType), sshString(key)...) }

// PublicLine returns the key as OpenSSH writes it, without comment, ended by a
// line end.
func PublicLine(key ed25519.PublicKey) string {
	return sshType + " " + base64.StdEncoding.EncodeToString(wireKey(key)) + "\n"
}

// ParsePublicLine reads exactly what PublicLine writes.
func ParsePublicLine(line string) (ed25519.PublicKey, error) {
	key, err := parseKey(strings.TrimSuffix(strings.TrimPrefix(line, sshType+" "), "\n"))
	if err != nil {
		return nil, err
	}
	if PublicLine(key) != line {
		return nil, fault.New(fault.Corrupt, "envelope: public key is not one line of type and base64")
	}
	return key, nil
}

func parseKey(text string) (ed25519.PublicKey, error) {
	wire, err := base64.StdEncoding.Strict().DecodeString(text)
	head := append(sshString(sshType), 0, 0, 0, ed25519.PublicKeySize)
	if err != nil || len(wire) != len(head)+ed25519.PublicKeySize || !bytes.HasPrefix(wire, head) {
		return nil, fault.New(fault.Corrupt, "envelope: not an Ed25519 key of OpenSSH")
	}
	return ed25519.PublicKey(wire[len(head):]), nil
}

// SignSSH returns the armoured signature of the message under Namespace. The
// key must be Ed25519; the same key and message give the same signature.
func SignSSH(message io.Reader, key crypto.Signer) ([]byte, error) {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fault.New(fault.Invalid, "envelope: the signing key is not Ed25519")
	}
	h := sha512.New()
	if _, err := io.Copy(h, message); err != nil {
		return nil, fmt.Errorf("envelope: sign: %w", err)
	}
	sig, err := key.Sign(nil, toSign(h.Sum(nil)), crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("envelope: sign: %w", err)
	}
	return encodeSSH(pub, sig), nil
}

// VerifySSH checks an armoured signature and returns the key that made it. The
// armour must be the one that SignSSH and ssh-keygen write, byte for byte.
func VerifySSH(message io.Reader, armoured []byte) (ed25519.PublicKey, error) {
	key, sig, err := decodeSSH(armoured)
	if err != nil {
		return nil, err
	}
	h := sha512.New()
	if _, err := io.Copy(h, message); err != nil {
		return nil, fault.New(fault.Outside, "envelope: read what was signed: %w", err)
	}
	if !ed25519.Verify(key, toSign(h.Sum(nil)), sig) {
		return nil, fault.New(fault.Corrupt, "envelope: the signature does not fit the bytes")
	}
	return key, nil
}

// decodeSSH takes key and signature from their places, writes the armour again
// and wants the same bytes.
func decodeSSH(armoured []byte) (ed25519.PublicKey, []byte, error) {
	bad := fault.New(fault.Corrupt, "envelope: not an SSH signature of this namespace in the strict form")
	text := strings.TrimSuffix(strings.TrimPrefix(string(armoured), sshBegin), sshEnd)
	blob, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
	keyAt := len(sshMagic) + 4 + 4 + len(sshString(sshType)) + 4
	if err != nil || len(blob) < keyAt+ed25519.PublicKeySize+ed25519.SignatureSize {
		return nil, nil, bad
	}
	key := ed25519.PublicKey(blob[keyAt : keyAt+ed25519.PublicKeySize])
	sig := blob[len(blob)-ed25519.SignatureSize:]
	if !bytes.Equal(encodeSSH(key, sig), armoured) {
		return nil, nil, bad
	}
	return key, sig, nil
}
