package matching

import (
	"bytes"
	"context"
	"math/bits"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault/db"
)

// List returns a list that takes part.
func (m *Matcher) List(id hashlists.ID) (hashlists.List, bool) {
	l, ok := m.lists[id]
	return l, ok
}

// Ground is what a match rests on: two values that anybody can compare again.
type Ground struct {
	Own      []byte // digest or hash of the file
	Listed   []byte // value of the entry
	Distance int    // bits between them
}

// GroundOf returns the ground of a match: of the values that the file has by the
// algorithm and variant of the match, and of those that the entry has, the two
// that are as far apart as the match says, or come nearest to that. It is a
// NotFound error when either has none.
func GroundOf(ctx context.Context, q db.Queryer, m Match, own ...[]byte) (Ground, error) {
	entries, err := hashlists.Entries(ctx, q, m.List, m.Number)
	if err != nil {
		return Ground{}, err
	}
	best := Ground{Distance: -1}
	for _, e := range entries {
		for _, o := range own {
			if e.Algorithm != m.Algorithm || len(o) != len(e.Value) {
				continue
			}
			d := apart(o, e.Value)
			if best.Distance < 0 || abs(d-m.Distance) < abs(best.Distance-m.Distance) {
				best = Ground{Own: bytes.Clone(o), Listed: e.Value, Distance: d}
			}
		}
	}
	if best.Distance < 0 {
		return best, fault.New(fault.NotFound, "matching: entry %d of list %s and the file have no %s to compare", m.Number, string(m.List), m.Algorithm)
	}
	return best, nil
}

func abs(n int) int { return max(n, -n) }

func apart(a, b []byte) (n int) {
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// FindListed returns one match of a case, or a NotFound error; that is also the
// answer for a match of a protected source unless the view is protected.
func FindListed(ctx context.Context, q db.Queryer, c cases.ID, v cases.View, id string) (Listed, error) {
	l, ok, err := db.One(ctx, q, scanListed, selectListed+" AND m.id = ?3", string(c), v.Protected, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "matching: no match of this case has the id %s", id)
	}
	return l, err
}

// Value returns the digest of the subject by an algorithm of package hashlist, and
// nil for one that is no digest.
func (s Subject) Value(algorithm string) []byte {
	switch a := hashlist.Algorithm(algorithm); a {
	case hashlist.SHA256, hashlist.SHA1, hashlist.MD5:
		return valueOf(s, a)
	}
	return nil
}

// Hashes returns the hashes of a variant in their byte form.
func (s Subject) Hashes(variant string) (out [][]byte) {
	for _, p := range s.Prints {
		if p.Variant == variant {
			h := p.Hash.Bytes()
			out = append(out, h[:])
		}
	}
	return out
}

// Parts splits the variant of a Print into the parts that package picture puts
// together: "white-crop-frame3-ref512" gives "white-crop", "frame3" and "ref512".
func Parts(variant string) []string {
	if rest, ok := strings.CutPrefix(variant, "white-crop-"); ok {
		return append([]string{"white-crop"}, strings.Split(rest, "-")...)
	}
	return strings.Split(variant, "-")
}
