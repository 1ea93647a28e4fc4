package bare

import (
	"bytes"
	"encoding/binary"
)

// jfif is an APP0 segment without thumbnail and without density: it says that
// the colours are those of JFIF.
const jfif = "\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"

// Markers of T.81 table B.1.
const (
	mSOI, mEOI, mSOS, mDQT, mDNL, mDRI, mDHT, mDAC = 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xc4, 0xcc
	mAPP0, mAPP14, mAPP15, mCOM                    = 0xe0, 0xee, 0xef, 0xfe
)

// jpegFile is a walk through the segments of a file.
type jpegFile struct {
	in     []byte
	at     int
	out    bytes.Buffer
	frames int
	scans  int
	color  bool // an APP0 or APP14 that says how colours are meant was written
}

// bareJPEG copies tables, frame headers and scans up to the end of the image.
func bareJPEG(data []byte) ([]byte, error) {
	f := &jpegFile{in: data, at: 2}
	f.out.WriteString("\xff\xd8")
	for {
		m, err := f.marker()
		if err != nil {
			return nil, err
		}
		if m == mEOI {
			break
		}
		if err := f.segment(m); err != nil {
			return nil, err
		}
	}
	if f.frames != 1 || f.scans == 0 {
		return nil, bad("JPEG", f.at, "not one frame with scans")
	}
	f.out.WriteString("\xff\xd9")
	return f.out.Bytes(), nil
}

// marker reads the next marker; fill bytes before it are left out.
func (f *jpegFile) marker() (byte, error) {
	if f.at+2 > len(f.in) || f.in[f.at] != 0xff {
		return 0, bad("JPEG", f.at, "no marker")
	}
	for f.at < len(f.in) && f.in[f.at] == 0xff {
		f.at++
	}
	if f.at >= len(f.in) || f.in[f.at] == 0 {
		return 0, bad("JPEG", f.at, "no marker")
	}
	f.at++
	return f.in[f.at-1], nil
}

func (f *jpegFile) segment(m byte) error {
	start := f.at
	if start+2 > len(f.in) {
		return bad("JPEG", start, "the file ends early")
	}
	n := int(binary.BigEndian.Uint16(f.in[start:]))
	if n < 2 || start+n > len(f.in) {
		return bad("JPEG", start, "a segment does not fit")
	}
	body := f.in[start+2 : start+n]
	f.at = start + n
	ok := true
	switch {
	case m == mAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")):
		if !f.color {
			f.out.WriteString(jfif)
		}
		f.color = true
		return nil
	case m == mAPP14 && len(body) == 12 && string(body[:5]) == "Adobe":
		f.out.WriteString("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + string(body[11:]))
		f.color = true
		return nil
	case m >= mAPP0 && m <= mAPP15, m == mCOM:
		return nil
	case m >= 0xc0 && m <= 0xc2: // baseline, extended, progressive
		f.frames++
		ok = len(body) >= 6 && len(body) == 6+3*int(body[5]) && body[5] <= 4
	case m == mDQT:
		ok = tables(body, func(b []byte) int { return 1 + 64<<(b[0]>>4&1) })
	case m == mDHT:
		ok = tables(body, huffman)
	case m == mDRI, m == mDNL:
		ok = len(body) == 2
	case m == mSOS:
		ok = len(body) >= 4 && len(body) == 4+2*int(body[0]) && f.frames == 1
	default:
		return bad("JPEG", start, "a segment of a kind that pictures do not use")
	}
	if !ok {
		return bad("JPEG", start, "a segment of another length than its parts")
	}
	f.out.Write([]byte{0xff, m})
	f.out.Write(f.in[start : start+n])
	if m == mSOS {
		f.scans++
		return f.scan()
	}
	return nil
}

// scan copies entropy-coded data up to the next marker that is no restart.
func (f *jpegFile) scan() error {
	from := f.at
	for f.at+1 < len(f.in) {
		if f.in[f.at] != 0xff {
			f.at++
			continue
		}
		switch next := f.in[f.at+1]; {
		case next == 0 || next >= 0xd0 && next <= 0xd7:
			f.at += 2
		case next == 0xff: // a fill byte
			f.out.Write(f.in[from:f.at])
			f.at++
			from = f.at
		default:
			f.out.Write(f.in[from:f.at])
			return nil
		}
	}
	return bad("JPEG", f.at, "the file ends early")
}

// tables reports whether the body is made of whole tables, whose length size
// tells from their beginning.
func tables(body []byte, size func([]byte) int) bool {
	for len(body) > 0 {
		n := size(body)
		if n <= 0 || n > len(body) {
			return false
		}
		body = body[n:]
	}
	return true
}

func huffman(b []byte) int {
	if len(b) < 17 {
		return -1
	}
	n := 17
	for _, c := range b[1:17] {
		n += int(c)
	}
	return n
}
