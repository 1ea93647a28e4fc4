package chats

import (
	"context"
	"database/sql"
	"time"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/format/when"
	"tutela/vault/db"
)

// guard is what a view that hides needs to know of one group.
type guard struct {
	export bool            // the protected source's own: where it was found is hidden too
	labels map[string]bool // withheld
	masker identifiers.Masker
}

// guards are the groups in which a protected source is or may be a member. A
// group that is not in it is shown as it is, but for the numbers of sources that
// others wrote in it: those stand under everywhere.
type guards map[GroupID]*guard

// everywhere is no group.
const everywhere GroupID = ""

// guardsOf loads the guards of a case: protected groups, and those with a
// member whose identifier belongs to a protected source.
func guardsOf(ctx context.Context, q db.Queryer, c cases.ID) (guards, error) {
	type hidden struct {
		group       GroupID
		export      bool
		label       string
		kind, value string
	}
	hs, err := db.Collect(ctx, q, func(r *sql.Rows) (hidden, error) {
		var h hidden
		return h, r.Scan(&h.group, &h.export, &h.label, &h.kind, &h.value)
	}, `SELECT g.id, g.protected, COALESCE(x.label, ''), COALESCE(i.kind, ''), COALESCE(i.value, '')
		FROM chat_group g LEFT JOIN chat_member x ON x.group_id = g.id AND `+withheldMember+`
		LEFT JOIN identifier i ON i.id = x.identifier
		WHERE g.case_id = ?1 AND (g.protected OR x.label IS NOT NULL)
		UNION ALL SELECT g.id, g.protected, o.label, '', '' FROM chat_group g JOIN chat_owner o ON o.exhibit = g.exhibit
		WHERE g.case_id = ?1 AND g.protected AND o.is_set`, string(c))
	if err != nil {
		return nil, err
	}
	sources, err := db.Collect(ctx, q, func(r *sql.Rows) (hidden, error) {
		var h hidden
		return h, r.Scan(&h.kind, &h.value)
	}, "SELECT i.kind, i.value FROM identifier i WHERE i.case_id = ?1 AND "+identifiers.Hidden("i.id")+" ORDER BY i.id", string(c))
	gs := guards{everywhere: &guard{}}
	for _, h := range sources {
		gs[everywhere].masker.AddValue(identifiers.Kind(h.kind), h.value, Masked)
	}
	for _, h := range hs {
		if gs[h.group] == nil {
			gs[h.group] = &guard{export: h.export, labels: map[string]bool{}}
		}
		if h.label != "" {
			gs[h.group].labels[h.label] = true
			gs[h.group].masker.AddName(h.label, Masked)
			gs[h.group].masker.AddValue(identifiers.Kind(h.kind), h.value, Masked)
		}
	}
	return gs, err
}

func (gs guards) text(g GroupID, s string) string {
	if gs[g] != nil {
		s = gs[g].masker.Text(s)
	}
	return gs[everywhere].masker.Text(s)
}

// undress takes away what could give a protected source away: the place and
// the number of a message show how many are missing between, the direction
// shows who received, an exhibit or item that no list shows can only be the
// source's, and how a time is written and what a telephone calls a file tells
// whose telephone it was and how many files there were. System texts speak to
// the owner and are left out before.
func (gs guards) undress(s *Shown, ordinal int) {
	s.Ordinal, s.Offset, s.Length, s.Direction = ordinal, 0, 0, DirectionUnknown
	if !gs[s.Group].export {
		return
	}
	s.Exhibit, s.Item, s.Time = "", "", plainTime(s.Time)
	for i := range s.Attachments {
		s.Attachments[i].Item, s.Attachments[i].Name = "", ""
	}
}

// exported reports whether the group is a protected source's own export.
func (gs guards) exported(g GroupID) bool { return gs[g] != nil && gs[g].export }

// plainTime is a time without its spelling and seconds, which are those of one
// make of telephone, set to one language.
func plainTime(t when.Time) when.Time {
	out := when.Time{Wall: minute(t.Wall), Zone: t.Zone, Precision: t.Precision, Other: minute(t.Other)}
	if us, ok := t.Micros(); ok {
		out.UTC = time.UnixMicro(us).UTC().Truncate(time.Minute).Format(time.RFC3339)
	}
	if out.Wall != t.Wall {
		out.Precision = when.Minute
	}
	return out
}

// minute is a wall time to the minute.
func minute(wall string) string { return wall[:min(len(wall), len("2006-01-02T15:04"))] }
