package media

import (
	"context"
	"encoding/json"
	"strconv"

	"tutela/casework/cases"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// Finding is a format.Finding with the exhibit and item that it is about and
// the stage that made it.
type Finding struct {
	ID      string
	Case    cases.ID
	Exhibit string
	Item    ID // "" when it is about the exhibit as a whole
	Stage   string
	Version string // version and configuration of the stage
	format.Finding
}

// FromReader wraps what a reader found; ordinals in the ids follow the order
// given, so that the same input gives the same ids.
func FromReader(siteRow []byte, of Finding, found ...format.Finding) []Finding {
	out := make([]Finding, len(found))
	for i, f := range found {
		out[i] = of
		out[i].Finding = f
		out[i].ID = ids.Derive(siteRow, "finding", of.Exhibit, string(of.Item), of.Stage, of.Version, strconv.Itoa(i))
	}
	return out
}

// PutFindings writes findings.
func PutFindings(ctx context.Context, w *db.Writer, fs ...Finding) error {
	rows := make([]db.Row, 0, len(fs))
	for _, f := range fs {
		if f.ID == "" || f.Case == "" || f.Exhibit == "" || f.Code == "" || f.Stage == "" {
			return fault.New(fault.Invalid, "media: a finding needs id, case, exhibit, stage and code")
		}
		place, err := json.Marshal(f.Place)
		if err != nil {
			return fault.New(fault.Invalid, "media: finding %s: %w", f.Code, err)
		}
		rows = append(rows, f.row(string(place)))
	}
	return w.Put(ctx, findingTable, rows...)
}

// Renew is PutFindings for a stage that looks at items again: what it found on
// them before and does not find now is dropped.
func Renew(ctx context.Context, w *db.Writer, stage, version string, items []Item, fs ...Finding) error {
	again, exhibits, now := map[ID]bool{}, map[string]bool{}, map[string]bool{}
	for _, i := range items {
		again[i.ID], exhibits[i.Exhibit] = true, true
	}
	for _, f := range fs {
		now[f.ID] = true
	}
	for e := range exhibits {
		old, err := db.Collect(ctx, w, scanFinding, selectFinding+" WHERE f.exhibit = ?1 AND f.case_id = ?2 AND f.stage = ?3 AND f.version = ?4",
			e, string(items[0].Case), stage, version)
		if err != nil {
			return err
		}
		var gone []db.Row
		for _, f := range old {
			if again[f.Item] && !now[f.ID] {
				gone = append(gone, db.Row{f.ID})
			}
		}
		if len(gone) > 0 {
			if err := w.Delete(ctx, findingTable, gone...); err != nil {
				return err
			}
		}
	}
	return PutFindings(ctx, w, fs...)
}

// Findings lists findings: child at risk first, then by exhibit, code and id.
// Those on protected sources are left out unless the view is protected.
func Findings(ctx context.Context, q db.Queryer, o Query) ([]Finding, error) {
	return db.Collect(ctx, q, scanFinding, selectFinding+`
		WHERE f.case_id = ?1 AND (?2 = '' OR f.exhibit = ?2) AND (?3 OR NOT `+protectedFinding+`)
		ORDER BY `+riskFinding+", f.exhibit, f.code, f.id"+limit(o.Limit), string(o.Case), o.Exhibit, o.View.Protected)
}

// FindingsIn returns the findings on exhibits of a case and on what is inside
// them, protected ones too, by exhibit, item, code and id.
func FindingsIn(ctx context.Context, q db.Queryer, c cases.ID, exhibits ...string) ([]Finding, error) {
	return db.CollectIn(ctx, q, scanFinding, selectFinding+
		" WHERE f.exhibit IN (?*) AND f.case_id = ?1 ORDER BY f.exhibit, f.item, f.code, f.id", exhibits, string(c))
}

// FindingCounts counts findings of a case by code.
func FindingCounts(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (map[string]int64, error) {
	return tally(ctx, q, "SELECT f.code, CAST(SUM(f.count) AS BIGINT) FROM finding f WHERE f.case_id = ?1 AND (?2 OR NOT "+
		protectedFinding+") GROUP BY f.code", string(c), v.Protected)
}

// The first argument is the case. Which exhibits are protected is asked once:
// for each finding, it took minutes in an exhibit of 89,000 items.
const (
	protectedFinding = `(f.exhibit IN (SELECT i.exhibit FROM item i WHERE i.case_id = ?1 AND i.protected)
		OR EXISTS (SELECT 1 FROM mark k WHERE (k.object = f.item OR k.object = f.exhibit) AND k.kind = 'protected' AND k.is_set))`
	riskFinding = `CASE WHEN EXISTS (SELECT 1 FROM mark k WHERE (k.object = f.item OR k.object = f.exhibit)
		AND k.kind = 'risk' AND k.is_set) THEN 0 ELSE 1 END`
)
