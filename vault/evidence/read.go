package evidence

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"tutela/hash/digest"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// outcome is what reading one entry gave: an exhibit, or findings, or both.
type outcome struct {
	exhibit  Exhibit
	chunks   []digest.ID
	sealed   bool
	findings []Finding
}

// read digests (and encrypts, by copy) the files of a batch on all processors.
// The bytes of a file are read once.
func (s *sealing) read(ctx context.Context, entries []entry) (*batch, error) {
	b := &batch{}
	entries, err := s.skipSealed(ctx, entries, b)
	if err != nil {
		return nil, err
	}
	if s.acq.Mode == Copy && len(entries) > 0 {
		if b.writing, err = s.room.blobs.Begin(ctx, s.acq.Case); err != nil {
			return nil, err
		}
	}
	out := make([]outcome, len(entries))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	const share = 16 // files in one portion of a processor
	for from := 0; from < len(entries); from += share {
		g.Go(func() error {
			for i := from; i < min(from+share, len(entries)) && gctx.Err() == nil; i++ {
				if err := s.one(b, entries[i], &out[i]); err != nil {
					return err
				}
			}
			return gctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		b.abort()
		return nil, err
	}
	for _, o := range out {
		if o.sealed {
			b.exhibits, b.chunks = append(b.exhibits, o.exhibit), append(b.chunks, o.chunks)
		}
		b.findings = append(b.findings, o.findings...)
	}
	return b, nil
}

// exhibitID is stable: the same path of the same acquisition is one exhibit.
func (s *sealing) exhibitID(rel string) string {
	return ids.Derive(s.room.key, "exhibit", s.acq.ID, rel)
}

// skipSealed drops what the continued acquisition has sealed, and what an
// earlier one has sealed and did not change since; and findings known already.
func (s *sealing) skipSealed(ctx context.Context, entries []entry, b *batch) ([]entry, error) {
	done := make([]bool, len(entries))
	for _, acq := range s.earlier {
		have, err := s.known(ctx, acq, entries)
		if err != nil {
			return nil, err
		}
		for i, e := range entries {
			k, ok := have[ids.Derive(s.room.key, "exhibit", acq, e.rel)]
			if e.code != "" {
				_, done[i] = have[ids.Derive(s.room.key, "seal_finding", acq, e.rel, e.code)]
			} else if ok && !done[i] && (acq == s.acq.ID || (k.size == e.size && k.modified == e.time)) {
				done[i] = true
				b.resumed, b.bytes = b.resumed+1, b.bytes+k.size
			}
		}
	}
	var rest []entry
	for i, e := range entries {
		if !done[i] {
			rest = append(rest, e)
		}
	}
	return rest, nil
}

// known is what is in the database under an id of an earlier acquisition.
type known struct {
	id             string
	size, modified int64
}

func (s *sealing) known(ctx context.Context, acq string, entries []entry) (map[string]known, error) {
	var exhibits, findings []string
	for _, e := range entries {
		if e.code == "" {
			exhibits = append(exhibits, ids.Derive(s.room.key, "exhibit", acq, e.rel))
		} else {
			findings = append(findings, ids.Derive(s.room.key, "seal_finding", acq, e.rel, e.code))
		}
	}
	scan := func(r *sql.Rows) (k known, err error) { return k, r.Scan(&k.id, &k.size, &k.modified) }
	q := s.room.reader()
	rows, err := db.CollectIn(ctx, q, scan, `SELECT id, size, modified_ns FROM exhibit WHERE id IN (?*) AND state <> 'erased'`, exhibits)
	if err != nil {
		return nil, err
	}
	found, err := db.CollectIn(ctx, q, scan, `SELECT id, 0, 0 FROM seal_finding WHERE id IN (?*)`, findings)
	have := make(map[string]known, len(rows)+len(found))
	for _, k := range append(rows, found...) {
		have[k.id] = k
	}
	return have, err
}

func (s *sealing) finding(e entry, code, detail string) Finding {
	return Finding{ID: ids.Derive(s.room.key, "seal_finding", s.acq.ID, e.rel, code), Case: s.acq.Case, Acquisition: s.acq.ID,
		Path: db.Text(e.rel), Code: code, Detail: db.Text(detail)}
}

// one reads one entry. Only a failure of our own store is an error; a failure
// of the source is a finding.
func (s *sealing) one(b *batch, e entry, out *outcome) error {
	if e.code != "" {
		out.findings = append(out.findings, s.finding(e, e.code, e.note))
		return nil
	}
	name := path.Base(e.rel)
	if e.rel == "" {
		name = filepath.Base(e.abs)
	}
	x := Exhibit{ID: s.exhibitID(e.rel), Case: s.acq.Case, Acquisition: s.acq.ID, Name: db.Text(name), Path: db.Text(e.rel),
		Mode: s.acq.Mode, Protected: s.acq.Protected, Risk: s.order.Risk, State: Held}
	if x.Path != e.rel || x.Name != name {
		x.RawPath = []byte(e.rel)
		out.findings = append(out.findings, s.finding(e, FindName, "the name is not UTF-8"))
	}
	if x.Mode == InPlace {
		x.Host = s.room.host
	}
	for attempt := 0; ; attempt++ {
		set, changed, err := s.take(b, e.abs, &x)
		var own *ownError
		switch {
		case errors.As(err, &own):
			return own.err
		case err != nil:
			out.findings = append(out.findings, s.finding(e, FindUnreadable, reason(err)))
			return nil
		case changed && attempt == 0:
			continue
		case changed:
			out.findings = append(out.findings, s.finding(e, FindChanged, errChanged.Error()))
			if x.Mode == InPlace { // it could never be verified again
				return nil
			}
		}
		x.Size, x.MD5, x.SHA1, x.SHA256, x.Root = set.Size, set.MD5, set.SHA1, set.SHA256, set.Root
		out.exhibit, out.chunks, out.sealed = x, set.Chunks, true
		return nil
	}
}

// take reads a file once and says whether it changed meanwhile.
func (s *sealing) take(b *batch, abs string, x *Exhibit) (set digest.Set, changed bool, err error) {
	f, err := openSource(abs)
	if err != nil {
		return set, false, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return set, false, err
	}
	if !before.Mode().IsRegular() {
		return set, false, &fs.PathError{Op: "open", Path: abs, Err: fs.ErrInvalid}
	}
	src := &watched{f: f}
	if b.writing != nil {
		set, x.Blob, err = b.writing.Add(src)
	} else {
		set, err = digest.Sum(src)
	}
	if err != nil {
		if src.err == nil { // not the source: our store
			err = &ownError{err}
		}
		return set, false, err
	}
	after, err := f.Stat()
	if err != nil {
		return set, false, err
	}
	x.Modified = after.ModTime().UnixNano()
	changed = set.Size != after.Size() || before.Size() != after.Size() || !before.ModTime().Equal(after.ModTime())
	return set, changed, nil
}

// watched remembers whether the source failed, so that a failure of the store
// is not taken for one of the evidence.
type watched struct {
	f   *os.File
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.f.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// ownError is a failure of our store rather than of the source.
type ownError struct{ err error }

func (e *ownError) Error() string { return e.err.Error() }
