package picture

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"

	"golang.org/x/image/tiff"
)

// maxPages bounds how many pages of a TIFF are looked for.
const maxPages = 1000

// decodeTIFF decodes the first page and counts the others.
func decodeTIFF(s source) (canvas, error) {
	p, err := page(s.reader())
	return canvas{pixels: p, frames: len(pagesOf(s))}, err
}

func page(r io.Reader) (pixels, error) {
	img, err := tiff.Decode(r)
	if err != nil {
		return pixels{}, err
	}
	return normal(img, 3), nil
}

// pagesOf returns where the directories of the pages stand, each once.
func pagesOf(s source) []uint32 {
	order := byteOrder(readSome(s.in, 0, 8))
	var out []uint32
	seen := map[uint32]bool{0: true}
	for at := order.Uint32(readSome(s.in, 4, 4)); !seen[at] && len(out) < maxPages && int64(at) < s.size; {
		seen[at] = true
		out = append(out, at)
		entries := int64(order.Uint16(readSome(s.in, int64(at), 2)))
		at = order.Uint32(readSome(s.in, int64(at)+2+12*entries, 4))
	}
	return out
}

func byteOrder(head []byte) binary.ByteOrder {
	if head[0] == 'M' {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// turnedTo is a TIFF whose header names another directory as the first.
type turnedTo struct {
	in io.ReaderAt
	at [4]byte
}

// ReadAt reads with bytes 4 to 7 replaced.
func (t turnedTo) ReadAt(p []byte, off int64) (int, error) {
	n, err := t.in.ReadAt(p, off)
	for i := range t.at {
		if k := int64(4+i) - off; k >= 0 && k < int64(n) {
			p[k] = t.at[i]
		}
	}
	return n, err
}

// tiffPages decodes all pages. They have sides of their own.
func tiffPages(s source) iter.Seq2[func() pixels, error] {
	return func(yield func(func() pixels, error) bool) {
		order, room := byteOrder(readSome(s.in, 0, 8)), int64(maxPlayed)
		for n, at := range pagesOf(s) {
			other := turnedTo{in: s.in}
			order.PutUint32(other.at[:], at)
			own := s
			own.in = other
			config, err := tiff.DecodeConfig(own.reader())
			if err == nil {
				err = affordable(config, s.limits)
			}
			if room -= int64(config.Width) * int64(config.Height); room < 0 {
				return
			}
			var p pixels
			if err == nil {
				p, err = page(own.reader())
			}
			if err != nil {
				err = fmt.Errorf("page %d: %w", n, err)
			}
			if !yield(func() pixels { return p }, err) || err != nil {
				return
			}
		}
	}
}
