package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/failpoint"
	"tutela/vault/jobs"
)

// work is one job at work: what it reads, and the rows that it will write.
type work struct {
	line    *Line
	lease   *jobs.Lease
	stage   string
	version string
	q       *db.Reader
	sealed  map[string]*evidence.Sealed // exhibits that may be opened, by id
	refused map[string]error
	members map[media.ID]evidence.Member
	member  func(context.Context, evidence.Member) (evidence.Source, error)

	again   []media.Item       // whose findings are made anew
	seen    []identifiers.Seen // not in puts yet
	items   []media.Item       // to be written
	notes   []*note            // of all items so far, in the order of their first finding
	noted   map[media.ID]*note
	results []media.Result
	next    []jobs.Job
	puts    []func(context.Context, *db.Writer) error
}

// note is what was found on one item.
type note struct {
	item  media.Item
	found []format.Finding
	fresh bool // not all of it is written
}

// batchOf is how many things go into one job of a stage.
func batchOf(stage string) int {
	switch stage {
	case Fingerprint, Link:
		return 64
	case Read:
		return 8
	case Unpack:
		return 1
	}
	return 500
}

// begin records that the stage looks at the rows of its things.
func (l *Line) begin(ctx context.Context, lease *jobs.Lease) (*work, error) {
	w := &work{line: l, lease: lease, stage: lease.Stage, version: version(lease.Stage), noted: map[media.ID]*note{}}
	var err error
	w.q, err = l.desk.Consult(ctx, w.act(audit.Consultation))
	return w, err
}

// act is how the log names what the job does.
func (w *work) act(class audit.Class) audit.Act {
	return audit.Act{Class: class, Verb: "stage." + w.stage, Case: w.lease.Case, Why: "stage " + w.stage + " of the pipeline",
		Role: "system", Ordered: w.lease.Ordered, Detail: map[string]string{"version": w.version}}
}

// open asks for exhibits and for the members unpacked from them. What may not
// be opened is in w.refused.
func (w *work) open(ctx context.Context, exhibits []string, items []media.Item) error {
	slices.Sort(exhibits)
	exhibits = slices.Compact(exhibits)
	act := w.act(audit.Consultation)
	sealed, refused, err := w.line.evidence.OpenMany(ctx, w.line.desk, act, w.stage, exhibits...)
	if err != nil {
		return err
	}
	w.sealed, w.refused, w.members = map[string]*evidence.Sealed{}, refused, map[media.ID]evidence.Member{}
	for _, s := range sealed {
		w.sealed[s.ID()] = s
	}
	var inner []string
	for _, i := range items {
		if i.Parent != "" {
			inner = append(inner, string(i.ID))
		}
	}
	ms, err := evidence.Members(ctx, w.q, inner...)
	if err != nil || len(ms) == 0 || len(sealed) == 0 {
		return err
	}
	for _, m := range ms {
		w.members[media.ID(m.ID)] = m
	}
	w.member, err = w.line.evidence.OpenMembers(ctx, sealed, ms...)
	return err
}

// take loads the job's items in the order of its things and opens their
// exhibits. Items that may not be opened get the result "skipped" and are left
// out.
func (w *work) take(ctx context.Context) ([]media.Item, error) {
	all, err := w.load(ctx)
	if err != nil {
		return nil, err
	}
	var exhibits []string
	for _, i := range all {
		exhibits = append(exhibits, i.Exhibit)
	}
	if err := w.open(ctx, exhibits, all); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(i media.Item) bool {
		if w.sealed[i.Exhibit] == nil {
			w.result(i.ID, media.Skipped, "held")
			return true
		}
		return false
	}), nil
}

// load loads the job's items in the order of its things.
func (w *work) load(ctx context.Context) ([]media.Item, error) {
	wanted := make([]media.ID, len(w.lease.Things))
	for i, t := range w.lease.Things {
		wanted[i] = media.ID(t)
	}
	found, err := media.Find(ctx, w.q, wanted...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b media.Item) int {
		return slices.Index(wanted, a.ID) - slices.Index(wanted, b.ID)
	})
	return found, nil
}

// source opens the content of an item.
func (w *work) source(ctx context.Context, i media.Item) (evidence.Source, error) {
	if i.Parent == "" {
		return w.sealed[i.Exhibit].Open(ctx)
	}
	m, ok := w.members[i.ID]
	if !ok {
		return nil, fault.New(fault.NotFound, "item %s has no content", i.ID)
	}
	return w.member(ctx, m)
}

// unreadable records that the content of an item cannot be had. It returns the
// error when another try may help.
func (w *work) unreadable(i media.Item, err error) error {
	switch fault.KindOf(err) {
	case fault.Corrupt:
		w.find(i, format.Finding{Code: "content.corrupt", Detail: "the content is not what was sealed"})
		w.result(i.ID, media.Failed, "content.corrupt")
		return nil
	case fault.NotFound:
		w.result(i.ID, media.Skipped, "content.none")
		return nil
	}
	return err
}

