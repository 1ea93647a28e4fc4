package picture

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"tutela/format"
	"tutela/hash/pdq"
)

// Sides, in pixels, below which a perceptual hash says little or nothing,
// whatever its quality number says, and up to which a picture is made larger for
// a hash of its own. Measured on pictures that were made smaller step by step.
const (
	WeakSide  = 32  // smaller side below it: Weak
	MinSide   = 24  // smaller side below it: NoHash
	SmallSide = 256 // longest side up to it: up512 too
)

// Floors of small pictures.
const (
	Weak   = "weak" // matches are for review only
	NoHash = "none" // no perceptual hash was made: digests only
)

// Variant is one perceptual hash of a picture. Its label says how the pixels
// were prepared, the parts in this order with a hyphen between them:
//
//   - "white" where transparent parts became white, "white-crop" where it was then
//     cut to the box of what can be seen;
//   - "upright" where it was turned by its EXIF orientation;
//   - "frameN" for frame N of an animation; the first one, 0, is not named;
//   - the pipeline: "ref512" or "full" (package pdq; full only where it differs
//     and of the first frame), or "up512": made larger by Catmull-Rom until the
//     longest side is 512.
type Variant struct {
	Label   string `json:"label"`
	Hash    string `json:"hash"`    // 64 hexadecimal digits
	Quality int    `json:"quality"` // 0 to 100
}

// Print is the fingerprint of one picture file, without its exact digests.
type Print struct {
	Format      string           `json:"format"`
	Width       int              `json:"width"` // as stored
	Height      int              `json:"height"`
	Frames      int              `json:"frames"`
	Orientation int              `json:"orientation"`
	Transparent bool             `json:"transparent,omitempty"`
	Floor       string           `json:"floor,omitempty"` // "", Weak or NoHash
	Decoder     string           `json:"decoder"`
	PixelDigest string           `json:"pixel_digest,omitempty"` // hexadecimal digits; see Fingerprint
	Variants    []Variant        `json:"variants"`
	Findings    []format.Finding `json:"findings,omitempty"`
}

// Fingerprint decodes the picture file in and returns its Print as JSON. args is
// empty or a format.Limits as JSON. The form of the function is that of an
// operation of a contained worker; bad input is a finding inside of the answer,
// and only malformed args are an error.
//
// The pixel digest is Picture.Digest; of an animation it is the SHA-256 over the
// digests of all frames that were looked at. Files that differ in metadata only
// share it.
func Fingerprint(in io.ReaderAt, size int64, args []byte) ([]byte, error) {
	return fingerprint(in, size, args, false)
}

// FingerprintUpright is Fingerprint for what another decoder has written and
// turned already: an orientation that it left in the file is not looked at.
func FingerprintUpright(in io.ReaderAt, size int64, args []byte) ([]byte, error) {
	return fingerprint(in, size, args, true)
}

func fingerprint(in io.ReaderAt, size int64, args []byte, upright bool) ([]byte, error) {
	var limits format.Limits
	if len(args) > 0 {
		if err := json.Unmarshal(args, &limits); err != nil {
			return nil, fmt.Errorf("picture: limits: %w", err)
		}
	}
	first, findings := Decode(in, size, limits)
	if upright {
		first.Orientation = 1
	}
	out := printOf(first, findings)
	if len(first.Pix) == 0 {
		return json.Marshal(out)
	}
	h := &hashing{pdq: pdq.New(), seen: map[string]bool{}}
	h.frame(0, first)
	sum := first.Digest()
	first.Pix = nil
	if first.Frames > 1 {
		all := sha256.New()
		all.Write(sum[:])
		left := play(in, size, limits, first, func(n int, p Picture) {
			own := p.Digest()
			all.Write(own[:])
			h.frame(n, p)
		})
		out.Findings = append(out.Findings, left...)
		all.Sum(sum[:0])
	}
	out.PixelDigest = hex.EncodeToString(sum[:])
	out.Variants = append(out.Variants, h.out...)
	return json.Marshal(out)
}

func printOf(p Picture, findings []format.Finding) Print {
	out := Print{Format: p.Format, Width: p.Width, Height: p.Height, Frames: p.Frames, Orientation: p.Orientation,
		Transparent: p.Transparent, Decoder: p.Decoder, Variants: []Variant{}, Findings: findings}
	switch side := min(p.Width, p.Height); {
	case len(p.Pix) == 0:
	case side < MinSide:
		out.Floor = NoHash
	case side < WeakSide:
		out.Floor = Weak
	}
	return out
}

// hashing collects the variants of one file.
type hashing struct {
	pdq  *pdq.Hasher
	out  []Variant
	seen map[string]bool // hashes of frames: one that stands still is told once
}

// frame adds the variants of a frame.
func (h *hashing) frame(n int, p Picture) {
	label := ""
	if n > 0 {
		label = fmt.Sprintf("frame%d-", n)
	}
	white, crop := "", ""
	if p.Transparent {
		white, crop = "white-", "white-crop-"
	}
	h.turned(white, label, p)
	if box := p.box; crop != "" && (box.Dx() < p.Width || box.Dy() < p.Height) && min(box.Dx(), box.Dy()) >= WeakSide {
		h.turned(crop, label, p.cropped(box))
	}
}

// turned adds the variants of a picture as it is stored and as it is meant.
func (h *hashing) turned(prefix, label string, p Picture) {
	h.pipelines(prefix+label, label == "", p)
	if p.Orientation != 1 {
		h.pipelines(prefix+"upright-"+label, label == "", p.Upright())
	}
}

func (h *hashing) pipelines(prefix string, first bool, p Picture) {
	if min(p.Width, p.Height) < MinSide {
		return
	}
	h.add(prefix, pdq.Ref512, first, p)
	switch long := max(p.Width, p.Height); {
	case long > 512 && first:
		h.add(prefix, pdq.Full, first, p)
	case long <= SmallSide:
		h.add(prefix, "up512", first, p.upscaled())
	}
}

func (h *hashing) add(prefix string, pipe pdq.Pipeline, first bool, p Picture) {
	how := pipe
	if pipe == "up512" {
		how = pdq.Full
	}
	hash, quality, err := h.pdq.Hash(pdq.Image{W: p.Width, H: p.Height, Channels: p.Channels, Pix: p.Pix}, how)
	text := hash.String()
	if err != nil || (hash == pdq.Hash{}) || !first && h.seen[text] {
		return
	}
	h.seen[text] = true
	h.out = append(h.out, Variant{prefix + string(pipe), text, quality})
}
