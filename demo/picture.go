package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"

	"github.com/HugoSmits86/nativewebp"
)

// hills draws layered sine ridges under a sky.
func hills(r *rand.Rand, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	sky := color.RGBA{uint8(120 + r.IntN(100)), uint8(140 + r.IntN(90)), uint8(170 + r.IntN(80)), 255}
	for y := range h {
		f := 0.6 + 0.4*float64(y)/float64(h)
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(float64(sky.R) * f), uint8(float64(sky.G) * f), uint8(float64(sky.B) * f), 255})
		}
	}
	for layer := range 5 {
		base := float64(h) * (0.35 + 0.13*float64(layer)) * (0.9 + 0.2*r.Float64())
		amp, freq, phase := float64(h)*(0.04+0.1*r.Float64()), 1+5*r.Float64(), 6.28*r.Float64()
		amp2, freq2, phase2 := amp*0.4*r.Float64(), 7+15*r.Float64(), 6.28*r.Float64()
		c := color.RGBA{uint8(r.IntN(120)), uint8(60 + r.IntN(130)), uint8(r.IntN(110)), 255}
		for x := range w {
			u := float64(x) / float64(w)
			top := int(base + amp*math.Sin(freq*u*6.28+phase) + amp2*math.Sin(freq2*u*6.28+phase2))
			for y := max(top, 0); y < h; y++ {
				img.SetRGBA(x, y, c)
			}
		}
	}
	disc(img, r.IntN(w), r.IntN(h/3+1), w/(8+r.IntN(10))+2, color.RGBA{250, uint8(200 + r.IntN(50)), uint8(80 + r.IntN(100)), 255})
	return img
}

// pattern draws overlapping rotated stripes and rings.
func pattern(r *rand.Rand, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	a, b := 6.28*r.Float64(), 0.02+0.1*r.Float64()
	cx, cy, ring := r.Float64()*float64(w), r.Float64()*float64(h), 0.03+0.1*r.Float64()
	for y := range h {
		for x := range w {
			s := math.Sin((float64(x)*math.Cos(a) + float64(y)*math.Sin(a)) * b)
			d := math.Sin(math.Hypot(float64(x)-cx, float64(y)-cy) * ring)
			img.SetRGBA(x, y, color.RGBA{uint8(127 + 120*s), uint8(127 + 120*d), uint8(127 + 60*s + 60*d), 255})
		}
	}
	return img
}

// noise draws smoothed random cells.
func noise(r *rand.Rand, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	const cell = 24
	cols := w/cell + 2
	grid := make([]color.RGBA, cols*(h/cell+2))
	for i := range grid {
		grid[i] = color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
	}
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, grid[(y/cell)*cols+x/cell])
		}
	}
	return img
}

// sticker draws geometric shapes on a transparent ground.
func sticker(r *rand.Rand, size int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for range 4 + r.IntN(4) {
		c := color.NRGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		cx, cy, rad := size/4+r.IntN(size/2), size/4+r.IntN(size/2), size/10+r.IntN(size/5)
		square := r.IntN(2) == 0
		for y := max(cy-rad, 0); y < min(cy+rad, size); y++ {
			for x := max(cx-rad, 0); x < min(cx+rad, size); x++ {
				if square || (x-cx)*(x-cx)+(y-cy)*(y-cy) < rad*rad {
					img.SetNRGBA(x, y, c)
				}
			}
		}
	}
	return img
}

func disc(img *image.RGBA, cx, cy, rad int, c color.RGBA) {
	for y := cy - rad; y <= cy+rad; y++ {
		for x := cx - rad; x <= cx+rad; x++ {
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) <= rad*rad && image.Pt(x, y).In(img.Rect) {
				img.SetRGBA(x, y, c)
			}
		}
	}
}

// half returns the picture at half its size, each pixel the mean of four.
func half(in *image.RGBA) *image.RGBA {
	w, h := in.Rect.Dx()/2, in.Rect.Dy()/2
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var s [3]int
			for _, p := range []image.Point{{2 * x, 2 * y}, {2*x + 1, 2 * y}, {2 * x, 2*y + 1}, {2*x + 1, 2*y + 1}} {
				c := in.RGBAAt(p.X, p.Y)
				s[0], s[1], s[2] = s[0]+int(c.R), s[1]+int(c.G), s[2]+int(c.B)
			}
			out.SetRGBA(x, y, color.RGBA{uint8(s[0] / 4), uint8(s[1] / 4), uint8(s[2] / 4), 255})
		}
	}
	return out
}

func asJPEG(img image.Image, quality int) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}))
	return b.Bytes()
}

func asPNG(img image.Image) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, img))
	return b.Bytes()
}

func asWebP(img image.Image) []byte {
	var b bytes.Buffer
	must(nativewebp.Encode(&b, img, nil))
	return b.Bytes()
}

// must stops on an error that encoding our own picture into memory cannot have.
func must(err error) {
	if err != nil {
		panic("demo: " + err.Error())
	}
}
