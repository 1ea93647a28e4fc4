package envelope

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"tutela/fault"
)

// Key is one OpenPGP key: of a recipient (public) or of the site (secret).
type Key struct{ entity *openpgp.Entity }

// config is what GnuPG 2.2 can read: v4 keys, AES-256, SHA-256, no AEAD.
func config(at time.Time, rand io.Reader) *packet.Config {
	return &packet.Config{Rand: rand, Time: func() time.Time { return at },
		DefaultHash: crypto.SHA256, DefaultCipher: packet.CipherAES256,
		DefaultCompressionAlgo: packet.CompressionNone,
		Algorithm:              packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519}
}

// GenerateKey makes a site's key: Ed25519 to sign, Curve25519 to encrypt,
// version 4, for a name and a mail address, valid from at, without end.
func GenerateKey(name, email string, at time.Time, rand io.Reader) (*Key, error) {
	e, err := openpgp.NewEntity(name, "", email, config(at, rand))
	if err != nil {
		return nil, fault.New(fault.Invalid, "envelope: make OpenPGP key: %w", err)
	}
	return &Key{e}, nil
}

// ReadKey reads exactly one OpenPGP key, armoured or binary.
func ReadKey(text []byte) (*Key, error) {
	read := openpgp.ReadKeyRing
	if bytes.HasPrefix(text, []byte("-----BEGIN PGP ")) {
		read = openpgp.ReadArmoredKeyRing
	}
	list, err := read(bytes.NewReader(text))
	if err != nil {
		return nil, fault.New(fault.Invalid, "envelope: read OpenPGP key: %w", err)
	}
	if len(list) != 1 {
		return nil, fault.New(fault.Invalid, "envelope: %d OpenPGP keys in one file, want one", len(list))
	}
	return &Key{list[0]}, nil
}

// Fingerprint returns the key's fingerprint in upper-case hexadecimal, as gpg
// shows it without spaces.
func (k *Key) Fingerprint() string {
	return strings.ToUpper(hex.EncodeToString(k.entity.PrimaryKey.Fingerprint))
}

// Secret reports whether the key can sign and decrypt.
func (k *Key) Secret() bool { return k.entity.PrivateKey != nil && !k.entity.PrivateKey.Encrypted }

// Public returns the armoured public key.
func (k *Key) Public() ([]byte, error) {
	return armoured("PGP PUBLIC KEY BLOCK", k.entity.Serialize)
}

// Private returns the armoured secret key, not protected by a passphrase: the
// caller keeps it encrypted.
func (k *Key) Private() ([]byte, error) {
	if !k.Secret() {
		return nil, fault.New(fault.Invalid, "envelope: the OpenPGP key has no usable secret part")
	}
	return armoured("PGP PRIVATE KEY BLOCK", func(w io.Writer) error {
		return k.entity.SerializePrivateWithoutSigning(w, nil)
	})
}

