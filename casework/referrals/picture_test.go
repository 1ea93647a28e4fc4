package referrals_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// jpegFile is a small picture with a comment and an Exif segment that name
// somebody.
func jpegFile(t testing.TB) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	img.Set(3, 3, color.White)
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	data := b.Bytes()
	comment, exif := "comment by Zarza Quill", "Exif\x00\x00MM\x00*Zarza Quill +33 639 980 001"
	with := append([]byte{}, data[:2]...)
	with = append(with, 0xff, 0xfe, 0, byte(len(comment)+2))
	with = append(with, comment...)
	with = append(with, 0xff, 0xe1, 0, byte(len(exif)+2))
	with = append(with, exif...)
	return append(append(with, data[2:]...), "behind the end: Zarza Quill"...)
}
