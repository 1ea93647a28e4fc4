package bare

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// kept are the chunks that change pixels, with the lengths that they may have.
func kept(kind string, n int) bool {
	switch kind {
	case "IHDR":
		return n == 13
	case "PLTE":
		return n > 0 && n <= 768 && n%3 == 0
	case "tRNS":
		return n <= 256
	case "gAMA":
		return n == 4
	case "cHRM":
		return n == 32
	case "sRGB":
		return n == 1
	case "acTL":
		return n == 8
	case "fcTL":
		return n == 26
	case "IDAT", "IEND":
		return true
	case "fdAT":
		return n >= 4
	}
	return false
}

// barePNG copies the chunks that change pixels. Pixel data must be one zlib
// stream without anything behind it.
func barePNG(data []byte) ([]byte, error) {
	out := bytes.NewBufferString(pngMagic)
	var pixels, frame []byte
	first := true
	for at := len(pngMagic); ; {
		if at+12 > len(data) {
			return nil, bad("PNG", at, "the file ends early")
		}
		n := int(binary.BigEndian.Uint32(data[at:]))
		if n < 0 || n > len(data)-at-12 {
			return nil, bad("PNG", at, "a chunk does not fit")
		}
		kind, body := string(data[at+4:at+8]), data[at+8:at+8+n]
		if crc32.ChecksumIEEE(data[at+4:at+8+n]) != binary.BigEndian.Uint32(data[at+8+n:]) {
			return nil, bad("PNG", at, "a chunk with a wrong checksum")
		}
		if first != (kind == "IHDR") {
			return nil, bad("PNG", at, "no header, or two")
		}
		first = false
		critical := kind[0]&0x20 == 0
		if !kept(kind, n) && critical {
			return nil, bad("PNG", at, "a critical chunk that is not understood")
		}
		if kind != "fdAT" && len(frame) > 0 {
			if !oneStream(frame) {
				return nil, bad("PNG", at, "bytes behind the pixels of a frame")
			}
			frame = nil
		}
		switch {
		case kind == "IDAT":
			pixels = append(pixels, body...)
		case kind == "fdAT" && n >= 4:
			frame = append(frame, body[4:]...)
		}
		if kept(kind, n) && !(kind == "IEND" && n != 0) {
			out.Write(data[at : at+12+n])
		}
		at += 12 + n
		if kind == "IEND" {
			break
		}
	}
	if !oneStream(pixels) {
		return nil, bad("PNG", len(data), "pixels that are not one compressed stream")
	}
	return out.Bytes(), nil
}

// maxPixels bounds what is decompressed to find the end of a stream.
const maxPixels = 1 << 30

// oneStream reports whether b is a zlib stream and nothing else.
func oneStream(b []byte) bool {
	src := bytes.NewReader(b)
	z, err := zlib.NewReader(src)
	if err != nil {
		return false
	}
	n, err := io.Copy(io.Discard, io.LimitReader(z, maxPixels))
	return err == nil && n < maxPixels && src.Len() == 0
}
