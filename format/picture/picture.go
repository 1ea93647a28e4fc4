package picture

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"iter"
	"runtime"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"tutela/format"
	"tutela/format/picture/jpeg"
)

// Version of the decoding rules of this package; it stands in Picture.Decoder.
const Version = "2"

// Codes of findings.
const (
	Unsupported   = "picture.unsupported"    // not one of the six formats, or a kind of one that no decoder here reads
	RawCamera     = "picture.raw-camera"     // a raw camera format, which is never decoded here; its digests stand
	NoDecoder     = "picture.no-decoder"     // only a decoder of the system reads this format (HEIC, AVIF, JPEG XL)
	Damaged       = "picture.damaged"        // nothing could be decoded
	Truncated     = "picture.truncated"      // the file ends early; the rest of the picture is filler
	Corrupt       = "picture.corrupt"        // the data hold nonsense; some of the picture is wrong
	TooLarge      = "picture.too-large"      // more pixels than the limit, judged by the header
	TooSmall      = "picture.too-small"      // no perceptual hash was made; said of results, not found in a file
	FramesLeft    = "picture.frames-left"    // not every frame of an animation was looked at
	BadOrient     = "picture.orientation"    // orientation tag outside of 1 to 8
	DecoderFailed = "picture.decoder-failed" // the decoder broke down on this file
)

// Picture is one decoded frame as it is stored, before any turn by Orientation.
// Transparent parts are composited on white by (c*a + 255*(255-a) + 127) / 255 on
// straight colour; 16-bit values have lost their low byte.
type Picture struct {
	Width, Height int
	Channels      int    // 1 grey, 3 red, green, blue
	Pix           []byte // Width*Height*Channels, row by row from the top
	Format        string // "jpeg", "png", "gif", "webp", "bmp", "tiff"
	Decoder       string // name and version of what decoded it
	Frames        int    // frames in the file, at least 1
	Orientation   int    // EXIF orientation 1 to 8; 1 where there is none
	Transparent   bool   // some pixel was not opaque

	box image.Rectangle // holds all that can be seen
}

// codec is one format: how its header is read and how it is decoded.
type codec struct {
	name     string
	decoder  string
	config   func(io.Reader) (image.Config, error)
	decode   func(source) (canvas, error)
	pictures func(source) iter.Seq2[func() pixels, error] // all frames or pages; nil where there is one only
}

// source is the input of a decoder, with what the header said.
type source struct {
	in     io.ReaderAt
	size   int64
	config image.Config
	limits format.Limits
}

func (s source) reader() io.Reader { return bufio.NewReader(io.NewSectionReader(s.in, 0, s.size)) }

// canvas is a decoder's answer: pixels in normal form, the number of frames and
// what else was noticed.
type canvas struct {
	pixels
	frames    int
	truncated bool
	corrupt   bool
}

func codecFor(head []byte) (codec, bool) {
	std, ext := "go "+runtime.Version(), "golang.org/x/image v0.47.0"
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return codec{"jpeg", "tutela jpeg", jpegConfig, decodeJPEG, nil}, true
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return codec{"png", "image/png " + std, png.DecodeConfig, decodePNG, composed(pngFrames)}, true
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return codec{"gif", "tutela gif", gifConfig, decodeGIF, composed(gifFrames)}, true
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return codec{"webp", "webp " + ext, webp.DecodeConfig, decodeWebP, composed(webpFrames)}, true
	case bytes.HasPrefix(head, []byte("BM")):
		return codec{"bmp", "bmp " + ext, bmp.DecodeConfig, plain(bmp.Decode), nil}, true
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return codec{"tiff", "tiff " + ext, tiff.DecodeConfig, decodeTIFF, tiffPages}, true
	}
	return codec{}, false
}

// plain is the decoder of a format without frames and without traps.
func plain(decode func(io.Reader) (image.Image, error)) func(source) (canvas, error) {
	return func(s source) (canvas, error) {
		img, err := decode(s.reader())
		if err != nil {
			return canvas{}, err
		}
		return canvas{pixels: normal(img, 3), frames: 1}, nil
	}
}

