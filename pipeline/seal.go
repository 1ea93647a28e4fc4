package pipeline

import (
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/identify"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/failpoint"
	"tutela/vault/jobs"
)

// Ingest seals the order's paths and, unless detached, works until the case's
// jobs are done. An interrupted ingest is continued by the same order.
func (l *Line) Ingest(ctx context.Context, o Order, progress func(Progress)) (Result, error) {
	var r Result
	if len(o.Paths) == 0 || o.Why == "" {
		return r, fault.New(fault.Invalid, "ingest: a path and a reason are needed")
	}
	before, err := l.tally(ctx, o)
	if err != nil {
		return r, err
	}
	for _, path := range o.Paths {
		if err := l.seal(ctx, o, path, &r, progress); err != nil {
			return r, err
		}
	}
	if !o.Detach {
		if err := l.workOn(ctx, o.Case, 0, progress); err != nil {
			return r, err
		}
	}
	after, err := l.tally(ctx, o)
	if err != nil {
		return r, err
	}
	r.Items, r.Findings = int(after.items-before.items), r.Findings+int(after.findings-before.findings)
	r.Matches, r.Failed = max(after.matches-before.matches, 0), after.failed
	return r, l.countHeld(ctx, o, &r)
}

// tally is what the result of an ingest is counted from.
type tally struct {
	items, findings int64
	matches, failed int
}

// tally counts the case, and refuses one that is not open. Only who ingests a
// protected source's own is told of what is protected.
func (l *Line) tally(ctx context.Context, o Order) (tally, error) {
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "ingest.count", Case: o.Case, Why: o.Why})
	if err != nil {
		return tally{}, err
	}
	c, err := cases.Find(ctx, q, cases.ID(o.Case))
	if err != nil {
		return tally{}, err
	}
	if string(c.ID) != o.Case || c.State != cases.Open {
		return tally{}, fault.New(fault.Refused, "ingest: case %s is not open", o.Case)
	}
	view := cases.View{Protected: o.Protected}
	n, err := media.Count(ctx, q, c.ID, view)
	if err != nil {
		return tally{}, err
	}
	t := tally{items: n.Items, findings: n.Findings}
	hits, err := matching.Count(ctx, q, c.ID, view)
	if err != nil {
		return t, err
	}
	for _, k := range hits {
		t.matches += k
	}
	jobs, err := l.queue.Counts(ctx, o.Case)
	t.failed = jobs.Failed
	return t, err
}

// seal seals one path.
func (l *Line) seal(ctx context.Context, o Order, path string, r *Result, progress func(Progress)) error {
	order := evidence.Order{Case: o.Case, Path: path, InPlace: o.InPlace, Protected: o.Protected, Risk: o.Risk, Authority: o.Authorisation,
		FromWhom: o.FromWhom, Device: o.Device, Method: o.Method, Zone: o.Zone, Why: o.Why,
		Promise: func(ctx context.Context, w *db.Writer, sealed []evidence.Exhibit) error {
			return l.sealed(ctx, w, o, sealed)
		}}
	if progress != nil {
		order.Progress = func(p evidence.Progress) {
			progress(Progress{Stage: Seal, Files: p.Files, Bytes: p.Bytes, TotalFiles: p.TotalFiles, TotalBytes: p.TotalBytes,
				PerSecond: p.PerSecond, SecondsLeft: p.SecondsLeft})
		}
	}
	s, err := l.evidence.Seal(ctx, l.desk, order)
	r.Exhibits, r.Resumed, r.Bytes, r.Findings = r.Exhibits+s.Exhibits, r.Resumed+s.Resumed, r.Bytes+s.Bytes, r.Findings+s.Findings
	if s.Acquisition != "" {
		r.Acquisitions = append(r.Acquisitions, s.Acquisition)
	}
	if err != nil {
		return err
	}
	failpoint.Hit("pipeline.sealed")
	return l.rereadFolder(ctx, o, s.Acquisition)
}

