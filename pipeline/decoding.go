package pipeline

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"tutela/casework/media"
	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/format/picture"
	"tutela/hash/digest"
	"tutela/hash/pdq"
)

// opUpright is the operation of the contained worker for what a decoder of the
// system has written.
const opUpright = "fingerprint upright"

// badAnswer stands for an answer of the worker that cannot be read.
const badAnswer = "fingerprint.answer"

// Decoding makes the fingerprints of pictures: in the contained worker, and by
// decoders of the system for what the worker has none for.
type Decoding struct {
	Pool     *contain.Pool
	Decoders []decoder.Decoder
}

// print decodes the first size bytes of in. code names what the worker or a
// decoder made of an input that it gave no answer for.
func (d Decoding) print(ctx context.Context, in io.ReaderAt, size int64) (p picture.Print, code string, err error) {
	out, err := d.Pool.Run(ctx, opFingerprint, in, size, nil)
	if p, code, err = answer(out, err); err != nil || code != "" {
		return p, code, err
	}
	if by, ok := d.bySystem(p); ok {
		return d.printBySystem(ctx, in, size, by, p)
	}
	return p, "", nil
}

// answer reads the answer of a worker.
func answer(out []byte, err error) (p picture.Print, code string, _ error) {
	if err != nil {
		if code = refusal(err); code != "" {
			err = nil
		}
		return p, code, err
	}
	if json.Unmarshal(out, &p) != nil {
		return picture.Print{}, badAnswer, nil
	}
	return p, "", nil
}

// bySystem returns the decoder of the system for a picture that the worker has
// none for.
func (d Decoding) bySystem(p picture.Print) (decoder.Decoder, bool) {
	if len(p.Findings) != 1 || p.Findings[0].Code != picture.NoDecoder {
		return decoder.Decoder{}, false
	}
	return decoder.For(d.Decoders, p.Findings[0].Detail)
}

// printBySystem has a decoder of the system make a PNG of a picture, and the
// worker the fingerprint of that. Both are contained, and neither is believed.
func (d Decoding) printBySystem(ctx context.Context, in io.ReaderAt, size int64, by decoder.Decoder, first picture.Print) (picture.Print, string, error) {
	decoded, err := by.PNG(ctx, in, size)
	var out []byte
	if err == nil {
		out, err = d.Pool.Run(ctx, opUpright, bytes.NewReader(decoded), int64(len(decoded)), nil)
	}
	if errors.Is(err, contain.ErrUncontained) { // it is as if there were none
		return first, "", nil
	}
	p, code, err := answer(out, err)
	p.Decoder = by.String() + ", then " + p.Decoder
	return p, code, err
}

// hashed is a variant with its hash as a value.
type hashed struct {
	picture.Variant
	hash pdq.Hash
}

// weigh says what came of a picture. The answer comes from a worker that hostile
// bytes may have taken over, so each value is checked.
func weigh(p picture.Print) (out *printed, pixels digest.ID, variants []hashed) {
	out = &printed{outcome: media.Done, findings: p.Findings}
	pixels, err := digest.Parse(p.PixelDigest)
	if err != nil {
		out.outcome = media.Failed
	}
	switch {
	case len(p.Findings) > 0:
		out.detail = p.Findings[0].Code
	case p.Floor == picture.NoHash:
		out.detail = picture.TooSmall
	}
	if out.outcome == media.Failed {
		if out.detail == "" {
			out.detail = picture.Damaged
		}
		return out, pixels, nil
	}
	for _, v := range p.Variants {
		hash, err := hex.DecodeString(v.Hash)
		h, short := pdq.FromBytes(hash)
		if err != nil || short != nil || v.Quality < 0 || v.Quality > 100 {
			continue
		}
		variants = append(variants, hashed{v, h})
	}
	slices.SortFunc(variants, func(a, b hashed) int { return strings.Compare(a.Label, b.Label) })
	return out, pixels, variants
}
