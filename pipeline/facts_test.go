package pipeline

import (
	"fmt"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/tips"
)

// derived returns everything derived in a case as facts without ids; exhibits
// are named by path.
func (s *site) derived(t *testing.T, id cases.ID, paths map[string]string) (out []string) {
	t.Helper()
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	name := map[string]string{"": ""}
	var ids []string
	for _, i := range s.items(t, id) {
		name[string(i.ID)] = paths[i.Exhibit] + " › " + i.Path
		ids = append(ids, string(i.ID))
	}
	for _, i := range s.items(t, id) {
		add("item %s in %s: %s %s %s %d %v", name[string(i.ID)], name[string(i.Parent)], i.Kind, i.MIME, i.State, i.Size, i.SHA256)
	}
	results, err := media.Results(t.Context(), s.look(t), id, ids...)
	fatal(t, err)
	for _, r := range results {
		add("result %s %s %s %s %s", name[r.Subject], r.Stage, r.Version, r.Outcome, r.Detail)
	}
	found, err := media.Findings(t.Context(), s.look(t), media.Query{Case: id, View: open})
	fatal(t, err)
	for _, f := range found {
		add("finding %s %s %s %s %+v %d", name[string(f.Item)], f.Stage, f.Code, f.Detail, f.Place, f.Count)
	}
	for _, m := range s.matches(t, id) {
		add("match %s %s %d %s %s %d", name[string(m.Item)], m.List, m.Number, m.Algorithm, m.Variant, m.Distance)
	}
	groups, err := chats.Groups(t.Context(), s.look(t), id, open)
	fatal(t, err)
	for _, g := range groups {
		add("group %s %s %s", name[g.Item], g.Subject, g.Kind)
		members, err := chats.Members(t.Context(), s.look(t), id, g.ID, open)
		fatal(t, err)
		for _, m := range members {
			add("member %s %s %d %d", name[g.Item], m.Label, m.Messages, m.Attachments)
		}
		events, err := chats.Timeline(t.Context(), s.look(t), id, g.ID, open)
		fatal(t, err)
		for _, e := range events {
			add("event %s %s %s %s", name[g.Item], e.Kind, e.Subject, e.By)
		}
	}
	messages, err := chats.Messages(t.Context(), s.look(t), chats.Query{Case: id, View: open})
	fatal(t, err)
	for _, m := range messages {
		add("message %s %d %s %q", name[m.Item], m.Ordinal, m.Author, m.Text)
		for _, a := range m.Attachments {
			add("attachment %s %d %s %s", name[m.Item], m.Ordinal, a.Name, name[a.Item])
		}
	}
	mails, err := tips.List(t.Context(), s.look(t), id, open)
	fatal(t, err)
	for _, m := range mails {
		add("tip %s %s", name[m.Item], m.Subject)
	}
	return append(out, s.linked(t, id, name)...)
}

// linked returns what is linked in a case.
func (s *site) linked(t *testing.T, id cases.ID, name map[string]string) (out []string) {
	t.Helper()
	standings, err := identifiers.Standings(t.Context(), s.look(t), id, "", open)
	fatal(t, err)
	values := map[identifiers.ID]string{}
	var ids []identifiers.ID
	for _, st := range standings {
		if values[st.ID] == "" {
			ids = append(ids, st.ID)
		}
		values[st.ID] = st.Value
		out = append(out, fmt.Sprintf("standing %s %s %v %d", st.Value, st.Country, st.Relations, len(st.Claims)))
	}
	mentions, err := identifiers.Mentions(t.Context(), s.look(t), open, ids...)
	fatal(t, err)
	for _, m := range mentions {
		out = append(out, fmt.Sprintf("mention %s %s %s %+v %s", values[m.Identifier], m.Relation, name[m.Item], m.Place, m.Written))
	}
	return out
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
