// Package bare takes pictures down to what shows: it copies the parts of a
// JPEG, PNG, GIF or WebP file that a decoder needs for the pixels and leaves
// out everything else (Exif, XMP, comments, text, colour profiles, thumbnails,
// private chunks, bytes after the end). It promises that the pixels stay the
// same and that nothing else goes through; it never decodes a pixel and never
// passes on a file whose structure it does not understand.
//
// Sources: ITU-T T.81 (JPEG), T.871 (JFIF), W3C PNG (third edition), GIF89a
// specification, Google's WebP container specification.
package bare

import (
	"bytes"

	"tutela/fault"
)

// Picture returns a picture without anything but the picture. The kind is told
// by the first bytes. A file of another kind, or one whose structure is not
// that of its kind, is Refused.
func Picture(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return bareJPEG(data)
	case bytes.HasPrefix(data, []byte(pngMagic)):
		return barePNG(data)
	case bytes.HasPrefix(data, []byte("GIF87a")) || bytes.HasPrefix(data, []byte("GIF89a")):
		return bareGIF(data)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return bareWebP(data)
	}
	return nil, fault.New(fault.Refused, "bare: metadata can be taken out of JPEG, PNG, GIF and WebP only")
}

// bad refuses a file at an offset.
func bad(format string, at int, what string) error {
	return fault.New(fault.Refused, "bare: %s: %s at byte %d", format, what, at)
}
