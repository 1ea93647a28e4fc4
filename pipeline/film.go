package pipeline

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"tutela/casework/media"
	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/format"
	"tutela/hash/vpdq"
	"tutela/vault/db"
)

// FilmVersion is the version of the rules of this file.
const FilmVersion = "1"

// FilmVariant is the variant of the fingerprint that holds the packed hashes of
// the frames of a film (package vpdq).
const FilmVariant = "vpdq"

// Codes of findings on films.
const (
	FilmNoDecoder  = "film.no-decoder"  // none is installed; the film is matched by its digests
	FilmNoPictures = "film.no-pictures" // there are no moving pictures in the file
	FilmDamaged    = "film.damaged"     // some of the film could not be decoded, or all of it
	FilmSparse     = "film.sparse"      // it is so long that frames were taken more sparsely
	FilmEnd        = "film.end"         // frames beyond the limit were left out
	FilmVariable   = "film.variable"    // frames do not come at one rate: times are by their average
)

// FilmOptions say how a film is fingerprinted; zero fields are defaults.
type FilmOptions struct {
	SecondsPerHash float64 // 1; what is less than a frame lasts takes every frame
	MaxFrames      int     // that are hashed of one film: 20,000, five hours and a half at one a second
}

// FilmPrint is the fingerprint of a film. Hashes are those of pdq.Full at the size
// in which the film is stored, not turned.
type FilmPrint struct {
	Stream   decoder.Stream
	Every    int // frames of the film to one hash
	Frames   []vpdq.Frame
	Findings []format.Finding
}

// HashFilm fingerprints the first size bytes of in. What could be decoded of a
// damaged film is in Frames, and findings say what was wrong. The error is one of
// package contain about the program, with what came before it; or one of in.
func HashFilm(ctx context.Context, d decoder.Decoder, in io.ReaderAt, size int64, o FilmOptions) (p FilmPrint, err error) {
	if o.SecondsPerHash <= 0 {
		o.SecondsPerHash = 1
	}
	if o.MaxFrames <= 0 {
		o.MaxFrames = 20_000
	}
	p.Stream, err = d.Look(ctx, in, size)
	if errors.Is(err, decoder.ErrNoStream) {
		p.find(FilmNoPictures, "")
		return p, nil
	}
	if err != nil {
		return p, p.damaged(err)
	}
	p.Every = vpdq.Every(o.SecondsPerHash, p.Stream.Rate)
	if thin := 1 + int(p.Stream.Seconds*p.Stream.Rate/float64(p.Every)/float64(o.MaxFrames)); thin > 1 {
		p.Every *= thin
		p.find(FilmSparse, fmt.Sprintf("one frame of %d", p.Every))
	}
	if p.Stream.Variable {
		p.find(FilmVariable, "")
	}
	rate := p.Stream.Rate
	if rate == 0 {
		rate = 1
	}
	broken := false // a picture of the stream is cut
	complained, err := d.Frames(ctx, in, size, p.Every, o.MaxFrames+1, func(r io.Reader) error {
		h, b := vpdq.NewHasher(), bufio.NewReaderSize(r, 1<<20)
		for {
			hash, quality, err := h.Next(b)
			switch {
			case err == io.EOF:
				return nil
			case err == io.ErrUnexpectedEOF:
				broken = true
				return nil
			case err != nil:
				return err
			}
			n := len(p.Frames) * p.Every
			p.Frames = append(p.Frames, vpdq.Frame{Number: n, Quality: quality, Hash: hash, Seconds: float64(n) / rate})
		}
	})
	if len(p.Frames) > o.MaxFrames {
		p.Frames = p.Frames[:o.MaxFrames]
		p.find(FilmEnd, fmt.Sprintf("after %d hashes", o.MaxFrames))
	}
	if err != nil {
		return p, p.damaged(err)
	}
	if complained || broken || len(p.Frames) == 0 {
		p.find(FilmDamaged, "")
	}
	return p, nil
}

func (p *FilmPrint) find(code, detail string) {
	p.Findings = append(p.Findings, format.Finding{Code: code, Detail: detail})
}

// damaged turns what the program said of the film into a finding; other errors it
// returns.
func (p *FilmPrint) damaged(err error) error {
	var own *contain.Failure
	if !errors.As(err, &own) && !errors.Is(err, vpdq.ErrStream) && !errors.Is(err, contain.ErrCrashed) {
		return err
	}
	p.find(FilmDamaged, "")
	return nil
}

// largeFilm is from where on no two films are in memory at once.
const largeFilm = 64 << 20

// film has a decoder of the system decode a film, and keeps the hashes. nil
// without an error means that the content could not be had.
func (w *work) film(ctx context.Context, i media.Item) (*printed, error) {
	d, ok := decoder.For(w.line.decoders, decoder.Film)
	if !ok {
		return withoutDecoder(), nil
	}
	src, err := w.source(ctx, i)
	if err != nil {
		return nil, w.unreadable(i, err)
	}
	defer src.Close()
	if src.Size() > largeFilm {
		w.line.large <- struct{}{}
		defer func() { <-w.line.large }()
	}
	in := &watched{src: src}
	p, err := HashFilm(ctx, d, in, src.Size(), FilmOptions{})
	switch code := refusal(err); {
	case in.err != nil:
		return nil, w.unreadable(i, in.err)
	case errors.Is(err, contain.ErrUncontained):
		return withoutDecoder(), nil
	case err != nil && code == "":
		return nil, err
	case err != nil:
		p.find(code, "")
	}
	return w.keepFilm(i, d, p), nil
}

func withoutDecoder() *printed {
	return &printed{media.Failed, FilmNoDecoder, []format.Finding{{Code: FilmNoDecoder}}}
}

// keepFilm makes a row of a fingerprint.
func (w *work) keepFilm(i media.Item, d decoder.Decoder, p FilmPrint) *printed {
	out := &printed{outcome: media.Done, findings: p.Findings}
	if len(p.Findings) > 0 {
		out.detail = p.Findings[0].Code
	}
	if len(p.Frames) == 0 {
		out.outcome = media.Failed
		if out.detail == FilmNoPictures {
			out.outcome = media.Skipped
		}
		return out
	}
	best := 0
	for _, f := range p.Frames {
		best = max(best, f.Quality)
	}
	row := media.Fingerprint{Case: i.Case, SHA256: i.SHA256, Variant: FilmVariant, Version: w.version, Hash: vpdq.Pack(p.Frames), Quality: best,
		Decoder: p.by(d), Width: p.Stream.Width, Height: p.Stream.Height}
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return media.PutFingerprints(ctx, dw, row) })
	return out
}

// by names what made the hashes, and how a player would turn the film.
func (p FilmPrint) by(d decoder.Decoder) string {
	s := d.String() + ", " + p.Stream.Codec + ", one frame of " + strconv.Itoa(p.Every)
	if p.Stream.Rotation != 0 {
		s += ", to be turned by " + strconv.Itoa(p.Stream.Rotation) + " degrees"
	}
	return s
}