// sealed writes, in the act that seals exhibits, what the order says of them,
// and promises the next stage for those that may be opened.
func (l *Line) sealed(ctx context.Context, w *db.Writer, o Order, sealed []evidence.Exhibit) error {
	c, now, officer := cases.ID(o.Case), l.clock().UnixMicro(), staff.ID(l.desk.KeyID())
	var marks []cases.Mark
	for _, e := range sealed {
		if o.Risk {
			marks = append(marks, cases.Mark{Case: c, ObjectKind: cases.ExhibitObject, Object: e.ID, Kind: cases.Risk, Set: true,
				Officer: officer, At: now, Why: o.Why})
		}
		if o.Owner != "" {
			owner := chats.Owner{Case: c, Exhibit: e.ID, Label: o.Owner, Set: true, Officer: officer, At: now, Why: o.Why}
			if err := chats.DeclareOwner(ctx, w, owner); err != nil {
				return err
			}
		}
	}
	if err := cases.PutMarks(ctx, w, marks...); err != nil {
		return err
	}
	open, _, err := l.evidence.Covered(ctx, w, sealed, Identify)
	if err != nil {
		return err
	}
	if err := l.queue.Promise(ctx, w, l.first(o.Case, w.Act(), "", open)...); err != nil {
		return err
	}
	return cases.Raise(ctx, w, c)
}

// first makes the jobs that begin the work on exhibits.
func (l *Line) first(caseID, act, salt string, exhibits []evidence.Exhibit) []jobs.Job {
	by := map[string][]string{}
	for _, e := range exhibits {
		host := ""
		if e.Mode == evidence.InPlace {
			host = e.Host
		}
		by[host] = append(by[host], e.ID)
	}
	var out []jobs.Job
	for host, ids := range by {
		out = append(out, promises(caseID, Identify, act, salt, host, ids)...)
	}
	return out
}

// rereadFolder orders chats of an acquisition to be read again that another
// worker has read while files beside them were still being sealed.
func (l *Line) rereadFolder(ctx context.Context, o Order, acquisition string) error {
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "ingest.count", Case: o.Case, Object: acquisition, Why: o.Why})
	if err != nil {
		return err
	}
	found, err := media.Items(ctx, q, media.Query{Case: cases.ID(o.Case), Kind: string(identify.ChatText), View: cases.View{Protected: true}})
	found = slices.DeleteFunc(found, func(i media.Item) bool { return i.Parent != "" })
	if err != nil || len(found) == 0 {
		return err
	}
	exhibits, err := evidence.Exhibits(ctx, q, evidence.Query{Case: o.Case, Acquisition: acquisition, Protected: true})
	if err != nil {
		return err
	}
	hosts := map[string]string{}
	for _, e := range exhibits {
		hosts[e.ID] = e.Host
	}
	again := map[string][]string{}
	for _, i := range found {
		if host, own := hosts[i.Exhibit]; own {
			again[host] = append(again[host], string(i.ID))
		}
	}
	if len(again) == 0 {
		return nil
	}
	_, err = l.desk.Do(ctx, audit.Act{Class: audit.Collection, Verb: "stage.order", Case: o.Case, Object: acquisition, Why: o.Why}, func(w *db.Writer) error {
		for host, things := range again {
			if err := l.queue.Promise(ctx, w, promises(o.Case, Read, w.Act(), w.Act(), host, things)...); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// countHeld counts the exhibits of the ingest that no authorisation covers.
func (l *Line) countHeld(ctx context.Context, o Order, r *Result) error {
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "ingest.count", Case: o.Case, Why: o.Why})
	if err != nil {
		return err
	}
	for _, a := range r.Acquisitions {
		exhibits, err := evidence.Exhibits(ctx, q, evidence.Query{Case: o.Case, Acquisition: a, Protected: true})
		if err != nil {
			return err
		}
		_, held, err := l.evidence.Covered(ctx, q, exhibits, Identify)
		if err != nil {
			return err
		}
		r.Held += len(held)
	}
	return nil
}
