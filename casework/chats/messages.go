package chats

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/vault/db"
)

// Query chooses messages.
type Query struct {
	Case    cases.ID
	Group   GroupID        // "" = all
	Author  identifiers.ID // "" = all
	Reading bool           // in the order of the file, by group, as a conversation is read
	View    cases.View
	Limit   int // 0 = all
}

// Shown is a message as a view shows it.
type Shown struct {
	Message
	AtRisk      bool
	Attachments []Attachment
}

// Messages lists messages: child at risk first, then by time, then by id, or
// as a conversation with Reading. Of a protected export the view leaves out
// what its owner wrote and what is written in the owner's words, and in the
// rest it shows no exhibit, no place, no direction, no system message and no
// name of a file, times to the minute and not as written, numbers the messages
// anew, and masks the owner's names, so that nothing is missing that could be
// counted.
func Messages(ctx context.Context, q db.Queryer, o Query) ([]Shown, error) {
	order := "18 DESC, m.wall, m.id"
	if o.Reading {
		order = "m.group_id, m.ordinal"
	}
	if o.Limit > 0 {
		order += " LIMIT " + strconv.Itoa(o.Limit)
	}
	ms, err := db.Collect(ctx, q, scanShown, selectShown+` WHERE m.case_id = ?1 AND (?2 = '' OR m.group_id = ?2)
		AND (?3 = '' OR m.identifier = ?3) AND (?4 OR NOT `+withheldMessage+`) AND `+shown(4)+" ORDER BY "+order,
		string(o.Case), string(o.Group), string(o.Author), o.View.Protected)
	if err != nil {
		return nil, err
	}
	return dress(ctx, q, o.Case, ms, o.View)
}

// Page returns up to n messages of a group in the order of the file, from an
// ordinal on, as they were read: for the stages, not for a view.
func Page(ctx context.Context, q db.Queryer, g GroupID, from, n int) ([]Message, error) {
	return db.Collect(ctx, q, scanMessage, selectMessage+" WHERE m.group_id = ?1 AND m.ordinal >= ?2 ORDER BY m.ordinal LIMIT ?3",
		string(g), int64(from), int64(n))
}

// FindMessages returns messages by id as the view shows them, by group and
// place; what the view withholds is left out.
func FindMessages(ctx context.Context, q db.Queryer, c cases.ID, v cases.View, wanted ...MessageID) ([]Shown, error) {
	ms, err := db.CollectIn(ctx, q, scanShown, selectShown+" WHERE m.id IN (?*) AND m.case_id = ?1 AND (?2 OR NOT "+
		withheldMessage+") AND "+shown(2)+" ORDER BY m.group_id, m.ordinal", plain(wanted), string(c), v.Protected)
	if err != nil {
		return nil, err
	}
	return dress(ctx, q, c, ms, v)
}

// Carriers returns the messages that carried any of the given items, by time
// and id: who sent a file, and who was first.
func Carriers(ctx context.Context, q db.Queryer, c cases.ID, v cases.View, items ...string) ([]Shown, error) {
	found, err := db.CollectIn(ctx, q, func(r *sql.Rows) (MessageID, error) {
		var id MessageID
		return id, r.Scan(&id)
	}, "SELECT DISTINCT a.message FROM attachment a WHERE a.item IN (?*)", items)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.Sort(found)
	ms, err := FindMessages(ctx, q, c, v, slices.Compact(found)...)
	slices.SortFunc(ms, func(a, b Shown) int {
		return cmp.Or(cmp.Compare(a.Time.Wall, b.Time.Wall), cmp.Compare(a.ID, b.ID))
	})
	return ms, err
}

// FileNames returns every name of a file that messages of a case carried, in
// any export and whether the file is there or not: for masks, not for a view.
func FileNames(ctx context.Context, q db.Queryer, c cases.ID) ([]string, error) {
	return db.Collect(ctx, q, func(r *sql.Rows) (string, error) {
		var name string
		return name, r.Scan(&name)
	}, `SELECT DISTINCT a.name FROM attachment a JOIN message m ON m.id = a.message WHERE m.case_id = ?1 ORDER BY a.name`, string(c))
}

