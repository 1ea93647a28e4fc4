package picture

import (
	"bytes"
	"encoding/binary"
	"io"
)

const (
	tagOrientation = 274
	maxExif        = 1 << 20 // bytes of one EXIF block that are looked at
)

// orientation finds the EXIF orientation of a file: 0 where there is none.
func orientation(name string, in io.ReaderAt, size int64) int {
	switch name {
	case "jpeg":
		return exifOrientation(jpegExif(in, size))
	case "png":
		var exif []byte
		pngChunks(in, size, func(id string, at, n int64) bool {
			if id == "eXIf" && n <= maxExif {
				exif = readSome(in, at, int(n))
			}
			return id != "IEND" && exif == nil
		})
		return exifOrientation(exif)
	case "webp":
		var exif []byte
		riffChunks(source{in: in, size: size}, func(id string, at, n int64) error {
			if id == "EXIF" && n <= maxExif {
				exif = readSome(in, at, int(n))
			}
			return nil
		})
		return exifOrientation(bytes.TrimPrefix(exif, []byte("Exif\x00\x00")))
	case "tiff":
		return tiffOrientation(io.NewSectionReader(in, 0, size))
	}
	return 0
}

// jpegExif returns the data of the first EXIF segment before the scan.
func jpegExif(in io.ReaderAt, size int64) []byte {
	for at := int64(2); at+4 <= size; {
		h := readSome(in, at, 4)
		if h[0] != 0xff || h[1] == 0xda || h[1] == 0xd9 {
			return nil
		}
		if h[1] == 0xff { // filler
			at++
			continue
		}
		n := int64(binary.BigEndian.Uint16(h[2:]))
		if n < 2 || at+2+n > size {
			return nil
		}
		if h[1] == 0xe1 && n > 8 {
			if data := readSome(in, at+4, int(n-2)); bytes.HasPrefix(data, []byte("Exif\x00\x00")) {
				return data[6:]
			}
		}
		at += 2 + n
	}
	return nil
}

func exifOrientation(data []byte) int {
	if len(data) < 8 {
		return 0
	}
	return tiffOrientation(bytes.NewReader(data))
}

// tiffOrientation reads the tag from the first directory of a TIFF structure.
func tiffOrientation(r io.ReaderAt) int {
	head := readSome(r, 0, 8)
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(head[4:]))
	for i := range int64(order.Uint16(readSome(r, at, 2))) {
		e := readSome(r, at+2+12*i, 12)
		const short = 3
		if order.Uint16(e) == tagOrientation && order.Uint16(e[2:]) == short && order.Uint32(e[4:]) == 1 {
			return int(order.Uint16(e[8:]))
		}
	}
	return 0
}

// Upright returns the picture as it is meant to be seen, with Orientation 1. A
// picture that is upright already is returned as it is, sharing its pixels.
func (p Picture) Upright() Picture {
	o := p.Orientation
	if o <= 1 || o > 8 || len(p.Pix) == 0 {
		return p
	}
	out := p
	out.Orientation = 1
	if o >= 5 {
		out.Width, out.Height = p.Height, p.Width
	}
	out.Pix = make([]byte, len(p.Pix))
	n := p.Channels
	for y := range out.Height {
		for x := range out.Width {
			sx, sy := stored(o, x, y, p.Width, p.Height)
			copy(out.Pix[(y*out.Width+x)*n:][:n], p.Pix[(sy*p.Width+sx)*n:][:n])
		}
	}
	return out
}

// stored returns where the pixel seen at x, y is stored in a w×h picture.
func stored(orientation, x, y, w, h int) (sx, sy int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}
