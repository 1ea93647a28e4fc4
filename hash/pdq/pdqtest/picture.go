package pdqtest

import "tutela/hash/pdq"

// Picture draws a w×h picture of soft hills and fine grain, in integers only, so
// that it is the same on every machine. channels is 1 (grey) or 3 (red, green,
// blue).
func Picture(w, h, channels int, seed uint32) pdq.Image {
	m := pdq.Image{W: w, H: h, Channels: channels, Pix: make([]byte, w*h*channels)}
	s := seed*2654435761 + 1
	for y := range h {
		for x := range w {
			s = next(s)
			hill := (x*x*3/(w+1) + y*(int(seed)%7+1)*255/(h+1) + x*y*5/(w+h)) / 2
			for c := range channels {
				m.Pix[(y*w+x)*channels+c] = byte(fold(hill*(c+2)/2+int(seed)*31) + int(s>>28))
			}
		}
	}
	return m
}

// Noise draws a w×h picture of bytes without any order, a third of them black or
// white.
func Noise(w, h, channels int, seed uint32) pdq.Image {
	m := pdq.Image{W: w, H: h, Channels: channels, Pix: make([]byte, w*h*channels)}
	s := seed*2654435761 + 1
	for i := range m.Pix {
		s = next(s)
		switch s >> 8 % 6 {
		case 0:
			m.Pix[i] = 0
		case 1:
			m.Pix[i] = 255
		default:
			m.Pix[i] = byte(s >> 24)
		}
	}
	return m
}

// Mirrored returns the picture with left and right exchanged.
func Mirrored(m pdq.Image) pdq.Image {
	out := pdq.Image{W: m.W, H: m.H, Channels: m.Channels, Pix: make([]byte, len(m.Pix))}
	n := m.Channels
	for y := range m.H {
		for x := range m.W {
			copy(out.Pix[(y*m.W+x)*n:][:n], m.Pix[(y*m.W+m.W-1-x)*n:][:n])
		}
	}
	return out
}

// next is xorshift32 of George Marsaglia.
func next(s uint32) uint32 {
	s ^= s << 13
	s ^= s >> 17
	return s ^ s<<5
}

// fold maps any number to 0…239 without a jump.
func fold(v int) int {
	v %= 480
	if v < 0 {
		v += 480
	}
	return min(v, 479-v)
}
