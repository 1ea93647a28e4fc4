package pipeline

import (
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/jobs"
	"tutela/vault/keys"
)

// Rematch promises matching of everything in the case again, because lists
// have changed; "" is every open case.
func (l *Line) Rematch(ctx context.Context, caseID, why string) error {
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "match.order", Case: caseID, Why: why})
	if err != nil {
		return err
	}
	ids := []string{caseID}
	if caseID == "" {
		all, err := cases.List(ctx, q, "")
		if err != nil {
			return err
		}
		ids = nil
		for _, c := range all {
			if c.State == cases.Open {
				ids = append(ids, string(c.ID))
			}
		}
	}
	for _, id := range ids {
		items, err := media.Items(ctx, q, media.Query{Case: cases.ID(id), View: cases.View{Protected: true}})
		if err != nil {
			return err
		}
		var things []string
		for _, i := range items {
			if i.SHA256 != noDigest {
				things = append(things, string(i.ID))
			}
		}
		if len(things) == 0 {
			continue
		}
		act := audit.Act{Class: audit.Combination, Verb: "match.order", Case: id, Why: why}
		if _, err := l.desk.Do(ctx, act, func(w *db.Writer) error {
			return l.queue.Promise(ctx, w, promises(id, Match, w.Act(), w.Act(), "", things)...)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Release promises the stages for exhibits of the case that were held and are
// now covered by an authorisation. It returns their number.
func (l *Line) Release(ctx context.Context, caseID, why string) (int, error) {
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "exhibit.release", Case: caseID, Why: why})
	if err != nil {
		return 0, err
	}
	exhibits, err := evidence.Exhibits(ctx, q, evidence.Query{Case: caseID, Protected: true})
	if err != nil {
		return 0, err
	}
	open, _, err := l.evidence.Covered(ctx, q, exhibits, Identify)
	if err != nil {
		return 0, err
	}
	var roots []media.ID
	for _, e := range open {
		roots = append(roots, l.rootID(e.ID))
	}
	done, err := media.Find(ctx, q, roots...)
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	for _, i := range done {
		known[i.Exhibit] = true
	}
	open = slices.DeleteFunc(open, func(e evidence.Exhibit) bool { return known[e.ID] })
	if len(open) == 0 {
		return 0, nil
	}
	_, err = l.desk.Do(ctx, audit.Act{Class: audit.Collection, Verb: "exhibit.release", Case: caseID, Why: why}, func(w *db.Writer) error {
		return l.queue.Promise(ctx, w, l.first(caseID, w.Act(), w.Act(), open)...)
	})
	if err != nil {
		return 0, err
	}
	return len(open), nil
}

// rootID is the id of the item that is an exhibit itself.
func (l *Line) rootID(exhibit string) media.ID { return media.ItemID(l.siteRow, exhibit, "", 0) }

// casesWithWork returns the cases with open jobs that the actor can open.
func (l *Line) casesWithWork(ctx context.Context) ([]string, error) {
	any, err := l.queue.Counts(ctx, "")
	if err != nil || any == (jobs.Counts{Done: any.Done, Failed: any.Failed}) {
		return nil, err
	}
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "work.list", Why: "looking for work"})
	if err != nil {
		return nil, err
	}
	all, err := l.entitled(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range all {
		n, err := l.queue.Counts(ctx, id)
		if err != nil {
			return nil, err
		}
		if n.Waiting > 0 {
			out = append(out, id)
		}
	}
	if len(out) == 0 && len(all) == 0 {
		return nil, fault.Hint(fault.New(fault.Refused, "work: this key is entitled to no case"), "Ask an officer of the case to entitle it.")
	}
	return out, nil
}

// entitled returns the cases that the actor can open: a service every one.
func (l *Line) entitled(ctx context.Context, q db.Queryer) ([]string, error) {
	m, _ := l.vault.Keys.Ring.View().Find(l.desk.KeyID())
	if m.Kind != keys.Service {
		return keys.CasesOf(ctx, q, l.desk.KeyID())
	}
	all, err := cases.List(ctx, q, "")
	var out []string
	for _, c := range all {
		out = append(out, string(c.ID))
	}
	return out, err
}
