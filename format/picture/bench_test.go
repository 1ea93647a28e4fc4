package picture

import (
	"bytes"
	"testing"

	"tutela/hash/pdq"
)

// BenchmarkPicture12MP goes from the bytes of a JPEG of 12 megapixels to pixels,
// and to the hash of each pipeline.
func BenchmarkPicture12MP(b *testing.B) {
	file := jpegOf(b, hills(4000, 3000))
	p, _ := decode(file)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			decode(file)
		}
	})
	for _, pipe := range []pdq.Pipeline{pdq.Ref512, pdq.Full} {
		h := pdq.New()
		b.Run(string(pipe), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := h.Hash(pdq.Image{W: p.Width, H: p.Height, Channels: 3, Pix: p.Pix}, pipe); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("fingerprint", func(b *testing.B) {
		for b.Loop() {
			if _, err := Fingerprint(bytes.NewReader(file), int64(len(file)), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
