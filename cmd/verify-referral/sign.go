package main

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

const namespace = "tutela-referral"

// field appends an SSH string.
func field(to []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(s))), s...)
}

func wire(key ed25519.PublicKey) string { return string(field(field(nil, "ssh-ed25519"), string(key))) }

// keyLine writes a public key as OpenSSH does.
func keyLine(key ed25519.PublicKey) string {
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString([]byte(wire(key)))
}

// armour writes the one armour that a key and a signature have (section 5).
func armour(key ed25519.PublicKey, sig []byte) string {
	blob := field(binary.BigEndian.AppendUint32([]byte("SSHSIG"), 1), wire(key))
	blob = field(field(field(blob, namespace), ""), "sha512")
	blob = field(blob, string(field(field(nil, "ssh-ed25519"), string(sig))))
	text := base64.StdEncoding.EncodeToString(blob)
	out := "-----BEGIN SSH SIGNATURE-----\n"
	for len(text) > 70 {
		out, text = out+text[:70]+"\n", text[70:]
	}
	return out + text + "\n-----END SSH SIGNATURE-----\n"
}

// checkSignature returns the key that signed the message.
func checkSignature(message io.Reader, sig string) (ed25519.PublicKey, error) {
	lines := strings.Split(sig, "\n")
	if len(lines) < 4 {
		return nil, errors.New("is not an SSH signature")
	}
	blob, err := base64.StdEncoding.DecodeString(strings.Join(lines[1:len(lines)-2], ""))
	const keyAt = 6 + 4 + 4 + 4 + 11 + 4
	if err != nil || len(blob) < keyAt+32+64 {
		return nil, errors.New("is not an SSH signature")
	}
	key, raw := ed25519.PublicKey(blob[keyAt:keyAt+32]), blob[len(blob)-64:]
	if armour(key, raw) != sig {
		return nil, errors.New("is not an SSH signature in the strict form")
	}
	sum := sha512.New()
	if _, err := io.Copy(sum, message); err != nil {
		return nil, fmt.Errorf("cannot be checked: %w", err)
	}
	signed := field(field(field([]byte("SSHSIG"), namespace), ""), "sha512")
	if !ed25519.Verify(key, field(signed, string(sum.Sum(nil))), raw) {
		return nil, errors.New("does not fit the bytes that it stands for")
	}
	return key, nil
}

// readTrust reads a trust file (section 5).
func readTrust(text string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		counts := true
		if words[0] != "ssh-ed25519" && len(words) > 1 {
			words = words[1:]
			if names, ok := strings.CutPrefix(words[0], `namespaces="`); ok && strings.HasSuffix(names, `"`) && strings.Count(names, `"`) == 1 {
				counts = contains(strings.Split(strings.TrimSuffix(names, `"`), ","), namespace)
				words = words[1:]
			}
		}
		if len(words) < 2 || words[0] != "ssh-ed25519" {
			return nil, fmt.Errorf("line %d is not understood", i+1)
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(words[1])
		if err != nil || len(raw) != 51 || wire(raw[19:]) != string(raw) {
			return nil, fmt.Errorf("line %d has no Ed25519 key", i+1)
		}
		if counts {
			keys = append(keys, raw[19:])
		}
	}
	return keys, nil
}
