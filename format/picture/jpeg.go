package picture

import (
	"image"
	"io"

	"tutela/format/picture/jpeg"
)

// maxJPEG bounds what one JPEG takes in planes, coefficients and pixels: a
// picture of 100 megapixels stays below it, a progressive one up to half of that.
const maxJPEG = 640 << 20

func jpegConfig(r io.Reader) (image.Config, error) {
	w, h, err := jpeg.Sides(r)
	return image.Config{Width: w, Height: h}, err
}

// decodeJPEG decodes; of a file that ends early it decodes what is there.
func decodeJPEG(s source) (canvas, error) {
	p, err := jpeg.Decode(io.NewSectionReader(s.in, 0, s.size), maxJPEG)
	if err != nil {
		return canvas{}, err
	}
	out := pixels{w: p.Width, h: p.Height, channels: p.Channels, pix: p.Pix}
	if p.Channels == 4 {
		out = fourInks(p.Width, p.Height, 4*p.Width, p.Pix)
	}
	return canvas{pixels: out, frames: 1, truncated: p.Truncated, corrupt: p.Damaged}, nil
}
