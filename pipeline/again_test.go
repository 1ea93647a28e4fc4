package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tutela/casework/chats"
	"tutela/casework/media"
	"tutela/external/contain"
	"tutela/fault"
	"tutela/vault/jobs"
)

// TestRepeat takes the same folder in twice, then with one file more.
func TestRepeat(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		dir := folder(t, map[string]string{"a.txt": "a@example.org\n", "b.eml": mailOf("b@example.org", "c@example.org", "Mon, 05 Jan 2026 10:00:00 +0100")})
		first := s.ingest(t, Order{Case: string(id)}, dir)
		if first.Exhibits != 2 || first.Items != 3 {
			t.Errorf("%+v", first)
		}
		before := s.stages(t, id)
		if r := s.ingest(t, Order{Case: string(id)}, dir); r.Items != 0 || r.Findings != 0 || r.Matches != 0 {
			t.Errorf("the second time: %+v", r)
		}
		if after := s.stages(t, id); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("stages %v then %v", before, after)
		}
		write(t, filepath.Join(dir, "new.txt"), "d@example.org\n")
		if r := s.ingest(t, Order{Case: string(id)}, dir); r.Items != 1 {
			t.Errorf("with a new file: %+v", r)
		}
	})
}

// TestRematch brings a list in after the files, and then a newer version of it
// without them.
func TestRematch(t *testing.T) {
	p := operation(t)
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		s.ingest(t, Order{Case: string(id)}, p.Folder)
		if n := s.matched(t, id); n != 0 {
			t.Fatalf("%d matches without a list", n)
		}
		s.importList(t, p.List, "1")
		s.rematch(t)
		n := s.matched(t, id)
		if n == 0 {
			t.Fatal("nothing matches the list")
		}
		for _, m := range s.matches(t, id) {
			if m.Version != "1" {
				t.Errorf("a match with version %s", m.Version)
			}
		}
		empty := filepath.Join(folder(t, map[string]string{"two.csv": "md5\n00000000000000000000000000000001\n"}), "two.csv")
		s.importList(t, empty, "2")
		s.rematch(t)
		if n := s.matched(t, id); n != 0 {
			t.Errorf("%d matches with a superseded list", n)
		}
	})
}

func (s *site) rematch(t *testing.T) {
	t.Helper()
	if err := s.line.Rematch(t.Context(), "", "the lists have changed"); err != nil {
		t.Fatal(err)
	}
	s.work(t)
}

// TestDetached leaves the work to a second pipeline, and tells its progress.
func TestDetached(t *testing.T) {
	p := operation(t)
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		r := s.ingest(t, Order{Case: string(id), Detach: true}, p.Folder)
		if r.Exhibits == 0 || r.Items != 0 || len(s.items(t, id)) != 0 {
			t.Errorf("%+v", r)
		}
		var told []Progress
		other := newLine(t, s.Vault, Config{Workers: 3})
		if err := other.Work(t.Context(), 0, true, func(p Progress) { told = append(told, p) }); err != nil {
			t.Fatal(err)
		}
		s.noFailures(t)
		if n := len(s.items(t, id)); n < r.Exhibits {
			t.Errorf("%d items of %d exhibits", n, r.Exhibits)
		}
		if last := told[len(told)-1]; last.Stage != "work" || last.Jobs.Waiting+last.Jobs.Running != 0 || last.Jobs.Done == 0 {
			t.Errorf("at the end: %+v", last)
		}
	})
}

// TestWorkWaits lets a worker without anything to do wait until it is stopped.
func TestWorkWaits(t *testing.T) {
	s := newSite(t, "")
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := s.line.Work(ctx, 1, false, nil); err != context.DeadlineExceeded {
		t.Errorf("work ended with %v", err)
	}
}

// TestOtherHost leaves what lies in place on another machine to it.
func TestOtherHost(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		dir := folder(t, map[string]string{"a.txt": "a@example.org\n"})
		s.ingest(t, Order{Case: string(id), InPlace: true, Detach: true}, dir)
		elsewhere := newLine(t, s.Vault, Config{Host: "another machine"})
		if err := elsewhere.Work(t.Context(), 0, true, nil); err != nil {
			t.Fatal(err)
		}
		if n := len(s.items(t, id)); n != 0 {
			t.Errorf("%d items were read on another machine", n)
		}
		s.work(t)
		if n := len(s.items(t, id)); n != 1 {
			t.Errorf("%d items", n)
		}
	})
}

