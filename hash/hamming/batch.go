package hamming

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Batch calls fn for 0 to n-1 on all processors, each with a W of its own for
// its searches, and returns when all is done. fn must be safe for concurrent use.
func Batch[W any](n int, fn func(w *W, i int)) {
	const share = 64 // calls at a time, so that the processors do not meet often
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+share-1)/share) {
		wg.Go(func() {
			w := new(W)
			for {
				end := int(next.Add(share))
				for i := end - share; i < min(end, n); i++ {
					fn(w, i)
				}
				if end >= n {
					return
				}
			}
		})
	}
	wg.Wait()
}
