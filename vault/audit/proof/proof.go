package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ProofFormat is the first member of a proof.
const ProofFormat = "tutela proof v1"

// Proof opens one item of one act (or the act alone: Place −1) and shows that
// the act is in the log. It reveals neither neighbours nor their number.
type Proof struct {
	Format     string   `json:"format"`
	Item       []byte   `json:"item"`
	ItemSalt   []byte   `json:"item_salt"`
	Place      int64    `json:"place"`
	ItemPath   [][]byte `json:"item_path"`
	Header     string   `json:"header"`
	Signature  []byte   `json:"signature"`
	ActorKey   []byte   `json:"actor_key"`
	EntrySalt  []byte   `json:"entry_salt"`
	Index      int64    `json:"index"`
	LogPath    [][]byte `json:"log_path"`
	Checkpoint string   `json:"checkpoint"`
}

// Encode returns the canonical bytes.
func (p Proof) Encode() ([]byte, error) {
	p.Format = ProofFormat
	for _, b := range []*[]byte{&p.Item, &p.ItemSalt, &p.Signature, &p.ActorKey, &p.EntrySalt} {
		if *b == nil {
			*b = []byte{}
		}
	}
	for _, l := range []*[][]byte{&p.ItemPath, &p.LogPath} {
		if *l == nil {
			*l = [][]byte{}
		}
	}
	return encode(p)
}

// Parse reads canonical bytes and refuses any others.
func Parse(b []byte) (Proof, error) {
	var p Proof
	if err := json.Unmarshal(b, &p); err != nil {
		return Proof{}, fmt.Errorf("proof: read: %w", err)
	}
	again, err := p.Encode()
	if err != nil || !bytes.Equal(again, b) {
		return Proof{}, fmt.Errorf("proof: not in canonical form")
	}
	return p, nil
}

// Trust is what a verifier knows beforehand.
type Trust struct {
	Origin string              // of the log
	LogKey ed25519.PublicKey   // of the epoch that the checkpoint belongs to
	Actors []ed25519.PublicKey // whose acts are accepted; none = no act is
}

// Opened is what a valid proof shows.
type Opened struct {
	Header     Header
	Item       []byte // nil for a proof of the act alone
	Checkpoint Checkpoint
}

// VerifyProof checks a proof from end to end without a database.
func VerifyProof(p Proof, t Trust) (Opened, error) {
	if p.Format != ProofFormat {
		return Opened{}, fmt.Errorf("proof: format is not %q", ProofFormat)
	}
	c, err := OpenCheckpoint(p.Checkpoint, t.Origin, t.LogKey)
	if err != nil {
		return Opened{}, err
	}
	h, err := p.header(t)
	if err != nil {
		return Opened{}, err
	}
	if err := p.inLog(c); err != nil {
		return Opened{}, err
	}
	if p.Place == -1 && len(p.Item)+len(p.ItemSalt)+len(p.ItemPath) == 0 {
		return Opened{Header: h, Checkpoint: c}, nil
	}
	if err := p.inAct(h); err != nil {
		return Opened{}, err
	}
	return Opened{Header: h, Item: p.Item, Checkpoint: c}, nil
}

// header checks who signed what.
func (p Proof) header(t Trust) (Header, error) {
	h, err := ParseHeader([]byte(p.Header))
	if err != nil {
		return Header{}, err
	}
	if site, _, _ := strings.Cut(strings.TrimPrefix(t.Origin, "tutela/"), "/"); site != h.Site {
		return Header{}, fmt.Errorf("proof: the act is of another site")
	}
	if h.Actor != KeyID(p.ActorKey) {
		return Header{}, fmt.Errorf("proof: the actor's key is not the one named in the header")
	}
	known := false
	for _, a := range t.Actors {
		known = known || bytes.Equal(a, p.ActorKey)
	}
	if !known {
		return Header{}, fmt.Errorf("proof: the actor is not one of those allowed")
	}
	if !VerifyAct(p.ActorKey, []byte(p.Header), p.Signature) {
		return Header{}, fmt.Errorf("proof: the actor's signature is wrong")
	}
	return h, nil
}

// VerifyAct reports whether the key has signed the header.
func VerifyAct(key ed25519.PublicKey, header, signature []byte) bool {
	return len(key) == ed25519.PublicKeySize && len(signature) == ed25519.SignatureSize &&
		ed25519.Verify(key, ToSign(header), signature)
}

func (p Proof) inLog(c Checkpoint) error {
	if len(p.EntrySalt) != SaltSize {
		return fmt.Errorf("proof: the salt of the entry has %d bytes", len(p.EntrySalt))
	}
	path, err := hashes(p.LogPath)
	if err != nil {
		return err
	}
	steps := make(tlog.RecordProof, len(path))
	for i, h := range path {
		steps[i] = tlog.Hash(h)
	}
	commitment := Commit([SaltSize]byte(p.EntrySalt), []byte(p.Header), p.Signature)
	if p.Index < 0 || p.Index >= c.Size {
		return fmt.Errorf("proof: entry %d is outside a log of %d", p.Index, c.Size)
	}
	if err := tlog.CheckRecord(steps, c.Size, tlog.Hash(c.Root), p.Index, tlog.Hash(RecordHash(commitment))); err != nil {
		return fmt.Errorf("proof: the act is not in the log: %w", err)
	}
	return nil
}

func (p Proof) inAct(h Header) error {
	path, err := hashes(p.ItemPath)
	if err != nil {
		return err
	}
	if len(p.ItemSalt) != SaltSize || len(path) != h.Depth {
		return fmt.Errorf("proof: the item's salt or path has the wrong length")
	}
	root, err := Fold(Leaf([SaltSize]byte(p.ItemSalt), p.Item), p.Place, path)
	if err != nil {
		return err
	}
	if hex.EncodeToString(root[:]) != h.Root {
		return fmt.Errorf("proof: the item is not part of the act")
	}
	return nil
}

func hashes(list [][]byte) ([]Hash, error) {
	out := make([]Hash, len(list))
	for i, b := range list {
		if len(b) != len(out[i]) {
			return nil, fmt.Errorf("proof: hash %d of a path has %d bytes", i, len(b))
		}
		copy(out[i][:], b)
	}
	return out, nil
}

// CheckConsistency reports whether the log of the newer checkpoint starts with
// the log of the older one (RFC 6962 §2.1.2). Both must have been opened.
func CheckConsistency(older, newer Checkpoint, path []Hash) error {
	steps := make(tlog.TreeProof, len(path))
	for i, h := range path {
		steps[i] = tlog.Hash(h)
	}
	if older.Size == 0 {
		return nil
	}
	if older.Size > newer.Size {
		return fmt.Errorf("proof: the log has shrunk from %d to %d entries", older.Size, newer.Size)
	}
	if err := tlog.CheckTree(steps, newer.Size, tlog.Hash(newer.Root), older.Size, tlog.Hash(older.Root)); err != nil {
		return fmt.Errorf("proof: the two checkpoints are of different logs: %w", err)
	}
	return nil
}
