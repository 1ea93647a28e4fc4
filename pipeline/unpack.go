package pipeline

import (
	"cmp"
	"context"
	"io"
	"path"
	"slices"

	"tutela/casework/media"
	"tutela/fault"
	"tutela/format"
	"tutela/format/archive"
	"tutela/format/identify"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/failpoint"
	"tutela/vault/jobs"
)

// What is taken in before it is committed.
const (
	portionItems = 500
	portionBytes = 256 << 20
)

// unpacking takes the members out of containers. Those of one exhibit at one
// depth go through in one job, because their order decides where a limit cuts;
// the next depth begins when this one is done.
type unpacking struct {
	*work
	budgets map[string]*budget // by exhibit
	*budget                    // of the container at hand

	intake  *evidence.Intake
	members []evidence.Member
	pending int64
	made    int          // members of the container at hand
	fresh   []media.Item // members whose stages are not promised yet
	chats   []media.Item // chats among them, which wait for what lies beside them
	names   map[string]int
	outside bool         // the container at hand is not covered
	inner   []media.Item // containers among all members
}

// unpack takes members out of containers. Its things are items, of each exhibit
// all that it has at one depth.
func (l *Line) unpack(ctx context.Context, w *work) error {
	containers, err := w.take(ctx)
	if err != nil {
		return err
	}
	if len(containers) == 0 {
		return w.commit(ctx, audit.Collection, true)
	}
	u := &unpacking{work: w, budgets: map[string]*budget{}}
	done, err := u.before(ctx, containers)
	if err != nil {
		return err
	}
	defer u.abort()
	for n, c := range containers {
		u.budget = u.budgets[c.Exhibit]
		if !done[c.ID] {
			if err := u.container(ctx, c); err != nil {
				return err
			}
		}
		last := n == len(containers)-1
		if last {
			u.promiseUnpack("", inOrder(u.inner))
		}
		if last || u.full() {
			if err := u.flush(ctx, last); err != nil {
				return err
			}
		}
	}
	return nil
}

