package pipeline

import (
	"context"
	"encoding/json"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// compare goes through every table but those of wrapped keys and counters.
func (r *rebuild) compare(ctx context.Context) error {
	if err := r.heldNow(ctx); err != nil {
		return err
	}
	if err := r.idsOfLeft(ctx); err != nil {
		return err
	}
	lists, err := activeLists(ctx, r.look)
	if err != nil {
		return err
	}
	r.lists = version(Match) + ", lists " + lists
	if err := r.notMatched(ctx); err != nil {
		return err
	}
	for _, t := range r.fresh.Store.Tables() {
		if t.Unlogged && !t.Derived {
			continue
		}
		n, err := r.fresh.Compare(ctx, t.Name, func(u db.Unequal) error { return r.judge(t, u) })
		if err != nil {
			return err
		}
		r.out.Rows += n
	}
	return nil
}

// judge decides whether a row that is not the same is a difference.
func (r *rebuild) judge(t db.Table, u db.Unequal) error {
	row := map[string]any{}
	body := u.A
	if body == nil {
		body = u.B
	}
	if err := json.Unmarshal(body, &row); err != nil {
		return err
	}
	text := func(column string) string { s, _ := row[column].(string); return s }
	switch {
	case r.left(t, row) || u.B == nil && r.missing(t, text("case_id")):
		r.out.LeftRows++
	case u.B == nil && text("stage") != "" && text("version") != r.version(text("stage")),
		u.B == nil && t.Name == "fingerprint" && text("version") != version(Fingerprint):
		r.out.Superseded++
	case r.unlisted[text("item")] && t.Name == "hash_match", r.unlisted[text("subject")] && text("stage") == Match:
		r.out.LeftRows++
	default:
		r.differ(Difference{Table: t.Name, Key: u.Key, Stored: string(u.A), Built: string(u.B)})
	}
	return nil
}

func (r *rebuild) version(stage string) string {
	if stage == Match {
		return r.lists
	}
	return version(stage)
}

// left reports whether a row names something that was left out.
func (r *rebuild) left(t db.Table, row map[string]any) bool {
	for _, v := range row {
		if s, ok := v.(string); ok && r.skip[s] && t.Derived {
			return true
		}
	}
	return false
}

// missing reports whether a stored row may come from what was left out although
// it does not name it: identifiers and fingerprints belong to a whole case.
func (r *rebuild) missing(t db.Table, caseID string) bool {
	switch t.Name {
	case "identifier", "country_claim", "fingerprint":
		return r.loose[caseID]
	case "identifier_spelling":
		return len(r.loose) > 0
	}
	return false
}

// heldNow finds the exhibits that a stage looked at then and may not now.
func (r *rebuild) heldNow(ctx context.Context) error {
	all, err := cases.List(ctx, r.look, "")
	if err != nil {
		return err
	}
	for _, c := range all {
		if r.skip[string(c.ID)] {
			continue
		}
		items, err := media.Items(ctx, r.stored, media.Query{Case: c.ID, View: cases.View{Protected: true}})
		if err != nil {
			return err
		}
		held, err := media.LeftOut(ctx, r.look, c.ID, "held")
		if err != nil {
			return err
		}
		before, err := media.LeftOut(ctx, r.stored, c.ID, "held")
		if err != nil {
			return err
		}
		now := map[string]bool{}
		for _, h := range held {
			now[h.Subject+h.Stage] = true
		}
		for _, h := range before {
			delete(now, h.Subject+h.Stage)
		}
		again, err := r.rootsNow(ctx, c.ID)
		if err != nil {
			return err
		}
		erased, err := r.erased(ctx, c.ID)
		if err != nil {
			return err
		}
		for _, i := range items {
			closed := i.Parent == "" && !again[i.ID]
			for _, stage := range []string{Unpack, Read, Fingerprint, Link} {
				closed = closed || now[string(i.ID)+stage]
			}
			if closed && !r.skip[i.Exhibit] && !erased[i.Exhibit] {
				r.leave("exhibit", i.Exhibit, "held")
				r.loose[string(c.ID)] = true
			}
		}
	}
	return nil
}

// erased returns the exhibits of a case that were erased: whatever is still
// derived from them is a difference.
func (r *rebuild) erased(ctx context.Context, c cases.ID) (map[string]bool, error) {
	all, err := evidence.Exhibits(ctx, r.look, evidence.Query{Case: string(c), Protected: true})
	out := map[string]bool{}
	for _, e := range all {
		if e.State == evidence.Erased {
			out[e.ID] = true
		}
	}
	return out, err
}

// rootsNow returns the items of exhibits that may be opened now.
func (r *rebuild) rootsNow(ctx context.Context, c cases.ID) (map[media.ID]bool, error) {
	items, err := media.Items(ctx, r.look, media.Query{Case: c, View: cases.View{Protected: true}})
	out := map[media.ID]bool{}
	for _, i := range items {
		if i.Parent == "" {
			out[i.ID] = true
		}
	}
	return out, err
}

// idsOfLeft adds to what is left out the ids of what was derived from it.
func (r *rebuild) idsOfLeft(ctx context.Context) error {
	if len(r.skip) == 0 {
		return nil
	}
	all, err := cases.List(ctx, r.look, "")
	if err != nil {
		return err
	}
	open := cases.View{Protected: true}
	for _, c := range all {
		away := r.skip[string(c.ID)]
		if !away && !r.loose[string(c.ID)] {
			continue
		}
		items, err := media.Items(ctx, r.stored, media.Query{Case: c.ID, View: open})
		if err != nil {
			return err
		}
		for _, i := range items {
			if away || r.skip[i.Exhibit] {
				r.skip[string(i.ID)] = true
			}
		}
		messages, err := chats.Messages(ctx, r.stored, chats.Query{Case: c.ID, View: open})
		if err != nil {
			return err
		}
		for _, m := range messages {
			if away || r.skip[m.Exhibit] {
				r.skip[string(m.ID)], r.skip[string(m.Group)] = true, true
			}
		}
		if !away {
			continue
		}
		known, err := identifiers.List(ctx, r.stored, c.ID, "", open)
		if err != nil {
			return err
		}
		for _, i := range known {
			r.skip[string(i.ID)] = true
		}
	}
	return nil
}

// notMatched finds items that were last compared with other lists than those of
// now: their matches are right for those lists.
func (r *rebuild) notMatched(ctx context.Context) error {
	r.unlisted = map[string]bool{}
	all, err := cases.List(ctx, r.look, "")
	if err != nil {
		return err
	}
	for _, c := range all {
		covered, err := media.Covered(ctx, r.stored, c.ID, cases.View{Protected: true})
		if err != nil {
			return err
		}
		present, other := false, false
		for _, k := range covered {
			if k.Stage == Match {
				present, other = present || k.Version == r.lists, other || strings.HasPrefix(k.Version, version(Match)) && k.Version != r.lists
			}
		}
		if !other {
			continue
		}
		if err := r.notMatchedIn(ctx, c.ID, present); err != nil {
			return err
		}
	}
	return nil
}

func (r *rebuild) notMatchedIn(ctx context.Context, c cases.ID, some bool) error {
	items, err := media.Items(ctx, r.stored, media.Query{Case: c, View: cases.View{Protected: true}})
	if err != nil {
		return err
	}
	var ids []string
	matched := map[string]bool{}
	for _, i := range items {
		ids = append(ids, string(i.ID))
	}
	if some {
		results, err := media.Results(ctx, r.stored, c, ids...)
		if err != nil {
			return err
		}
		for _, x := range results {
			matched[x.Subject] = matched[x.Subject] || x.Stage == Match && x.Version == r.lists
		}
	}
	for _, i := range items {
		if i.SHA256 != noDigest && !matched[string(i.ID)] {
			r.unlisted[string(i.ID)] = true
		}
	}
	if len(r.unlisted) > 0 {
		r.out.Left = append(r.out.Left, LeftOut{"case", string(c), "lists"})
	}
	return nil
}
