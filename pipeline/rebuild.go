package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// MaxDifferences is how many differences a rebuild names; further ones are
// counted.
const MaxDifferences = 1000

// Rebuilt is what a rebuild came to.
type Rebuilt struct {
	Rows        int64        // compared, of all tables
	Differences []Difference // in the order of tables and keys
	More        int          // differences beyond MaxDifferences
	Left        []LeftOut    // what could not be derived again here and now
	LeftRows    int64        // rows that were not compared for that reason
	Superseded  int64        // rows of earlier versions of stages and lists, which are kept and not made again
}

// LeftOut is something that a rebuild could not look at.
type LeftOut struct {
	Kind   string // "case", "exhibit", "list" or "item"
	ID     string
	Reason string // code: "key", "host", "held", "document", "lists"
}

// Rebuild is Reconstruct for callers who want the differences only.
func (l *Line) Rebuild(ctx context.Context, progress func(Progress)) ([]Difference, error) {
	r, err := l.Reconstruct(ctx, progress)
	return r.Differences, err
}

// Reconstruct derives everything into a fresh database and compares every row
// with what is stored: what people decided from the log, hash lists from their
// sealed documents, and the rest by the stages from the exhibits. Erased
// exhibits have left nothing to compare; exhibits that are in place on another
// machine, or that nothing covers any more, and cases that the actor cannot
// open are named and left out. Work that is under way makes it Busy.
func (l *Line) Reconstruct(ctx context.Context, progress func(Progress)) (Rebuilt, error) {
	idle, err := l.queue.Idle(ctx, "", l.host)
	if err != nil {
		return Rebuilt{}, err
	}
	if !idle {
		return Rebuilt{}, fault.Hint(fault.New(fault.Busy, "rebuild: there is work that is not done yet"), "tutela work --until-idle does it")
	}
	q, err := l.desk.Consult(ctx, audit.Act{Verb: "check.rebuild", Why: "comparing what is stored with what the exhibits give"})
	if err != nil {
		return Rebuilt{}, err
	}
	v, err := l.vault.Rehearse(ctx)
	if err != nil {
		return Rebuilt{}, err
	}
	r := &rebuild{line: l, stored: q, fresh: v, progress: progress, skip: map[string]bool{}, loose: map[string]bool{}}
	err = errors.Join(r.run(ctx), v.Close())
	return r.out, err
}

// rebuild is one rebuild on its way.
type rebuild struct {
	line     *Line
	stored   *db.Reader
	fresh    *vault.Rehearsal
	built    *Line      // works in fresh
	look     *db.Reader // of fresh
	progress func(Progress)
	out      Rebuilt
	skip     map[string]bool // ids whose rows are not compared
	loose    map[string]bool // cases of which something is left out, so that rows may be missing
	unlisted map[string]bool // items that were not compared with the present lists
	lists    string          // version of the stage that matches, with the present lists
}

func (r *rebuild) leave(kind, id, reason string) {
	r.out.Left = append(r.out.Left, LeftOut{kind, id, reason})
	r.skip[id] = true
}

func (r *rebuild) act(class audit.Class, caseID string) audit.Act {
	return audit.Act{Class: class, Verb: "check.rebuild", Case: caseID, Why: "a rebuild", Role: "system"}
}

// run derives and compares.
func (r *rebuild) run(ctx context.Context) error {
	l := r.line
	var err error
	r.built, err = New(Config{Vault: r.fresh.Vault, Pool: l.pool, Workers: l.workers, Host: l.host, Limits: l.limits})
	if err != nil {
		return err
	}
	if r.look, err = r.built.desk.Consult(ctx, r.act(audit.Consultation, "")); err != nil {
		return err
	}
	if err := r.refill(ctx); err != nil {
		return err
	}
	own, err := l.entitled(ctx, r.stored)
	if err != nil {
		return err
	}
	all, err := cases.List(ctx, r.look, "")
	if err != nil {
		return err
	}
	for _, c := range all {
		id := string(c.ID)
		if !slices.Contains(own, id) {
			r.leave("case", id, "key")
			continue
		}
		if _, err := l.desk.Consult(ctx, audit.Act{Verb: "check.rebuild", Case: id, Why: "deriving the case again"}); err != nil {
			return err
		}
		if err := r.derive(ctx, id); err != nil {
			return err
		}
	}
	return r.compare(ctx)
}

// refill reads the entries of hash lists from their sealed documents again, in the
// order of the import, because later ones withdraw entries of earlier ones. Where
// that cannot be done, the stored entries serve.
func (r *rebuild) refill(ctx context.Context) error {
	lists, err := hashlists.All(ctx, r.look)
	if err != nil {
		return err
	}
	whole := true
	for _, list := range slices.Backward(lists) {
		switch err := r.refillOne(ctx, list); fault.KindOf(err) {
		case fault.Refused, fault.NotFound:
			r.leave("list", string(list.ID), "document")
			whole = false
		case fault.Corrupt:
			r.differ(Difference{Table: "hash_list_entry", Key: quoted(string(list.ID)), Stored: quoted("the entries of the list"), Built: quoted(err.Error())})
			whole = false
		default:
			if err != nil {
				return err
			}
		}
	}
	if whole {
		return nil
	}
	if err := r.fresh.CopyTable(ctx, "hash_list_detail"); err != nil {
		return err
	}
	return r.fresh.CopyTable(ctx, "hash_list_entry")
}

func (r *rebuild) refillOne(ctx context.Context, list hashlists.List) error {
	c, err := openDocument(ctx, r.fresh.Vault, list.ID, list.Document)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = r.built.desk.Do(ctx, r.act(audit.Collection, ""), func(w *db.Writer) error {
		return hashlists.Refill(ctx, w, list, io.NewSectionReader(c, 0, c.Size()))
	})
	return err
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string cannot fail
	return string(b)
}

// derive runs the stages over the exhibits of a case.
func (r *rebuild) derive(ctx context.Context, caseID string) error {
	exhibits, err := evidence.Exhibits(ctx, r.look, evidence.Query{Case: caseID, Protected: true})
	if err != nil {
		return err
	}
	here := slices.DeleteFunc(exhibits, func(e evidence.Exhibit) bool {
		away := e.Mode == evidence.InPlace && e.Host != r.line.host && e.State != evidence.Erased
		if away {
			r.leave("exhibit", e.ID, "host")
			r.loose[caseID] = true
		}
		return away
	})
	open, _, err := r.built.evidence.Covered(ctx, r.look, here, Identify)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(open, 1000) {
		_, err := r.built.desk.Do(ctx, r.act(audit.Collection, caseID), func(w *db.Writer) error {
			return r.built.queue.Promise(ctx, w, r.built.first(caseID, w.Act(), "", part)...)
		})
		if err != nil {
			return err
		}
	}
	if err := r.built.workOn(ctx, caseID, 0, r.progress); err != nil {
		return err
	}
	failed, err := r.built.queue.Failures(ctx, caseID)
	for _, f := range failed {
		r.differ(Difference{Table: "job", Key: quoted(f.Stage), Built: quoted(f.Error)})
	}
	return err
}

func (r *rebuild) differ(d Difference) {
	if len(r.out.Differences) >= MaxDifferences {
		r.out.More++
		return
	}
	r.out.Differences = append(r.out.Differences, d)
}
