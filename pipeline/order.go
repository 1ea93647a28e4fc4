package pipeline

import (
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/format/picture"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
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

// Release promises the stages for what an authorisation now covers and did not
// before: exhibits that were held, and what stages left out of others. It
// returns the number of exhibits concerned.
func (l *Line) Release(ctx context.Context, caseID, why string) (int, error) {
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "exhibit.release", Case: caseID, Why: why})
	if err != nil {
		return 0, err
	}
	exhibits, err := evidence.Exhibits(ctx, q, evidence.Query{Case: caseID, Protected: true})
	if err != nil {
		return 0, err
	}
	fresh, err := l.unopened(ctx, q, exhibits)
	if err != nil {
		return 0, err
	}
	again, concerned, err := l.leftOut(ctx, q, cases.ID(caseID), exhibits)
	if err != nil || len(fresh)+concerned == 0 {
		return 0, err
	}
	_, err = l.desk.Do(ctx, audit.Act{Class: audit.Collection, Verb: "exhibit.release", Case: caseID, Why: why}, func(w *db.Writer) error {
		js := l.first(caseID, w.Act(), w.Act(), fresh)
		for _, a := range again {
			js = append(js, promises(caseID, a.stage, w.Act(), w.Act(), a.host, a.things)...)
		}
		return l.queue.Promise(ctx, w, js...)
	})
	if err != nil {
		return 0, err
	}
	return len(fresh) + concerned, nil
}

// unopened returns the exhibits that may be opened and never were.
func (l *Line) unopened(ctx context.Context, q db.Queryer, exhibits []evidence.Exhibit) ([]evidence.Exhibit, error) {
	open, _, err := l.evidence.Covered(ctx, q, exhibits, Identify)
	if err != nil {
		return nil, err
	}
	var roots []media.ID
	for _, e := range open {
		roots = append(roots, l.rootID(e.ID))
	}
	done, err := media.Find(ctx, q, roots...)
	known := map[string]bool{}
	for _, i := range done {
		known[i.Exhibit] = true
	}
	return slices.DeleteFunc(open, func(e evidence.Exhibit) bool { return known[e.ID] }), err
}

// errand is a stage to be run over things, on a host or on any.
type errand struct {
	stage, host string
	things      []string
}

// leftCodes are the reasons for which a stage left something out that may be gone
// by now: no authorisation, or no decoder where one is installed since.
func (l *Line) leftCodes() []string {
	codes := []string{"held", "scope"}
	for _, d := range l.decoders {
		if d.Name != "" {
			return append(codes, picture.NoDecoder)
		}
	}
	return codes
}

// leftOut returns what stages left out for a reason that may be gone, and may
// look at now, and the number of exhibits concerned.
func (l *Line) leftOut(ctx context.Context, q db.Queryer, c cases.ID, exhibits []evidence.Exhibit) ([]errand, int, error) {
	results, err := media.LeftOut(ctx, q, c, l.leftCodes()...)
	if err != nil || len(results) == 0 {
		return nil, 0, err
	}
	stages, ids := map[media.ID][]string{}, []media.ID{}
	for _, r := range results {
		if r.Version == version(r.Stage) {
			stages[media.ID(r.Subject)] = append(stages[media.ID(r.Subject)], r.Stage)
			ids = append(ids, media.ID(r.Subject))
		}
	}
	items, err := media.Find(ctx, q, ids...)
	if err != nil {
		return nil, 0, err
	}
	allowed := map[string]map[string]evidence.Exhibit{} // by stage and id
	for _, stage := range []string{Unpack, Read, Fingerprint, Link} {
		open, _, err := l.evidence.Covered(ctx, q, exhibits, stage)
		if err != nil {
			return nil, 0, err
		}
		allowed[stage] = map[string]evidence.Exhibit{}
		for _, e := range open {
			allowed[stage][e.ID] = e
		}
	}
	by, concerned := map[[2]string][]string{}, map[string]bool{}
	for _, i := range items {
		for _, stage := range stages[i.ID] {
			if e, ok := allowed[stage][i.Exhibit]; ok {
				host := ""
				if e.Mode == evidence.InPlace && i.Parent == "" {
					host = e.Host
				}
				by[[2]string{stage, host}] = append(by[[2]string{stage, host}], string(i.ID))
				concerned[i.Exhibit] = true
			}
		}
	}
	var out []errand
	for k, things := range by {
		out = append(out, errand{k[0], k[1], things})
	}
	return out, len(concerned), nil
}

// rootID is the id of the item that is an exhibit itself.
func (l *Line) rootID(exhibit string) media.ID { return media.ItemID(l.siteRow, exhibit, "", 0) }

// casesWithWork returns the cases with open jobs that the actor can open.
func (l *Line) casesWithWork(ctx context.Context) ([]string, error) {
	if idle, err := l.queue.Idle(ctx, "", l.host); err != nil || idle {
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
		idle, err := l.queue.Idle(ctx, id, l.host)
		if err != nil {
			return nil, err
		}
		if !idle {
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
