package jpeg

// model is how the planes are meant.
type model int

const (
	grey model = iota
	ycbcr
	rgb
	cmyk
	ycck
)

// model decides as default_decompress_parms of jdapimin.c does.
func (d *decoder) model() model {
	switch len(d.comps) {
	case 1:
		return grey
	case 4:
		if d.adobe && d.transform != 0 {
			return ycck
		}
		return cmyk
	}
	ids := [3]byte{d.comps[0].id, d.comps[1].id, d.comps[2].id}
	switch {
	case d.jfif:
	case d.adobe && d.transform == 0, !d.adobe && ids == [3]byte{'R', 'G', 'B'}:
		return rgb
	}
	return ycbcr
}

// colours brings the planes to full size and converts them.
func (d *decoder) colours() ([]byte, int) {
	n := len(d.comps)
	kind := d.model()
	pix := make([]byte, d.w*d.h*n)
	var wide [4][]byte
	for i := range d.comps {
		wide[i] = make([]byte, d.comps[i].stride*d.maxH/d.comps[i].h+8)
	}
	for y := range d.h {
		for i := range d.comps {
			wide[i] = d.row(&d.comps[i], wide[i], y)
		}
		to := pix[y*d.w*n:][:d.w*n]
		switch kind {
		case grey:
			copy(to, wide[0])
		case ycbcr:
			fromYCC(to, wide[0], wide[1], wide[2], 3)
		case ycck:
			fromYCC(to, wide[0], wide[1], wide[2], 4)
			inkBlack(to, wide[3])
		default:
			d.woven(to, wide[:n])
		}
	}
	return pix, n
}

// inkBlack sets black of a YCCK row. Adobe stores inks inverted, which for
// the three others cancels the inversion of the conversion.
func inkBlack(to, black []byte) {
	for x := 0; x < len(to)/4; x++ {
		to[4*x+3] = 255 - black[x]
	}
}

// woven writes planes that need no conversion; inks of Adobe's are inverted.
func (d *decoder) woven(to []byte, planes [][]byte) {
	n := len(planes)
	flip := byte(0)
	if n == 4 && d.adobe {
		flip = 255
	}
	for i, p := range planes {
		for x := 0; x < len(to)/n; x++ {
			to[x*n+i] = p[x] ^ flip
		}
	}
}

// fromYCC is the conversion of JFIF with the constants of jdcolor.c, scaled by
// 2^16. step is the number of channels of to.
func fromYCC(to, luma, cb, cr []byte, step int) {
	const half = 1 << 15
	w := len(to) / step
	luma, cb, cr = luma[:w], cb[:w], cr[:w]
	at := 0
	for x, l := range luma {
		y, b, r := int32(l)<<16+half, int32(cb[x])-128, int32(cr[x])-128
		red, green, blue := (y+91881*r)>>16, (y-22554*b-46802*r)>>16, (y+116130*b)>>16
		if uint32(red|green|blue) > 255 { // one is out of range: rare
			red, green, blue = int32(clip(red)), int32(clip(green)), int32(clip(blue))
		}
		out := to[at : at+3 : at+3]
		out[0], out[1], out[2] = byte(red), byte(green), byte(blue)
		at += step
	}
}
