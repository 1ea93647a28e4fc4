package evidence

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// Covers says what an authorisation covers. Empty lists do not limit, except
// that one of All, Exhibits and Acquisitions must say which exhibits.
type Covers struct {
	All          bool     `json:"all,omitempty"`          // every exhibit of the case that does not say otherwise
	Exhibits     []string `json:"exhibits,omitempty"`     // ids
	Acquisitions []string `json:"acquisitions,omitempty"` // ids
	Stages       []string `json:"stages,omitempty"`       // "identify", "read", "view", …; empty = every stage
	Accounts     []string `json:"accounts,omitempty"`     // normalised identifiers; for the readers to honour
	WindowFrom   int64    `json:"window_from,omitempty"`  // µs UTC of what was sent or made; for the readers to honour
	WindowUntil  int64    `json:"window_until,omitempty"`
}

// Authorisation allows exhibits of a case to be opened. Times are µs UTC.
type Authorisation struct {
	ID, Case       string
	Issuer         string // court, prosecutor, law
	Reference      string
	DocumentSHA256 string // 64 hexadecimal digits, "" = no document at hand
	Covers         Covers
	From, Until    int64 // valid from From (inclusive) until Until (exclusive, 0 = open end)
	Recorded       int64
	RecordedBy     string // key id
}

// Authorise records an authorisation and returns it with its id. To be called
// in an act of class collection.
func (r *Room) Authorise(ctx context.Context, w *db.Writer, a Authorisation) (Authorisation, error) {
	switch {
	case a.Case == "" || a.Issuer == "" || a.Reference == "" || a.RecordedBy == "":
		return a, fault.New(fault.Invalid, "authorise: case, issuer, reference and recording officer are needed")
	case !a.Covers.All && len(a.Covers.Exhibits) == 0 && len(a.Covers.Acquisitions) == 0:
		return a, fault.New(fault.Invalid, "authorise: it covers no exhibit")
	case a.Until != 0 && a.Until <= a.From:
		return a, fault.New(fault.Invalid, "authorise: it ends before it begins")
	case a.DocumentSHA256 != "" && len(a.DocumentSHA256) != 64:
		return a, fault.New(fault.Invalid, "authorise: the document's digest is not a SHA-256")
	}
	id, err := ids.New(r.now(), r.rand)
	if err != nil {
		return a, err
	}
	a.ID, a.Recorded = id, r.micros()
	return a, putAuthorisation(ctx, w, a)
}

func putAuthorisation(ctx context.Context, w *db.Writer, a Authorisation) error {
	covers, err := json.Marshal(a.Covers)
	if err != nil {
		return err
	}
	return w.Put(ctx, authorisationTable, db.Row{a.ID, a.Case, a.Issuer, a.Reference, a.DocumentSHA256, string(covers),
		a.From, a.Until, a.Recorded, a.RecordedBy})
}

// EndAuthorisation lets an authorisation end at a time (µs UTC), for one that
// was withdrawn.
func (r *Room) EndAuthorisation(ctx context.Context, w *db.Writer, id string, at int64) error {
	a, ok, err := db.One(ctx, w, scanAuthorisation, selectAuthorisation+`WHERE id = ?1`, id)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "authorise: there is no authorisation %s", id)
	}
	if a.Until == 0 || a.Until > at {
		a.Until = max(at, a.From)
	}
	return putAuthorisation(ctx, w, a)
}

// Authorisations lists those of a case in the order of recording.
func Authorisations(ctx context.Context, q db.Queryer, caseID string) ([]Authorisation, error) {
	return db.Collect(ctx, q, scanAuthorisation, selectAuthorisation+`WHERE case_id = ?1 ORDER BY recorded_us, id`, caseID)
}

func scanAuthorisation(r *sql.Rows) (a Authorisation, err error) {
	var covers string
	err = r.Scan(&a.ID, &a.Case, &a.Issuer, &a.Reference, &a.DocumentSHA256, &covers, &a.From, &a.Until, &a.Recorded, &a.RecordedBy)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(covers), &a.Covers); err != nil {
		return a, fault.New(fault.Corrupt, "authorisation %s: %w", a.ID, err)
	}
	return a, nil
}

// covers reports whether the authorisation lets the stage open the exhibit at
// a time.
func (a Authorisation) covers(e Exhibit, acq Acquisition, stage string, at int64) bool {
	switch {
	case a.Case != e.Case || at < a.From || (a.Until != 0 && at >= a.Until):
		return false
	case len(a.Covers.Stages) > 0 && !slices.Contains(a.Covers.Stages, stage):
		return false
	case slices.Contains(a.Covers.Exhibits, e.ID) || slices.Contains(a.Covers.Acquisitions, e.Acquisition):
		return true
	}
	return a.Covers.All && (acq.Authority == "" || acq.Authority == a.ID)
}

// judge finds an authorisation for each exhibit, or says why it stays closed.
type judge struct {
	authorisations map[string][]Authorisation // by case
	acquisitions   map[string]Acquisition
	now            int64
}

// judge loads what is needed to decide about exhibits.
func (r *Room) judge(ctx context.Context, q db.Queryer, exhibits []Exhibit) (*judge, error) {
	j := &judge{authorisations: map[string][]Authorisation{}, acquisitions: map[string]Acquisition{}, now: r.micros()}
	var acqs []string
	for _, e := range exhibits {
		if _, ok := j.acquisitions[e.Acquisition]; !ok {
			j.acquisitions[e.Acquisition] = Acquisition{Authority: NoAuthority}
			acqs = append(acqs, e.Acquisition)
		}
		if _, ok := j.authorisations[e.Case]; !ok {
			as, err := Authorisations(ctx, q, e.Case)
			if err != nil {
				return nil, err
			}
			j.authorisations[e.Case] = as
		}
	}
	rows, err := db.CollectIn(ctx, q, scanAcquisition, selectAcquisition+`WHERE id IN (?*)`, acqs)
	for _, a := range rows {
		j.acquisitions[a.ID] = a
	}
	return j, err
}

// allow returns the authorisations that let the stage open the exhibit, in the
// order of recording; at least one when there is no error.
func (j *judge) allow(e Exhibit, stage string) ([]Authorisation, error) {
	switch {
	case e.State == Erased:
		return nil, fault.New(fault.NotFound, "exhibit %s has been erased", e.ID)
	case e.Quarantine != "":
		return nil, fault.New(fault.Refused, "exhibit %s is in quarantine", e.ID)
	}
	var all []Authorisation
	for _, a := range j.authorisations[e.Case] {
		if a.covers(e, j.acquisitions[e.Acquisition], stage, j.now) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return nil, fault.Hint(fault.New(fault.Refused, "exhibit %s is held: no authorisation covers it for %s", e.ID, stage),
			"record one with: tutela authorise --case ID")
	}
	return all, nil
}

// Covered splits exhibits into those that a stage may open now and those that
// are held (no authorisation, quarantine, erased).
func (r *Room) Covered(ctx context.Context, q db.Queryer, exhibits []Exhibit, stage string) (open, held []Exhibit, err error) {
	j, err := r.judge(ctx, q, exhibits)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range exhibits {
		if _, err := j.allow(e, stage); err == nil {
			open = append(open, e)
		} else {
			held = append(held, e)
		}
	}
	return open, held, nil
}
