package envelope

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"tutela/fault"
)

// Suffixes of sealed files.
const (
	SuffixOpenPGP = ".gpg"
	SuffixAge     = ".age"
	SuffixSig     = ".sig" // SSHSIG over the final bytes
	SuffixAsc     = ".asc" // OpenPGP signature over the final bytes
)

// AgeRecipient reads an age recipient: age1…, ssh-ed25519 … or ssh-rsa ….
func AgeRecipient(text string) (age.Recipient, error) {
	if len(text) > 4 && text[:4] == "age1" {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fault.New(fault.Invalid, "envelope: age recipient: %w", err)
		}
		return r, nil
	}
	r, err := agessh.ParseRecipient(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "envelope: SSH recipient: %w", err)
	}
	return r, nil
}

// SealAge encrypts src to every recipient. Its randomness is that of the age
// library (the operating system's): age takes no other.
func SealAge(dst io.Writer, src io.Reader, to ...age.Recipient) error {
	if len(to) == 0 {
		return fault.New(fault.Invalid, "envelope: no recipient")
	}
	w, err := age.Encrypt(dst, to...)
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

// OpenAge decrypts src into dst. What dst got must not be used when an error
// is returned.
func OpenAge(dst io.Writer, src io.Reader, with ...age.Identity) error {
	r, err := age.Decrypt(src, with...)
	if err != nil {
		return fault.New(fault.Corrupt, "envelope: open age file: %w", err)
	}
	if _, err := io.Copy(dst, r); err != nil {
		return fault.New(fault.Corrupt, "envelope: open age file: %w", err)
	}
	return nil
}

// CheckOpenPGP reads the packet structure of a binary message without opening
// it: one or more session key packets, one integrity-protected data packet,
// the end. Nothing may stand between or after.
func CheckOpenPGP(src io.Reader) error {
	r := bufio.NewReader(src)
	for n := 0; ; n++ {
		tag, err := r.ReadByte()
		if err != nil {
			return fault.New(fault.Corrupt, "envelope: OpenPGP message ends before its data")
		}
		switch {
		case tag == 0xc0|1: // public-key encrypted session key
		case tag == 0xc0|18 && n > 0: // integrity-protected data
			if err := skipData(r); err != nil {
				return err
			}
			if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				return fault.New(fault.Corrupt, "envelope: bytes after the OpenPGP message")
			}
			return nil
		default:
			return fault.New(fault.Corrupt, "envelope: OpenPGP packet byte 0x%02x is not allowed here", tag)
		}
		size, partial, err := packetLength(r)
		if err != nil || partial || size > 4096 || !discard(r, size) {
			return fault.New(fault.Corrupt, "envelope: damaged OpenPGP session key packet")
		}
	}
}

// skipData reads the chunks of the data packet; the first byte of its body is
// the version, 1.
func skipData(r *bufio.Reader) error {
	bad := fault.New(fault.Corrupt, "envelope: damaged OpenPGP data packet")
	for first := true; ; first = false {
		size, partial, err := packetLength(r)
		if err != nil {
			return bad
		}
		if first {
			if v, err := r.Peek(1); err != nil || v[0] != 1 || size == 0 {
				return bad
			}
		}
		if !discard(r, size) {
			return bad
		}
		if !partial {
			return nil
		}
	}
}

func discard(r *bufio.Reader, n int64) bool {
	m, err := io.CopyN(io.Discard, r, n)
	return err == nil && m == n
}

// packetLength reads a length of the new format (RFC 4880 §4.2.2).
func packetLength(r *bufio.Reader) (size int64, partial bool, err error) {
	b, err := r.ReadByte()
	switch {
	case err != nil:
		return 0, false, err
	case b < 192:
		return int64(b), false, nil
	case b < 224:
		c, err := r.ReadByte()
		return int64(b-192)<<8 + int64(c) + 192, false, err
	case b < 255:
		return 1 << (b & 0x1f), true, nil
	}
	var four [4]byte
	_, err = io.ReadFull(r, four[:])
	return int64(binary.BigEndian.Uint32(four[:])), false, err
}

// CheckAge reads the header of an age file without opening it.
func CheckAge(src io.Reader) error {
	if _, err := age.ExtractHeader(src); err != nil {
		return fault.New(fault.Corrupt, "envelope: age header: %w", err)
	}
	return nil
}
