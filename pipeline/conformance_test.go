package pipeline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/media"
	"tutela/casework/tips"
)

// conformance returns a folder of inputs that our generators did not make.
func conformance(t testing.TB, sub string) string {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = "../../shared/conformance"
	}
	if _, err := os.Stat(filepath.Join(dir, sub)); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	return filepath.Join(dir, sub)
}

// TestConformanceChats runs foreign exports through the pipeline: each is read
// whole, with the senders and the number of messages that its pack states.
func TestConformanceChats(t *testing.T) {
	dir := conformance(t, "whatsapp/synthetic")
	var want map[string]struct {
		Records int            `json:"records"`
		ByKind  map[string]int `json:"by_kind"`
		Senders []string       `json:"senders"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		s.ingest(t, Order{Case: string(id)}, filepath.Join(dir, "shapes"))
		byItem := map[string]chats.Listed{}
		groups, err := chats.Groups(t.Context(), s.look(t), id, open)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			byItem[g.Item] = g
		}
		seen := 0
		for _, i := range s.items(t, id) {
			w, ok := want["shapes/"+i.Name]
			if !ok {
				t.Errorf("%s is not in the pack's list", i.Name)
				continue
			}
			seen++
			g := byItem[string(i.ID)]
			if int(g.Messages) != w.Records-w.ByKind["system"] {
				t.Errorf("%s (%s): %d messages, want %d", i.Name, i.Kind, g.Messages, w.Records-w.ByKind["system"])
			}
			authors := 0
			members, err := chats.Members(t.Context(), s.look(t), id, g.ID, open)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range members {
				if m.Messages > 0 {
					authors++
				}
			}
			if authors != len(w.Senders) {
				t.Errorf("%s: %d authors, want %d", i.Name, authors, len(w.Senders))
			}
		}
		if seen < 30 {
			t.Errorf("only %d exports", seen)
		}
	})
}

// TestConformanceTraps runs damaged and deceiving exports, containers and
// sticker packs: nothing crashes, and every file has its item.
func TestConformanceTraps(t *testing.T) {
	dir := conformance(t, "whatsapp/synthetic")
	s := newSite(t, "")
	id := s.openCovered(t)
	r := s.ingest(t, Order{Case: string(id)}, filepath.Join(dir, "traps"), filepath.Join(dir, "containers"), filepath.Join(dir, "sticker-packs"),
		filepath.Join(dir, "..", "chat-miner"))
	s.sane(t, id)
	roots := 0
	for _, i := range s.items(t, id) {
		if i.Parent == "" {
			roots++
		}
		if strings.Contains(i.Path, "..") || strings.HasPrefix(i.Path, "/") {
			t.Errorf("a path leaves its container: %q", i.Path)
		}
	}
	if roots != r.Exhibits {
		t.Errorf("%d items of %d exhibits", roots, r.Exhibits)
	}
	t.Logf("%d exhibits, %d items, findings %v", r.Exhibits, r.Items, s.codes(t, id))
	groups, err := chats.Groups(t.Context(), s.look(t), id, open)
	if err != nil || len(groups) < 18 {
		t.Errorf("%d groups, %v", len(groups), err)
	}
}

// sane fails on a crash of a stage and on jobs that were given up.
func (s *site) sane(t *testing.T, id cases.ID) {
	t.Helper()
	s.noFailures(t)
	for code, n := range s.codes(t, id) {
		if code == "stage.crashed" || code == "fingerprint.crashed" {
			t.Errorf("%d times %s", n, code)
		}
	}
	if n := s.stages(t, id); n["identify done"] == 0 {
		t.Errorf("nothing was identified: %v", n)
	}
}

// TestConformanceMails runs foreign and damaged mails: each ends as a visible
// tip or says why it is none, and the texts that must be readable are.
func TestConformanceMails(t *testing.T) {
	dir := conformance(t, "mail")
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		s.ingest(t, Order{Case: string(id)}, dir)
		s.sane(t, id)
		list, err := tips.List(t.Context(), s.look(t), id, open)
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]tips.Listed{}
		for _, x := range list {
			by[x.Item] = x
		}
		var without []string
		mails := 0
		for _, i := range s.items(t, id) {
			if i.Parent == "" && strings.HasSuffix(i.Name, ".eml") {
				mails++
				if _, ok := by[string(i.ID)]; !ok {
					without = append(without, i.Name+" is "+i.Kind)
				}
			}
		}
		t.Logf("%d mails, %d tips in all; no tips: %q", mails, len(list), without)
		if mails < 100 || len(without) > 2 {
			t.Errorf("%d of %d mails are no tips: %q", len(without), mails, without)
		}
		readable(t, s, id, by, filepath.Join(dir, "synthetic-expected.json"))
	})
}

// readable compares subjects and texts of the tips with what must be there.
func readable(t *testing.T, s *site, id cases.ID, by map[string]tips.Listed, expected string) {
	var want map[string]struct {
		Subject *string  `json:"subject"`
		Must    []string `json:"must_contain"`
	}
	text, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, i := range s.items(t, id) {
		w, ok := want[i.Name]
		tip, is := by[string(i.ID)]
		if !ok || !is || i.Parent != "" {
			continue
		}
		checked++
		if w.Subject != nil && tip.Subject != *w.Subject {
			t.Errorf("%s: subject %q, want %q", i.Name, tip.Subject, *w.Subject)
		}
		if children := s.textOf(t, id, i); w.Must != nil {
			for _, m := range w.Must {
				if deep := i.Name == "25-rfc822-chain-30.eml"; !deep && !strings.Contains(tip.Text+tip.Subject+tip.From+children, m) {
					t.Errorf("%s: %q is not in the text of the tip", i.Name, m)
				}
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d mails were compared", checked)
	}
}

// textOf returns the subjects and texts of the messages inside an item.
func (s *site) textOf(t *testing.T, id cases.ID, of media.Item) string {
	list, err := tips.List(t.Context(), s.look(t), id, open)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, x := range list {
		if x.Exhibit == of.Exhibit {
			b.WriteString(x.Subject + "\n" + x.Text + "\n")
		}
	}
	return b.String()
}
