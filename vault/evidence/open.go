package evidence

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
)

// Sealed is an exhibit that may be opened: it was sealed, an authorisation
// covers it for a stage, and the consultation is in the log. Only this package
// makes one.
type Sealed struct {
	exhibit Exhibit
	scopes  []Covers
	auth    string
	open    func(context.Context) (Source, error)
}

// Source is open content. Every byte that it returns is what was sealed.
type Source interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// ID returns the id of the exhibit.
func (s *Sealed) ID() string { return s.exhibit.ID }

// Exhibit returns the exhibit's row.
func (s *Sealed) Exhibit() Exhibit { return s.exhibit }

// Name returns the file name as found.
func (s *Sealed) Name() string { return s.exhibit.Name }

// Size returns the size in bytes.
func (s *Sealed) Size() int64 { return s.exhibit.Size }

// Digests returns the digests without the chunks.
func (s *Sealed) Digests() digest.Set { return s.exhibit.Digests() }

// Protected reports whether the source is protected.
func (s *Sealed) Protected() bool { return s.exhibit.Protected }

// Scopes returns what each of the authorisations covers that let the stage open
// the exhibit: readers leave out what lies outside the accounts and window of
// every one of them.
func (s *Sealed) Scopes() []Covers { return s.scopes }

// Authorisation returns the id of the first authorisation that it rests on.
func (s *Sealed) Authorisation() string { return s.auth }

// Open opens the content. A read of anything that is not what was sealed
// returns a fault.Corrupt error that names the exhibit.
func (s *Sealed) Open(ctx context.Context) (Source, error) {
	src, err := s.open(ctx)
	if err != nil {
		return nil, named(s.exhibit.ID, err)
	}
	return &namedSource{src, s.exhibit.ID}, nil
}

// namedSource adds the exhibit to errors.
type namedSource struct {
	Source
	id string
}

func (n *namedSource) ReadAt(p []byte, off int64) (int, error) {
	c, err := n.Source.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = named(n.id, err)
	}
	return c, err
}

// named turns a chunk mismatch into fault.Corrupt and names the exhibit.
func named(id string, err error) error {
	var ce *digest.ChunkError
	if errors.As(err, &ce) && (ce.Err == nil || errors.Is(ce.Err, io.ErrUnexpectedEOF)) {
		return fault.New(fault.Corrupt, "exhibit %s: %w", id, err)
	}
	kind := fault.KindOf(err)
	if kind == fault.Unknown {
		kind = fault.Outside
	}
	return fault.New(kind, "exhibit %s: %w", id, err)
}

// Open gives out one exhibit for a stage; see OpenMany.
func (r *Room) Open(ctx context.Context, desk *audit.Desk, id, stage, why string) (*Sealed, error) {
	open, refused, err := r.OpenMany(ctx, desk, audit.Act{Why: why, Object: id}, stage, id)
	if err != nil {
		return nil, err
	}
	if err := refused[id]; err != nil {
		return nil, err
	}
	return open[0], nil
}

// OpenMany gives out exhibits of one case for a stage, in the order of ids,
// against one recorded consultation. act needs a reason; class, verb and case
// are filled in where they are empty. Exhibits that no authorisation covers,
// that are in quarantine, erased or unknown come back in refused with the
// reason. Whoever is not entitled to the case is Refused, wherever the content
// lies.
func (r *Room) OpenMany(ctx context.Context, desk *audit.Desk, act audit.Act, stage string, ids ...string) (open []*Sealed, refused map[string]error, err error) {
	q := r.reader()
	rows, err := ByID(ctx, q, ids...)
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[string]Exhibit, len(rows))
	for _, e := range rows {
		byID[e.ID] = e
		if act.Case == "" {
			act.Case = e.Case
		}
		if act.Case != e.Case {
			return nil, nil, fault.New(fault.Invalid, "exhibit: the exhibits are of several cases")
		}
	}
	j, err := r.judge(ctx, q, rows)
	if err != nil {
		return nil, nil, err
	}
	refused = map[string]error{}
	var allowed []Exhibit
	for _, id := range ids {
		e, ok := byID[id]
		if !ok {
			refused[id] = fault.New(fault.NotFound, "exhibit %s is not known", id)
			continue
		}
		as, err := j.allow(e, stage)
		if err != nil {
			refused[id] = err
			continue
		}
		s := &Sealed{exhibit: e, auth: as[0].ID}
		for _, a := range as {
			s.scopes = append(s.scopes, a.Covers)
		}
		allowed, open = append(allowed, e), append(open, s)
	}
	if len(open) == 0 {
		return nil, refused, nil
	}
	// Content in place is not encrypted: the key of the case guards it all the same.
	if err := r.blobs.Entitled(ctx, act.Case); err != nil {
		return nil, nil, err
	}
	if act.Class == "" {
		act.Class = audit.Consultation
	}
	if act.Verb == "" {
		act.Verb = "exhibit.open"
	}
	if act.Authority == "" {
		act.Authority = open[0].auth
	}
	act.Detail = withStage(act.Detail, stage)
	if _, err := desk.Consult(ctx, act); err != nil {
		return nil, nil, err
	}
	return open, refused, r.attach(ctx, q, act.Case, open, allowed)
}