// find records findings on an item, with its inner path in front of the place.
func (w *work) find(i media.Item, fs ...format.Finding) {
	if len(fs) == 0 {
		return
	}
	n := w.noted[i.ID]
	if n == nil {
		n = &note{item: i}
		w.noted[i.ID] = n
		w.notes = append(w.notes, n)
	}
	n.fresh = true
	for _, f := range fs {
		f.Place.Path = join(i.Path, f.Place.Path)
		n.found = append(n.found, f)
	}
}

// findings returns those that are not written yet. Their ids count the findings
// of an item, so all of an item go together.
func (w *work) findings() []media.Finding {
	var out []media.Finding
	for _, n := range w.notes {
		if n.fresh {
			n.fresh = false
			of := media.Finding{Case: n.item.Case, Exhibit: n.item.Exhibit, Item: n.item.ID, Stage: w.stage, Version: w.version}
			out = append(out, media.FromReader(w.line.siteRow, of, n.found...)...)
		}
	}
	return out
}

// result records what became of an item.
func (w *work) result(id media.ID, o media.Outcome, detail string) {
	w.results = append(w.results, media.Result{Case: cases.ID(w.lease.Case), Subject: string(id), Stage: w.stage, Version: w.version,
		Outcome: o, Detail: detail})
}

// promise orders a stage for things of the same case; host is "" when any
// machine can do it.
func (w *work) promise(stage, host string, things ...string) {
	w.next = append(w.next, promises(w.lease.Case, stage, w.lease.Ordered, w.salt(), host, things)...)
}

// salt is that of the job: what was ordered once more is done once more in the
// stages that follow too.
func (w *work) salt() string { return w.lease.Key[strings.LastIndexByte(w.lease.Key, '|')+1:] }

// promises makes the jobs for things. Equal things give equal keys, and thus one
// job, unless the salt differs.
func promises(caseID, stage, ordered, salt, host string, things []string) []jobs.Job {
	return batches(caseID, stage, ordered, salt, host, things, batchOf(stage))
}

// batches is promises with a size of its own.
func batches(caseID, stage, ordered, salt, host string, things []string, size int) []jobs.Job {
	var out []jobs.Job
	for part := range slices.Chunk(things, size) {
		sum := sha256.Sum256([]byte(strings.Join(part, "\n")))
		key := strings.Join([]string{stage, version(stage), hex.EncodeToString(sum[:]), caseID, salt}, "|")
		out = append(out, jobs.Job{Key: key, Case: caseID, Stage: stage, Version: version(stage), Ordered: ordered, Host: host,
			Things: slices.Clone(part)})
	}
	return out
}

// host returns where the content of an item can be read: "" is everywhere.
func (w *work) host(i media.Item) string {
	if s := w.sealed[i.Exhibit]; s != nil && i.Parent == "" && s.Exhibit().Mode == evidence.InPlace {
		return s.Exhibit().Host
	}
	return ""
}

// commit writes what the job has gathered so far in one act and, with last,
// finishes the job in it. Then it starts gathering anew.
func (w *work) commit(ctx context.Context, class audit.Class, last bool) error {
	findings := w.findings()
	_, err := w.line.desk.Do(ctx, w.act(class), func(dw *db.Writer) error {
		if err := media.PutItems(ctx, dw, w.items...); err != nil {
			return err
		}
		for _, put := range w.puts {
			if err := put(ctx, dw); err != nil {
				return err
			}
		}
		if err := w.putFindings(ctx, dw, findings); err != nil {
			return err
		}
		if err := media.PutResults(ctx, dw, w.results...); err != nil {
			return err
		}
		if err := w.line.queue.Promise(ctx, dw, w.next...); err != nil {
			return err
		}
		if err := cases.Raise(ctx, dw, cases.ID(w.lease.Case)); err != nil || !last {
			return err
		}
		return w.lease.Finish(ctx, dw)
	})
	w.again, w.items, w.results, w.next, w.puts = nil, nil, nil, nil, nil
	if err == nil {
		failpoint.Hit("pipeline." + w.stage)
	}
	return err
}

// putFindings writes findings. A chat can be read again when more of what lies
// beside it is known, a mail when more is authorised, and a picture or a film when
// a decoder is installed.
func (w *work) putFindings(ctx context.Context, dw *db.Writer, fs []media.Finding) error {
	if len(w.again) > 0 {
		return media.Renew(ctx, dw, w.stage, w.version, w.again, fs...)
	}
	return media.PutFindings(ctx, dw, fs...)
}

// join joins inner paths.
func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, " › ")
}
