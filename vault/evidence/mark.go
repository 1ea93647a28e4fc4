package evidence

import (
	"context"
	"database/sql"

	"tutela/fault"
	"tutela/vault/db"
)

// change edits exhibits and adds a custody entry to each. Erased or unknown
// exhibits are refused.
func (r *Room) change(ctx context.Context, w *db.Writer, entry Custody, ids []string, edit func(*Exhibit)) ([]Exhibit, error) {
	exhibits, err := ByID(ctx, w, ids...)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, e := range exhibits {
		found[e.ID] = true
		if e.State == Erased {
			return nil, fault.New(fault.Refused, "exhibit %s has been erased", e.ID)
		}
	}
	for _, id := range ids {
		if !found[id] {
			return nil, fault.New(fault.NotFound, "exhibit %s is not known", id)
		}
	}
	entry.At = r.micros()
	if err := AddCustody(ctx, w, entry, exhibits...); err != nil {
		return nil, err
	}
	rows := make([]db.Row, len(exhibits))
	for i := range exhibits {
		edit(&exhibits[i])
		rows[i] = exhibits[i].row()
	}
	return exhibits, w.Put(ctx, exhibitTable, rows...)
}

// Quarantine closes exhibits (privileged, out of scope) until they are
// released, whatever authorisation there is.
func (r *Room) Quarantine(ctx context.Context, w *db.Writer, actor, reason string, ids ...string) error {
	if reason == "" {
		return fault.New(fault.Invalid, "quarantine: a reason is needed")
	}
	_, err := r.change(ctx, w, Custody{Step: StepQuarantined, Actor: actor, Note: reason}, ids, func(e *Exhibit) { e.Quarantine = reason })
	return err
}

// Release ends the quarantine.
func (r *Room) Release(ctx context.Context, w *db.Writer, actor, reason string, ids ...string) error {
	_, err := r.change(ctx, w, Custody{Step: StepReleased, Actor: actor, Note: reason}, ids, func(e *Exhibit) { e.Quarantine = "" })
	return err
}

// MarkRisk sets or clears "a child may be at risk now".
func (r *Room) MarkRisk(ctx context.Context, w *db.Writer, actor, reason string, risk bool, ids ...string) error {
	note := "child at risk now: yes"
	if !risk {
		note = "child at risk now: no"
	}
	if reason != "" {
		note += ": " + reason
	}
	_, err := r.change(ctx, w, Custody{Step: StepMarked, Actor: actor, Note: note}, ids, func(e *Exhibit) { e.Risk = risk })
	return err
}

// HandOver records that exhibits went from somebody to somebody.
func (r *Room) HandOver(ctx context.Context, w *db.Writer, actor, from, to, note string, ids ...string) error {
	_, err := r.change(ctx, w, Custody{Step: StepHandedOver, Actor: actor, From: from, To: to, Note: note}, ids, func(*Exhibit) {})
	return err
}

// Viewed records that an officer looked at the content of exhibits.
func (r *Room) Viewed(ctx context.Context, w *db.Writer, actor, note string, ids ...string) error {
	_, err := r.change(ctx, w, Custody{Step: StepOpened, Actor: actor, Note: note}, ids, func(*Exhibit) {})
	return err
}

// Erase removes content and personal data of exhibits in an act of class
// erasure: their names, paths, digests, manifests, notes and unpacked members,
// the keys of blobs that nothing else in the case refers to, and where an
// acquisition came from that has no exhibit left. It returns
// objects for Blobs().Sweep after the commit. What the log remembers of the
// rows is dropped by audit.Erase, and derived rows by their rooms.
func (r *Room) Erase(ctx context.Context, w *db.Writer, actor, reason string, ids ...string) (objects []string, err error) {
	before, err := ByID(ctx, w, ids...)
	if err != nil {
		return nil, err
	}
	_, err = r.change(ctx, w, Custody{Step: StepErased, Actor: actor, Note: ""}, ids, func(e *Exhibit) {
		e.Name, e.Path, e.RawPath, e.Blob, e.State, e.Quarantine, e.Modified = "", "", nil, "", Erased, "", 0
	})
	if err != nil {
		return nil, err
	}
	if err := r.blankCustody(ctx, w, ids); err != nil {
		return nil, err
	}
	if err := blankAcquisitions(ctx, w, before); err != nil {
		return nil, err
	}
	members, err := db.CollectIn(ctx, w, scanMember, `SELECT id, exhibit, blob, sha256, size FROM content WHERE exhibit IN (?*)`, ids)
	if err != nil {
		return nil, err
	}
	var names []string
	var gone, manifests []db.Row
	for _, m := range members {
		names, gone = append(names, m.Blob), append(gone, db.Row{m.ID})
	}
	for _, e := range before {
		if e.Mode == Copy {
			names = append(names, e.Blob)
		}
		manifests = append(manifests, db.Row{e.ID})
	}
	if len(gone) > 0 {
		err = w.Delete(ctx, contentTable, gone...)
	}
	if err == nil {
		err = w.Delete(ctx, manifestTable, manifests...)
	}
	if err != nil {
		return nil, err
	}
	if names, err = unreferenced(ctx, w, names); err != nil {
		return nil, err
	}
	return r.blobs.DropKeys(ctx, w, names...)
}

func scanMember(r *sql.Rows) (m Member, err error) {
	var sha []byte
	err = r.Scan(&m.ID, &m.Exhibit, &m.Blob, &sha, &m.Size)
	m.SHA256 = toID(sha)
	return m, err
}

// blankCustody removes persons and notes from the chains; numbers, steps,
// times, actors and hashes stay.
func (r *Room) blankCustody(ctx context.Context, w *db.Writer, ids []string) error {
	chains, err := CustodyOf(ctx, w, ids...)
	if err != nil {
		return err
	}
	var rows []db.Row
	for _, chain := range chains {
		for _, c := range chain {
			if c.From+c.To+c.Note != "" {
				c.From, c.To, c.Note = "", "", ""
				rows = append(rows, c.row())
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return w.Put(ctx, custodyTable, rows...)
}

// unreferenced keeps the blob names that no exhibit and no member refers to
// any more.
func unreferenced(ctx context.Context, q db.Queryer, names []string) ([]string, error) {
	scan := func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }
	held := map[string]bool{}
	for _, query := range []string{`SELECT blob FROM exhibit WHERE blob IN (?*)`, `SELECT blob FROM content WHERE blob IN (?*)`} {
		found, err := db.CollectIn(ctx, q, scan, query, names)
		if err != nil {
			return nil, err
		}
		for _, n := range found {
			held[n] = true
		}
	}
	var free []string
	seen := map[string]bool{}
	for _, n := range names {
		if !held[n] && !seen[n] {
			seen[n] = true
			free = append(free, n)
		}
	}
	return free, nil
}