// TestChangedBetweenReads changes every byte of a file in place, one after the
// other, after it was sealed and before it is read.
func TestChangedBetweenReads(t *testing.T) {
	s := newSite(t, "")
	id := s.openCovered(t)
	const content = "write to a@example.org\n"
	dir := t.TempDir()
	for n := range len(content) {
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.txt", n)), content)
	}
	r := s.ingest(t, Order{Case: string(id), InPlace: true, Detach: true}, dir)
	for n := range len(content) {
		changed := []byte(content)
		changed[n] ^= 1
		path := filepath.Join(dir, fmt.Sprintf("%03d.txt", n))
		times, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(changed))
		if err := os.Chtimes(path, times.ModTime(), times.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	s.work(t)
	if n := s.codes(t, id)["content.corrupt"]; int(n) != len(content) || r.Exhibits != len(content) {
		t.Errorf("%d of %d changes found", n, len(content))
	}
	for _, i := range s.items(t, id) {
		if i.State != media.Unreadable {
			t.Errorf("%s is %s", i.Name, i.State)
		}
	}
}

// TestChangedAfterIdentify changes files when their type is known already: the
// stage that reads them finds it, and the others go on.
func TestChangedAfterIdentify(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		picture, err := os.ReadFile(filepath.Join(operation(t).Dir, "lists", "sources", "known-1.png"))
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{"a.txt": "a@example.org\n", "b.eml": mailOf("a@example.org", "b@example.org", "Mon, 05 Jan 2026 10:00:00 +0100"),
			"c.png": string(picture), "d.txt": "untouched@example.org\n", "WhatsApp Chat with E.txt": chatOf("E", "F")}
		dir := folder(t, files)
		s.ingest(t, Order{Case: string(id), InPlace: true, Detach: true}, dir)
		s.stageOnly(t, Identify)
		for name, content := range files {
			if name != "d.txt" {
				changed := bytes.Clone([]byte(content))
				changed[len(changed)-2] ^= 1
				write(t, filepath.Join(dir, name), string(changed))
			}
		}
		s.work(t)
		stages := s.stages(t, id)
		if stages["read failed content.corrupt"] != 2 || stages["link failed content.corrupt"] != 1 ||
			stages["fingerprint failed content.corrupt"] != 1 || stages["unpack failed content.corrupt"] != 1 || stages["link done"] != 1 {
			t.Errorf("stages %v, findings %v", stages, s.codes(t, id))
		}
	})
}

// stageOnly does the waiting jobs of one stage and leaves the others, which are
// tried again later.
func (s *site) stageOnly(t *testing.T, stage string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	left := fault.New(fault.Busy, "left for later")
	err := s.Queue.Work(ctx, jobs.Options{Workers: 1, Host: s.Host()}, func(ctx context.Context, lease *jobs.Lease) error {
		if lease.Stage != stage {
			stop()
			<-ctx.Done()
			return left
		}
		return s.line.do(ctx, lease)
	})
	if err != context.Canceled {
		t.Fatalf("the work of one stage ended with %v", err)
	}
}

// TestTwoCases takes the same file into two cases: each has its own.
func TestTwoCases(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		one, two := s.openCovered(t), s.openCovered(t)
		p := operation(t)
		s.ingest(t, Order{Case: string(one)}, p.Exports[0])
		s.ingest(t, Order{Case: string(two)}, p.Exports[0])
		a, b := s.items(t, one), s.items(t, two)
		if len(a) != len(b) || len(a) == 0 {
			t.Fatalf("%d and %d items", len(a), len(b))
		}
		ids := map[media.ID]bool{}
		for _, i := range a {
			ids[i.ID] = true
		}
		if slices.ContainsFunc(b, func(i media.Item) bool { return ids[i.ID] }) {
			t.Error("two cases share an item")
		}
		for n := range a {
			if a[n].SHA256 != b[n].SHA256 || a[n].Path != b[n].Path {
				t.Errorf("%s and %s differ", a[n].Path, b[n].Path)
			}
		}
		ga, err := chats.Groups(t.Context(), s.look(t), one, open)
		if err != nil {
			t.Fatal(err)
		}
		gb, err := chats.Groups(t.Context(), s.look(t), two, open)
		if err != nil || len(ga) != 1 || len(gb) != 1 || ga[0].ID == gb[0].ID || ga[0].Messages != gb[0].Messages {
			t.Errorf("groups %v and %v, %v", ga, gb, err)
		}
	})
}

// TestLateNeighbour reads a chat before the picture beside it is sealed.
func TestLateNeighbour(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		id := s.openCovered(t)
		dir := folder(t, map[string]string{"WhatsApp Chat with E.txt": chatOf("E", "F") + "20/02/2026, 10:00 - E: IMG-20260220-WA0001.jpg (file attached)\n",
			"IMG-20260220-WA0001.jpg": "not a picture"})
		s.ingest(t, Order{Case: string(id)}, dir)
		all, err := chats.Messages(t.Context(), s.look(t), chats.Query{Case: id, View: open})
		if err != nil {
			t.Fatal(err)
		}
		want := s.item(t, id, "IMG-20260220-WA0001.jpg")
		joined := 0
		for _, m := range all {
			for _, a := range m.Attachments {
				if a.Item == string(want.ID) && a.Size == want.Size {
					joined++
				}
			}
		}
		if joined != 1 {
			t.Errorf("the attachment is joined %d times", joined)
		}
		if n := s.codes(t, id)["type.mismatch"]; n != 1 {
			t.Errorf("a text called .jpg: %v", s.codes(t, id))
		}
	})
}

// TestGuard turns a crash of a reader into a finding without its text.
func TestGuard(t *testing.T) {
	f := guard(func() { panic(fmt.Errorf("with content of %s", "the file")) })
	if f == nil || f.Code != "stage.crashed" || bytes.Contains([]byte(f.Detail), []byte("file")) {
		t.Errorf("%+v", f)
	}
	if f := guard(func() {}); f != nil {
		t.Errorf("%+v", f)
	}
}

// TestRefusals tells errors about the input from those about the machine, which
// another try may mend.
func TestRefusals(t *testing.T) {
	for err, code := range map[error]string{contain.ErrCrashed: "fingerprint.crashed", contain.ErrTimeout: "fingerprint.timeout",
		contain.ErrMemory: "fingerprint.memory", contain.ErrOutput: "fingerprint.output", contain.ErrInput: "fingerprint.input",
		&contain.Failure{}: "fingerprint.failed", contain.ErrClosed: "", contain.ErrUncontained: "", os.ErrNotExist: ""} {
		if got := refusal(fmt.Errorf("run: %w", err)); got != code {
			t.Errorf("%v: %q", err, got)
		}
	}
}
