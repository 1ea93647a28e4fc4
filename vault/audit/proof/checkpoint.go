package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint says how large the log is and what is in it.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// Text returns the signed part: three lines (C2SP tlog-checkpoint).
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Sign returns the checkpoint as a signed note (C2SP signed-note, Ed25519, the
// key's name is the origin).
func (c Checkpoint) Sign(key ed25519.PrivateKey) string {
	text := c.Text()
	id := noteKeyID(c.Origin, key.Public().(ed25519.PublicKey))
	sig := append(id, ed25519.Sign(key, []byte(text))...)
	return text + "\n— " + c.Origin + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// noteKeyID is the first four bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ key).
func noteKeyID(name string, key ed25519.PublicKey) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n\x01"), key...))
	return sum[:4]
}

// VerifierKey returns the log key in the form that tools for signed notes take.
func VerifierKey(origin string, key ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%x+%s", origin, noteKeyID(origin, key),
		base64.StdEncoding.EncodeToString(append([]byte{1}, key...)))
}

// OpenCheckpoint reads a signed note and returns the checkpoint if the key has
// signed it under the origin. Signatures of others may stand beside.
func OpenCheckpoint(note, origin string, key ed25519.PublicKey) (Checkpoint, error) {
	text, sigs, ok := strings.Cut(note, "\n\n")
	if !ok || sigs == "" || !strings.HasSuffix(sigs, "\n") {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint is not a signed note")
	}
	text += "\n"
	c, err := parseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint is of another log")
	}
	signed := false
	for line := range strings.Lines(sigs) {
		name, sig, err := parseSignature(line)
		if err != nil {
			return Checkpoint{}, err
		}
		if name != origin || !bytes.Equal(sig[:4], noteKeyID(origin, key)) {
			continue
		}
		if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, []byte(text), sig[4:]) {
			return Checkpoint{}, fmt.Errorf("proof: checkpoint has a wrong signature")
		}
		signed = true
	}
	if !signed {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint is not signed by the key of its log")
	}
	return c, nil
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint has fewer than three lines")
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint has no size")
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint has no root")
	}
	copy(c.Root[:], root)
	if c.Text() != text {
		return Checkpoint{}, fmt.Errorf("proof: checkpoint is not in canonical form")
	}
	return c, nil
}

func parseSignature(line string) (name string, sig []byte, err error) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "— ")
	name, text, ok2 := strings.Cut(rest, " ")
	sig, err = base64.StdEncoding.DecodeString(text)
	if !ok || !ok2 || name == "" || err != nil || len(sig) < 5 || base64.StdEncoding.EncodeToString(sig) != text {
		return "", nil, fmt.Errorf("proof: checkpoint has a malformed signature line")
	}
	return name, sig, nil
}
