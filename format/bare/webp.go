package bare

import (
	"bytes"
	"encoding/binary"
)

// bareWebP copies the chunks with pixels, their alpha and animation; the flags
// of the header say so. Bytes after the end are left out.
func bareWebP(data []byte) ([]byte, error) {
	size := int(binary.LittleEndian.Uint32(data[4:]))
	if size < 4 || size > len(data)-8 {
		return nil, bad("WebP", 4, "the file ends early")
	}
	body, err := chunks(data[12:8+size], 12, false)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, bad("WebP", 12, "no picture")
	}
	out := make([]byte, 0, len(body)+12)
	out = append(out, "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(4+len(body)))
	return append(append(out, "WEBP"...), body...), nil
}

// chunks copies the chunks that show; base is where they stand in the file.
func chunks(in []byte, base int, frame bool) ([]byte, error) {
	var out bytes.Buffer
	for at := 0; at < len(in); {
		if at+8 > len(in) {
			return nil, bad("WebP", base+at, "a chunk does not fit")
		}
		n := int(binary.LittleEndian.Uint32(in[at+4:]))
		if n < 0 || n > len(in)-at-8 {
			return nil, bad("WebP", base+at, "a chunk does not fit")
		}
		kind, body := string(in[at:at+4]), in[at+8:at+8+n]
		switch {
		case kind == "VP8 " || kind == "VP8L" || kind == "ALPH":
			put(&out, kind, body)
		case frame:
		case kind == "VP8X":
			if n != 10 {
				return nil, bad("WebP", base+at, "a header of another length")
			}
			// Alpha and animation stay; profile, Exif and XMP are gone.
			put(&out, kind, append([]byte{body[0] & 0x12, 0, 0, 0}, body[4:]...))
		case kind == "ANIM":
			if n != 6 {
				return nil, bad("WebP", base+at, "a header of another length")
			}
			put(&out, kind, body)
		case kind == "ANMF":
			if n < 16 {
				return nil, bad("WebP", base+at, "a frame does not fit")
			}
			inner, err := chunks(body[16:], base+at+24, true)
			if err != nil {
				return nil, err
			}
			put(&out, kind, append(bytes.Clone(body[:16]), inner...))
		}
		at += 8 + n + n%2
	}
	return out.Bytes(), nil
}

func put(out *bytes.Buffer, kind string, body []byte) {
	out.WriteString(kind)
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(body))))
	out.Write(body)
	if len(body)%2 == 1 {
		out.WriteByte(0)
	}
}
