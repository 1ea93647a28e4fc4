package pipeline

import (
	"context"
	"io"

	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/format"
	"tutela/format/identify"
	"tutela/format/picture"
	"tutela/hash/digest"
	"tutela/vault/evidence"
)

// Looked is what is known of ephemeral content: what the stages identify and
// fingerprint would have found. Nothing of it is kept.
type Looked struct {
	digest.Set
	Type     identify.Type
	Picture  picture.Print // of a picture; its variants are those whose values are sound
	Prints   []matching.Print
	Outcome  media.Outcome // of the fingerprint
	Detail   string        // code of the reason; "" where nothing is to be said
	Findings []format.Finding
}

// Whole reports whether everything was looked at that has a reader: false where
// something was wrong with the picture.
func (l Looked) Whole() bool { return l.Outcome != media.Failed && len(l.Picture.Findings) == 0 }

// Look identifies ephemeral content by its first bytes and, if it is a picture,
// has its fingerprints made. What is wrong with the content is told in the answer;
// an error is about this machine, or about content that has changed meanwhile.
func (d Decoding) Look(ctx context.Context, e *evidence.Ephemeral, name string) (Looked, error) {
	l := Looked{Set: e.Digests(), Outcome: media.Skipped}
	head := make([]byte, min(int64(identify.Head), e.Size()))
	if n, err := e.ReadAt(head, 0); n < len(head) && err != nil && err != io.EOF {
		return l, err
	}
	if crashed := guard(func() { l.Type, l.Findings = identify.Identify(head, e.Size(), name) }); crashed != nil {
		l.Type, l.Findings = identify.Type{MIME: "application/octet-stream", Kind: identify.Unknown}, []format.Finding{*crashed}
	}
	switch l.Type.Kind {
	case identify.Picture:
		return d.lookAtPicture(ctx, e, l)
	case identify.Raw:
		l.Detail = picture.RawCamera
	case identify.Empty:
	default:
		l.Detail = "kind." + string(l.Type.Kind)
	}
	return l, nil
}

func (d Decoding) lookAtPicture(ctx context.Context, e *evidence.Ephemeral, l Looked) (Looked, error) {
	in := &watched{src: e}
	p, code, err := d.print(ctx, in, e.Size())
	switch {
	case in.err != nil:
		return l, in.err
	case err != nil:
		return l, err
	case code != "":
		l.Outcome, l.Detail = media.Failed, code
		l.Findings = append(l.Findings, format.Finding{Code: code})
		return l, nil
	}
	out, _, variants := weigh(p)
	l.Outcome, l.Detail, l.Picture = out.outcome, out.detail, p
	l.Findings = append(l.Findings, out.findings...)
	l.Picture.Variants = nil
	if out.outcome == media.Failed {
		l.Picture.PixelDigest = ""
	}
	for _, v := range variants {
		l.Picture.Variants = append(l.Picture.Variants, v.Variant)
		l.Prints = append(l.Prints, matching.Print{Variant: v.Label, Hash: v.hash, Quality: v.Quality, Width: p.Width, Height: p.Height})
	}
	return l, nil
}

// Subject is what is compared with hash lists; it belongs to no case.
func (l Looked) Subject() matching.Subject {
	return matching.Subject{MD5: l.MD5, SHA1: l.SHA1, SHA256: l.SHA256, Prints: l.Prints}
}