// inOrder sorts containers so that an interrupted run goes on in the order of one
// that was not.
func inOrder(containers []media.Item) []media.Item {
	slices.SortFunc(containers, func(a, b media.Item) int {
		return cmp.Or(cmp.Compare(a.Exhibit, b.Exhibit), cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	return containers
}

// What goes into one job that unpacks: small containers of many exhibits share
// one, and a large one has its own.
const (
	unpackThings = 100
	unpackBytes  = 32 << 20
)

// promiseUnpack orders the unpacking of containers, those of an exhibit together.
func (w *work) promiseUnpack(host string, containers []media.Item) {
	var things []string
	size := int64(0)
	close := func() {
		if len(things) > 0 {
			w.next = append(w.next, batches(w.lease.Case, Unpack, w.lease.Ordered, w.salt(), host, things, len(things))...)
		}
		things, size = nil, 0
	}
	for n, i := range containers {
		if n > 0 && i.Exhibit != containers[n-1].Exhibit && (len(things) >= unpackThings || size+i.Size > unpackBytes) {
			close()
		}
		things, size = append(things, string(i.ID)), size+i.Size
	}
	close()
}

// full reports whether enough has been taken in for an act.
func (u *unpacking) full() bool {
	return len(u.results) >= portionItems || u.pending >= portionBytes
}

func isContainer(i media.Item) bool {
	return i.SHA256 != noDigest && slices.Contains(roads[identify.Kind(i.Kind)], Unpack)
}

// container goes through one container. What is wrong with it is a finding.
func (u *unpacking) container(ctx context.Context, c media.Item) error {
	src, err := u.source(ctx, c)
	if err != nil {
		return u.unreadable(c, err)
	}
	defer src.Close()
	if kind := identify.Kind(c.Kind); kind == identify.Mail || kind == identify.Mbox {
		done, err := u.line.alone(ctx, c.Size)
		if err != nil {
			return err
		}
		defer done()
	}
	in := &watched{src: src}
	u.made, u.chats, u.names, u.outside = 0, nil, map[string]int{}, false
	var notes []format.Finding
	if c.Depth+1 > u.line.limits.Depth {
		notes = []format.Finding{{Code: "archive.depth", Detail: "nested deeper than the limit"}}
	} else {
		var failed error
		crashed := guard(func() {
			switch identify.Kind(c.Kind) {
			case identify.Mail:
				notes, failed = u.mail(ctx, c, in)
			case identify.Mbox:
				notes, failed = u.mbox(ctx, c, in)
			default:
				notes, failed = u.archive(ctx, c, in)
			}
		})
		if failed != nil {
			return failed
		}
		if crashed != nil {
			notes = append(notes, *crashed)
		}
	}
	u.find(c, notes...)
	switch {
	case in.err != nil:
		return u.unreadable(c, in.err)
	case u.outside:
		u.result(c.ID, media.Skipped, "scope")
	case u.made == 0 && len(notes) > 0 && identify.Kind(c.Kind) == identify.Archive:
		u.result(c.ID, media.Failed, notes[0].Code)
	default:
		u.result(c.ID, media.Done, "")
	}
	u.forward(u.chats)
	return nil
}

// forward promises the stages of members; containers among them wait for their
// depth.
func (u *unpacking) forward(items []media.Item) {
	before := len(u.next)
	u.onward(items)
	u.next = append(u.next[:before], slices.DeleteFunc(slices.Clone(u.next[before:]), func(j jobs.Job) bool { return j.Stage == Unpack })...)
}

// archive walks through a zip, tar or gzip file.
func (u *unpacking) archive(ctx context.Context, c media.Item, in *watched) ([]format.Finding, error) {
	head := make([]byte, min(int64(identify.Head), in.src.Size()))
	if n, err := in.ReadAt(head, 0); err != nil && err != io.EOF && n < len(head) {
		return nil, nil // in.err tells
	}
	t, _ := identify.Identify(head, c.Size, c.Name)
	if t.Container == "" {
		return []format.Finding{{Code: "archive.unsupported", Detail: c.MIME}}, nil
	}
	lim := u.line.limits
	lim.Items, lim.Bytes = max(lim.Items-u.count, 1), max(u.most-u.bytes, 1)
	w := archive.Walk(in, in.src.Size(), archive.Kind(t.Container), lim)
	for m := range w.Members() {
		if m.Mode.IsDir() {
			continue
		}
		size := max(m.Size, 0)
		var open func() (io.Reader, error)
		if m.IsFile() {
			open = m.Open
		}
		if err := u.add(ctx, c, m.Path, size, open); err != nil {
			return w.Findings(), err
		}
		if in.err != nil || ctx.Err() != nil {
			break
		}
	}
	return w.Findings(), ctx.Err()
}

// add takes in one member. open is nil for what has no readable content.
func (u *unpacking) add(ctx context.Context, c media.Item, name string, size int64, open func() (io.Reader, error)) error {
	i := media.Item{Case: c.Case, Exhibit: c.Exhibit, Parent: c.ID, Path: join(c.Path, name), Name: path.Base(name), Size: size,
		MIME: "application/octet-stream", Kind: string(identify.Unknown), State: media.Unreadable, Depth: c.Depth + 1, Protected: c.Protected}
	i.ID = u.memberID(c, name)
	u.count++
	if open != nil {
		if err := u.content(ctx, &i, open); err != nil {
			return err
		}
	}
	outcome, detail := media.Done, ""
	if i.SHA256 == noDigest {
		outcome, detail = media.Failed, "content."+string(i.State)
	}
	u.results = append(u.results, media.Result{Case: i.Case, Subject: string(i.ID), Stage: Identify, Version: version(Identify),
		Outcome: outcome, Detail: detail})
	u.items, u.made = append(u.items, i), u.made+1
	if isContainer(i) {
		u.inner = append(u.inner, i)
	}
	if identify.Kind(i.Kind) == identify.ChatText {
		u.chats = append(u.chats, i)
	} else {
		u.fresh = append(u.fresh, i)
	}
	if u.full() {
		return u.flush(ctx, false)
	}
	return nil
}

// memberID is the id of a member: of members of the same name in the order of
// the container.
func (u *unpacking) memberID(c media.Item, name string) media.ID {
	full := name
	if c.Depth > 0 { // two containers may have the same path
		full = join(string(c.ID), name)
	}
	u.names[name]++
	return media.ItemID(u.line.siteRow, c.Exhibit, full, u.names[name]-1)
}

// content reads a member to its end or to where it is damaged, and tells its
// type. A member that breaks a limit is not kept.
func (u *unpacking) content(ctx context.Context, i *media.Item, open func() (io.Reader, error)) error {
	r, err := open()
	if err != nil {
		return nil // the walker has a finding
	}
	if u.intake == nil {
		if u.intake, err = u.line.evidence.TakeIn(ctx, string(i.Case)); err != nil {
			return err
		}
	}
	m := &member{r: r}
	stored, set, err := u.intake.Add(m)
	switch {
	case m.refused != nil:
		i.State, i.Size = media.Excluded, m.n
		u.bytes += m.n
		return nil
	case err != nil:
		return err
	case set.Size == 0 && m.damaged:
		return nil
	}
	i.Size, i.MD5, i.SHA1, i.SHA256 = set.Size, set.MD5, set.SHA1, set.SHA256
	if !m.damaged {
		i.State = media.Read
	}
	stored.ID, stored.Exhibit = string(i.ID), i.Exhibit
	u.members = append(u.members, stored)
	u.pending, u.bytes = u.pending+set.Size, u.bytes+set.Size
	u.classify(i, m.head)
	return nil
}

// flush makes the members taken in so far durable and commits their rows.
func (u *unpacking) flush(ctx context.Context, last bool) error {
	in, members := u.intake, u.members
	u.forward(u.fresh)
	u.intake, u.members, u.pending, u.fresh = nil, nil, 0, nil
	if in != nil {
		defer in.Abort()
		if err := in.Commit(ctx); err != nil {
			return err
		}
		failpoint.Hit("pipeline.durable")
		u.puts = append(u.puts, func(ctx context.Context, w *db.Writer) error { return in.Put(ctx, w, members...) })
	}
	return u.commit(ctx, audit.Collection, last)
}

func (u *unpacking) abort() {
	if u.intake != nil {
		u.intake.Abort()
	}
}

// member is a member's content as it is taken in. Damage ends it, a limit fails
// it, and its first bytes are kept.
type member struct {
	r       io.Reader
	n       int64 // bytes read
	head    []byte
	damaged bool
	refused error
}

func (m *member) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if room := identify.Head - len(m.head); room > 0 {
		m.head = append(m.head, p[:min(n, room)]...)
	}
	switch {
	case err == nil || err == io.EOF:
	case fault.KindOf(err) == fault.Refused:
		m.refused = err
	default:
		m.damaged, err = true, io.EOF
	}
	return n, err
}

// watched remembers a failure of the sealed content, so that it is not taken
// for damage inside of it.
type watched struct {
	src evidence.Source
	err error
}

// ReadAt implements io.ReaderAt.
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.src.ReadAt(p, off)
	if err != nil && err != io.EOF && w.err == nil {
		w.err = err
	}
	return n, err
}