func armoured(kind string, write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err == nil {
		err = write(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("envelope: armour %s: %w", strings.ToLower(kind), err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// CheckRecipient refuses a key that must not be encrypted to at the given
// time: not version 4, revoked, expired, not yet valid, or without a valid
// encryption key.
func (k *Key) CheckRecipient(at time.Time) error {
	if v := k.entity.PrimaryKey.Version; v != 4 {
		return fault.Hint(fault.New(fault.Refused, "envelope: OpenPGP key %s has version %d", k.Fingerprint(), v),
			"Ask the agency for a version 4 key: GnuPG 2.2 cannot use others.")
	}
	if k.entity.Revoked(at) {
		return fault.New(fault.Refused, "envelope: OpenPGP key %s is revoked", k.Fingerprint())
	}
	if _, err := k.entity.EncryptionKeyWithError(at, config(at, nil)); err != nil {
		return fault.Hint(fault.New(fault.Refused, "envelope: OpenPGP key %s cannot be encrypted to: %w", k.Fingerprint(), err),
			"The key may have expired: ask the agency for a current one and have it confirmed.")
	}
	return nil
}

// SealOpenPGP signs src with from and encrypts it to every key, as one binary
// message. The time of the signature is at.
func SealOpenPGP(dst io.Writer, src io.Reader, to []*Key, from *Key, at time.Time, rand io.Reader) error {
	if len(to) == 0 {
		return fault.New(fault.Invalid, "envelope: no recipient")
	}
	if !from.Secret() {
		return fault.New(fault.Invalid, "envelope: the sender's OpenPGP key has no usable secret part")
	}
	var list []*openpgp.Entity
	for _, k := range to {
		if err := k.CheckRecipient(at); err != nil {
			return err
		}
		list = append(list, k.entity)
	}
	hints := &openpgp.FileHints{IsUTF8: false, ModTime: at}
	w, err := openpgp.Encrypt(dst, list, nil, []*openpgp.Entity{from.entity}, hints, config(at, rand))
	if err != nil {
		return fault.New(fault.Invalid, "envelope: encrypt: %w", err)
	}
	if _, err := io.Copy(w, src); err != nil {
		return fmt.Errorf("envelope: encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("envelope: encrypt: %w", err)
	}
	return nil
}

// OpenOpenPGP decrypts src into dst with key and checks that sender signed it,
// after CheckOpenPGP has read its structure. What dst got must not be used
// when an error is returned.
func OpenOpenPGP(dst io.Writer, src io.ReadSeeker, key, sender *Key, at time.Time) error {
	if err := CheckOpenPGP(src); err != nil {
		return err
	}
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return fault.New(fault.Outside, "envelope: rewind: %w", err)
	}
	md, err := openpgp.ReadMessage(src, openpgp.EntityList{key.entity, sender.entity}, nil, config(at, nil))
	if err != nil {
		return fault.New(fault.Corrupt, "envelope: open OpenPGP message: %w", err)
	}
	if _, err := io.Copy(dst, md.UnverifiedBody); err != nil {
		return fault.New(fault.Corrupt, "envelope: open OpenPGP message: %w", err)
	}
	if md.SignatureError != nil || !md.IsSigned || !md.IsVerified || md.Signature == nil {
		return fault.New(fault.Corrupt, "envelope: the message is not validly signed")
	}
	if by := md.SignedBy; by == nil || !bytes.Equal(by.Entity.PrimaryKey.Fingerprint, sender.entity.PrimaryKey.Fingerprint) {
		return fault.New(fault.Corrupt, "envelope: the message is signed by another key")
	}
	return nil
}

const pgpSignature = "PGP SIGNATURE"

// SignOpenPGP returns an armoured detached signature of the message.
func SignOpenPGP(message io.Reader, from *Key, at time.Time, rand io.Reader) ([]byte, error) {
	return armoured(pgpSignature, func(w io.Writer) error {
		return openpgp.DetachSign(w, []*openpgp.Entity{from.entity}, message, config(at, rand))
	})
}

// VerifyOpenPGP checks a detached signature that SignOpenPGP made with sender.
// The armour must be written as SignOpenPGP writes it and hold one packet.
func VerifyOpenPGP(message io.Reader, signature []byte, sender *Key, at time.Time) error {
	block, err := armor.Decode(bytes.NewReader(signature))
	if err != nil || block.Type != pgpSignature {
		return fault.New(fault.Corrupt, "envelope: not an armoured OpenPGP signature")
	}
	raw, err := io.ReadAll(block.Body)
	if err != nil {
		return fault.New(fault.Corrupt, "envelope: armoured OpenPGP signature: %w", err)
	}
	again, err := armoured(pgpSignature, func(w io.Writer) error { _, err := w.Write(raw); return err })
	if err != nil || !bytes.Equal(again, signature) {
		return fault.New(fault.Corrupt, "envelope: the armour is not in the strict form")
	}
	if err := onePacket(raw); err != nil {
		return err
	}
	_, _, err = openpgp.VerifyDetachedSignature(openpgp.EntityList{sender.entity}, message, bytes.NewReader(raw), config(at, nil))
	if err != nil {
		return fault.New(fault.Corrupt, "envelope: OpenPGP signature: %w", err)
	}
	return nil
}

// onePacket wants one signature packet that is written again to the same bytes.
func onePacket(raw []byte) error {
	p, err := packet.Read(bytes.NewReader(raw))
	sig, ok := p.(*packet.Signature)
	var again bytes.Buffer
	if err != nil || !ok || sig.Serialize(&again) != nil || !bytes.Equal(again.Bytes(), raw) {
		return fault.New(fault.Corrupt, "envelope: not one OpenPGP signature packet in the strict form")
	}
	return nil
}
