package evidence

import (
	"context"
	"crypto/sha256"
	"io"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// verifyMembers reads what was unpacked from exhibits of one case to its end
// and compares it with its digest. The problem names the exhibit.
func (r *Room) verifyMembers(ctx context.Context, caseID string, exhibits []Exhibit, yield func(Problem, error) bool) bool {
	ids := make([]string, len(exhibits))
	for i, e := range exhibits {
		ids[i] = e.ID
	}
	members, err := db.CollectIn(ctx, r.reader(), scanMember, `SELECT id, exhibit, blob, sha256, size FROM content WHERE exhibit IN (?*) ORDER BY id`, ids)
	if err != nil {
		return yield(Problem{}, err) && false
	}
	seen := map[string]bool{}
	var todo []Member
	var names []string
	for _, m := range members {
		if !seen[m.Blob] {
			seen[m.Blob] = true
			todo, names = append(todo, m), append(names, m.Blob)
		}
	}
	if len(todo) == 0 {
		return true
	}
	opener, err := r.blobs.Opener(ctx, caseID, names...)
	for _, m := range todo {
		if ctx.Err() != nil {
			return yield(Problem{}, ctx.Err()) && false
		}
		problem := err // the key of the case does not open
		if problem == nil {
			problem = verifyMember(ctx, func() (Source, error) { return opener.Open(ctx, m.Blob) }, m)
		}
		if problem != nil && !yield(Problem{m.Exhibit, fault.New(kindOr(problem), "item %s in it: %w", m.ID, problem)}, nil) {
			return false
		}
	}
	return true
}

func kindOr(err error) fault.Kind {
	if k := fault.KindOf(err); k != fault.Unknown {
		return k
	}
	return fault.Outside
}

func verifyMember(ctx context.Context, open func() (Source, error), m Member) error {
	src, err := open()
	if err != nil {
		return err
	}
	defer src.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(src, 0, src.Size()))
	if err != nil {
		return err
	}
	if n != m.Size || digest.ID(h.Sum(nil)) != m.SHA256 {
		return fault.New(fault.Corrupt, "the digest is not that of when it was unpacked")
	}
	return ctx.Err()
}
