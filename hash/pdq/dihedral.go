package pdq

// Turn is one of the eight ways to turn and mirror a picture, in the order of
// the reference.
type Turn int

// The eight turns, named as in the reference: FlipX mirrors at the horizontal
// axis (upside down), FlipY at the vertical one (left and right exchanged).
const (
	Original Turn = iota
	Rotate90
	Rotate180
	Rotate270
	FlipX
	FlipY
	FlipPlus1
	FlipMinus1
)

// String returns the name that a match carries: "orig", "rot90" and so on.
func (t Turn) String() string {
	if t < Original || t > FlipMinus1 {
		return "unknown"
	}
	return [...]string{"orig", "rot90", "rot180", "rot270", "flipx", "flipy", "flip+1", "flip-1"}[t]
}

// Dihedral returns the hashes of the eight turns of a picture and the quality of
// the picture as it stands. They are computed from one block of frequencies and
// lie up to 18 bits from the hash of a picture that was really turned. As in the
// reference a picture of exactly 64×64 is filtered here, unlike in Hash.
func (h *Hasher) Dihedral(m Image, p Pipeline) ([8]Hash, int, error) {
	var out [8]Hash
	v := &h.view
	defer v.forget()
	if err := v.set(m, p); err != nil || v.w < minSide || v.h < minSide {
		return out, 0, err
	}
	h.filter.run(v, &h.block)
	quality := h.quality()
	h.transform()
	for t := range out {
		h.turn(Turn(t))
		out[t] = h.threshold(&h.turned)
	}
	return out, quality, nil
}

// turn writes the frequencies of the turned picture: mirroring negates the
// frequencies that are odd in that direction (even indexes, as the constant one
// is left out), and a turn by a quarter also transposes.
func (h *Hasher) turn(t Turn) {
	for i := range freqSide {
		for j := range freqSide {
			v := h.freq[i*freqSide+j]
			if negated(t, i, j) {
				v = -v
			}
			if t == Rotate90 || t == Rotate270 || t == FlipPlus1 || t == FlipMinus1 {
				h.turned[j*freqSide+i] = v
			} else {
				h.turned[i*freqSide+j] = v
			}
		}
	}
}

func negated(t Turn, i, j int) bool {
	switch t {
	case Rotate90, FlipY:
		return j%2 == 0
	case Rotate270, FlipX:
		return i%2 == 0
	case Rotate180, FlipMinus1:
		return (i+j)%2 == 1
	}
	return false
}
