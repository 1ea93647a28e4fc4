package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/png"
	"io"
	"iter"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

var errAPNG = errors.New("png: animation control is damaged")

// decodePNG decodes the picture that every reader sees, which of an animation is
// its first frame or one of its own.
func decodePNG(s source) (canvas, error) {
	img, err := png.Decode(s.reader())
	if err != nil {
		return canvas{}, err
	}
	return canvas{pixels: normal(img, 3), frames: countPNG(s)}, nil
}

// countPNG counts the frames; a picture of its own in front of them counts too.
func countPNG(s source) int {
	frames := 0
	pngChunks(s.in, s.size, func(id string, at, n int64) bool {
		if id == "fcTL" || id == "IDAT" && frames == 0 {
			frames++
		}
		return id != "IEND" && frames < s.limits.Items
	})
	return max(1, frames)
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

// apng collects the chunks of one frame after the other (PNG specification,
// third edition, 11.3.6).
type apng struct {
	s       source
	header  []byte // data of IHDR
	shared  []byte // chunks that each frame needs: PLTE, tRNS
	control []byte // data of the fcTL of the frame being collected; nil before the first
	data    bytes.Buffer
}

// pngFrames decodes the frames of an animation.
func pngFrames(s source) iter.Seq2[frame, error] {
	return func(yield func(frame, error) bool) {
		a := &apng{s: s}
		going := true
		pngChunks(s.in, s.size, func(id string, at, n int64) bool {
			ends := id == "fcTL" || id == "IEND"
			if ends && a.data.Len() > 0 {
				f, err := a.frame()
				going = yield(f, err) && err == nil
			}
			return going && a.collect(id, at, n) && id != "IEND"
		})
		if going && a.data.Len() > 0 { // the file ends early
			if f, err := a.frame(); err == nil {
				yield(f, nil)
			}
		}
	}
}

// collect takes one chunk in; false means that it is too much.
func (a *apng) collect(id string, at, n int64) bool {
	if n > maxChunk || int64(a.data.Len())+n > maxChunk {
		return false
	}
	switch id {
	case "IHDR":
		a.header = readSome(a.s.in, at, int(n))
	case "PLTE", "tRNS":
		if len(a.shared) < 1<<12 && n < 1<<12 {
			a.shared = pngChunk(a.shared, id, readSome(a.s.in, at, int(n)))
		}
	case "fcTL":
		a.control = readSome(a.s.in, at, int(n))
	case "IDAT":
		a.data.Write(readSome(a.s.in, at, int(n)))
	case "fdAT":
		if n > 4 {
			a.data.Write(readSome(a.s.in, at+4, int(n-4)))
		}
	}
	return true
}

// frame decodes what was collected, as a file of its own.
func (a *apng) frame() (frame, error) {
	defer a.data.Reset()
	f := frame{}
	if len(a.header) != 13 {
		return f, errAPNG
	}
	header := bytes.Clone(a.header)
	if c := a.control; c != nil {
		if len(c) != 26 {
			return f, errAPNG
		}
		copy(header, c[4:12])
		f.x, f.y = int(binary.BigEndian.Uint32(c[12:])), int(binary.BigEndian.Uint32(c[16:]))
		f.dispose, f.over = min(int(c[24]), restore), c[25] == 1
	}
	w, h := int(binary.BigEndian.Uint32(header)), int(binary.BigEndian.Uint32(header[4:]))
	if w > a.s.config.Width || h > a.s.config.Height || f.x > a.s.config.Width || f.y > a.s.config.Height {
		return f, errAPNG
	}
	file := pngChunk([]byte(pngMagic), "IHDR", header)
	file = append(file, a.shared...)
	file = pngChunk(pngChunk(file, "IDAT", a.data.Bytes()), "IEND", nil)
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return f, err
	}
	f.pixels = normal(img, 4)
	return f, nil
}

func pngChunk(to []byte, id string, data []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(data)))
	start := len(to)
	to = append(append(to, id...), data...)
	return binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[start:]))
}
