package jpeg

// Constants of jidctint.c: values scaled by 2^13.
const (
	constBits = 13
	passBits  = 2

	f0298 = 2446
	f0390 = 3196
	f0541 = 4433
	f0765 = 6270
	f0899 = 7373
	f1175 = 9633
	f1501 = 12299
	f1847 = 15137
	f1961 = 16069
	f2053 = 16819
	f2562 = 20995
	f3072 = 25172
)

// idct writes the 8×8 values of a block of dequantised coefficients. It is the
// accurate integer method ("islow") of libjpeg: Loeffler, Ligtenberg and
// Moschytz, columns first.
func idct(in *[64]int32, out []byte, stride int) {
	var work [64]int32
	for x := range 8 {
		c := in[x:]
		if c[8]|c[16]|c[24]|c[32]|c[40]|c[48]|c[56] == 0 {
			v := c[0] << passBits
			for y := range 8 {
				work[y*8+x] = v
			}
			continue
		}
		r := pass(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56], 1<<(constBits-passBits-1))
		for y, v := range r {
			work[y*8+x] = v >> (constBits - passBits)
		}
	}
	const shift = constBits + passBits + 3
	for y := range 8 {
		w := work[y*8 : y*8+8 : y*8+8]
		r := pass(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], 1<<(shift-1)+128<<shift)
		row := out[y*stride : y*stride+8 : y*stride+8]
		for x, v := range r {
			row[x] = clip(v >> shift)
		}
	}
}

// pass is the transform of eight values, scaled by 2^13, with bias added to each.
func pass(s0, s1, s2, s3, s4, s5, s6, s7, bias int32) (r [8]int32) {
	z1 := (s2 + s6) * f0541
	t2, t3 := z1-s6*f1847, z1+s2*f0765
	t0, t1 := (s0+s4)<<constBits+bias, (s0-s4)<<constBits+bias
	e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

	z5 := (s7 + s3 + s5 + s1) * f1175
	z3, z4 := z5-(s7+s3)*f1961, z5-(s5+s1)*f0390
	z1, z2 := -(s7+s1)*f0899, -(s5+s3)*f2562
	o0 := s7*f0298 + z1 + z3
	o1 := s5*f2053 + z2 + z4
	o2 := s3*f3072 + z2 + z3
	o3 := s1*f1501 + z1 + z4
	return [8]int32{e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3}
}

// flat is idct for a block that has no coefficient but the first.
func flat(dc int32, out []byte, stride int) {
	v := clip((dc+4)>>3 + 128)
	for y := range 8 {
		row := out[y*stride : y*stride+8 : y*stride+8]
		for x := range row {
			row[x] = v
		}
	}
}

func clip(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}
