package near

import (
	"cmp"
	"slices"
	"sort"
	"sync"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/vault/internal/mapped"
)

// Entry is a code with the id that its owner knows it by. Several codes may have
// one id.
type Entry struct {
	ID   uint64
	Code hamming.Code
}

// Hit is a code within the radius.
type Hit struct {
	ID       uint64
	Distance int // bits, 0 to the radius
}

// Work is the memory that searches use, so that they allocate nothing. The zero
// value is ready; it serves one search at a time.
type Work struct {
	segment hamming.Work
	hits    []hamming.Hit
}

// Index is an open directory. It is safe for concurrent use.
type Index struct {
	dir      string
	disguise *hamming.Disguise
	lock     *lockFile // nil: opened for reading only

	writing  sync.Mutex // one at a time changes what mu guards
	mu       sync.RWMutex
	segments []*segment // by number, ascending
	tail     tail
	log      *logFile
	mark     uint64
	next     uint64 // number of the next file
	broken   error  // set when the disk no longer says what we think
}

// segment is a mapped file of codes.
type segment struct {
	*hamming.Segment
	number uint64
	file   *mapped.File
	gone   []uint64 // bit of each withdrawn ordinal; nil: none
	dead   int      // bits set in gone
}

func (s *segment) withdrawn(ordinal int) bool {
	return s.gone != nil && s.gone[ordinal/64]>>(ordinal%64)&1 == 1
}

// withdraw marks the codes of an id.
func (s *segment) withdraw(id uint64) {
	first := sort.Search(s.Len(), func(i int) bool { return s.ID(i) >= id })
	for i := first; i < s.Len() && s.ID(i) == id; i++ {
		if s.gone == nil {
			s.gone = make([]uint64, (s.Len()+63)/64)
		}
		if !s.withdrawn(i) {
			s.gone[i/64] |= 1 << (i % 64)
			s.dead++
		}
	}
}

// tail is what the log holds, in memory.
type tail struct {
	ids   []uint64
	words []uint64
	gone  []bool
	at    map[uint64][]int // places of an id
	dead  int
}

func (t *tail) add(id uint64, code hamming.Code) {
	if t.at == nil {
		t.at = map[uint64][]int{}
	}
	t.at[id] = append(t.at[id], len(t.ids))
	t.ids, t.words, t.gone = append(t.ids, id), append(t.words, code[:]...), append(t.gone, false)
}

func (t *tail) withdraw(id uint64) {
	for _, i := range t.at[id] {
		t.gone[i] = true
		t.dead++
	}
	delete(t.at, id)
}

// Len returns the number of codes that can be found.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := len(x.tail.ids) - x.tail.dead
	for _, s := range x.segments {
		n += s.Len() - s.dead
	}
	return n
}

// Mark returns the mark of the last batch: up to which state of its source the
// index goes.
func (x *Index) Mark() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.mark
}

// Search appends to hits the codes within radius bits of a code, the nearest
// first, then by id. An error means that nothing may be concluded.
func (x *Index) Search(hits []Hit, w *Work, code hamming.Code, radius int) ([]Hit, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.broken != nil {
		return hits, x.broken
	}
	before, hidden := len(hits), x.disguise.Hide(code)
	err := mapped.Guard(func() {
		for _, s := range x.segments {
			w.hits = s.Search(w.hits[:0], &w.segment, hidden, radius)
			for _, h := range w.hits {
				if !s.withdrawn(h.Index) {
					hits = append(hits, Hit{s.ID(h.Index), h.Distance})
				}
			}
		}
		w.hits = hamming.Search(w.hits[:0], x.tail.words, hidden, radius)
		for _, h := range w.hits {
			if !x.tail.gone[h.Index] {
				hits = append(hits, Hit{x.tail.ids[h.Index], h.Distance})
			}
		}
	})
	if err != nil {
		return hits[:before], err
	}
	slices.SortFunc(hits[before:], func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.ID, b.ID))
	})
	return hits, nil
}

// SearchAll searches many codes on all processors and calls fn with each one's
// place and hits; fn must be safe for concurrent use and must not keep hits. It
// returns the first error.
func (x *Index) SearchAll(codes []hamming.Code, radius int, fn func(i int, hits []Hit)) error {
	type memory struct {
		work Work
		hits []Hit
	}
	var once sync.Once
	var failed error
	hamming.Batch(len(codes), func(m *memory, i int) {
		var err error
		if m.hits, err = x.Search(m.hits[:0], &m.work, codes[i], radius); err != nil {
			once.Do(func() { failed = err })
			return
		}
		fn(i, m.hits)
	})
	return failed
}

// Release gives up the right to write, so that another process can, and keeps what
// there is now for searches.
func (x *Index) Release() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	lock := x.lock
	x.lock = nil
	if x.log != nil && x.log.file != nil {
		x.log.file.Close()
		x.log.file = nil
	}
	return lock.release()
}

// Close gives back what the index holds. No search may be under way.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.broken = fault.New(fault.Invalid, "near: the index is closed")
	for _, s := range x.segments {
		s.file.Close()
	}
	x.segments = nil
	if x.log != nil && x.log.file != nil {
		x.log.file.Close()
	}
	return x.lock.release()
}
