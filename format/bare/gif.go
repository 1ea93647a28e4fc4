package bare

import "bytes"

// bareGIF copies screen, colour tables, frames with their timing, and the loop
// count; other extensions and what follows the trailer are left out.
func bareGIF(data []byte) ([]byte, error) {
	if len(data) < 13 {
		return nil, bad("GIF", 0, "the file ends early")
	}
	at := 13 + palette(data[10])
	if at > len(data) {
		return nil, bad("GIF", 13, "the file ends early")
	}
	out := bytes.NewBuffer(bytes.Clone(data[:at]))
	frames := 0
	for at < len(data) {
		start := at
		switch data[at] {
		case ';':
			if frames == 0 {
				return nil, bad("GIF", at, "no frame")
			}
			out.WriteByte(';')
			return out.Bytes(), nil
		case ',':
			if at+11 > len(data) {
				return nil, bad("GIF", at, "the file ends early")
			}
			at += 10 + palette(data[at+9]) + 1 // the last byte is the code size
			frames++
		case '!':
			at += 2
		default:
			return nil, bad("GIF", at, "a block that is not understood")
		}
		end, ok := blocks(data, at)
		if !ok {
			return nil, bad("GIF", at, "the file ends early")
		}
		at = end
		if data[start] == ',' || extension(data[start:end]) {
			out.Write(data[start:end])
		}
	}
	return nil, bad("GIF", at, "no trailer")
}

// palette returns the bytes of the colour table that flags announce.
func palette(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// blocks returns the end of a sequence of data blocks.
func blocks(data []byte, at int) (int, bool) {
	for at < len(data) {
		n := int(data[at])
		at += 1 + n
		if n == 0 {
			return at, at <= len(data)
		}
	}
	return at, false
}

// extension reports whether an extension changes what shows: timing of a frame,
// or the loop count in its only form.
func extension(b []byte) bool {
	return len(b) == 8 && b[1] == 0xf9 && b[2] == 4 ||
		len(b) == 19 && bytes.HasPrefix(b[1:], []byte("\xff\x0bNETSCAPE2.0\x03\x01"))
}