func withStage(detail map[string]string, stage string) map[string]string {
	out := map[string]string{"stage": stage}
	for k, v := range detail {
		out[k] = v
	}
	return out
}

// attach gives each Sealed the way to its content.
func (r *Room) attach(ctx context.Context, q db.Queryer, caseID string, open []*Sealed, exhibits []Exhibit) error {
	contents, err := r.contents(ctx, q, caseID, exhibits)
	if err != nil {
		return err
	}
	for i, s := range open {
		s.open = func(ctx context.Context) (Source, error) { return contents.open(ctx, exhibits[i]) }
	}
	return nil
}

// contents opens exhibits of one case; rows and keys were fetched together.
type contents struct {
	room      *Room
	opener    *blob.Opener
	manifests map[string][]digest.ID
	sources   map[string]string // of acquisitions
}

func (r *Room) contents(ctx context.Context, q db.Queryer, caseID string, exhibits []Exhibit) (*contents, error) {
	c := &contents{room: r, sources: map[string]string{}}
	var names, large []string
	for _, e := range exhibits {
		if e.Mode == Copy {
			names = append(names, e.Blob)
		} else if c.sources[e.Acquisition] = ""; e.Size > digest.ChunkSize {
			large = append(large, e.ID)
		}
	}
	var err error
	if len(names) > 0 {
		if c.opener, err = r.blobs.Opener(ctx, caseID, names...); err != nil {
			return nil, err
		}
	}
	if c.manifests, err = manifests(ctx, q, large); err != nil {
		return nil, err
	}
	var acqs []string
	for id := range c.sources {
		acqs = append(acqs, id)
	}
	rows, err := db.CollectIn(ctx, q, scanAcquisition, selectAcquisition+`WHERE id IN (?*)`, acqs)
	for _, a := range rows {
		c.sources[a.ID] = a.Source
	}
	return c, err
}

func (c *contents) open(ctx context.Context, e Exhibit) (Source, error) {
	if e.Mode == Copy {
		src, err := c.opener.Open(ctx, e.Blob)
		if err != nil {
			return nil, err
		}
		if src.Size() != e.Size {
			src.Close()
			return nil, fault.New(fault.Corrupt, "the content has %d bytes, want %d", src.Size(), e.Size)
		}
		return src, nil
	}
	return c.openInPlace(e)
}

// inPlace is a verified file.
type inPlace struct {
	*digest.Verifier
	f *os.File
}

// Close closes the file.
func (p inPlace) Close() error { return p.f.Close() }

func (c *contents) openInPlace(e Exhibit) (Source, error) {
	if e.Host != c.room.host {
		return nil, fault.Hint(fault.New(fault.Refused, "it is in place on the machine %q", e.Host), "run this on that machine")
	}
	rel := e.Path
	if e.RawPath != nil {
		rel = string(e.RawPath)
	}
	f, err := openSource(filepath.Join(c.sources[e.Acquisition], filepath.FromSlash(rel)))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the file cannot be opened: %s", reason(err))
	}
	chunks := c.manifests[e.ID]
	if len(chunks) == 0 && e.Size > 0 {
		chunks = []digest.ID{e.SHA256} // the only chunk of a small file is the file
	}
	if digest.Root(chunks) != e.Root {
		f.Close()
		return nil, fault.New(fault.Corrupt, "the manifest does not fit the sealed root")
	}
	v, err := digest.NewVerifier(f, e.Size, chunks)
	if err != nil {
		f.Close()
		return nil, fault.New(fault.Corrupt, "the manifest: %w", err)
	}
	if st, err := f.Stat(); err != nil || st.Size() != e.Size {
		f.Close()
		return nil, fault.New(fault.Corrupt, "the file does not have the sealed size any more")
	}
	return inPlace{v, f}, nil
}
