package hamming

import "math/bits"

// Costs of a search, in units of what looking at one code in turn costs (about
// a nanosecond). They decide which of two ways is taken, never what is found.
const (
	probeCost = 8  // of reaching a group of codes
	passCost  = 64 // of looking up a code out of turn
)

// Work is the memory that searches use, so that they allocate nothing. The zero
// value is ready; it serves one search at a time.
type Work struct {
	spans  [slots * maxProbes]span
	ends   [slots][maxLevel + 1]int // of the spans of each slot, by level
	passed []uint32
	touch  uint32
	scans  int
}

// Scans returns how many searches with this memory looked at all codes.
func (w *Work) Scans() int { return w.scans }

// span is the codes of one group.
type span struct{ from, to uint32 }

// quest is one search.
type quest struct {
	code   Code
	radius int
	value  [slots]uint32
	allow  [slots]int // bits a group may differ in; -1: the slot is not used
	bound  [slots]int // bits the slot and its next may differ in together
}

// Search appends to hits every code within radius bits of query: Index is its
// ordinal. Each is reported once; the order is not defined.
func (s *Segment) Search(hits []Hit, w *Work, query Code, radius int) []Hit {
	if !s.tables || radius > MaxRadius || radius < 0 {
		w.scans++
		return Search(hits, s.words, query, radius)
	}
	q := quest{code: query, radius: radius}
	if !s.gather(w, &q) {
		w.scans++
		return Search(hits, s.words, query, radius)
	}
	before := len(hits)
	budget := len(s.words)/Words/passCost + slots
	for i := range slots {
		if q.allow[i] < 0 {
			continue
		}
		w.passed = s.scan(w, w.passed[:0], &q, i)
		if budget -= len(w.passed); budget < 0 {
			w.scans++
			return Search(hits[:before], s.words, query, radius)
		}
		hits = s.confirm(hits, w.passed, &q, i)
	}
	return hits
}

func (s *Segment) masks(slot int) *masks {
	if slot < wideSlots {
		return &s.wide
	}
	return &s.narrow
}

// gather notes the groups that each slot leads to, and shares the radius so that
// the slots in which most codes crowd may differ least. It reports false when
// looking at all codes is cheaper.
func (s *Segment) gather(w *Work, q *quest) bool {
	base, rem := share(q.radius)
	var less, more [slots]int // codes in groups within base, and what one bit more adds
	top := base
	if rem > 0 {
		top++
	}
	cost := 0
	for i := range slots {
		q.value[i] = slotOf(&q.code, i)
		spans, n, sum := w.spans[i*maxProbes:(i+1)*maxProbes], 0, 0
		for l := 0; l <= top; l++ {
			n, sum = s.reached(spans, n, sum, q.value[i], i, l, top)
			w.ends[i][l] = n
			if l == base {
				less[i] = sum
			}
		}
		more[i] = sum - less[i]
		cost += less[i]
	}
	cost += q.settle(base, rem, &more)
	for i, t := range q.allow {
		if t >= 0 {
			cost += probeCost * w.ends[i][t]
		}
	}
	return int64(cost) <= s.n
}

// reached adds to the n spans the groups that differ from the value's in exactly
// level bits and hold a code that differs in at most top, and to sum their codes.
func (s *Segment) reached(spans []span, n, sum int, value uint32, slot, level, top int) (int, int) {
	m, starts, group := s.masks(slot), s.slot[slot].starts, value>>s.shift
	want := uint64(reach(value, s.shift, top-level)) << 32
	from := 0
	if level > 0 {
		from = m.level[level-1]
	}
	for _, x := range m.list[from:m.level[level]] {
		g := group ^ x
		e := starts[g]
		p := span{uint32(e), uint32(starts[g+1])}
		spans[n] = p
		if e&want != 0 {
			n++
			sum += int(p.to - p.from)
		}
	}
	return n, sum
}

// settle gives one bit more to the rem slots where that costs least, and returns
// that cost.
func (q *quest) settle(base, rem int, more *[slots]int) int {
	for i := range q.allow {
		q.allow[i] = base
	}
	cost := 0
	for range rem {
		best := -1
		for i := range more {
			if q.allow[i] == base && (best < 0 || more[i] < more[best]) {
				best = i
			}
		}
		q.allow[best]++
		cost += more[best]
	}
	for i := range q.bound {
		q.bound[i] = q.allow[i] + q.allow[nextSlot(i)] + 1
	}
	return cost
}

// scan appends the places of one slot's table whose check is within the bound. It
// touches some groups ahead of comparing them, so that memory answers for many at
// once.
func (s *Segment) scan(w *Work, passed []uint32, q *quest, slot int) []uint32 {
	const ahead = 32
	spans := w.spans[slot*maxProbes:][:w.ends[slot][q.allow[slot]]]
	checks := s.slot[slot].checks
	want := checkOf(q.value[slot], q.value[nextSlot(slot)], s.shift)
	last := uint32(len(checks) - 1)
	touch := w.touch
	level := 0
	for begin := 0; begin < len(spans); begin += ahead {
		some := spans[begin:min(begin+ahead, len(spans))]
		for _, p := range some {
			touch += checks[min(p.from, last)]
		}
		for j, p := range some {
			for begin+j >= w.ends[slot][level] {
				level++
			}
			bound := q.bound[slot] - level
			for k, c := range checks[p.from:p.to] {
				if bits.OnesCount32(c^want) <= bound {
					passed = append(passed, p.from+uint32(k))
				}
			}
		}
	}
	w.touch = touch
	return passed
}

// confirm appends the codes behind the places that are within the radius and that
// no earlier slot led to.
func (s *Segment) confirm(hits []Hit, places []uint32, q *quest, slot int) []Hit {
	ordinals := s.slot[slot].ordinals
	for _, p := range places {
		o := int(ordinals[p])
		c := Code(s.words[o*Words : o*Words+Words])
		d := Distance(c, q.code)
		if d <= q.radius && q.leads(&c, slot) && !q.earlier(&c, slot) {
			hits = append(hits, Hit{o, d})
		}
	}
	return hits
}

// earlier reports whether a slot before the given one leads to the code too.
func (q *quest) earlier(c *Code, slot int) bool {
	for i := range slot {
		if q.leads(c, i) {
			return true
		}
	}
	return false
}

// leads reports whether a slot is bound to lead to the code. A scan may meet
// others beside; they are left to the slot that leads to them.
func (q *quest) leads(c *Code, slot int) bool {
	d := bits.OnesCount32(slotOf(c, slot) ^ q.value[slot])
	if d > q.allow[slot] {
		return false
	}
	next := nextSlot(slot)
	return d+bits.OnesCount32(slotOf(c, next)^q.value[next]) <= q.bound[slot]
}
