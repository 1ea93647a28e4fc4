package hamming

// The geometry of docs/formats/hamming.md, "Slots".
const (
	slots     = 11
	wideSlots = 3 // slots 0 to 2 have 24 bits, the others 23
	nextBits  = 24

	// MaxRadius is the greatest distance in bits that the tables of a segment
	// cover; beyond it a search looks at all codes.
	MaxRadius = 32

	maxShift = 8
	maxLevel = 2 // greatest number of bits in which a probed group differs
	// maxProbes bounds the groups that one slot leads to: 24 bits, none of them
	// left out, at most two changed.
	maxProbes = 1 + 24 + 24*23/2
)

func slotWidth(s int) uint {
	if s < wideSlots {
		return 24
	}
	return 23
}

func slotStart(s int) uint {
	if s < wideSlots {
		return uint(s) * 24
	}
	return wideSlots*24 + uint(s-wideSlots)*23
}

// slotOf returns the value of slot s of a code.
func slotOf(c *Code, s int) uint32 {
	at, w := slotStart(s), slotWidth(s)
	v := c[at/64] >> (at % 64)
	if at%64+w > 64 {
		v |= c[at/64+1] << (64 - at%64)
	}
	return uint32(v) & (1<<w - 1)
}

func nextSlot(s int) int {
	if s == slots-1 {
		return 0
	}
	return s + 1
}

// checkOf joins the low bits of a slot's value with the value of the next slot.
func checkOf(value, next uint32, shift uint) uint32 {
	return (value&(1<<shift-1))<<nextBits | next
}

// occupied is the bit of a group's occupancy that stands for a value's low bits:
// one of 32, so that with more than 5 low bits neighbours share one.
func occupied(value uint32, shift uint) uint32 {
	low := value & (1<<shift - 1)
	if shift > 5 {
		low >>= shift - 5
	}
	return 1 << low
}

// reach returns the occupancy bits of all low bits that differ from the value's in
// at most level bits.
func reach(value uint32, shift uint, level int) uint32 {
	out := occupied(value, shift)
	for a := uint(0); a < shift && level > 0; a++ {
		out |= occupied(value^1<<a, shift)
		for b := uint(0); b < a && level > 1; b++ {
			out |= occupied(value^1<<a^1<<b, shift)
		}
	}
	return out
}

// masks are what must be exclusive-ored with a group to reach all groups in at
// most maxLevel bits from it, by number of bits: level[l] is how many masks have
// at most l bits.
type masks struct {
	list  []uint32
	level [maxLevel + 1]int
}

func masksOf(width uint) masks {
	m := masks{list: []uint32{0}}
	m.level[0] = 1
	for a := range width {
		m.list = append(m.list, 1<<a)
	}
	m.level[1] = len(m.list)
	for a := range width {
		for b := range a {
			m.list = append(m.list, 1<<a|1<<b)
		}
	}
	m.level[2] = len(m.list)
	return m
}

// share splits what a radius allows over the slots: rem of them get base+1, the
// others base, so that their sum is radius-10.
func share(radius int) (base, rem int) {
	sum := radius - (slots - 1) + slots // so that the division rounds down
	return sum/slots - 1, sum % slots
}
