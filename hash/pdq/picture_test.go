package pdq

// picture draws a w×h picture of soft hills and fine grain, in integers only, so
// that it is the same on every machine.
func picture(w, h, channels int, seed uint32) Image {
	m := Image{W: w, H: h, Channels: channels, Pix: make([]byte, w*h*channels)}
	s := seed*2654435761 + 1
	for y := range h {
		for x := range w {
			s ^= s << 13
			s ^= s >> 17
			s ^= s << 5
			hill := (x*x*3/(w+1) + y*(int(seed)%7+1)*255/(h+1) + x*y*5/(w+h)) / 2
			for c := range channels {
				m.Pix[(y*w+x)*channels+c] = byte(fold(hill*(c+2)/2+int(seed)*31) + int(s>>28))
			}
		}
	}
	return m
}

// fold maps any number to 0…239 without a jump.
func fold(v int) int {
	v %= 480
	if v < 0 {
		v += 480
	}
	return min(v, 479-v)
}

// mirrored returns the picture with left and right exchanged.
func mirrored(m Image) Image {
	out := Image{W: m.W, H: m.H, Channels: m.Channels, Pix: make([]byte, len(m.Pix))}
	n := m.Channels
	for y := range m.H {
		for x := range m.W {
			copy(out.Pix[(y*m.W+x)*n:][:n], m.Pix[(y*m.W+m.W-1-x)*n:][:n])
		}
	}
	return out
}
