package pipeline

import (
	"cmp"
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/media"
)

// budget is what an exhibit has unpacked to so far, through all depths, and may.
type budget struct {
	count int   // members
	bytes int64 // read of them, of those too that broke a limit
	most  int64 // bytes that may be read of them
}

// floor is what even the smallest exhibit may unpack to.
const floor = 64 << 20

// most is how many bytes an exhibit of a size may unpack to in all, through every
// depth: containers in containers multiply what each of them may do.
func (l *Line) most(size int64) int64 {
	return max(20*size, min(l.limits.Bytes, l.limits.Ratio*size+floor))
}

// taken is how many bytes of a member were read.
func taken(i media.Item) int64 {
	if i.SHA256 == noDigest && i.State != media.Excluded {
		return 0
	}
	return i.Size
}

// before opens the budgets of the exhibits of a job: what each has unpacked to so
// far. It returns what of the job an interrupted run has done.
func (u *unpacking) before(ctx context.Context, containers []media.Item) (map[media.ID]bool, error) {
	done := map[media.ID]bool{}
	c := cases.ID(u.lease.Case)
	again := u.lease.Attempt() > 1
	if again {
		var ids []string
		for _, i := range containers {
			ids = append(ids, string(i.ID))
		}
		results, err := media.Results(ctx, u.q, c, ids...)
		if err != nil {
			return nil, err
		}
		for _, r := range results {
			if r.Stage == u.stage && r.Version == u.version && r.Outcome != media.Skipped {
				done[media.ID(r.Subject)] = true
			}
		}
	}
	for _, i := range containers {
		if u.budgets[i.Exhibit] != nil {
			continue
		}
		b := &budget{most: u.line.most(u.sealed[i.Exhibit].Size())}
		u.budgets[i.Exhibit] = b
		if !again && i.Depth == 0 {
			continue
		}
		all, err := media.Items(ctx, u.q, media.Query{Case: c, Exhibit: i.Exhibit, View: cases.View{Protected: true}})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(all, func(a, b media.Item) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID)) })
		u.spent(b, i.Depth, all, done)
	}
	return done, nil
}

// spent counts what was unpacked from an exhibit before, and finds the containers
// in what this job has unpacked.
func (u *unpacking) spent(b *budget, depth int, all []media.Item, done map[media.ID]bool) {
	for _, i := range all {
		if i.Depth > 0 && i.Depth <= depth || done[i.Parent] {
			b.count, b.bytes = b.count+1, b.bytes+taken(i)
		}
		if done[i.Parent] && isContainer(i) {
			u.inner = append(u.inner, i)
		}
	}
}
