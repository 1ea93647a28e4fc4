package picture

import "image"

// upSide is the longest side of a picture that was made larger for hashing.
const upSide = 512

// Weights have 14 fractional bits, places 16.
const (
	weightBits = 14
	placeBits  = 16
)

// tap is where one value of the result comes from: four neighbours, clamped to
// the picture, and their weights.
type tap struct {
	at [4]int
	w  [4]int64
}

// catmullRom returns the taps that make n values of m. All of it is integer
// arithmetic, so that every processor gives the same: a float filter would be
// fused on some and not on others.
func catmullRom(m, n int) []tap {
	taps := make([]tap, n)
	for i := range taps {
		// The centre of value i, in values of the source: (i+1/2)*m/n - 1/2.
		num, den := int64(2*i+1)*int64(m)-int64(n), int64(2*n)
		base := num / den
		if num%den < 0 {
			base--
		}
		t := (num - base*den) << placeBits / den
		one := int64(1) << placeBits
		t2 := t * t >> placeBits
		t3 := t2 * t >> placeBits
		w := [4]int64{2*t2 - t - t3, 2*one - 5*t2 + 3*t3, t + 4*t2 - 3*t3, t3 - t2} // twice the weights
		sum := int64(0)
		for k := range w {
			taps[i].w[k] = w[k] >> (placeBits - weightBits + 1)
			taps[i].at[k] = max(0, min(m-1, int(base)-1+k))
			sum += taps[i].w[k]
		}
		taps[i].w[1] += 1<<weightBits - sum
	}
	return taps
}

// upscaled makes the longest side 512, keeping the aspect, by the cubic filter of
// Catmull and Rom. Of rows and columns the rows come first.
func (p Picture) upscaled() Picture {
	w, h := upSide, upSide
	if p.Width > p.Height {
		h = max(1, (2*p.Height*upSide+p.Width)/(2*p.Width))
	} else {
		w = max(1, (2*p.Width*upSide+p.Height)/(2*p.Height))
	}
	n := p.Channels
	wide := make([]int64, w*p.Height*n) // 6 of the 14 fractional bits are dropped
	across := catmullRom(p.Width, w)
	for y := range p.Height {
		row, to := p.Pix[y*p.Width*n:], wide[y*w*n:]
		for x, t := range across {
			for c := range n {
				sum := int64(0)
				for k := range t.at {
					sum += t.w[k] * int64(row[t.at[k]*n+c])
				}
				to[x*n+c] = sum >> 6
			}
		}
	}
	out := p
	out.Width, out.Height, out.Pix = w, h, make([]byte, w*h*n)
	out.box = image.Rect(0, 0, w, h)
	const shift = 2*weightBits - 6
	for y, t := range catmullRom(p.Height, h) {
		to := out.Pix[y*w*n:][:w*n]
		for i := range to {
			sum := int64(1) << (shift - 1)
			for k := range t.at {
				sum += t.w[k] * wide[t.at[k]*w*n+i]
			}
			to[i] = byte(max(0, min(255, sum>>shift)))
		}
	}
	return out
}

// cropped cuts the picture to a box inside of it.
func (p Picture) cropped(box image.Rectangle) Picture {
	out, n := p, p.Channels
	out.Width, out.Height = box.Dx(), box.Dy()
	out.Pix = make([]byte, 0, out.Width*out.Height*n)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		out.Pix = append(out.Pix, p.Pix[(y*p.Width+box.Min.X)*n:][:out.Width*n]...)
	}
	out.box = image.Rect(0, 0, out.Width, out.Height)
	return out
}
