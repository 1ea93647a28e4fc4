package hamming

import (
	"encoding/hex"
	"math/bits"
	"math/rand/v2"
	"testing"
)

func TestDisguiseKeepsDistances(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	d := NewDisguise([]byte("a secret of the site"))
	for range 500 {
		a := random(r)
		b := flipped(r, a, r.IntN(257))
		if got, want := Distance(d.Hide(a), d.Hide(b)), Distance(a, b); got != want {
			t.Fatalf("distance %d became %d", want, got)
		}
	}
}

// TestDisguiseFollowsTheFormat computes stored bits from the words of
// docs/formats/hamming.md, bit by bit.
func TestDisguiseFollowsTheFormat(t *testing.T) {
	key := []byte{1, 2, 3}
	stream := rand.NewChaCha8([32]byte(derive(key, "tutela hamming disguise v1")))
	mask := Code{stream.Uint64(), stream.Uint64(), stream.Uint64(), stream.Uint64()}
	var pi [256]int
	for b := range pi {
		pi[b] = b
	}
	for b := 255; b >= 1; b-- {
		j := stream.Uint64() % uint64(b+1)
		pi[b], pi[j] = pi[j], pi[b]
	}
	d := NewDisguise(key)
	bit := func(c Code, b int) uint64 { return c[b/64] >> (b % 64) & 1 }
	c := Code{0x0123456789abcdef, 0xfedcba9876543210, 0x5555, 0x1}
	for b := range 256 {
		if got, want := bit(d.Hide(c), b), bit(c, pi[b])^bit(mask, b); got != want {
			t.Fatalf("stored bit %d is %d", b, got)
		}
	}
	const check = "131b5427a0cbf4da"
	if sum := d.Check(); hex.EncodeToString(sum[:8]) != check {
		t.Errorf("key check %x, want %s…", sum, check)
	}
}

func TestDisguiseDependsOnTheKey(t *testing.T) {
	c := Code{1, 2, 3, 4}
	a, b, none := NewDisguise([]byte("a")), NewDisguise([]byte("b")), NewDisguise(nil)
	if none.Hide(c) != c || none.Check() != [16]byte{} {
		t.Error("without a key the code changed")
	}
	if a.Hide(c) != NewDisguise([]byte("a")).Hide(c) || a.Check() == b.Check() {
		t.Error("the same key must hide alike, another not")
	}
	if d := Distance(a.Hide(c), b.Hide(c)); d < 60 {
		t.Errorf("two keys hide alike but for %d bits", d)
	}
}

// TestDisguiseSpreadsCrowds: codes made to fall into one group of each slot do not
// when hidden.
func TestDisguiseSpreadsCrowds(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 6))
	d := NewDisguise([]byte("k"))
	seen := map[uint32]bool{}
	for range 1000 {
		seen[slotOf(new(d.Hide(with(random(r), 0, 1))), 0)] = true
	}
	if len(seen) < 900 {
		t.Errorf("1000 codes of one slot value have %d values", len(seen))
	}
	if n := bits.OnesCount64(d.mask[0]); n == 0 || n == 64 {
		t.Error("the mask is empty")
	}
}
