package jpeg

import (
	"errors"
	"io"
)

// Picture is a decoded file.
type Picture struct {
	Width, Height int
	Channels      int    // 1 grey; 3 red, green, blue; 4 cyan, magenta, yellow, black, 255 being full ink
	Pix           []byte // row by row from the top
	Truncated     bool   // data are missing: what they would have brought is grey, or coarse
	Damaged       bool   // the data hold codes that mean nothing
}

// Decode decodes a file. Planes, coefficients and pixels together take at most
// maxBytes. Damage after the first scan has begun is not an error: the picture
// is then as far as it could be read.
func Decode(r io.Reader, maxBytes int64) (Picture, error) {
	d := newDecoder(r, maxBytes)
	err := d.all()
	if err != nil && (d.scans == 0 || len(d.comps) == 0 || d.comps[0].plane == nil || errors.Is(err, ErrMemory)) {
		return Picture{}, err
	}
	if d.scans == 0 {
		return Picture{}, d.fail(ErrDamaged, "no scan")
	}
	if d.progressive {
		if err := d.transformAll(); err != nil {
			return Picture{}, err
		}
	}
	p := Picture{Width: d.w, Height: d.h, Truncated: d.truncated, Damaged: d.damaged || err != nil}
	p.Pix, p.Channels = d.colours()
	return p, nil
}

// all decodes scan after scan.
func (d *decoder) all() error {
	for {
		data, err := d.header(false)
		if err != nil {
			d.truncated = d.truncated || d.src.end == 0
			return err
		}
		if data == nil {
			return nil
		}
		s, err := d.startScan(data)
		if err != nil {
			return err
		}
		if d.scans == 1 {
			if err := d.allocate(); err != nil {
				return err
			}
		}
		d.run(s)
		if d.bits.over {
			d.truncated = true
			return nil
		}
	}
}

// transformAll turns the coefficients of a progressive file into planes.
func (d *decoder) transformAll() error {
	for i := range d.comps {
		c := &d.comps[i]
		q := d.quant[c.quant]
		if q == nil {
			return d.fail(ErrDamaged, "no quantisation table %d", c.quant)
		}
		var block [64]int32
		for at := 0; at < len(c.coeffs); at += 64 {
			rest := int32(0)
			for k, v := range c.coeffs[at : at+64] {
				block[k] = short(int32(v) * q[k])
				if k > 0 {
					rest |= block[k]
				}
			}
			n := at / 64
			out := c.plane[n/c.wide*8*c.stride+n%c.wide*8:]
			if rest == 0 {
				flat(block[0], out, c.stride)
			} else {
				idct(&block, out, c.stride)
			}
		}
		c.coeffs = nil
	}
	return nil
}
