package jpeg

// row returns row y of a component in full width. to is space for it; where the
// plane has full size it is not needed. The filters, and when they apply, are
// those of jdsample.c of libjpeg-turbo.
func (d *decoder) row(c *component, to []byte, y int) []byte {
	fx, fy := d.maxH/c.h, d.maxV/c.v
	line := func(r int) []byte { return c.plane[r*c.stride:][:c.w] }
	switch {
	case fx == 1 && fy == 1:
		return c.plane[y*c.stride:][:c.stride]
	case fx == 2 && fy == 1 && c.w > 2:
		across(to, line(y))
	case fx == 2 && fy == 2 && c.w > 2:
		near, far := neighbours(y, c.rows)
		both(to, line(near), line(far))
	case fx == 1 && fy == 2:
		near, far := neighbours(y, c.rows)
		a, b := line(near), line(far)
		for x := range a {
			to[x] = byte((3*int(a[x]) + int(b[x]) + 1 + y&1) >> 2)
		}
	default:
		for x, v := range line(y / fy) {
			for k := range fx {
				to[x*fx+k] = v
			}
		}
	}
	return to
}

// neighbours returns the row that row y lies in and the next nearest one.
func neighbours(y, rows int) (near, far int) {
	near = y / 2
	if y%2 == 0 {
		return near, max(near-1, 0)
	}
	return near, min(near+1, rows-1)
}

// across doubles a row of at least three values in width.
func across(to, in []byte) {
	last := len(in) - 1
	to[0], to[1] = in[0], byte((3*int(in[0])+int(in[1])+2)>>2)
	for x := 1; x < last; x++ {
		c := 3 * int(in[x])
		to[2*x] = byte((c + int(in[x-1]) + 1) >> 2)
		to[2*x+1] = byte((c + int(in[x+1]) + 2) >> 2)
	}
	to[2*last], to[2*last+1] = byte((3*int(in[last])+int(in[last-1])+1)>>2), in[last]
}

// both doubles in width and height: a row between near and far.
func both(to, near, far []byte) {
	last := len(near) - 1
	far = far[:len(near)]
	sum := func(x int) int { return 3*int(near[x]) + int(far[x]) }
	before, now, after := 0, sum(0), sum(1)
	to[0], to[1] = byte((now*4+8)>>4), byte((now*3+after+7)>>4)
	for x := 1; x < last; x++ {
		before, now, after = now, after, sum(x+1)
		to[2*x] = byte((now*3 + before + 8) >> 4)
		to[2*x+1] = byte((now*3 + after + 7) >> 4)
	}
	before, now = now, after
	to[2*last], to[2*last+1] = byte((now*3+before+8)>>4), byte((now*4+7)>>4)
}
