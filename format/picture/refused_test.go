package picture

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/image/tiff"
)

// directory is a TIFF structure of little-endian directories, one after the
// other; each is a list of tag, type and value, and a link to the next.
func directory(next bool, dirs ...[][3]uint32) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00")
	for i, d := range dirs {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(d)))
		for _, e := range d {
			b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
			b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
			b = binary.LittleEndian.AppendUint32(b, 1)
			b = binary.LittleEndian.AppendUint32(b, e[2])
		}
		link := uint32(0)
		if next && i+1 < len(dirs) {
			link = uint32(len(b) + 4)
		}
		b = binary.LittleEndian.AppendUint32(b, link)
	}
	return b
}

func TestRawCameraFilesAreRefused(t *testing.T) {
	const short, long = 3, 4
	plain := [][3]uint32{{256, short, 4}, {257, short, 4}, {tagPhotometric, short, 2}}
	for name, b := range map[string][]byte{
		"cr2":              []byte("II*\x00\x10\x00\x00\x00CR\x02\x00aaaa"),
		"orf":              []byte("IIRO\x08\x00\x00\x00aaaaaaaa"),
		"rw2":              []byte("IIU\x00\x18\x00\x00\x00aaaaaaaa"),
		"raf":              []byte("FUJIFILMCCD-RAW 0201FF"),
		"x3f":              []byte("FOVbaaaaaaaaaaaa"),
		"mrw":              []byte("\x00MRMaaaaaaaaaaaa"),
		"cr3":              []byte("\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01"),
		"dng":              directory(true, [][3]uint32{{tagDNGVersion, 1, 0x0401}}),
		"mosaic":           directory(true, [][3]uint32{{tagPhotometric, short, photometricCFA}}),
		"nef":              directory(true, [][3]uint32{{tagCompression, short, 34713}}),
		"second directory": directory(true, plain, [][3]uint32{{tagPhotometric, short, photometricRaw}}),
		"below":            directory(false, [][3]uint32{{256, short, 4}, {tagSubIFDs, long, 8 + 2 + 24 + 4}}, [][3]uint32{{tagPhotometric, short, photometricCFA}}),
	} {
		p, findings := decode(b)
		if len(findings) != 1 || findings[0].Code != RawCamera || len(p.Pix) > 0 {
			t.Errorf("%s: %v", name, findings)
		}
	}
	circle := directory(false, [][3]uint32{{tagSubIFDs, long, 8}})
	if rawTIFF(bytes.NewReader(circle)) {
		t.Error("a directory that lies below itself is taken for raw")
	}
	ordinary := encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, hills(30, 30), nil) })
	if p, findings := decode(ordinary); len(findings) != 0 || p.Width != 30 {
		t.Errorf("an ordinary TIFF: %v", findings)
	}
}

func TestFormatsWithoutDecoder(t *testing.T) {
	for name, b := range map[string][]byte{
		"heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
		"avif": []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"),
		"jxl":  []byte("\x00\x00\x00\x0cJXL \r\n\x87\naaaa"),
	} {
		_, findings := decode(b)
		if len(findings) != 1 || findings[0].Code != NoDecoder || findings[0].Detail != name {
			t.Errorf("%s: %v", name, findings)
		}
	}
}

func TestFilmsAreNotForThisPackage(t *testing.T) {
	if _, findings := decode([]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00")); len(findings) != 1 || findings[0].Code != Unsupported {
		t.Errorf("%v", findings)
	}
}

// deep is a PNG header of 16 bits and four channels.
func deep(w, h uint32) []byte {
	b := header(w, h)
	b[24], b[25] = 16, 6
	return append(b[:8], pngChunk(nil, "IHDR", b[16:29])...)
}

func TestDeepPicturesHaveLessRoom(t *testing.T) {
	if _, findings := decode(deep(9000, 9000)); len(findings) != 1 || findings[0].Code != TooLarge {
		t.Errorf("81 megapixels of 8 bytes: %v", findings)
	}
	if _, findings := decode(header(9000, 9000)); len(findings) != 1 || findings[0].Code != Damaged {
		t.Errorf("81 megapixels of 4 bytes, without data: %v", findings)
	}
}
