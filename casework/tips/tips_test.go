package tips_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/staff"
	"tutela/casework/tips"
	"tutela/fault"
	"tutela/format/when"
	"tutela/vault/db"
)

var (
	ctx  = context.Background()
	key  = []byte("0123456789abcdef0123456789abcdef")
	open = cases.View{Protected: true}
	shut = cases.View{}
)

func tip(n, wall string) tips.Tip {
	return tips.Tip{ID: tips.NewID(key, "e"+n, "i"+n), Case: "01A", Exhibit: "e" + n, Item: "i" + n, MessageID: n + "@mail.example",
		From: "Canary <c@mail.example>", Subject: "a group", Received: when.Time{Wall: wall, Zone: "Z", UTC: wall + "Z", Precision: when.Second},
		Text: "please look", Attachments: 1}
}

func TestTips(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a, b, c, secret := tip("1", "2026-01-03T10:00:00"), tip("2", "2026-01-01T10:00:00"), tip("3", "2026-01-02T10:00:00"), tip("4", "2026-01-01T09:00:00")
		unread := tips.Tip{ID: tips.NewID(key, "e5", "i5"), Case: "01A", Exhibit: "e5", Item: "i5"} // nothing could be parsed
		secret.Protected = true
		mark := func(k cases.MarkKind, object string) cases.Mark {
			return cases.Mark{Case: "01A", ObjectKind: cases.TipObject, Object: object, Kind: k, Set: true, Officer: "o", At: 1, Why: "w"}
		}
		d.Do(func(w *db.Writer) error {
			if err := tips.Put(ctx, w, a, b, c, secret, unread); err != nil {
				return err
			}
			return cases.PutMarks(ctx, w, mark(cases.Risk, string(a.ID)))
		})
		list := func(v cases.View) (ids []tips.ID) {
			ls, err := tips.List(ctx, d.Look(), "01A", v)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range ls {
				ids = append(ids, l.ID)
			}
			return ids
		}
		if diff := cmp.Diff([]tips.ID{a.ID, unread.ID, b.ID, c.ID}, list(shut)); diff != "" {
			t.Errorf("risk first, then time:\n%s", diff)
		}
		if len(list(open)) != 5 {
			t.Error("the protected view hides a tip")
		}
		got, err := tips.Find(ctx, d.Look(), a.ID, shut)
		if diff := cmp.Diff(tips.Listed{Tip: a, State: tips.New, AtRisk: true}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if _, err := tips.Find(ctx, d.Look(), secret.ID, shut); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a protected tip is found: %v", err)
		}
		if _, err := tips.Find(ctx, d.Look(), secret.ID, open); err != nil {
			t.Error(err)
		}
		d.Do(func(w *db.Writer) error { return cases.PutMarks(ctx, w, mark(cases.Protected, c.Exhibit)) })
		if diff := cmp.Diff([]tips.ID{a.ID, unread.ID, b.ID}, list(shut)); diff != "" {
			t.Errorf("a marked exhibit shows:\n%s", diff)
		}
		if ls, err := tips.List(ctx, d.Look(), "", shut); err != nil || len(ls) != 3 {
			t.Errorf("all cases: %d, %v", len(ls), err)
		}
		if ls, _ := tips.List(ctx, d.Look(), "01B", open); len(ls) != 0 {
			t.Error("another case sees the tips")
		}
	}, staff.Schema(), cases.Schema(), tips.Schema())
}

func TestDecisions(t *testing.T) {
	casetest.Each(t, func(t *testing.T, d casetest.Desk) {
		a := tip("1", "2026-01-03T10:00:00")
		taken := tips.Decision{ID: "d1", Tip: a.ID, State: tips.Taken, Officer: "SHA256:a", At: 1, Why: "mine"}
		closed := tips.Decision{ID: "d2", Tip: a.ID, State: tips.Merged, Into: "t2", Officer: "SHA256:a", At: 0, Why: "the same group"} // by a machine whose clock is behind
		d.Do(func(w *db.Writer) error {
			if err := tips.Put(ctx, w, a); err != nil {
				return err
			}
			return tips.Decide(ctx, w, taken)
		})
		d.Do(func(w *db.Writer) error { return tips.Decide(ctx, w, closed) })
		closed.At = 2 // behind what it replaces
		got, err := tips.Find(ctx, d.Look(), a.ID, shut)
		if err != nil || got.State != tips.Merged {
			t.Errorf("the newest decision counts: %v, %v", got.State, err)
		}
		hs, err := tips.History(ctx, d.Look(), a.ID)
		if diff := cmp.Diff([]tips.Decision{taken, closed}, hs); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		d.Do(func(w *db.Writer) error { return tips.Put(ctx, w, a) }) // a rebuild keeps what people decided
		if got, _ := tips.Find(ctx, d.Look(), a.ID, shut); got.State != tips.Merged {
			t.Error("a rebuild lost the decision")
		}
		for name, bad := range map[string]func(*tips.Decision){
			"reason": func(x *tips.Decision) { x.Why = " " }, "target": func(x *tips.Decision) { x.Into = "" },
			"state": func(x *tips.Decision) { x.State = "lost" }, "tip": func(x *tips.Decision) { x.Tip = "" },
		} {
			x := closed
			bad(&x)
			if err := d.Try(func(w *db.Writer) error { return tips.Decide(ctx, w, x) }); fault.KindOf(err) != fault.Invalid {
				t.Errorf("a decision without %s: %v", name, err)
			}
		}
		if err := d.Try(func(w *db.Writer) error { return tips.Put(ctx, w, tips.Tip{ID: "x"}) }); fault.KindOf(err) != fault.Invalid {
			t.Errorf("an empty tip: %v", err)
		}
	}, staff.Schema(), cases.Schema(), tips.Schema())
}
