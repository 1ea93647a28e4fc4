package main

import (
	"bytes"
	"fmt"
	"os"

	"tutela/external/decoder"
	"tutela/fault"
	"tutela/format"
	"tutela/hash/vpdq"
	"tutela/pipeline"
)

// filmVerb is about films outside of any case. It needs no site and no key, and
// nothing is stored.
type filmVerb struct {
	Hash    filmHashVerb    `cmd:"" help:"${help_film_hash}"`
	Compare filmCompareVerb `cmd:"" help:"${help_film_compare}"`
}

type filmHashVerb struct {
	Every float64 `placeholder:"SECONDS" default:"1" help:"${help_film_every}"`
	Form  string  `enum:"text,hma" default:"text" help:"${help_film_form}"`
	File  string  `arg:"" help:"${help_film_file}"`
}

// filmRow is the fingerprint of a film.
type filmRow struct {
	Width    int              `json:"width"`
	Height   int              `json:"height"`
	Codec    string           `json:"codec"`
	Rate     float64          `json:"frames_per_second"`
	Rotation int              `json:"rotation"`
	Every    int              `json:"every"` // frames of the film to one hash
	Decoder  string           `json:"decoder"`
	Frames   []frameRow       `json:"frames"`
	Findings []format.Finding `json:"findings,omitempty"`
}

type frameRow struct {
	Frame   int     `json:"frame"`
	Quality int     `json:"quality"`
	Hash    string  `json:"hash"`
	Seconds float64 `json:"seconds"`
}

// Run writes the hashes in the form of the reference, in that of HMA or as JSON;
// what was found goes to the error output.
func (c *filmHashVerb) Run(a *app) error {
	p, d, err := hashFilm(a, c.File, c.Every, 0)
	if err != nil {
		return err
	}
	if a.JSON {
		row := filmRow{p.Stream.Width, p.Stream.Height, p.Stream.Codec, p.Stream.Rate, p.Stream.Rotation, p.Every, d.String(), []frameRow{}, p.Findings}
		for _, f := range p.Frames {
			row.Frames = append(row.Frames, frameRow{f.Number, f.Quality, f.Hash.String(), f.Seconds})
		}
		return a.print.value(row, "")
	}
	for _, f := range p.Findings {
		fmt.Fprintln(a.err, f.Code, f.Detail)
	}
	if c.Form == "hma" {
		return vpdq.WriteJSON(a.out, p.Frames)
	}
	return vpdq.WriteText(a.out, p.Frames)
}

// everyFrame is less than any frame lasts.
const everyFrame = 1e-6

// hashFilm fingerprints a file. No more than most frames are hashed, 0 for the
// usual limit.
func hashFilm(a *app, path string, every float64, most int) (pipeline.FilmPrint, decoder.Decoder, error) {
	d, ok := decoder.For(decoder.Find(), decoder.Film)
	if !ok {
		return pipeline.FilmPrint{}, d, fault.Hint(fault.New(fault.Outside, "film: ffmpeg is not installed"), a.text.Text("hint.film"))
	}
	f, err := os.Open(path)
	if err != nil {
		return pipeline.FilmPrint{}, d, fault.New(fault.NotFound, "film: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return pipeline.FilmPrint{}, d, fault.New(fault.Outside, "film: %w", err)
	}
	if every <= 0 {
		every = everyFrame
	}
	p, err := pipeline.HashFilm(a.ctx, d, f, info.Size(), pipeline.FilmOptions{SecondsPerHash: every, MaxFrames: most})
	if err == nil && len(p.Frames) == 0 {
		err = fault.New(fault.Invalid, "film: no frame of the file can be decoded")
	}
	return p, d, err
}

type filmCompareVerb struct {
	Query    string `arg:"" help:"${help_film_query}"`
	Compared string `arg:"" help:"${help_film_compared}"`
}

// comparedRow is the answer.
type comparedRow struct {
	Verdict  vpdq.Verdict `json:"verdict"`
	Again    bool         `json:"again"` // it was promising, and more frames were looked at
	Query    sideRow      `json:"query"`
	Compared sideRow      `json:"compared"`
}

type sideRow struct {
	Frames  int       `json:"frames"`
	Matched int       `json:"matched"`
	Percent float64   `json:"percent"`
	Spans   []spanRow `json:"spans"`
}

type spanRow struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Frames int     `json:"frames"`
}

// Run compares at one hash a second, and where that is promising with every frame
// of the files that are films.
func (c *filmCompareVerb) Run(a *app) error {
	query, film, err := framesOf(a, c.Query, 1, 0)
	if err != nil {
		return err
	}
	compared, other, err := framesOf(a, c.Compared, 1, 0)
	if err != nil {
		return err
	}
	rule, row := vpdq.Standard(), comparedRow{}
	found := vpdq.Compare(query, compared, vpdq.Reference())
	row.Verdict = rule.Judge(found)
	if row.Verdict == vpdq.Promising && (film || other) {
		if query, _, err = framesOf(a, c.Query, everyFrame, vpdq.MaxFrames); err != nil {
			return err
		}
		if compared, _, err = framesOf(a, c.Compared, everyFrame, vpdq.MaxFrames); err != nil {
			return err
		}
		found = vpdq.Compare(query, compared, vpdq.Reference())
		row.Verdict, row.Again = rule.Judge(found), true
	}
	row.Query, row.Compared = side(found.Query), side(found.Compared)
	if a.JSON {
		return a.print.value(row, "")
	}
	a.print.line(a.text.Text("film." + string(row.Verdict)))
	if row.Again {
		a.print.line(a.text.Text("film.again"))
	}
	for _, s := range []struct {
		name string
		side sideRow
	}{{c.Query, row.Query}, {c.Compared, row.Compared}} {
		a.print.line(a.text.Text("film.side", printable(s.name), s.side.Matched, s.side.Frames, fmt.Sprintf("%.0f", s.side.Percent)))
		for _, p := range s.side.Spans {
			a.print.line(a.text.Text("film.span", clock(p.From), clock(p.To), p.Frames))
		}
	}
	return nil
}

// framesOf reads hashes in either form, or makes them of a film.
func framesOf(a *app, path string, every float64, most int) (fs []vpdq.Frame, film bool, err error) {
	if b, err := smallFile(path); err == nil {
		if fs, err := vpdq.ReadText(bytes.NewReader(b)); err == nil && len(fs) > 0 {
			return fs, false, nil
		}
		if fs, err := vpdq.ReadJSON(bytes.NewReader(b)); err == nil {
			return fs, false, nil
		}
	}
	p, _, err := hashFilm(a, path, every, most)
	return p.Frames, true, err
}

func side(s vpdq.Side) sideRow {
	out := sideRow{s.Frames, s.Matched, s.Percent(), []spanRow{}}
	for _, p := range s.Spans {
		out.Spans = append(out.Spans, spanRow{p.From, p.To, p.Frames})
	}
	return out
}

// clock writes a place in a film: "1:02:03.5".
func clock(seconds float64) string {
	tenths := int(seconds*10 + 0.5)
	return fmt.Sprintf("%d:%02d:%02d.%d", tenths/36000, tenths/600%60, tenths/10%60, tenths%10)
}
