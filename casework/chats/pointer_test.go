package chats_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/casetest"
	"tutela/casework/chats"
	"tutela/vault/evidence"
)

// TestNothingPointsToAProtectedExport seals an export as a protected source's
// own: what others did in the group shows, and nothing that shows names the
// exhibit or an item of it, which no list has.
func TestNothingPointsToAProtectedExport(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		file := filepath.Join(t.TempDir(), "export.txt")
		must(t, os.WriteFile(file, []byte("sealed"), 0o600))
		_, err := d.Vault.Evidence.Seal(ctx, d.Vault.Desk, evidence.Order{Case: "01A", Path: file, InPlace: true, Protected: true, Why: "test"})
		must(t, err)
		if es, err := evidence.Exhibits(ctx, d.Look(), evidence.Query{Case: "01A"}); err != nil || len(es) != 0 {
			t.Fatalf("a list shows the exhibit: %v, %v", es, err)
		}
		es, err := evidence.Exhibits(ctx, d.Look(), evidence.Query{Case: "01A", Protected: true})
		must(t, err)
		exhibit := es[0].ID
		c, b := build(exhibit, "Canary's friends", true, chats.Known{}, export()...)
		put(d, c, b)
		open2, _ := build("e2", "Open trail", false, chats.Known{}, line{author: "Carl", text: "x", file: "dog.jpg"})
		put2(d, "e2", line{author: "Carl", text: "x", file: "dog.jpg"})
		carriers, err := chats.Carriers(ctx, d.Look(), "01A", shut, "item:cat.jpg")
		must(t, err)
		if len(carriers) != 1 {
			t.Errorf("who carried the picture: %+v", carriers)
		}
		shown := everything(t, d.Look(), shut) + fmt.Sprintf("%+v", carriers)
		for _, pointer := range []string{exhibit, "item:cat.jpg", "item:IMG-canary.jpg"} {
			if strings.Contains(shown, pointer) {
				t.Errorf("%q shows in:\n%s", pointer, shown)
			}
		}
		for _, there := range []string{"612345678", "see missing", "e2", "item:dog.jpg", string(open2.Group.ID)} {
			if !strings.Contains(shown, there) {
				t.Errorf("%q does not show", there)
			}
		}
		if all := everything(t, d.Look(), open); strings.Count(all, exhibit) < 10 || !strings.Contains(all, "item:cat.jpg") {
			t.Error("the protected view does not say where it was found: the test looks for nothing")
		}
	}, schemas()...)
}
