package pipeline

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/tips"
	"tutela/demo"
)

// takeIn ingests a whole operation in the order of a morning's work.
func takeIn(t testing.TB, s *site, id cases.ID, p demo.Plan) Result {
	t.Helper()
	s.importList(t, p.List, "1")
	r := s.ingest(t, Order{Case: string(id)}, append(slices.Clone(p.Exports), p.Mail, p.Folder)...)
	w := s.ingest(t, Order{Case: string(id), Protected: true, Owner: p.Witness.E164, FromWhom: "witness"}, p.Protected)
	r.Exhibits, r.Items, r.Matches, r.Findings = r.Exhibits+w.Exhibits, r.Items+w.Items, r.Matches+w.Matches, r.Findings+w.Findings
	return r
}

// TestOperation runs the synthetic operation through the pipeline and compares
// with what its generator says that is in it.
func TestOperation(t *testing.T) {
	p := operation(t)
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		r := takeIn(t, s, id, p)
		items := s.items(t, id)
		if r.Items != len(items) || r.Held != 0 || r.Failed != 0 {
			t.Errorf("%+v for %d items", r, len(items))
		}
		t.Run("counts", func(t *testing.T) { operationCounts(t, s, id, p, r) })
		t.Run("chats", func(t *testing.T) { operationChats(t, s, id, p) })
		t.Run("identifiers", func(t *testing.T) { operationIdentifiers(t, s, id, p) })
		t.Run("protected", func(t *testing.T) { operationProtected(t, s, id, p) })
		t.Run("findings", func(t *testing.T) { operationFindings(t, s, id) })
	})
}

func operationCounts(t *testing.T, s *site, id cases.ID, p demo.Plan, r Result) {
	kinds := map[string]int{}
	roots := 0
	for _, i := range s.items(t, id) {
		kinds[i.Kind]++
		if i.Parent == "" {
			roots++
		}
	}
	if roots != r.Exhibits {
		t.Errorf("%d items of %d exhibits", roots, r.Exhibits)
	}
	if kinds["chat-text"] != len(p.Exports)+1 || kinds["mail"] != 1 {
		t.Errorf("kinds %v", kinds)
	}
	// Each export carries a nested archive, the folder one and a broken one.
	if want := 3*len(p.Exports) + 3 - len(p.Exports) + 3; kinds["archive"] < want {
		t.Errorf("%d archives, want at least %d", kinds["archive"], want)
	}
	if n := s.matched(t, id); n < p.Known || n != r.Matches {
		t.Errorf("%d items match, %d are on the list; the result says %d", n, p.Known, r.Matches)
	}
	renamed := s.item(t, id, "renamed.dat")
	if renamed.Kind != "picture" || renamed.MIME != "image/png" {
		t.Errorf("renamed.dat is a %s", renamed.Kind)
	}
	exact := false
	for _, m := range s.matches(t, id) {
		exact = exact || m.Item == renamed.ID && m.Algorithm == "sha256" && m.Version == "1" && m.Source == "Example Unit"
	}
	if !exact {
		t.Error("renamed.dat does not match by digest")
	}
}

func operationChats(t *testing.T, s *site, id cases.ID, p demo.Plan) {
	groups, err := chats.Groups(t.Context(), s.look(t), id, open)
	if err != nil {
		t.Fatal(err)
	}
	messages, missing := int64(0), int64(0)
	for _, g := range groups {
		messages, missing = messages+g.Messages, missing+g.Missing
		if g.Kind != chats.GroupChat || !strings.HasPrefix(g.Subject, "Senderos ") {
			t.Errorf("group %q is a %s", g.Subject, g.Kind)
		}
	}
	if len(groups) != len(p.Exports)+1 || int(messages) != p.Messages || missing != 0 {
		t.Errorf("%d groups, %d messages of %d, %d attachments missing", len(groups), messages, p.Messages, missing)
	}
	list, err := tips.List(t.Context(), s.look(t), id, open)
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Subject, "somebody should see – urgent") {
		t.Errorf("tips %+v, %v", list, err)
	}
	all, err := chats.Messages(t.Context(), s.look(t), chats.Query{Case: id, View: open})
	if err != nil {
		t.Fatal(err)
	}
	carried := 0
	for _, m := range all {
		for _, a := range m.Attachments {
			if a.Item != "" {
				carried++
			}
		}
	}
	if carried < 20 {
		t.Errorf("only %d attachments are joined to their files", carried)
	}
}

