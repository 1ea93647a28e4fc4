package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
)

// MaxItems is the largest number of items of one act.
const MaxItems = 1 << 20

// Depth returns the depth of the item tree of an act with n items: 0, 10, 14,
// 17 or 20, so that it tells a size class and no number.
func Depth(n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	for _, d := range []int{10, 14, 17, 20} {
		if n <= 1<<d {
			return d, nil
		}
	}
	return 0, fmt.Errorf("audit: an act of %d items is larger than %d", n, MaxItems)
}

// Tree is the padded tree over the leaves of one act.
type Tree struct {
	levels [][]Hash // the nodes with an item below them, leaves first
	pad    hash.Hash
}

// NewTree builds the tree. The seed makes the padding.
func NewTree(seed [SaltSize]byte, leaves []Hash) (*Tree, error) {
	depth, err := Depth(len(leaves))
	if err != nil {
		return nil, err
	}
	t := &Tree{pad: hmac.New(sha256.New, seed[:]), levels: [][]Hash{leaves}}
	for level := range depth {
		below := t.levels[level]
		above := make([]Hash, (len(below)+1)/2)
		for i := range above {
			above[i] = Node(below[2*i], t.node(level, 2*i+1))
		}
		t.levels = append(t.levels, above)
	}
	return t, nil
}

// Depth returns the number of levels above the leaves.
func (t *Tree) Depth() int { return len(t.levels) - 1 }

// Root returns the root; that of an empty tree is SHA-256 of nothing.
func (t *Tree) Root() Hash {
	if len(t.levels[0]) == 0 {
		return sha256.Sum256(nil)
	}
	return t.levels[len(t.levels)-1][0]
}

// Path returns the siblings from the leaf at place upwards.
func (t *Tree) Path(place int) []Hash {
	path := make([]Hash, t.Depth())
	for level := range path {
		path[level] = t.node(level, place>>level^1)
	}
	return path
}

func (t *Tree) node(level, index int) Hash {
	if nodes := t.levels[level]; index < len(nodes) {
		return nodes[index]
	}
	var in [9]byte
	in[0] = byte(level)
	binary.BigEndian.PutUint64(in[1:], uint64(index))
	t.pad.Reset()
	t.pad.Write(in[:])
	var out Hash
	t.pad.Sum(out[:0])
	return out
}

// Node is the inner node of RFC 6962: SHA-256(0x01 ‖ left ‖ right).
func Node(left, right Hash) Hash {
	var in [1 + 2*sha256.Size]byte
	in[0] = 1
	copy(in[1:], left[:])
	copy(in[1+sha256.Size:], right[:])
	return sha256.Sum256(in[:])
}

// Fold returns the root that a leaf at place and its path lead to.
func Fold(leaf Hash, place int64, path []Hash) (Hash, error) {
	if place < 0 || len(path) > 62 || place >= 1<<len(path) {
		return Hash{}, fmt.Errorf("proof: place %d is outside a tree of depth %d", place, len(path))
	}
	for level, sibling := range path {
		if place>>level&1 == 0 {
			leaf = Node(leaf, sibling)
		} else {
			leaf = Node(sibling, leaf)
		}
	}
	return leaf, nil
}

// Edge is the compact form of a log: the roots of its perfect subtrees, largest
// first. It is all that appending needs.
type Edge []Hash

// Append adds a record and returns the new edge with the hashes that
// golang.org/x/mod/sumdb/tlog stores for it: the leaf and every node completed
// by it, upwards. size is the number of records before.
func (e Edge) Append(size int64, record Hash) (Edge, []Hash) {
	node := RecordHash(record)
	stored := []Hash{node}
	e = slices.Clone(e)
	for n := size; n&1 == 1; n >>= 1 {
		node = Node(e[len(e)-1], node)
		e = e[:len(e)-1]
		stored = append(stored, node)
	}
	return append(e, node), stored
}

// Root returns the root of the log; that of an empty one is SHA-256 of nothing.
func (e Edge) Root() Hash {
	if len(e) == 0 {
		return sha256.Sum256(nil)
	}
	root := e[len(e)-1]
	for i := len(e) - 2; i >= 0; i-- {
		root = Node(e[i], root)
	}
	return root
}

// RecordHash is the leaf of a commitment in the log: SHA-256(0x00 ‖ record).
func RecordHash(record Hash) Hash {
	var in [1 + sha256.Size]byte
	copy(in[1:], record[:])
	return sha256.Sum256(in[:])
}
