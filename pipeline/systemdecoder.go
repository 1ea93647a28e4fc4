package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"tutela/casework/media"
	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/format"
	"tutela/format/picture"
)

// opUpright is the operation of the contained worker for what a decoder of the
// system has written.
const opUpright = "fingerprint upright"

// systemDecoder returns the decoder of the system for a picture that the worker
// has none for.
func (w *work) systemDecoder(p picture.Print) (decoder.Decoder, bool) {
	if len(p.Findings) != 1 || p.Findings[0].Code != picture.NoDecoder {
		return decoder.Decoder{}, false
	}
	return decoder.For(w.line.decoders, p.Findings[0].Detail)
}

// printBySystem has a decoder of the system make a PNG of a picture, and the
// worker the fingerprint of that. Both are contained, and neither is believed.
func (w *work) printBySystem(ctx context.Context, i media.Item, in *watched, size int64, d decoder.Decoder, first picture.Print) (*printed, error) {
	decoded, err := d.PNG(ctx, in, size)
	if in.err != nil {
		return nil, w.unreadable(i, in.err)
	}
	var out []byte
	if err == nil {
		out, err = w.line.pool.Run(ctx, opUpright, bytes.NewReader(decoded), int64(len(decoded)), nil)
	}
	if errors.Is(err, contain.ErrUncontained) { // it is as if there were none
		return w.keep(i, first), nil
	}
	if err != nil {
		code := refusal(err)
		if code == "" {
			return nil, err
		}
		return &printed{media.Failed, code, []format.Finding{{Code: code}}}, nil
	}
	var p picture.Print
	if err := json.Unmarshal(out, &p); err != nil {
		return &printed{media.Failed, "fingerprint.answer", []format.Finding{{Code: "fingerprint.answer"}}}, nil
	}
	p.Decoder = d.String() + ", then " + p.Decoder
	return w.keep(i, p), nil
}
