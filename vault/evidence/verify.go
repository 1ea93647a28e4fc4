package evidence

import (
	"context"
	"fmt"
	"io"
	"iter"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// Problem is something that is not as it was sealed.
type Problem struct {
	Exhibit string
	Err     error
}

// String names the exhibit and what is wrong.
func (p Problem) String() string { return fmt.Sprintf("exhibit %s: %v", p.Exhibit, p.Err) }

const verifyBatch = 500

// VerifyAll reads every exhibit (of a case, "" = of all) to its end and yields
// what is wrong: content (its own, or unpacked from it) missing, altered or
// unreadable, digests that differ, chains of custody that do not hold. In-place exhibits of other hosts and
// cases whose key the caller cannot open are yielded as Refused. done counts
// exhibits as they are finished; it may be nil. An error ends the iteration.
func (r *Room) VerifyAll(ctx context.Context, caseID string, done func(int)) iter.Seq2[Problem, error] {
	return func(yield func(Problem, error) bool) {
		after := ""
		for {
			batch, err := db.Collect(ctx, r.reader(), scanExhibit, selectExhibit+
				`WHERE (?1 = '' OR case_id = ?1) AND id > ?2 ORDER BY id LIMIT ?3`, caseID, after, int64(verifyBatch))
			if err != nil {
				yield(Problem{}, err)
				return
			}
			if len(batch) == 0 {
				return
			}
			after = batch[len(batch)-1].ID
			if !r.verifyBatch(ctx, batch, yield) {
				return
			}
			if done != nil {
				done(len(batch))
			}
		}
	}
}

func (r *Room) verifyBatch(ctx context.Context, batch []Exhibit, yield func(Problem, error) bool) bool {
	ids := make([]string, len(batch))
	byCase := map[string][]Exhibit{}
	for i, e := range batch {
		ids[i] = e.ID
		if e.State != Erased {
			byCase[e.Case] = append(byCase[e.Case], e)
		}
	}
	chains, err := CustodyOf(ctx, r.reader(), ids...)
	if err != nil {
		return yield(Problem{}, err) && false
	}
	for _, e := range batch {
		if err := CheckCustody(e, chains[e.ID]); err != nil && !yield(Problem{e.ID, err}, nil) {
			return false
		}
	}
	for caseID, exhibits := range byCase {
		c, err := r.contents(ctx, r.reader(), caseID, exhibits)
		for _, e := range exhibits {
			if ctx.Err() != nil {
				return yield(Problem{}, ctx.Err()) && false
			}
			problem := err // the key of the case does not open
			if problem == nil {
				problem = c.verify(ctx, e)
			}
			if problem != nil && !yield(Problem{e.ID, problem}, nil) {
				return false
			}
		}
		if err == nil && !r.verifyMembers(ctx, caseID, exhibits, yield) {
			return false
		}
	}
	return true
}

// verify reads one exhibit to its end.
func (c *contents) verify(ctx context.Context, e Exhibit) error {
	src, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer src.Close()
	set, err := digest.Sum(io.NewSectionReader(src, 0, src.Size()))
	if err != nil {
		return named(e.ID, err)
	}
	if set.Size != e.Size || set.MD5 != e.MD5 || set.SHA1 != e.SHA1 || set.SHA256 != e.SHA256 || set.Root != e.Root {
		return fault.New(fault.Corrupt, "the digests are not those that were sealed")
	}
	return nil
}
