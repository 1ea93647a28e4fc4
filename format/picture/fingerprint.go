package picture

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"tutela/format"
	"tutela/hash/pdq"
)

// Variant is one perceptual hash of a picture. Its label says how it was made:
// "ref512" or "full" (the pipelines of hash/pdq; full only where it differs),
// with "upright-" in front when the picture was turned by its EXIF orientation
// first, and "white-" in front of that when transparent parts became white.
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
	Decoder     string           `json:"decoder"`
	PixelDigest string           `json:"pixel_digest,omitempty"` // Picture.Digest in hexadecimal digits
	Variants    []Variant        `json:"variants"`
	Findings    []format.Finding `json:"findings,omitempty"`
}

// Fingerprint decodes the picture file in and returns its Print as JSON. args is
// empty or a format.Limits as JSON. The form of the function is that of an
// operation of a contained worker; bad input is a finding inside of the answer,
// and only malformed args are an error.
func Fingerprint(in io.ReaderAt, size int64, args []byte) ([]byte, error) {
	var limits format.Limits
	if len(args) > 0 {
		if err := json.Unmarshal(args, &limits); err != nil {
			return nil, fmt.Errorf("picture: limits: %w", err)
		}
	}
	p, findings := Decode(in, size, limits)
	return json.Marshal(printOf(p, findings))
}

func printOf(p Picture, findings []format.Finding) Print {
	out := Print{Format: p.Format, Width: p.Width, Height: p.Height, Frames: p.Frames, Orientation: p.Orientation,
		Transparent: p.Transparent, Decoder: p.Decoder, Variants: []Variant{}, Findings: findings}
	if len(p.Pix) == 0 {
		return out
	}
	sum := p.Digest()
	out.PixelDigest = hex.EncodeToString(sum[:])
	prefix := ""
	if p.Transparent {
		prefix = "white-"
	}
	h := pdq.New()
	out.Variants = hashes(h, prefix, p, out.Variants)
	if p.Orientation != 1 {
		out.Variants = hashes(h, prefix+"upright-", p.Upright(), out.Variants)
	}
	return out
}

func hashes(h *pdq.Hasher, prefix string, p Picture, to []Variant) []Variant {
	pipelines := []pdq.Pipeline{pdq.Ref512}
	if p.Width > 512 || p.Height > 512 {
		pipelines = append(pipelines, pdq.Full)
	}
	for _, pipe := range pipelines {
		hash, quality, err := h.Hash(pdq.Image{W: p.Width, H: p.Height, Channels: p.Channels, Pix: p.Pix}, pipe)
		if err == nil && (hash != pdq.Hash{}) {
			to = append(to, Variant{prefix + string(pipe), hash.String(), quality})
		}
	}
	return to
}
