package evidence

import (
	"context"
	"io"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/blob"
	"tutela/vault/db"
)

// Member is content unpacked from an exhibit: it is kept like an exhibit's own,
// and covered by what covers the exhibit.
type Member struct {
	ID      string // of the derived item that it belongs to
	Exhibit string // the exhibit that it came from
	Blob    string
	SHA256  digest.ID
	Size    int64
}

// Intake takes in members of one case. Add from several goroutines, then
// Commit, then Put within the act; Abort must follow.
type Intake struct {
	room   *Room
	caseID string
	w      *blob.Writing
}

// TakeIn begins to take in members of a case.
func (r *Room) TakeIn(ctx context.Context, caseID string) (*Intake, error) {
	w, err := r.blobs.Begin(ctx, caseID)
	if err != nil {
		return nil, err
	}
	return &Intake{room: r, caseID: caseID, w: w}, nil
}

// Add reads a member's content to its end, digests and encrypts it. The ids
// are for the caller to fill in.
func (i *Intake) Add(content io.Reader) (Member, digest.Set, error) {
	set, name, err := i.w.Add(content)
	return Member{Blob: name, SHA256: set.SHA256, Size: set.Size}, set, err
}

// Commit makes the content durable.
func (i *Intake) Commit(ctx context.Context) error { return i.w.Commit(ctx) }

// Put writes keys and members in the act.
func (i *Intake) Put(ctx context.Context, w *db.Writer, members ...Member) error {
	rows, names := make([]db.Row, len(members)), make([]string, len(members))
	for n, m := range members {
		names[n] = m.Blob
		rows[n] = db.Row{m.ID, i.caseID, m.Exhibit, m.Blob, m.SHA256[:], m.Size}
	}
	if err := i.w.PutKeys(ctx, w, names...); err != nil {
		return err
	}
	return w.Put(ctx, contentTable, rows...)
}

// Abort gives up what is not committed; after Commit it does nothing.
func (i *Intake) Abort() { i.w.Abort() }

// OpenMembers returns a function that opens members of sealed exhibits of one
// case: the exhibits come from OpenMany, so that authorisation and
// consultation are settled. Content of another exhibit is refused.
func (r *Room) OpenMembers(ctx context.Context, sealed []*Sealed, members ...Member) (func(context.Context, Member) (Source, error), error) {
	allowed := map[string]bool{}
	caseID := ""
	for _, s := range sealed {
		allowed[s.ID()] = true
		caseID = s.exhibit.Case
	}
	names := make([]string, 0, len(members))
	for _, m := range members {
		names = append(names, m.Blob)
	}
	opener, err := r.blobs.Opener(ctx, caseID, names...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, m Member) (Source, error) {
		if !allowed[m.Exhibit] {
			return nil, fault.New(fault.Refused, "content: exhibit %s was not opened", m.Exhibit)
		}
		src, err := opener.Open(ctx, m.Blob)
		if err != nil {
			return nil, named(m.Exhibit, err)
		}
		return &namedSource{src, m.Exhibit}, nil
	}, nil
}

// Members returns the members with the given ids, in no order.
func Members(ctx context.Context, q db.Queryer, ids ...string) ([]Member, error) {
	return db.CollectIn(ctx, q, scanMember, `SELECT id, exhibit, blob, sha256, size FROM content WHERE id IN (?*)`, ids)
}
