package near

import (
	"bytes"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/vault/failpoint"
	"tutela/vault/internal/durable"
	"tutela/vault/internal/mapped"
)

const (
	// tailMax is how many codes the log may hold before they become a segment: to
	// look at all of them takes some 50 microseconds.
	tailMax = 1 << 15
	// fresh is how many codes go into one segment of a new index: 8 bytes of memory
	// each while it is written.
	fresh = 16 << 20
)

// Batch is what is applied together: first the withdrawals, then the additions.
type Batch struct {
	// Mark says up to which state of its source the index goes then. It must grow
	// from batch to batch, so that a lost batch shows.
	Mark     uint64
	Withdraw []uint64 // ids; all their codes that were added before
	Add      []Entry
}

// Source is what an index is made of.
type Source struct {
	Mark uint64 // up to which state the entries go
	// Entries in any order; when their ids ascend they need the least memory.
	Entries iter.Seq2[Entry, error]
}

// Create makes an index in place of what is in the directory, and opens it for
// writing. If it fails, what was there before still is.
func Create(dir string, key []byte, from Source) (*Index, error) {
	return create(dir, key, from, fresh)
}

// create makes segments of so many codes.
func create(dir string, key []byte, from Source, room int) (*Index, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Outside, "near: %w", err)
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	x := &Index{dir: dir, disguise: hamming.NewDisguise(key), lock: lock, next: unused(dir)}
	if err := x.fill(from, room); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// unused returns a number above those of all files that are there, also of an
// index whose manifest is damaged.
func unused(dir string) uint64 {
	next := uint64(1)
	names, _ := os.ReadDir(dir)
	for _, n := range names {
		_, digits, _ := strings.Cut(n.Name(), "-")
		if number, err := strconv.ParseUint(digits, 16, 64); err == nil && number >= next && number < math.MaxUint64 {
			next = number + 1
		}
	}
	return next
}

func (x *Index) fill(from Source, room int) error {
	var made []*segment
	next, stop := iter.Pull2(from.Entries)
	defer stop()
	for more := true; more; {
		s, err := newSpool(x.dir)
		if err != nil {
			return err
		}
		if more, err = x.drain(s, room, next); err == nil && s.n > 0 {
			var one *segment
			if one, err = x.writeFile(s.n, s.writeTo); err == nil {
				made = append(made, one)
				x.segments = made // so that Close finds them
			}
		}
		s.close()
		if err != nil {
			return err
		}
	}
	x.mark = from.Mark
	return x.replace(made)
}

// drain moves entries into a spool until it is full, and reports whether there may
// be more.
func (x *Index) drain(s *spool, room int, next func() (Entry, error, bool)) (bool, error) {
	for s.n < room {
		e, err, ok := next()
		if !ok || err != nil {
			return false, err
		}
		s.add(e.ID, x.disguise.Hide(e.Code))
	}
	return true, nil
}

// writeSegment makes a segment's file and opens it. The slices are sorted.
func (x *Index) writeSegment(ids []uint64, codes []hamming.Code) (*segment, error) {
	return x.writeFile(len(codes), func(w io.Writer) error { return hamming.WriteSegment(w, ids, codes) })
}

// writeFile makes a segment's file of n codes and opens it.
func (x *Index) writeFile(n int, write func(w io.Writer) error) (*segment, error) {
	number := x.next
	x.next++
	if err := durable.Write(x.dir, segmentName(number), "near.segment", write); err != nil {
		return nil, err
	}
	// What was written is read back and verified before anything rests on it.
	return openWritten(x.dir, number, n)
}

// replace makes segments, with a new log, the content of the index. Withdrawals
// that the segments still need go into the log.
func (x *Index) replace(segments []*segment) error {
	number := x.next
	x.next++
	first := append(emptyLog(), encodeBatch(x.mark, needed(segments))...)
	err := durable.Write(x.dir, logName(number), "near.log", func(w io.Writer) error {
		_, err := w.Write(first)
		return err
	})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(x.dir, logName(number)), os.O_RDWR, 0)
	if err != nil {
		return fault.New(fault.Outside, "near: %w", err)
	}
	m := manifest{keyCheck: x.disguise.Check(), log: number}
	keep := map[string]bool{logName(number): true}
	for _, s := range segments {
		m.segments = append(m.segments, listed{s.number, uint64(s.Len()), s.Check()})
		keep[segmentName(s.number)] = true
	}
	err = durable.Write(x.dir, manifestName, "near.manifest", func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(m.encode()))
		return err
	})
	if err != nil {
		f.Close()
		return err
	}
	x.swap(segments, &logFile{number, f, int64(len(first))})
	sweep(x.dir, keep)
	return nil
}

// swap takes the new files into use and closes those that are no longer used.
func (x *Index) swap(segments []*segment, log *logFile) {
	x.mu.Lock()
	defer x.mu.Unlock()
	used := map[*segment]bool{}
	for _, s := range segments {
		used[s] = true
	}
	for _, s := range x.segments {
		if !used[s] {
			s.file.Close()
		}
	}
	if x.log != nil && x.log.file != nil {
		x.log.file.Close()
	}
	x.segments, x.log, x.tail = segments, log, tail{}
}

// needed returns the withdrawals of the segments. Where an id is withdrawn in a
// segment it is in all earlier ones.
func needed(segments []*segment) []record {
	var out []record
	for _, s := range segments {
		last, any := uint64(0), false
		for i := 0; s.dead > 0 && i < s.Len(); i++ {
			if s.withdrawn(i) && (!any || s.ID(i) != last) {
				last, any = s.ID(i), true
				out = append(out, record{kind: kindWithdraw, id: last, below: s.number + 1})
			}
		}
	}
	return out
}

// Apply makes a batch durable and visible to searches. Nothing of it is done when
// it returns an error, except one of kind Corrupt: then nothing is known, and the
// index answers no more.
func (x *Index) Apply(b Batch) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.writable(); err != nil {
		return err
	}
	if b.Mark <= x.mark {
		return fault.New(fault.Invalid, "near: mark %d does not follow %d", b.Mark, x.mark)
	}
	if int64(len(b.Withdraw))+int64(len(b.Add)) > math.MaxUint32 {
		return fault.New(fault.Invalid, "near: %d entries in one batch", len(b.Add))
	}
	records := make([]record, 0, len(b.Withdraw)+len(b.Add))
	for _, id := range b.Withdraw {
		records = append(records, record{kind: kindWithdraw, id: id, below: x.next})
	}
	for _, e := range b.Add {
		records = append(records, record{kind: kindAdd, id: e.ID, code: x.disguise.Hide(e.Code)})
	}
	failed, lost := x.log.append(encodeBatch(b.Mark, records))
	if lost != nil {
		return x.stop(fault.New(fault.Corrupt, "near: the log can no longer be written: %w", lost))
	}
	if failed != nil {
		return failed
	}
	failpoint.Hit("near.applied")
	x.mu.Lock()
	err := mapped.Guard(func() {
		for _, r := range records {
			x.take(r)
		}
	})
	x.mark = b.Mark
	x.mu.Unlock()
	if err != nil {
		return x.stop(err)
	}
	if len(x.tail.ids) >= tailMax {
		// The batch is done, whether or not there is room for a segment now; if
		// not, the next batch tries again.
		_ = x.seal()
	}
	return nil
}

// stop ends all use of the index.
func (x *Index) stop(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.broken = err
	return err
}

func (x *Index) writable() error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.broken == nil && (x.lock == nil || x.log == nil) {
		return fault.New(fault.Refused, "near: the index was opened for reading")
	}
	return x.broken
}
