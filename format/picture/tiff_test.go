package picture

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// pagedTIFF has grey pages of the given values, each 4 pixels wide and as high as
// its number says.
func pagedTIFF(values ...byte) []byte {
	b := []byte("II*\x00\x00\x00\x00\x00")
	link := 4
	for i, v := range values {
		data := len(b)
		b = append(b, bytes.Repeat([]byte{v}, 4*(i+1))...)
		binary.LittleEndian.PutUint32(b[link:], uint32(len(b)))
		tags := [][2]uint32{{256, 4}, {257, uint32(i + 1)}, {258, 8}, {259, 1}, {262, 1}, {273, uint32(data)}, {277, 1}, {278, uint32(i + 1)}, {279, uint32(4 * (i + 1))}}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(tags)))
		for _, t := range tags {
			b = binary.LittleEndian.AppendUint16(b, uint16(t[0]))
			b = binary.LittleEndian.AppendUint16(b, 4)
			b = binary.LittleEndian.AppendUint32(b, 1)
			b = binary.LittleEndian.AppendUint32(b, t[1])
		}
		link = len(b)
		b = append(b, 0, 0, 0, 0)
	}
	return b
}

func TestPagesOfTIFF(t *testing.T) {
	pages := framesOf(t, pagedTIFF(10, 20, 30))
	if len(pages) != 3 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, p := range pages {
		if p.Width != 4 || p.Height != i+1 || p.Pix[0] != byte(10*(i+1)) || p.Frames != 3 {
			t.Errorf("page %d: %d×%d of %d, %d frames", i, p.Width, p.Height, p.Pix[0], p.Frames)
		}
	}
}

// TestPagesInACircle has a last page that names the first as the next one.
func TestPagesInACircle(t *testing.T) {
	b := pagedTIFF(10, 20)
	copy(b[len(b)-4:], b[4:8])
	if pages := framesOf(t, b); len(pages) != 2 {
		t.Errorf("%d pages", len(pages))
	}
	b[len(b)-20] ^= 0xff // a tag of the second page
	p, findings := decode(b)
	if p.Width != 4 || len(findings) != 0 {
		t.Errorf("first page of a file with a damaged second one: %v", findings)
	}
}
