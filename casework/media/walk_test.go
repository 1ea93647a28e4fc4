package media_test

import (
	"fmt"
	"testing"
	"time"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/media"
	"tutela/format"
	"tutela/vault/db"
)

// TestCountsInOneWalk counts the findings of one large exhibit. Looking through
// the exhibit for each of them would take half a minute.
func TestCountsInOneWalk(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		const n, found = 12_000, 4_000
		d.Do(func(w *db.Writer) error {
			var items []media.Item
			var fs []media.Finding
			for k := range n {
				i := item("e1", fmt.Sprintf("dir/%d", k), fmt.Sprint(k))
				items = append(items, i)
				if k < found {
					fs = append(fs, media.Finding{ID: fmt.Sprint("f", k), Case: "01A", Exhibit: "e1", Item: i.ID, Stage: "x", Version: "1",
						Finding: format.Finding{Code: "type.mismatch"}})
				}
			}
			if err := media.PutItems(ctx, w, items...); err != nil {
				return err
			}
			return media.PutFindings(ctx, w, fs...)
		})
		q, start := d.Look(), time.Now()
		c, err := media.Count(ctx, q, "01A", cases.View{})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); c.Items != n || c.Findings != found || took > 5*time.Second {
			t.Errorf("%d items and %d findings counted in %v", c.Items, c.Findings, took)
		}
		hidden := item("e1", "hidden", "hidden")
		hidden.Protected = true
		d.Do(func(w *db.Writer) error { return media.PutItems(ctx, w, hidden) })
		if c, err = media.Count(ctx, d.Look(), "01A", cases.View{}); err != nil || c.Findings != 0 {
			t.Errorf("%d findings of a protected exhibit, %v", c.Findings, err)
		}
	}, schemas()...)
}
