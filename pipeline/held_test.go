package pipeline

import (
	"context"
	"testing"
	"time"

	"tutela/casework/cases"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// TestHeld takes exhibits in that nothing covers: they are sealed, and nothing
// else happens until somebody authorises more.
func TestHeld(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCase(t)
		dir := folder(t, map[string]string{"a.txt": "call +39 06 1234 5678\n", "b/c.txt": "nothing\n"})
		r := s.ingest(t, Order{Case: string(id)}, dir)
		if r.Exhibits != 2 || r.Held != 2 || r.Items != 0 {
			t.Errorf("%+v", r)
		}
		if n, err := s.Queue.Counts(t.Context(), string(id)); err != nil || n.Done+n.Waiting != 0 {
			t.Errorf("jobs of held exhibits: %+v, %v", n, err)
		}
		if n := s.release(t, id); n != 0 {
			t.Errorf("%d released without an authorisation", n)
		}
		s.authorise(t, id, evidence.Covers{All: true})
		if n := s.release(t, id); n != 2 {
			t.Errorf("%d released", n)
		}
		if n := len(s.items(t, id)); n != 2 {
			t.Errorf("%d items", n)
		}
		if n := s.release(t, id); n != 0 {
			t.Errorf("%d released twice", n)
		}
	})
}

// release releases and works until nothing is left.
func (s *site) release(t *testing.T, id cases.ID) int {
	t.Helper()
	n, err := s.line.Release(t.Context(), string(id), "test")
	if err != nil {
		t.Fatal(err)
	}
	s.work(t)
	return n
}

func (s *site) work(t *testing.T) {
	t.Helper()
	if err := s.line.Work(t.Context(), 2, true, nil); err != nil {
		t.Fatal(err)
	}
	s.noFailures(t)
}

// TestHeldLater covers some of the stages first and the others later.
func TestHeldLater(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCase(t)
		s.authorise(t, id, evidence.Covers{All: true, Stages: []string{Identify, Unpack}})
		dir := folder(t, map[string]string{"tip.eml": mailOf("a@example.org", "b@example.net", "Mon, 05 Jan 2026 10:00:00 +0100"), "a.txt": "x@example.com\n"})
		if r := s.ingest(t, Order{Case: string(id)}, dir); r.Items != 3 {
			t.Errorf("%+v", r)
		}
		if n := s.stages(t, id); n["read skipped held"] != 1 || n["link skipped held"] != 2 || n["propose done"] != 0 {
			t.Errorf("stages %v", n)
		}
		s.authorise(t, id, evidence.Covers{All: true})
		if n := s.release(t, id); n != 2 {
			t.Errorf("%d exhibits released", n)
		}
		if n := s.stages(t, id); n["read done"] != 1 || n["link done"] != 3 || n["read skipped held"]+n["link skipped held"] != 0 {
			t.Errorf("stages %v", n)
		}
	})
}

func TestQuarantine(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		dir := folder(t, map[string]string{"lawyer.txt": "lawyer@example.org\n", "other.txt": "other@example.org\n"})
		s.ingest(t, Order{Case: string(id), Detach: true}, dir)
		all, err := evidence.Exhibits(t.Context(), s.look(t), evidence.Query{Case: string(id)})
		if err != nil || len(all) != 2 || all[0].Name != "lawyer.txt" {
			t.Fatalf("%v, %v", all, err)
		}
		s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
			return s.Evidence.Quarantine(ctx, w, s.Desk.KeyID(), "privileged", all[0].ID)
		})
		s.work(t)
		if items := s.items(t, id); len(items) != 1 || items[0].Name != "other.txt" {
			t.Errorf("items %v", items)
		}
		if n := s.release(t, id); n != 0 {
			t.Errorf("%d released from quarantine by an authorisation", n)
		}
		s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
			return s.Evidence.Release(ctx, w, s.Desk.KeyID(), "not privileged", all[0].ID)
		})
		if n := s.release(t, id); n != 1 || len(s.items(t, id)) != 2 {
			t.Errorf("%d released, %d items", n, len(s.items(t, id)))
		}
	})
}

// TestAuthorisationEnds lets the authorisation end between sealing and work.
func TestAuthorisationEnds(t *testing.T) {
	s := newSite(t, "")
	id := s.openCase(t)
	a := s.authorise(t, id, evidence.Covers{All: true})
	dir := folder(t, map[string]string{"a.txt": "a@example.org\n"})
	s.ingest(t, Order{Case: string(id), Detach: true}, dir)
	s.do(t, string(id), func(ctx context.Context, w *db.Writer) error {
		return s.Evidence.EndAuthorisation(ctx, w, a.ID, s.Now())
	})
	time.Sleep(time.Millisecond)
	s.work(t)
	if n := s.stages(t, id); n["identify skipped held"] != 1 || len(s.items(t, id)) != 0 {
		t.Errorf("stages %v", n)
	}
}

func TestIngestRefuses(t *testing.T) {
	s := newSite(t, "")
	id := s.openCovered(t)
	dir := folder(t, map[string]string{"a.txt": "x"})
	closed := s.openCovered(t)
	s.do(t, string(closed), func(ctx context.Context, w *db.Writer) error {
		c, err := cases.Find(ctx, w, closed)
		if err != nil {
			return err
		}
		c.State = cases.Closed
		return cases.Put(ctx, w, c)
	})
	for name, o := range map[string]Order{
		"no path":     {Case: string(id), Why: "test"},
		"no reason":   {Case: string(id), Paths: []string{dir}},
		"no case":     {Case: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Paths: []string{dir}, Why: "test"},
		"part of it":  {Case: string(id)[:20], Paths: []string{dir}, Why: "test"},
		"closed case": {Case: string(closed), Paths: []string{dir}, Why: "test"},
		"no file":     {Case: string(id), Paths: []string{dir + "/absent"}, Why: "test"},
	} {
		if _, err := s.line.Ingest(t.Context(), o, nil); err == nil {
			t.Errorf("%s: ingested", name)
		}
	}
	if _, err := New(Config{Vault: s.Vault}); err == nil {
		t.Error("a pipeline without workers for pictures")
	}
}
