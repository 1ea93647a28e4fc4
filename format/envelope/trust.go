package envelope

import (
	"crypto/ed25519"
	"slices"
	"strings"

	"tutela/fault"
)

// Known is a set of keys that the reader of a package trusts.
type Known []ed25519.PublicKey

// Has reports whether the key is in the set.
func (k Known) Has(key ed25519.PublicKey) bool {
	return slices.ContainsFunc(k, func(other ed25519.PublicKey) bool { return other.Equal(key) })
}

// ParseTrust reads a trust file: lines of allowed_signers (ssh-keygen -Y) or
// bare public keys. A line with an option or a key type that is not understood
// is an error, so that it is never taken for more trust than was meant.
func ParseTrust(text []byte) (Known, error) {
	var known Known
	number := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		key, counts, err := parseTrustLine(fields)
		if err != nil {
			return nil, fault.New(fault.Invalid, "envelope: trust file line %d: %w", number, err)
		}
		if counts {
			known = append(known, key)
		}
	}
	return known, nil
}

func parseTrustLine(fields []string) (ed25519.PublicKey, bool, error) {
	counts := true
	if fields[0] != sshType {
		fields = fields[1:] // principals
		if len(fields) > 0 && fields[0] != sshType {
			list, ok := strings.CutPrefix(fields[0], `namespaces="`)
			list, ok2 := strings.CutSuffix(list, `"`)
			if !ok || !ok2 || strings.Contains(list, `"`) {
				return nil, false, fault.New(fault.Invalid, "option or key type %q is not understood", fields[0])
			}
			counts = slices.Contains(strings.Split(list, ","), Namespace)
			fields = fields[1:]
		}
	}
	if len(fields) < 2 || fields[0] != sshType {
		return nil, false, fault.New(fault.Invalid, "no ssh-ed25519 key")
	}
	key, err := parseKey(fields[1])
	return key, counts, err
}
