package main

import (
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"

	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/fault"
	"tutela/format"
	"tutela/pipeline"
	"tutela/vault/evidence"
)

// fingerprintVerb says what is known of files by their bytes alone. It needs no
// site and no key, and keeps nothing.
type fingerprintVerb struct {
	File []string `arg:"" help:"${help_asked_files}"`
}

// askedRow is what is known of one file.
type askedRow struct {
	File     string         `json:"file"`
	Error    string         `json:"error,omitempty"` // it could not be read; nothing else is known
	Size     int64          `json:"size"`
	MD5      string         `json:"md5,omitempty"`
	SHA1     string         `json:"sha1,omitempty"`
	SHA256   string         `json:"sha256,omitempty"`
	Root     string         `json:"root,omitempty"`
	Kind     string         `json:"kind,omitempty"`
	MIME     string         `json:"mime,omitempty"`
	Picture  *askedPicture  `json:"picture,omitempty"`
	Outcome  string         `json:"outcome,omitempty"` // of the fingerprint: done, failed, skipped
	Detail   string         `json:"detail,omitempty"`
	Findings []askedFinding `json:"findings,omitempty"`
}

// askedPicture is what decoding gave.
type askedPicture struct {
	Format      string         `json:"format"`
	Width       int            `json:"width"`
	Height      int            `json:"height"`
	Frames      int            `json:"frames"`
	Orientation int            `json:"orientation"`
	Transparent bool           `json:"transparent,omitempty"`
	Floor       string         `json:"floor,omitempty"`
	Decoder     string         `json:"decoder"`
	Pixels      string         `json:"pixels_sha256,omitempty"`
	Variants    []askedVariant `json:"variants"`
}

// askedVariant is one perceptual hash.
type askedVariant struct {
	Variant  string `json:"variant"`
	PDQ      string `json:"pdq"`
	Quality  int    `json:"quality"`
	Compared bool   `json:"compared"` // false: it says too little to be compared with lists
}

// askedFinding is something that was wrong with a file.
type askedFinding struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	Count  int    `json:"count,omitempty"`
}

// Run looks at file after file. One that is bad does not stop the others.
func (c *fingerprintVerb) Run(a *app) error {
	return a.asked(c.File, func(row askedRow, _ pipeline.Looked) error {
		return a.print.value(row, row.text(a))
	})
}

// asked looks at files and hands each to tell. It ends with exitIncomplete when
// one of them could not be read, or not as a whole.
func (a *app) asked(files []string, tell func(askedRow, pipeline.Looked) error) (err error) {
	pool := contain.NewPool(contain.Config{})
	defer func() { err = errors.Join(err, pool.Close()) }()
	d := pipeline.Decoding{Pool: pool, Decoders: decoder.Find()}
	whole := true
	for _, file := range files {
		looked, err := a.lookAt(d, file)
		row := askedRow{File: file}
		switch {
		case a.ctx.Err() != nil:
			return a.ctx.Err()
		case errors.Is(err, contain.ErrUncontained):
			return fault.Hint(fault.New(fault.Outside, "%w", err), a.text.Text("hint.contain"))
		case err != nil:
			row.Error, whole = err.Error(), false
		default:
			row.fill(looked)
			whole = whole && looked.Whole()
		}
		if err := tell(row, looked); err != nil {
			return err
		}
	}
	if !whole {
		return status{exitIncomplete}
	}
	return nil
}

// lookAt digests a file before anything else looks at it.
func (a *app) lookAt(d pipeline.Decoding, path string) (pipeline.Looked, error) {
	info, err := os.Stat(path) // before it is opened: a pipe would block
	if err == nil && !info.Mode().IsRegular() {
		return pipeline.Looked{}, fault.New(fault.Invalid, "%s is no file", path)
	}
	if err != nil {
		return pipeline.Looked{}, fault.New(fault.NotFound, "%w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return pipeline.Looked{}, fault.New(fault.Outside, "%w", err)
	}
	defer f.Close()
	e, err := evidence.DigestFirst(f, info.Size())
	if err != nil {
		return pipeline.Looked{}, err
	}
	defer e.Close()
	return d.Look(a.ctx, e, info.Name())
}

func (r *askedRow) fill(l pipeline.Looked) {
	r.Size, r.SHA256, r.Root = l.Size, l.SHA256.String(), l.Root.String()
	r.MD5, r.SHA1 = hex.EncodeToString(l.MD5[:]), hex.EncodeToString(l.SHA1[:])
	r.Kind, r.MIME, r.Outcome, r.Detail = string(l.Type.Kind), l.Type.MIME, string(l.Outcome), l.Detail
	r.Findings = askedFindings(l.Findings)
	p := l.Picture
	if p.Decoder == "" {
		return
	}
	r.Picture = &askedPicture{Format: p.Format, Width: p.Width, Height: p.Height, Frames: p.Frames, Orientation: p.Orientation,
		Transparent: p.Transparent, Floor: p.Floor, Decoder: p.Decoder, Pixels: p.PixelDigest, Variants: []askedVariant{}}
	for _, v := range l.Prints {
		r.Picture.Variants = append(r.Picture.Variants, askedVariant{v.Variant, v.Hash.String(), v.Quality, v.Usable()})
	}
}

func askedFindings(found []format.Finding) (out []askedFinding) {
	for _, f := range found {
		out = append(out, askedFinding{f.Code, f.Detail, f.Place.Offset, f.Count})
	}
	return out
}

// text is the row for people: a line for each value under the name of the file.
func (r askedRow) text(a *app) string {
	t := a.text
	lines := []string{r.File}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, "  "+name+strings.Repeat(" ", max(1, 12-len([]rune(name))))+value)
		}
	}
	if r.Error != "" {
		add(t.Text("asked.unread"), r.Error)
		return printableLines(strings.Join(lines, "\n"))
	}
	add(t.Text("asked.size"), strconv.FormatInt(r.Size, 10))
	add("MD5", r.MD5)
	add("SHA-1", r.SHA1)
	add("SHA-256", r.SHA256)
	add(t.Text("asked.root"), r.Root)
	add(t.Text("asked.kind"), r.Kind+", "+r.MIME)
	if p := r.Picture; p != nil {
		add(t.Text("asked.picture"), t.Text("asked.picture.is", p.Format, p.Width, p.Height, p.Frames, p.Orientation))
		add(t.Text("asked.decoder"), p.Decoder)
		add(t.Text("asked.pixels"), p.Pixels)
		for _, v := range p.Variants {
			key := map[bool]string{true: "asked.quality", false: "asked.quality.low"}[v.Compared]
			add("PDQ", v.PDQ+"  "+v.Variant+"  "+t.Text(key, v.Quality))
		}
	}
	for _, f := range r.Findings {
		add(t.Text("asked.finding"), strings.TrimSpace(f.Code+" "+f.Detail))
	}
	if len(r.Findings) == 0 {
		add(t.Text("asked.note"), r.note(a))
	}
	return printableLines(strings.Join(lines, "\n"))
}

// note says why a file has no perceptual hash; "" where there is nothing to say.
func (r askedRow) note(a *app) string {
	switch {
	case strings.HasPrefix(r.Detail, "kind."):
		return a.text.Text("asked.digests_only")
	case r.Detail != "":
		return r.Detail
	}
	return ""
}
