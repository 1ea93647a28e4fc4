package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Format is the version of the header.
const Format = 1

const (
	actContext   = "tutela act v1\n"
	entryContext = "tutela entry v1\n"
)

// Header is the signed part of an act. The order of the fields is the order of
// the bytes.
type Header struct {
	Act       string            `json:"act"`
	Actor     string            `json:"actor"`
	Authority string            `json:"authority"`
	Case      string            `json:"case"`
	Class     string            `json:"class"`
	Depth     int               `json:"depth"`
	Detail    map[string]string `json:"detail"`
	Epoch     int64             `json:"epoch"`
	Format    int               `json:"format"`
	Object    string            `json:"object"`
	Ordered   string            `json:"ordered"`
	Role      string            `json:"role"`
	Root      string            `json:"root"` // 64 hexadecimal digits
	Site      string            `json:"site"`
	Time      int64             `json:"time"` // µs since 1970 UTC
	Verb      string            `json:"verb"`
	Why       string            `json:"why"`
}

// Encode returns the canonical bytes.
func (h Header) Encode() ([]byte, error) {
	for _, s := range h.strings() {
		if !utf8.ValidString(s) {
			return nil, fmt.Errorf("audit: a text of act %s is not UTF-8", h.Act)
		}
	}
	if h.Detail == nil {
		h.Detail = map[string]string{}
	}
	return encode(h)
}

func (h Header) strings() []string {
	all := []string{h.Act, h.Actor, h.Authority, h.Case, h.Class, h.Object, h.Ordered, h.Role, h.Root, h.Site, h.Verb, h.Why}
	for k, v := range h.Detail {
		all = append(all, k, v)
	}
	return all
}

// encode writes JSON without white space and without HTML escapes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// ParseHeader reads canonical bytes and refuses any others.
func ParseHeader(b []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(b, &h); err != nil {
		return Header{}, fmt.Errorf("proof: read header: %w", err)
	}
	again, err := h.Encode()
	if err != nil || !bytes.Equal(again, b) {
		return Header{}, fmt.Errorf("proof: header is not in canonical form")
	}
	if h.Format != Format {
		return Header{}, fmt.Errorf("proof: header format %d is not known", h.Format)
	}
	if root, err := hex.DecodeString(h.Root); err != nil || len(root) != sha256.Size || hex.EncodeToString(root) != h.Root {
		return Header{}, fmt.Errorf("proof: root is not 64 lower-case hexadecimal digits")
	}
	return h, nil
}

// ToSign returns what the actor signs.
func ToSign(header []byte) []byte { return append([]byte(actContext), header...) }

// Commit returns the commitment of an act: the record of the log.
func Commit(salt [SaltSize]byte, header, signature []byte) Hash {
	h := sha256.New()
	h.Write([]byte(entryContext))
	h.Write(salt[:])
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(header)))
	h.Write(n[:])
	h.Write(header)
	h.Write(signature)
	var out Hash
	h.Sum(out[:0])
	return out
}

// KeyID returns the SSH fingerprint of an Ed25519 public key: "SHA256:" and the
// base64 of the hash of its wire form (RFC 8709 §4).
func KeyID(key ed25519.PublicKey) string {
	const kind = "ssh-ed25519"
	wire := binary.BigEndian.AppendUint32(nil, uint32(len(kind)))
	wire = append(wire, kind...)
	wire = binary.BigEndian.AppendUint32(wire, uint32(len(key)))
	wire = append(wire, key...)
	sum := sha256.Sum256(wire)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
