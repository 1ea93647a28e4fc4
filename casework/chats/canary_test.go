package chats_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/format"
	"tutela/format/whatsapp"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// exportText writes a random group as its owner's telephone exports it. The
// owner's name and number are planted in texts, quotes and file names.
func exportText(r *rand.Rand, owner, number string, revealed bool) string {
	others := []string{"Ada Larch", "Ben Pine", "+34 600 000 001", "Dan Elm", "Fay Ash"}
	var b strings.Builder
	minute := 0
	say := func(format string, args ...any) {
		fmt.Fprintf(&b, "04/03/2026, %02d:%02d - ", 8+minute/60, minute%60)
		fmt.Fprintf(&b, format+"\n", args...)
		minute++
	}
	first := strings.Fields(owner)[0]
	say(`%s created group "%s's trail"`, others[0], first)
	say("%s added you", others[0])
	for _, o := range others[1:] {
		say("You added %s", o)
	}
	traces := []string{owner, first, strings.ToUpper(owner), "@\u2068" + owner + "\u2069"}
	if number != "" {
		traces = append(traces, number, strings.ReplaceAll(number, " ", ""), strings.ReplaceAll(strings.TrimPrefix(number, "+34 "), " ", "-"),
			"wa.me/"+strings.Trim(strings.ReplaceAll(number, " ", ""), "+"),
			"https://site.example/?tel="+strings.ReplaceAll(number, " ", "-"))
	}
	for range 20 {
		o := others[r.IntN(len(others))]
		switch r.IntN(7) {
		case 0, 1:
			say("%s: look %s, that is it", o, traces[r.IntN(len(traces))])
		case 2:
			say("%s: IMG-%s-%d.jpg (file attached)", o, first, r.IntN(100))
		case 3:
			say("%s: secret%d said by the source", owner, r.IntN(1000))
		case 4:
			say("You changed the group description")
		case 5:
			say("%s left", o)
		case 6:
			say("%s: plain words %d", o, r.IntN(1000))
		}
	}
	if revealed {
		say("%s: You deleted this message", owner)
	} else {
		say("%s: secret said by the source", owner)
	}
	return b.String()
}

// TestCanaries looks for a protected source, planted everywhere, in all that
// the default view shows of random exports.
func TestCanaries(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 10
	}
	v := vaulttest.Open(t, schemas()...)
	trace := regexp.MustCompile(`(?i)zenobia|quill|secret|\byou\b|64488|deleted|644[ -]?88`)
	for n := range rounds {
		seed := rand.New(rand.NewPCG(7, uint64(n)))
		known, number := chats.Known{}, ""
		if n%2 == 0 { // a number in a text names nobody unless it is known whose it is
			known.Owners, number = []string{"+34 644 88 11 22"}, "+34 644 88 11 22"
		}
		if n%10 == 0 {
			known.Owners = append(known.Owners, "Zenobia Quill")
		}
		exhibit := fmt.Sprint("e", n)
		in, _ := whatsapp.Read([]byte(exportText(seed, "Zenobia Quill", number, n%3 != 0)), nil, format.Limits{})
		c := chats.FromWhatsApp(key, chats.Group{Case: "01A", Exhibit: exhibit, Item: "i", Kind: chats.GroupChat, Protected: true}, 0, in, nil)
		chats.Settle(&c, known)
		act := audit.Act{Class: audit.Collection, Verb: "test.write", Why: "test"}
		_, err := v.Desk.Do(ctx, act, func(w *db.Writer) error {
			for _, label := range known.Owners {
				o := chats.Owner{Case: "01A", Exhibit: exhibit, Label: label, Set: true, Officer: "SHA256:a", At: 1, Why: "told"}
				if err := chats.DeclareOwner(ctx, w, o); err != nil {
					return err
				}
			}
			return putRead(w, c, known)
		})
		must(t, err)
	}
	q, err := v.Desk.Consult(ctx, audit.Act{Verb: "test.look", Why: "test"})
	must(t, err)
	shown := everything(t, q, cases.View{})
	if at := trace.FindStringIndex(shown); at != nil {
		t.Errorf("a trace shows: …%s…", shown[max(0, at[0]-300):min(len(shown), at[1]+100)])
	}
	if !strings.Contains(shown, "plain words") || !strings.Contains(shown, "Ada Larch") {
		t.Error("nothing of the others shows: the test looks at nothing")
	}
	if all := everything(t, q, cases.View{Protected: true}); !trace.MatchString(all) {
		t.Error("the protected view shows no trace: the test looks for nothing")
	}
}