// selectShown selects messages; the 18th column is what lists order by.
const selectShown = "SELECT " + messageColumns + `,
	EXISTS (SELECT 1 FROM mark k WHERE (k.object = m.id OR k.object = m.exhibit) AND k.kind = 'risk' AND k.is_set)
	FROM message m JOIN chat_group g ON g.id = m.group_id`

func scanShown(r *sql.Rows) (Shown, error) {
	var s Shown
	var err error
	s.Message, err = scanMessageInto(r, &s.AtRisk)
	return s, err
}

// dress adds attachments and takes away what the view withholds.
func dress(ctx context.Context, q db.Queryer, c cases.ID, ms []Shown, v cases.View) ([]Shown, error) {
	wanted := make([]MessageID, len(ms))
	for i := range ms {
		wanted[i] = ms[i].ID
	}
	as, err := db.CollectIn(ctx, q, scanAttachment, selectAttachment+" WHERE a.message IN (?*) ORDER BY a.message, a.ordinal", plain(wanted))
	if err != nil {
		return nil, err
	}
	of := map[MessageID][]Attachment{}
	for _, a := range as {
		of[a.Message] = append(of[a.Message], a)
	}
	for i := range ms {
		ms[i].Attachments = of[ms[i].ID]
	}
	if v.Protected {
		return ms, nil
	}
	gs, err := guardsOf(ctx, q, c)
	if err != nil {
		return nil, err
	}
	ms = slices.DeleteFunc(ms, func(s Shown) bool { return gs[s.Group] != nil && s.Kind == SystemMessage })
	next := map[GroupID]int{}
	for i := range ms {
		if gs[ms[i].Group] != nil {
			gs.undress(&ms[i], next[ms[i].Group])
			next[ms[i].Group]++
		}
		ms[i].Text = gs.text(ms[i].Group, ms[i].Text)
		for n := range ms[i].Attachments {
			ms[i].Attachments[n].Name = gs.text(ms[i].Group, ms[i].Attachments[n].Name)
		}
	}
	return ms, err
}

// Timeline lists the events of a group by time and place. Where a protected
// source is or may be a member it shows neither the source's own events nor who
// did the others'.
func Timeline(ctx context.Context, q db.Queryer, c cases.ID, g GroupID, v cases.View) ([]Event, error) {
	es, err := db.Collect(ctx, q, scanEvent, `SELECT e.message, e.ordinal, e.group_id, e.kind, e.subject, e.done_by,
		e.subject_own, e.by_own, e.detail, e.time FROM chat_event e JOIN chat_group g ON g.id = e.group_id
		WHERE g.case_id = ?1 AND g.id = ?2 AND `+shown(3)+" ORDER BY e.wall, e.message, e.ordinal",
		string(c), string(g), v.Protected)
	if err != nil || v.Protected {
		return es, err
	}
	gs, err := guardsOf(ctx, q, c)
	if err != nil {
		return nil, err
	}
	for i := range es {
		es[i].Detail = gs.text(g, es[i].Detail)
	}
	guard := gs[g]
	if guard == nil {
		return es, nil
	}
	es = slices.DeleteFunc(es, func(e Event) bool {
		return e.SubjectOwn || guard.labels[e.Subject] || e.Subject == "" && (e.ByOwn || guard.labels[e.By])
	})
	for i := range es {
		if guard.export {
			es[i].Time = plainTime(es[i].Time)
		}
		if es[i].Subject != "" {
			es[i].By, es[i].ByOwn = "", false
		}
	}
	return es, nil
}

func sortSisters(all []Sisters) {
	slices.SortStableFunc(all, func(a, b Sisters) int { return cmp.Compare(len(b.Shared), len(a.Shared)) })
}

func plain(in []MessageID) []string {
	out := make([]string, len(in))
	for i, id := range in {
		out[i] = string(id)
	}
	return out
}