// Decode decodes the first frame of a picture file of the given size. Where
// nothing can be decoded Pix is empty, and the findings say why.
func Decode(in io.ReaderAt, size int64, limits format.Limits) (Picture, []format.Finding) {
	limits = limits.OrDefault()
	head := make([]byte, min(size, 16))
	if n, err := in.ReadAt(head, 0); n < len(head) {
		return Picture{}, one(Damaged, "header cannot be read: "+reason(err))
	}
	if code, name := refused(in, size, head); code != "" {
		return Picture{}, one(code, name)
	}
	c, ok := codecFor(head)
	if !ok {
		return Picture{}, one(Unsupported, "")
	}
	p := Picture{Format: c.name, Decoder: c.decoder + ", rules " + Version, Orientation: 1, Frames: 1}
	src := source{in: in, size: size, limits: limits}
	var got canvas
	err := guarded(func() (err error) {
		if src.config, err = c.config(src.reader()); err != nil {
			return err
		}
		p.Width, p.Height = src.config.Width, src.config.Height
		if err = affordable(src.config, limits); err != nil {
			return err
		}
		got, err = c.decode(src)
		return err
	})
	if err != nil {
		return p, one(code(err), reason(err))
	}
	p.pixelsOf(got)
	return p, p.notes(src, got)
}

func (p *Picture) pixelsOf(c canvas) {
	*p = p.framed(c.pixels)
	p.Frames = max(c.frames, 1)
}

// notes reads the orientation and collects the findings of a decoded picture.
func (p *Picture) notes(src source, c canvas) []format.Finding {
	var out []format.Finding
	if c.truncated {
		out = append(out, one(Truncated, "")...)
	}
	if c.corrupt {
		out = append(out, one(Corrupt, "")...)
	}
	switch o := orientation(p.Format, src.in, src.size); {
	case o >= 1 && o <= 8:
		p.Orientation = o
	case o != 0:
		out = append(out, one(BadOrient, fmt.Sprint(o))...)
	}
	return out
}

// Digest returns the SHA-256 of the pixels as they are stored, red, green and
// blue of each, grey three times. Files that differ in metadata only share it.
func (p Picture) Digest() [32]byte {
	if p.Channels == 3 {
		return sha256.Sum256(p.Pix)
	}
	sum := sha256.New()
	row := make([]byte, 3*p.Width)
	for y := range p.Height {
		for x, g := range p.Pix[y*p.Width:][:p.Width] {
			row[3*x], row[3*x+1], row[3*x+2] = g, g, g
		}
		sum.Write(row)
	}
	return [32]byte(sum.Sum(nil))
}

var (
	errTooLarge = errors.New("more pixels than the limit")
	errBroken   = errors.New("decoder broke down")
)

// fits judges the sides that a header claims.
func fits(w, h int, l format.Limits) error {
	if w <= 0 || h <= 0 {
		return fmt.Errorf("sides %d×%d", w, h)
	}
	if int64(h) > l.Pixels/int64(w) {
		return fmt.Errorf("%w: %d×%d", errTooLarge, w, h)
	}
	return nil
}

// maxDecoded bounds what a decoder's picture and its normal form take together:
// with the program itself they must stay below what a worker is given.
const maxDecoded = 640 << 20

// affordable judges a header: its sides, and the bytes that its pixels take.
func affordable(c image.Config, l format.Limits) error {
	if err := fits(c.Width, c.Height, l); err != nil {
		return err
	}
	each := int64(7) // four channels and the three of the normal form
	switch c.ColorModel {
	case color.NRGBA64Model, color.RGBA64Model:
		each = 11
	case color.GrayModel, color.Gray16Model, nil: // nil: decoders of ours, which budget for themselves
		each = 3
	}
	if n := int64(c.Width) * int64(c.Height); n > maxDecoded/each {
		return fmt.Errorf("%w: %d×%d of %d bytes each", errTooLarge, c.Width, c.Height, each)
	}
	return nil
}

// guarded runs a decoder and turns a panic of it into an error.
func guarded(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errBroken, v)
		}
	}()
	return fn()
}

func code(err error) string {
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, jpeg.ErrMemory):
		return TooLarge
	case errors.Is(err, errBroken):
		return DecoderFailed
	case errors.Is(err, jpeg.ErrUnsupported), errors.As(err, new(png.UnsupportedError)),
		errors.As(err, new(tiff.UnsupportedError)), errors.Is(err, bmp.ErrUnsupported):
		return Unsupported
	}
	return Damaged
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	return text[:min(len(text), 200)]
}

func one(code, detail string) []format.Finding {
	return []format.Finding{{Code: code, Detail: detail}}
}