func operationIdentifiers(t *testing.T, s *site, id cases.ID, p demo.Plan) {
	standings, err := identifiers.Standings(t.Context(), s.look(t), id, "", open)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []cases.View{{}, open} {
		listed, err := identifiers.List(t.Context(), s.look(t), id, "", v)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := identifiers.Count(t.Context(), s.look(t), id, v); err != nil || n != len(listed) || n == 0 {
			t.Errorf("%d counted, %d listed, %v", n, len(listed), err)
		}
	}
	authors, relations := map[string]bool{}, map[string][]identifiers.Relation{}
	for _, st := range standings {
		relations[st.Value] = st.Relations
		if slices.Contains(st.Relations, identifiers.Author) && len(st.Claims) > 0 {
			authors[st.Country] = true
			if st.Verdict != identifiers.Proposed || st.Why == "" {
				t.Errorf("%s %s is %s because %q", st.Value, st.Country, st.Verdict, st.Why)
			}
		}
	}
	proposed := 0 // some members are seen by name only
	for _, c := range p.Countries {
		if authors[c] {
			proposed++
		}
	}
	if proposed < 8 {
		t.Errorf("of %v only %v are proposed", p.Countries, authors)
	}
	by := relations[p.Bystander.E164]
	if p.Bystander.Name == "" && (slices.Contains(by, identifiers.Author) || !slices.Contains(by, identifiers.Member)) {
		t.Errorf("the bystander stands as %v", by)
	}
	if r := relations["citizen@example.org"]; !slices.Contains(r, identifiers.Sender) || slices.Contains(r, identifiers.Mentioned) {
		t.Errorf("the sender of the tip stands as %v", r)
	}
	if r := relations["tips@example.net"]; !slices.Equal(r, []identifiers.Relation{identifiers.Recipient}) {
		t.Errorf("the mailbox stands as %v", r)
	}
	if r := relations["chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"]; !slices.Equal(r, []identifiers.Relation{identifiers.Mentioned}) {
		t.Errorf("the invite stands as %v", r)
	}
}

// operationProtected checks that the witness's own export shows in no list.
func operationProtected(t *testing.T, s *site, id cases.ID, p demo.Plan) {
	name := filepath.Base(p.Protected)
	shown, err := media.Items(t.Context(), s.look(t), media.Query{Case: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range shown {
		if i.Name == name || i.Protected {
			t.Errorf("%s is listed", i.Name)
		}
	}
	if len(shown) >= len(s.items(t, id)) {
		t.Error("nothing is hidden")
	}
	found, err := identifiers.Lookup(t.Context(), s.look(t), cases.View{}, p.Witness.E164)
	if err != nil || len(found) != 0 {
		t.Errorf("the witness is found by number: %v, %v", found, err)
	}
	texts, err := chats.Messages(t.Context(), s.look(t), chats.Query{Case: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range texts {
		if strings.Contains(m.Text, p.Witness.Phone) || chats.Label(m.Author) == p.Witness.Phone {
			t.Errorf("message %s names the witness", m.ID)
		}
	}
}

func operationFindings(t *testing.T, s *site, id cases.ID) {
	codes := s.codes(t, id)
	for _, c := range []string{"archive.damaged", "picture.damaged"} {
		if codes[c] == 0 {
			t.Errorf("no finding %s: %v", c, codes)
		}
	}
	broken := s.item(t, id, "broken.zip")
	found, err := media.Findings(t.Context(), s.look(t), media.Query{Case: id, Exhibit: broken.Exhibit, View: open})
	if err != nil || len(found) == 0 {
		t.Errorf("broken.zip: %v, %v", found, err)
	}
	if e := s.item(t, id, "empty.jpg"); e.Kind != "empty" || e.Size != 0 {
		t.Errorf("empty.jpg is %+v", e)
	}
}
