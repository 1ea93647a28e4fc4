package hashlists

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tutela/format/hashlist"
	"tutela/hash/hamming"
	"tutela/hash/pdq"
	"tutela/vault/db"
	"tutela/vault/near"
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
	keep := Keep{Dir: filepath.Join(t.TempDir(), "index"), Key: []byte("secret"), From: 1}
	compare := func(lists ...ID) {
		t.Helper()
		q := reader(t, v)
		loaded, err := LoadPerceptual(t.Context(), q, ForCases()...)
		if err != nil {
			t.Fatal(err)
		}
		keep.State = nil
		for _, id := range lists {
			keep.State = append(keep.State, string(id))
		}
		made, err := OpenPerceptual(t.Context(), q, keep, ForCases()...)
		if err != nil {
			t.Fatal(err)
		}
		spread, err := OpenPerceptual(t.Context(), q, Keep{Key: []byte("secret")}, ForCases()...)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := OpenPerceptual(t.Context(), q, keep, ForCases()...)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i, p := range []*Perceptual{loaded, spread, made, opened} {
			if p.Len() != len(lists)*len(stored["L1"]) || (p.index != nil) != (i > 1) {
				t.Errorf("%d values, on disk: %v", p.Len(), p.index != nil)
			}
			wg.Go(func() { compareSome(t, p, stored, lists, uint64(i)) })
		}
		wg.Wait()
	}
	compare("L1", "L2")
	for _, name := range []string{"manifest", "segment-*"} {
		harm(t, filepath.Join(keep.Dir, name))
		compare("L1", "L2")
	}
	if err := do(t, v, func(ctx context.Context, w *db.Writer) error { return SetState(ctx, w, "L1", Withdrawn, "test") }); err != nil {
		t.Fatal(err)
	}
	compare("L2")
}

// harm changes a byte in the middle of the files of a pattern.
func harm(t *testing.T, pattern string) {
	t.Helper()
	files, _ := filepath.Glob(pattern)
	if len(files) == 0 {
		t.Fatalf("no %s", pattern)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		os.Remove(f) // as the file is mapped, its memory must not change
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeepWaitsForAnother: while one process makes the index another waits, and
// where the disk fails memory serves.
func TestKeepWaitsForAnother(t *testing.T) {
	v := vaulttest.Open(t, Schema())
	text := "pdq\n" + fmt.Sprintf("%x\n", bytes.Repeat([]byte{0x5a, 0xc3, 0x0f, 0x99}, 8))
	if _, err := bring(t, v, described("L1", "1", CSAM, text), text, hashlist.Options{}); err != nil {
		t.Fatal(err)
	}
	q := reader(t, v)
	keep := Keep{Dir: filepath.Join(t.TempDir(), "index"), State: []string{"now"}, From: 1}
	other, err := near.Create(keep.Dir, nil, near.Source{Mark: 1, Entries: func(func(near.Entry, error) bool) {}})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { other.Close() })
	begun := time.Now()
	p, err := OpenPerceptual(t.Context(), q, keep, ForCases()...)
	if err != nil || p.Len() != 1 || p.index == nil || time.Since(begun) < 200*time.Millisecond {
		t.Fatalf("%v after %v", err, time.Since(begun))
	}
	keep.Dir = filepath.Join(keep.Dir, "manifest", "no directory")
	p, err = OpenPerceptual(t.Context(), q, keep, ForCases()...)
	if err != nil || p.Len() != 1 || p.index != nil {
		t.Fatalf("without a disk: %v", err)
	}
	small := Keep{Dir: t.TempDir()}
	if p, err := OpenPerceptual(t.Context(), q, small, ForCases()...); err != nil || p.index != nil {
		t.Fatalf("a small list is kept on disk: %v", err)
	}
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
					want = append(want, Near{l, int64(i + 1), d})
				}
			}
		}
		if got, err := p.Search(q, radius); err != nil || !slices.Equal(got, want) {
			t.Errorf("radius %d: %v, want %v (%v)", radius, got, want, err)
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
