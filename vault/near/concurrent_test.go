package near

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"tutela/hash/hamming"
)

// TestSearchesWhileWriting: what stays is found once at any moment, while batches
// come, segments are sealed and merged, and others are withdrawn.
func TestSearchesWhileWriting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	var kept []Entry
	for i := range uint64(50) {
		kept = append(kept, Entry{i, random(r)})
	}
	x, err := Create(t.TempDir(), []byte("k"), Source{Mark: 1, Entries: seq(kept)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var done atomic.Bool
	var searches atomic.Int64
	var wg sync.WaitGroup
	for reader := range uint64(3) {
		wg.Go(func() {
			r, w := rand.New(rand.NewPCG(reader, 13)), new(Work)
			for !done.Load() {
				e := kept[r.IntN(len(kept))]
				hits, err := x.Search(nil, w, e.Code, 0)
				if err != nil || !slices.Equal(hits, []Hit{{e.ID, 0}}) {
					t.Errorf("%v, %v", hits, err)
					return
				}
				searches.Add(1)
			}
		})
	}
	for mark := uint64(2); mark < 80; mark++ {
		b := Batch{Mark: mark, Withdraw: []uint64{1000 + mark/2}}
		for i := range uint64(20) {
			b.Add = append(b.Add, Entry{1000 + mark*i%90, hamming.Code{mark, i, r.Uint64(), r.Uint64()}})
		}
		err := x.Apply(b)
		switch {
		case err == nil && mark%7 == 0:
			x.writing.Lock()
			err = x.seal()
			x.writing.Unlock()
		case err == nil && mark%31 == 0:
			err = x.Compact()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	done.Store(true)
	wg.Wait()
	if searches.Load() < 100 {
		t.Errorf("%d searches only", searches.Load())
	}
}
