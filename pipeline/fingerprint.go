package pipeline

import (
	"context"
	"errors"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/external/contain"
	"tutela/format"
	"tutela/format/identify"
	"tutela/format/picture"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// opFingerprint is the name of the operation in the contained worker.
const opFingerprint = "fingerprint"

// fingerprint decodes pictures in the contained worker, each content once, and
// films, each in a job of its own. Its things are items.
func (l *Line) fingerprint(ctx context.Context, w *work) error {
	items, err := w.take(ctx)
	if err != nil {
		return err
	}
	items = w.apart(items)
	if w.salt() != "" { // what was found without a decoder goes
		w.again = items
	}
	known, err := w.knownPrints(ctx, items)
	if err != nil {
		return err
	}
	var things []string
	for _, i := range items {
		things = append(things, string(i.ID))
		fs, ok := known[i.SHA256]
		if !ok {
			if identify.Kind(i.Kind) == identify.Video {
				fs, err = w.film(ctx, i)
			} else {
				fs, err = w.print(ctx, i)
			}
			if err != nil {
				return err
			}
			if fs == nil { // the content could not be had, which is recorded
				continue
			}
			known[i.SHA256] = fs
		}
		w.find(i, fs.findings...)
		w.result(i.ID, fs.outcome, fs.detail)
	}
	w.promise(Match, "", things...)
	return w.commit(ctx, audit.Collection, true)
}

// apart promises films jobs of their own, since they take long, and returns the
// other items; a film that is alone in its job stays.
func (w *work) apart(items []media.Item) []media.Item {
	if len(w.lease.Things) == 1 {
		return items
	}
	return slices.DeleteFunc(items, func(i media.Item) bool {
		film := identify.Kind(i.Kind) == identify.Video
		if film {
			w.promise(Fingerprint, w.host(i), string(i.ID))
		}
		return film
	})
}

// printed is what became of one content.
type printed struct {
	outcome  media.Outcome
	detail   string
	findings []format.Finding
}

// knownPrints returns the contents that an earlier job of the case has decoded
// without findings.
func (w *work) knownPrints(ctx context.Context, items []media.Item) (map[digest.ID]*printed, error) {
	known := map[digest.ID]*printed{}
	var contents []digest.ID
	for _, i := range items {
		contents = append(contents, i.SHA256)
	}
	c := cases.ID(w.lease.Case)
	places, err := media.Places(ctx, w.q, c, cases.View{Protected: true}, contents...)
	if err != nil {
		return nil, err
	}
	of := map[string]digest.ID{}
	var subjects []string
	for _, p := range places {
		of[string(p.ID)] = p.SHA256
		subjects = append(subjects, string(p.ID))
	}
	results, err := media.Results(ctx, w.q, c, subjects...)
	for _, r := range results {
		if r.Stage == w.stage && r.Version == w.version && r.Outcome == media.Done && r.Detail == "" {
			known[of[r.Subject]] = &printed{outcome: media.Done}
		}
	}
	return known, err
}

// print has the worker decode one picture. nil without an error means that the
// content could not be had.
func (w *work) print(ctx context.Context, i media.Item) (*printed, error) {
	src, err := w.source(ctx, i)
	if err != nil {
		return nil, w.unreadable(i, err)
	}
	defer src.Close()
	in := &watched{src: src}
	p, code, err := Decoding{w.line.pool, w.line.decoders}.print(ctx, in, src.Size())
	switch {
	case in.err != nil:
		return nil, w.unreadable(i, in.err)
	case err != nil:
		return nil, err
	case code != "":
		return &printed{media.Failed, code, []format.Finding{{Code: code}}}, nil
	}
	return w.keep(i, p), nil
}

// refusal names an error of the worker that is about the input; "" for others.
func refusal(err error) string {
	var own *contain.Failure
	switch {
	case errors.Is(err, contain.ErrCrashed):
		return "fingerprint.crashed"
	case errors.Is(err, contain.ErrTimeout):
		return "fingerprint.timeout"
	case errors.Is(err, contain.ErrMemory):
		return "fingerprint.memory"
	case errors.Is(err, contain.ErrOutput):
		return "fingerprint.output"
	case errors.Is(err, contain.ErrInput):
		return "fingerprint.input"
	case errors.As(err, &own):
		return "fingerprint.failed"
	}
	return ""
}

// keep makes rows of an answer.
func (w *work) keep(i media.Item, p picture.Print) *printed {
	out, pixels, variants := weigh(p)
	if out.outcome == media.Failed {
		return out
	}
	var rows []media.Fingerprint
	for _, v := range variants {
		hash := v.hash.Bytes()
		rows = append(rows, media.Fingerprint{Case: i.Case, SHA256: i.SHA256, Variant: v.Label, Version: w.version, Hash: hash[:],
			Quality: v.Quality, Decoder: p.Decoder, Pixels: pixels, Width: p.Width, Height: p.Height})
	}
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return media.PutFingerprints(ctx, dw, rows...) })
	return out
}
