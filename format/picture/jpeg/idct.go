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
	var rest [8]int32 // of each column, below its first value
	below := int32(0)
	for x := range rest {
		rest[x] = in[8+x] | in[16+x] | in[24+x] | in[32+x] | in[40+x] | in[48+x] | in[56+x]
		below |= rest[x]
	}
	for x := range rest {
		if rest[x] == 0 {
			if in[x] == 0 {
				continue
			}
			v := bounded(in[x] << passBits)
			if below == 0 { // only here is nothing kept in bounds
				v = short(in[x] << passBits)
			}
			for y := 0; y < 64; y += 8 {
				work[y+x] = v
			}
			continue
		}
		e0, e1, e2, e3 := even(in[x], in[16+x], in[32+x], in[48+x])
		o0, o1, o2, o3 := odd(in[8+x], in[24+x], in[40+x], in[56+x])
		const shift = constBits - passBits
		const half = 1 << (shift - 1)
		work[x], work[56+x] = bounded((e0+o3+half)>>shift), bounded((e0-o3+half)>>shift)
		work[8+x], work[48+x] = bounded((e1+o2+half)>>shift), bounded((e1-o2+half)>>shift)
		work[16+x], work[40+x] = bounded((e2+o1+half)>>shift), bounded((e2-o1+half)>>shift)
		work[24+x], work[32+x] = bounded((e3+o0+half)>>shift), bounded((e3-o0+half)>>shift)
	}
	for y := range 8 {
		w := work[y*8 : y*8+8 : y*8+8]
		row := out[y*stride : y*stride+8 : y*stride+8]
		if w[1]|w[2]|w[3]|w[4]|w[5]|w[6]|w[7] == 0 {
			v := clip((w[0]+1<<(passBits+2))>>(passBits+3) + 128)
			for x := range row {
				row[x] = v
			}
			continue
		}
		e0, e1, e2, e3 := even(w[0], w[2], w[4], w[6])
		o0, o1, o2, o3 := odd(w[1], w[3], w[5], w[7])
		const shift = constBits + passBits + 3
		const half = 1<<(shift-1) + 128<<shift
		row[0], row[7] = clip((e0+o3+half)>>shift), clip((e0-o3+half)>>shift)
		row[1], row[6] = clip((e1+o2+half)>>shift), clip((e1-o2+half)>>shift)
		row[2], row[5] = clip((e2+o1+half)>>shift), clip((e2-o1+half)>>shift)
		row[3], row[4] = clip((e3+o0+half)>>shift), clip((e3-o0+half)>>shift)
	}
}

// even is what the even values of eight give, scaled by 2^13.
func even(s0, s2, s4, s6 int32) (e0, e1, e2, e3 int32) {
	z := (s2 + s6) * f0541
	t2, t3 := z-s6*f1847, z+s2*f0765
	t0, t1 := short(s0+s4)<<constBits, short(s0-s4)<<constBits
	return t0 + t3, t1 + t2, t1 - t2, t0 - t3
}

// odd is what the odd ones give.
func odd(s1, s3, s5, s7 int32) (o0, o1, o2, o3 int32) {
	z3, z4 := short(s7+s3), short(s5+s1)
	z5 := (z3 + z4) * f1175
	z3, z4 = z5-z3*f1961, z5-z4*f0390
	z1, z2 := -(s7+s1)*f0899, -(s5+s3)*f2562
	return s7*f0298 + z1 + z3, s5*f2053 + z2 + z4, s3*f3072 + z2 + z3, s1*f1501 + z1 + z4
}

// flat is idct for a block that has no coefficient but the first.
func flat(dc int32, out []byte, stride int) {
	v := clip((short(dc<<passBits)+1<<(passBits+2))>>(passBits+3) + 128)
	for y := range 8 {
		row := out[y*stride : y*stride+8 : y*stride+8]
		for x := range row {
			row[x] = v
		}
	}
}

// short and bounded keep 16 bits where the vector code of libjpeg-turbo
// (jidctint-sse2.asm, jidctint-avx2.asm) does, which shows in damaged files only.
func short(v int32) int32 { return int32(int16(v)) }

func bounded(v int32) int32 { return max(-1<<15, min(v, 1<<15-1)) }

func clip(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}
