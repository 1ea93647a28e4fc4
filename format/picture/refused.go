package picture

import (
	"encoding/binary"
	"io"
)

// Tags and values that only raw camera files have (TIFF/EP, ISO 12234-2; Adobe
// DNG 1.7; ExifTool's tag tables).
const (
	tagCompression  = 259
	tagPhotometric  = 262
	tagSubIFDs      = 330
	tagDNGVersion   = 50706
	photometricCFA  = 32803
	photometricRaw  = 34892 // linear raw
	maxDirectories  = 32
	maxDirectoryTag = 512
)

// refused names a format that this package never decodes, by its first bytes:
// raw camera formats, whose decoders are many and old, and formats that only a
// decoder of the system reads. "" for all others.
func refused(in io.ReaderAt, size int64, head []byte) (code, name string) {
	at := func(i int, s string) bool { return len(head) >= i+len(s) && string(head[i:i+len(s)]) == s }
	switch {
	case at(0, "II\x2a\x00\x10\x00\x00\x00CR"):
		return RawCamera, "cr2"
	case at(0, "IIRO"), at(0, "IIRS"), at(0, "MMOR"):
		return RawCamera, "orf"
	case at(0, "IIU\x00"):
		return RawCamera, "rw2"
	case at(0, "FUJIFILMCCD-RAW"):
		return RawCamera, "raf"
	case at(0, "FOVb"):
		return RawCamera, "x3f"
	case at(0, "\x00MRM"):
		return RawCamera, "mrw"
	case at(4, "ftypcrx "):
		return RawCamera, "cr3"
	case at(0, "\x00\x00\x00\x0cJXL \r\n\x87\n"), at(0, "\xff\x0a"):
		return NoDecoder, "jxl"
	case at(4, "ftyp"):
		return brand(head)
	case at(0, "II\x2a\x00"), at(0, "MM\x00\x2a"):
		if rawTIFF(io.NewSectionReader(in, 0, size)) {
			return RawCamera, "tiff-based"
		}
	}
	return "", ""
}

// brand names the format of an ISO base media file.
func brand(head []byte) (code, name string) {
	if len(head) >= 12 {
		switch string(head[8:12]) {
		case "avif", "avis":
			return NoDecoder, "avif"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
			return NoDecoder, "heic"
		}
	}
	return Unsupported, "iso-media"
}

// rawTIFF walks over the directories of a TIFF, those below others too, and
// looks for what only raw camera files have.
func rawTIFF(r io.ReaderAt) bool {
	head := readSome(r, 0, 8)
	order := byteOrder(head)
	todo := []uint32{order.Uint32(head[4:])}
	for done := 0; len(todo) > 0 && done < maxDirectories; done++ {
		at := int64(todo[0])
		todo = todo[1:]
		if at == 0 {
			continue
		}
		n := min(int64(order.Uint16(readSome(r, at, 2))), maxDirectoryTag)
		for i := range n {
			e := readSome(r, at+2+12*i, 12)
			value := order.Uint32(e[8:])
			if order.Uint16(e[2:]) == 3 { // a short stands in the first two bytes
				value = uint32(order.Uint16(e[8:]))
			}
			switch count := order.Uint32(e[4:]); order.Uint16(e) {
			case tagDNGVersion:
				return true
			case tagPhotometric:
				if value == photometricCFA || value == photometricRaw {
					return true
				}
			case tagCompression:
				if cameraCompression(value) {
					return true
				}
			case tagSubIFDs:
				todo = append(todo, below(r, order, value, count)...)
			}
		}
		todo = append(todo, order.Uint32(readSome(r, at+2+12*n, 4)))
	}
	return false
}

// cameraCompression knows the schemes of Nikon, Sony, Pentax, Samsung and Kodak.
func cameraCompression(v uint32) bool {
	switch v {
	case 32767, 32769, 32770, 32772, 34713, 65000, 65535:
		return true
	}
	return false
}

// below returns the places of directories below another.
func below(r io.ReaderAt, order binary.ByteOrder, value, count uint32) []uint32 {
	if count == 1 {
		return []uint32{value}
	}
	n := min(count, maxDirectories)
	b := readSome(r, int64(value), int(4*n))
	out := make([]uint32, 0, n)
	for i := range n {
		out = append(out, order.Uint32(b[4*i:]))
	}
	return out
}
