package hashlists

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"tutela/format/hashlist"
	"tutela/hash/hamming"
	"tutela/hash/pdq"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// TestPerceptualOfLargeLists compares lists that are large enough for tables with
// looking at each value, before and after one of them is withdrawn.
func TestPerceptualOfLargeLists(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	r := rand.New(rand.NewPCG(11, 3))
	stored := map[ID][]pdq.Hash{}
	for _, id := range []ID{"L1", "L2"} {
		text := new(strings.Builder)
		text.WriteString("pdq\n")
		for i := range hamming.LinearBelow/2 + 500 {
			h := balanced(r)
			if i%5 == 4 { // in families, so that there are several hits
				h = changed(r, stored[id][i-1], 12)
			}
			stored[id] = append(stored[id], h)
			fmt.Fprintf(text, "%016x%016x%016x%016x\n", h[0], h[1], h[2], h[3])
		}
		l, err := bring(t, v, described(string(id), "1", CSAM, text.String()), text.String(), hashlist.Options{})
		if err != nil || l.Values != int64(len(stored[id])) {
			t.Fatalf("%+v, %v", l, err)
		}
	}
	compare := func(lists ...ID) {
		p, err := LoadPerceptual(t.Context(), reader(t, v), ForCases()...)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for part := range 4 {
			wg.Go(func() { compareSome(t, p, stored, lists, uint64(part)) })
		}
		wg.Wait()
	}
	compare("L1", "L2")
	if err := do(t, v, func(ctx context.Context, w *db.Writer) error { return SetState(ctx, w, "L1", Withdrawn, "test") }); err != nil {
		t.Fatal(err)
	}
	compare("L2")
}

func compareSome(t *testing.T, p *Perceptual, stored map[ID][]pdq.Hash, lists []ID, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 9))
	for range 40 {
		all := stored[[]ID{"L1", "L2"}[r.IntN(2)]]
		q := changed(r, all[r.IntN(len(all))], r.IntN(34))
		radius := r.IntN(33)
		var want []Near
		for _, l := range lists {
			for i, h := range stored[l] {
				if d := hamming.Distance(h, q); d <= radius {
					want = append(want, Near{l, int64(i + 1), h, d})
				}
			}
		}
		if got := p.Search(q, radius); !slices.Equal(got, want) {
			t.Errorf("radius %d: %v, want %v", radius, got, want)
		}
	}
}

// balanced returns a hash with as many ones as zeros, as real ones have.
func balanced(r *rand.Rand) pdq.Hash {
	var h pdq.Hash
	for _, b := range r.Perm(256)[:128] {
		h[b/64] |= 1 << (b % 64)
	}
	return h
}

func changed(r *rand.Rand, h pdq.Hash, n int) pdq.Hash {
	for _, b := range r.Perm(256)[:n] {
		h[b/64] ^= 1 << (b % 64)
	}
	return h
}
