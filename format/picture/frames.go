package picture

import (
	"encoding/binary"
	"image/gif"
	"image/png"
	"io"
)

// decodeGIF puts the first frame on its canvas and counts the others.
func decodeGIF(s source) (canvas, error) {
	img, err := gif.Decode(s.reader())
	if err != nil {
		return canvas{}, err
	}
	at := img.Bounds().Min
	p := placed(normal(img), at.X, at.Y, s.config.Width, s.config.Height)
	return canvas{pixels: p, frames: gifFrames(s)}, nil
}

// gifFrames walks over the blocks of a GIF without decoding any.
func gifFrames(s source) int {
	r := io.NewSectionReader(s.in, 0, s.size)
	var b [13]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 1
	}
	skip := func(n int64) { r.Seek(n, io.SeekCurrent) }
	table := func(flags byte) {
		if flags&0x80 != 0 {
			skip(3 << (flags&7 + 1))
		}
	}
	table(b[10])
	frames := 0
	for frames < s.limits.Items {
		if _, err := io.ReadFull(r, b[:1]); err != nil {
			return frames
		}
		switch b[0] {
		case 0x21: // extension: its label, then blocks
			skip(1)
		case 0x2c: // frame: place and sides, its table, code size, then blocks
			if _, err := io.ReadFull(r, b[:9]); err != nil {
				return frames
			}
			frames++
			table(b[8])
			skip(1)
		default:
			return frames
		}
		for b[0] = 1; b[0] != 0; skip(int64(b[0])) {
			if _, err := io.ReadFull(r, b[:1]); err != nil {
				return frames
			}
		}
	}
	return frames
}

func decodePNG(s source) (canvas, error) {
	img, err := png.Decode(s.reader())
	if err != nil {
		return canvas{}, err
	}
	frames := 1
	pngChunks(s.in, s.size, func(id string, at, size int64) bool {
		if id == "acTL" && size == 8 {
			frames = max(1, int(binary.BigEndian.Uint32(readSome(s.in, at, 4))&0x7fffffff))
		}
		return id != "IDAT"
	})
	return canvas{pixels: normal(img), frames: frames}, nil
}

// pngChunks calls fn with the name, place and length of each chunk until it
// returns false.
func pngChunks(in io.ReaderAt, size int64, fn func(id string, at, n int64) bool) {
	for at := int64(8); at+12 <= size; {
		h := readSome(in, at, 8)
		n := int64(binary.BigEndian.Uint32(h))
		if at+12+n > size || !fn(string(h[4:]), at+8, n) {
			return
		}
		at += 12 + n
	}
}

// readSome reads n bytes; what cannot be read is zero.
func readSome(in io.ReaderAt, at int64, n int) []byte {
	b := make([]byte, n)
	in.ReadAt(b, at)
	return b
}
