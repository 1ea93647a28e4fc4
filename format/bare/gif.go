package bare

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"io"
)

// bareGIF copies screen, colour tables, frames with their timing, and the loop
// count; other extensions and what follows the trailer are left out.
func bareGIF(data []byte) ([]byte, error) {
	if len(data) < 13 {
		return nil, bad("GIF", 0, "the file ends early")
	}
	at := 13 + colorTable(data[10])
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
			head := at + 10 + colorTable(data[at+9]) + 1 // the last byte is the code size
			if head > len(data) {
				return nil, bad("GIF", at, "the file ends early")
			}
			end, ok := blocks(data, head)
			if !ok {
				return nil, bad("GIF", at, "the file ends early")
			}
			pixels, ok := lzwStream(data[head:end], data[head-1], frameSize(data[at:]))
			if !ok {
				return nil, bad("GIF", at, "pixels that are not one compressed stream")
			}
			out.Write(data[at:head])
			out.Write(pixels)
			at = end
			frames++
			continue
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
		if extension(data[start:end]) {
			out.Write(data[start:end])
		}
	}
	return nil, bad("GIF", at, "no trailer")
}

// frameSize returns the number of pixels of an image descriptor.
func frameSize(b []byte) int {
	return int(binary.LittleEndian.Uint16(b[5:])) * int(binary.LittleEndian.Uint16(b[7:]))
}

// lzwStream returns the data blocks of a frame without what stands behind the
// end of the compressed stream.
func lzwStream(in []byte, codeSize byte, pixels int) ([]byte, bool) {
	if codeSize < 2 || codeSize > 8 {
		return nil, false
	}
	var joined []byte
	for rest := in; len(rest) > 0 && rest[0] > 0; rest = rest[1+int(rest[0]):] {
		joined = append(joined, rest[1:1+int(rest[0])]...)
	}
	src := bytes.NewReader(joined)
	n, err := io.Copy(io.Discard, io.LimitReader(lzw.NewReader(src, lzw.LSB, int(codeSize)), int64(pixels)+1))
	if err != nil || n != int64(pixels) {
		return nil, false
	}
	var out []byte
	for used := joined[:len(joined)-src.Len()]; len(used) > 0; {
		k := min(len(used), 255)
		out = append(append(out, byte(k)), used[:k]...)
		used = used[k:]
	}
	return append(out, 0), true
}

// colorTable returns the bytes of the colour table that flags announce.
func colorTable(flags byte) int {
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
