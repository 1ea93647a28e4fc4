package keys

import (
	"fmt"
	"strings"
)

// charset and generator are those of BIP 173, as age uses them for its keys.
const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 encodes data under the human-readable part hrp (lower case).
func bech32(hrp string, data []byte) string {
	values := regroup(data)
	var b strings.Builder
	b.WriteString(hrp)
	b.WriteByte('1')
	for _, v := range append(values, checksum(hrp, values)...) {
		b.WriteByte(charset[v])
	}
	return b.String()
}

// regroup turns bytes into groups of five bits, the last filled with zeros.
func regroup(data []byte) []byte {
	var out []byte
	var acc, bits uint
	for _, b := range data {
		acc, bits = acc<<8|uint(b), bits+8
		for bits >= 5 {
			bits -= 5
			out = append(out, byte(acc>>bits&31))
		}
	}
	if bits > 0 {
		out = append(out, byte(acc<<(5-bits)&31))
	}
	return out
}

func checksum(hrp string, values []byte) []byte {
	all := make([]byte, 0, 2*len(hrp)+1+len(values)+6)
	for i := range len(hrp) {
		all = append(all, hrp[i]>>5)
	}
	all = append(all, 0)
	for i := range len(hrp) {
		all = append(all, hrp[i]&31)
	}
	all = append(append(all, values...), 0, 0, 0, 0, 0, 0)
	mod := polymod(all) ^ 1
	out := make([]byte, 6)
	for i := range out {
		out[i] = byte(mod >> (5 * (5 - i)) & 31)
	}
	return out
}

func polymod(values []byte) uint32 {
	gen := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	chk := uint32(1)
	for _, v := range values {
		top := chk >> 25
		chk = chk&0x1ffffff<<5 ^ uint32(v)
		for i, g := range gen {
			if top>>i&1 == 1 {
				chk ^= g
			}
		}
	}
	return chk
}

// secretKey writes the secret half of an age X25519 identity as age does.
func secretKey(secret []byte) (string, error) {
	if len(secret) != 32 {
		return "", fmt.Errorf("keys: an X25519 secret has 32 bytes, not %d", len(secret))
	}
	return strings.ToUpper(bech32("age-secret-key-", secret)), nil
}
