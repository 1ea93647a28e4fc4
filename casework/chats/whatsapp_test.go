package chats_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/format"
	"tutela/format/whatsapp"
)

const android = "04/03/2026, 08:00 - Ada Larch created group \"Trail group\"\n" +
	"04/03/2026, 08:01 - Ada Larch added you\n" +
	"04/03/2026, 08:02 - Ada Larch added +34 600 000 001 and Cleo Oak\n" +
	"04/03/2026, 08:03 - Dan Elm joined using this group's invite link\n" +
	"04/03/2026, 08:04 - Ada Larch: IMG-20260304-WA0001.jpg (file attached)\n" +
	"04/03/2026, 08:05 - +34 600 000 001: write to ada@example.org or chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv\n" +
	"04/03/2026, 08:06 - Eve Fir: You deleted this message\n" +
	"04/03/2026, 08:07 - Ada Larch removed Cleo Oak\n"

func read(t *testing.T, text string, protected bool, files ...string) chats.Chat {
	t.Helper()
	in, _ := whatsapp.Read([]byte(text), files, format.Limits{})
	g := chats.Group{Case: "01A", Exhibit: "e1", Item: "i1", Kind: chats.GroupChat, Protected: protected}
	return chats.FromWhatsApp(key, g, 0, in, func(member string) (string, int64) { return "item-of-" + member, 7 })
}

func TestFromWhatsApp(t *testing.T) {
	c := read(t, android, true, "IMG-20260304-WA0001.jpg")
	chats.Settle(&c, chats.Known{})
	if c.Group.Platform != "whatsapp-android" || c.Group.Language != "en" || c.Group.Subject != "Trail group" || c.Group.OwnerUnknown {
		t.Errorf("group: %+v", c.Group)
	}
	labels := map[string]bool{}
	for _, m := range c.Members {
		labels[m.Label] = m.Withheld
	}
	want := map[string]bool{"Ada Larch": false, "+34 600 000 001": false, "Cleo Oak": false, "Dan Elm": false, "Eve Fir": true}
	if diff := cmp.Diff(want, labels); diff != "" {
		t.Errorf("members, and who is withheld:\n%s", diff)
	}
	type step struct {
		Kind        chats.EventKind
		Subject, By string
		Own         bool
	}
	var steps []step
	for _, e := range c.Events {
		steps = append(steps, step{e.Kind, e.Subject, e.By, e.SubjectOwn})
	}
	events := []step{{chats.Created, "Ada Larch", "", false}, {chats.Added, "", "Ada Larch", true}, {chats.Added, "+34 600 000 001", "Ada Larch", false},
		{chats.Added, "Cleo Oak", "Ada Larch", false}, {chats.JoinedLink, "Dan Elm", "", false}, {chats.Removed, "Cleo Oak", "Ada Larch", false}}
	if diff := cmp.Diff(events, steps); diff != "" {
		t.Errorf("events:\n%s", diff)
	}
	if len(c.Attachments) != 1 || c.Attachments[0].Item != "item-of-IMG-20260304-WA0001.jpg" || c.Attachments[0].Size != 7 {
		t.Errorf("attachments: %+v", c.Attachments)
	}
	var end int64
	for _, m := range c.Messages {
		if m.Offset != end {
			t.Errorf("message %d starts at %d, want %d", m.Ordinal, m.Offset, end)
		}
		end = m.Offset + m.Length
	}
	if end != int64(len(android)) {
		t.Errorf("the messages end at %d of %d bytes", end, len(android))
	}
}

func TestSightings(t *testing.T) {
	c := read(t, android, true)
	chats.Settle(&c, chats.Known{})
	got := map[string]int{}
	for _, s := range chats.Sightings(c, chats.Known{}) {
		name := string(s.Relation) + " " + s.Norm
		if s.Protected {
			name = "protected " + name
		}
		got[name]++
	}
	want := map[string]int{
		"member Ada Larch": 1, "member +34600000001": 1, "member Cleo Oak": 1, "member Dan Elm": 1, "protected member Eve Fir": 1,
		"protected owner Eve Fir": 1, "author Ada Larch": 1, "author +34600000001": 1, "protected author Eve Fir": 1,
		"mentioned ada@example.org": 1, "mentioned chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLabel(t *testing.T) {
	for in, want := range map[string]string{
		"\u202a+34\u00a0600\u00a0000\u00a0001\u202c": "+34\u00a0600\u00a0000\u00a0001", "\u200eAda": "Ada", " Ada ": "Ada",
		"\u2068Ada\u2069": "Ada", "👩\u200d🚀": "👩\u200d🚀", "": "",
	} {
		if got := chats.Label(in); got != want {
			t.Errorf("Label(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestRealShapes takes every shape of the conformance pack down to rows: the
// senders it expects are members, and protected exports show nobody who may be
// the owner.
func TestRealShapes(t *testing.T) {
	root := os.Getenv("TUTELA_CONFORMANCE")
	if root == "" {
		root = "../../../shared/conformance"
	}
	files, _ := filepath.Glob(filepath.Join(root, "whatsapp/synthetic/*/*.txt"))
	if len(files) == 0 {
		t.Skipf("no conformance inputs below %s (set TUTELA_CONFORMANCE)", root)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		in, _ := whatsapp.Read(text, nil, format.Limits{})
		for _, protected := range []bool{false, true} {
			c := chats.FromWhatsApp(key, chats.Group{Case: "01A", Exhibit: "e", Item: "i", Protected: protected}, 0, in, nil)
			chats.Settle(&c, chats.Known{})
			ids := map[chats.MessageID]bool{}
			for i, m := range c.Messages {
				if ids[m.ID] {
					t.Errorf("%s: two messages have one id", name)
				}
				ids[m.ID] = true
				if m.Own && m.Withheld != protected {
					t.Errorf("%s: message %d in the owner's words, withheld %v", filepath.Base(name), i, m.Withheld)
				}
				if m.Text != in.Messages[i].Text {
					t.Errorf("%s: message %d changed its text", filepath.Base(name), i)
				}
			}
			for _, m := range c.Members {
				if m.Withheld && !protected || strings.Contains(m.Label, whatsapp.Exporter) {
					t.Errorf("%s: member %q withheld %v", filepath.Base(name), m.Label, m.Withheld)
				}
			}
			b := identifiers.Collate(key, cases.ID("01A"), chats.Sightings(c, chats.Known{}))
			if len(c.Members) > 0 && len(b.Identifiers) == 0 {
				t.Errorf("%s: members without identifiers", filepath.Base(name))
			}
		}
	}
	t.Logf("%d exports", len(files))
}
