package jpeg

// maxScans bounds the work on a progressive file; encoders write about ten.
const maxScans = 100

// scan is one pass over the frame, or over some components of it.
type scan struct {
	comps      []*component
	dc, ac     []*table
	start, end int // spectral selection
	high, low  uint
}

// startScan reads the scan header (T.81, B.2.3).
func (d *decoder) startScan(data []byte) (*scan, error) {
	if d.comps == nil {
		return nil, d.fail(ErrDamaged, "scan before the frame")
	}
	if d.scans++; d.scans > maxScans {
		return nil, d.fail(ErrUnsupported, "more than %d scans", maxScans)
	}
	n := 0
	if len(data) > 0 {
		n = int(data[0])
	}
	if n < 1 || n > len(d.comps) || len(data) < 4+2*n {
		return nil, d.fail(ErrDamaged, "scan header")
	}
	tail := data[1+2*n:]
	s := &scan{start: int(tail[0]), end: int(tail[1]), high: uint(tail[2] >> 4), low: uint(tail[2] & 15)}
	if !d.progressive {
		s.start, s.end, s.high, s.low = 0, 63, 0, 0
	}
	if s.start > s.end || s.end > 63 || s.low > 13 || s.high > 14 || d.progressive && s.start == 0 && s.end > 0 || s.start > 0 && n > 1 {
		return nil, d.fail(ErrDamaged, "scan of coefficients %d to %d", s.start, s.end)
	}
	for i := range n {
		if err := d.join(s, data[1+2*i], data[2+2*i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// join adds a component to a scan.
func (d *decoder) join(s *scan, id, tables byte) error {
	for i := range d.comps {
		c := &d.comps[i]
		if c.id != id {
			continue
		}
		for _, other := range s.comps {
			if other == c {
				return d.fail(ErrDamaged, "component %d twice in a scan", id)
			}
		}
		if tables>>4 > 3 || tables&15 > 3 {
			return d.fail(ErrDamaged, "scan names table %d", tables)
		}
		dc, ac := d.huff[0][tables>>4], d.huff[1][tables&15]
		needDC, needAC := s.start == 0 && s.high == 0, s.end > 0
		if needDC && dc == nil || needAC && ac == nil || !d.progressive && d.quant[c.quant] == nil {
			return d.fail(ErrDamaged, "scan without its tables")
		}
		s.comps, s.dc, s.ac = append(s.comps, c), append(s.dc, dc), append(s.ac, ac)
		return nil
	}
	return d.fail(ErrDamaged, "scan of unknown component %d", id)
}

// run decodes the MCUs of a scan.
func (d *decoder) run(s *scan) {
	across, down := d.mcuW, d.mcuH
	if len(s.comps) == 1 {
		across, down = ceil(s.comps[0].w, 8), ceil(s.comps[0].rows, 8)
	}
	d.restart(s)
	starved, left, expected := false, d.interval, byte(rst0)
	for y := range down {
		for x := range across {
			if d.interval > 0 && left == 0 {
				found := d.resync(expected)
				starved = starved && !found
				d.restart(s)
				left, expected = d.interval, rst0+(expected+1)&7
			}
			left--
			if starved { // the rest of the segment stays as it is
				continue
			}
			d.mcu(s, x, y)
			starved = d.bits.starved()
			d.truncated = d.truncated || starved
		}
	}
	d.damaged = d.damaged || d.bits.bad
	d.bits.reset()
}

func (d *decoder) restart(s *scan) {
	d.bits.reset()
	d.eobRun = 0
	for _, c := range s.comps {
		c.dc = 0
	}
}

// resync finds the restart marker that must come now; false means that the
// segment is missing. It decides as jpeg_resync_to_restart of jdmarker.c does.
func (d *decoder) resync(want byte) bool {
	for {
		m := d.nextMarker()
		if m == want {
			return true
		}
		d.truncated = true
		ahead := (m - want) & 7
		switch {
		case m == 0:
			d.bits.over = true
			return false
		case m < sof0 || m >= rst0 && m <= rst7 && ahead >= 6:
			continue // nonsense, or a segment that was passed already
		case m >= rst0 && m <= rst7 && ahead >= 3:
			return true // too far away to tell: go on from here
		}
		d.bits.marker = m
		return false
	}
}

// mcu decodes the blocks of one MCU.
func (d *decoder) mcu(s *scan, x, y int) {
	if len(s.comps) == 1 {
		d.block(s, 0, x, y)
		return
	}
	for i, c := range s.comps {
		for v := range c.v {
			for h := range c.h {
				d.block(s, i, x*c.h+h, y*c.v+v)
			}
		}
	}
}

// block decodes block x, y of component i of the scan.
func (d *decoder) block(s *scan, i, x, y int) {
	c := s.comps[i]
	if !d.progressive {
		d.baseline(c, s.dc[i], s.ac[i], c.plane[y*8*c.stride+x*8:])
		return
	}
	at := (y*c.wide + x) * 64
	coeffs := (*[64]int16)(c.coeffs[at : at+64])
	switch {
	case s.start == 0 && s.high == 0:
		c.dc += d.bits.extended(uint(d.bits.symbol(s.dc[i])) & 15)
		coeffs[0] = int16(c.dc << s.low)
	case s.start == 0:
		coeffs[0] |= int16(d.bits.bit() << s.low)
	case s.high == 0:
		d.first(s, s.ac[i], coeffs)
	default:
		d.refine(s, s.ac[i], coeffs)
	}
}

// baseline decodes a whole block and transforms it into its place.
func (d *decoder) baseline(c *component, dc, ac *table, out []byte) {
	b, q := &d.bits, d.quant[c.quant]
	var block [64]int32
	c.dc += b.extended(uint(b.symbol(dc)) & 15)
	block[0] = short(c.dc * q[0])
	plain := true
	for k := 1; k < 64; k++ {
		sym := b.symbol(ac)
		run, size := int(sym>>4), uint(sym&15)
		if size == 0 {
			if run != 15 {
				break
			}
			k += 15
			continue
		}
		v := b.extended(size)
		k = b.within(k + run)
		z := natural[k] & 63
		block[z] = short(v * q[z])
		plain = false
	}
	if plain {
		flat(block[0], out, c.stride)
		return
	}
	idct(&block, out, c.stride)
}

// within keeps the number of a coefficient in the block: what lies behind its end
// goes to the last place, as in jdhuff.c, so that damage looks alike.
func (b *bits) within(k int) int {
	if k > 63 {
		b.bad = true
		return 63
	}
	return k
}

// first decodes the first pass over some coefficients (T.81, G.1.2.2).
func (d *decoder) first(s *scan, t *table, coeffs *[64]int16) {
	if d.eobRun > 0 {
		d.eobRun--
		return
	}
	b := &d.bits
	for k := s.start; k <= s.end; k++ {
		sym := b.symbol(t)
		run, size := int(sym>>4), uint(sym&15)
		if size == 0 {
			if run != 15 {
				d.eobRun = 1<<run - 1 + b.take(uint(run))
				return
			}
			k += 15
			continue
		}
		v := b.extended(size)
		k = b.within(k + run)
		coeffs[natural[k]&63] = int16(v << s.low)
	}
}

// refine adds one bit to each coefficient of some (T.81, G.1.2.3).
func (d *decoder) refine(s *scan, t *table, coeffs *[64]int16) {
	b, one := &d.bits, int16(1)<<s.low
	k := s.start
	for ; d.eobRun == 0 && k <= s.end; k++ {
		sym := b.symbol(t)
		run, fresh := int(sym>>4), int16(0)
		if sym&15 != 0 {
			if fresh = -one; b.take(1) == 1 {
				fresh = one
			}
		} else if run != 15 {
			d.eobRun = 1<<run + b.take(uint(run))
			break
		}
		k = d.passBy(s, coeffs, k, run, one)
		if fresh != 0 {
			coeffs[natural[b.within(k)]&63] = fresh
		}
	}
	if d.eobRun > 0 {
		d.passBy(s, coeffs, k, 64, one)
		d.eobRun--
	}
}

// passBy refines the coefficients that are there already until zeros of those
// that are not were passed; it returns where the next one lies.
func (d *decoder) passBy(s *scan, coeffs *[64]int16, k, zeros int, one int16) int {
	for ; k <= s.end; k++ {
		c := &coeffs[natural[k]&63]
		if *c == 0 {
			if zeros == 0 {
				return k
			}
			zeros--
			continue
		}
		if d.bits.bit() == 1 && *c&one == 0 {
			if *c > 0 {
				*c += one
			} else {
				*c -= one
			}
		}
	}
	return k
}
