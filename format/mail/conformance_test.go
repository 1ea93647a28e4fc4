package mail

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tutela/format"
)

func conformance(t testing.TB) string {
	t.Helper()
	root := os.Getenv("TUTELA_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	dir := filepath.Join(root, "mail")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("conformance inputs are absent: set TUTELA_CONFORMANCE (%v)", err)
	}
	return dir
}

type wantMail struct {
	Subject        *string
	MustContain    []string `json:"must_contain"`
	MustNotRender  []string `json:"must_not_render"`
	Attachments    json.RawMessage
	Count          *int     `json:"attachment_count"`
	NestedSubjects []string `json:"nested_subjects"`
	Date           string
	Messages       int
	Subjects       []string
}

type wantFile struct {
	Name  string
	Bytes *int
	Hex   string
}

// files reads both forms of the list of attachments.
func (w wantMail) files(t *testing.T) (list []wantFile, judged bool) {
	if len(w.Attachments) == 0 || string(w.Attachments) == "null" {
		return nil, false
	}
	var names []string
	if json.Unmarshal(w.Attachments, &names) == nil {
		for _, n := range names {
			list = append(list, wantFile{Name: n})
		}
		return list, true
	}
	if err := json.Unmarshal(w.Attachments, &list); err != nil {
		t.Fatal(err)
	}
	return list, true
}

func load(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// everything is all text that a person can read in a message.
func everything(m, outer *Message) string {
	all := m.Text + "\n" + m.HTMLText + "\n" + m.HTML
	for _, h := range m.Headers {
		all += "\n" + h.Value
	}
	for _, n := range m.Nested {
		all += "\n" + everything(n, outer)
	}
	for _, i := range m.Attachments {
		if p := &outer.Parts[i]; strings.HasPrefix(p.ContentType, "text/") || p.ContentType == "" {
			b, _ := io.ReadAll(p.Open())
			all += "\n" + string(b)
		}
	}
	return all
}

func check(t *testing.T, name string, in []byte, w wantMail) {
	t.Helper()
	start := time.Now()
	m, _ := Read(in, format.Limits{})
	if d := time.Since(start); d > time.Second {
		t.Errorf("%s: %v", name, d)
	}
	if w.Subject != nil && m.Subject != *w.Subject {
		t.Errorf("%s: subject %q, want %q", name, m.Subject, *w.Subject)
	}
	all := strings.ReplaceAll(everything(m, m), "\r\n", "\n")
	for _, s := range w.MustContain {
		if !strings.Contains(all, s) {
			t.Errorf("%s: %q is not readable", name, s)
		}
	}
	for _, s := range w.MustNotRender {
		if strings.Contains(m.HTMLText, s) {
			t.Errorf("%s: %q is shown", name, s)
		}
	}
	if w.Count != nil && len(m.Attachments) != *w.Count {
		t.Errorf("%s: %d attachments, want %d", name, len(m.Attachments), *w.Count)
	}
	if w.Date != "" && m.Date.UTC != w.Date {
		t.Errorf("%s: date %+v, want %s", name, m.Date, w.Date)
	}
	for i, s := range w.NestedSubjects {
		if i >= len(m.Nested) || m.Nested[i].Subject != s {
			t.Errorf("%s: nested message %d is not %q", name, i, s)
		}
	}
	files, judged := w.files(t)
	if judged && len(files) != len(m.Attachments) {
		t.Errorf("%s: %d attachments, want %d", name, len(m.Attachments), len(files))
		return
	}
	for i, f := range files {
		p := &m.Parts[m.Attachments[i]]
		b, _ := io.ReadAll(p.Open())
		if p.Name != f.Name || f.Bytes != nil && len(b) != *f.Bytes || f.Hex != "" && hex.EncodeToString(b) != f.Hex {
			t.Errorf("%s: attachment %q with %d bytes, want %+v", name, p.Name, len(b), f)
		}
	}
}

func TestConformanceOwnExpectations(t *testing.T) {
	dir := conformance(t)
	for file, base := range map[string]string{"synthetic-expected.json": "synthetic", "enmime-expected.json": ""} {
		want := map[string]wantMail{}
		load(t, filepath.Join(dir, file), &want)
		for name, w := range want {
			in, err := os.ReadFile(filepath.Join(dir, base, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, ".mbox") {
				mailbox(t, name, in, w)
				continue
			}
			check(t, name, in, w)
		}
	}
}

func mailbox(t *testing.T, name string, in []byte, w wantMail) {
	t.Helper()
	entries, variant, _ := Mbox(in, format.Limits{})
	if len(entries) != w.Messages {
		t.Fatalf("%s: %d messages, want %d", name, len(entries), w.Messages)
	}
	for i, s := range w.Subjects {
		raw := in[entries[i].Offset : entries[i].Offset+entries[i].Length]
		if m, _ := Read(raw, format.Limits{}); m.Subject != s {
			t.Errorf("%s: %q, want %q", name, m.Subject, s)
		}
	}
	if strings.Contains(name, "mboxrd") {
		text := string(Unquote(in[entries[1].Offset:entries[1].Offset+entries[1].Length], variant))
		if variant != MboxRD || !strings.Contains(text, "\nFrom the hills\n") || !strings.Contains(text, "\n>From quoted\n") {
			t.Errorf("%s: %s\n%s", name, variant, text)
		}
	}
}

func TestConformanceMailParser(t *testing.T) {
	dir := conformance(t)
	var want map[string]struct {
		Subject     *string
		Attachments []struct{ Name *string }
	}
	load(t, filepath.Join(dir, "mail-parser", "expected.json"), &want)
	subjects, counts := 0, 0
	for name, w := range want {
		in, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			in, err = os.ReadFile(filepath.Join(filepath.Dir(dir), name))
		}
		if err != nil {
			t.Fatal(err)
		}
		m, _ := Read(in, format.Limits{})
		subject := ""
		if w.Subject != nil {
			subject = *w.Subject
		}
		if m.Subject == subject {
			subjects++
		} else {
			t.Logf("%s: subject %q, source says %q", name, m.Subject, subject)
		}
		if len(m.Attachments) == len(w.Attachments) {
			counts++
		} else {
			t.Logf("%s: %d attachments, source says %d", name, len(m.Attachments), len(w.Attachments))
		}
	}
	if n := len(want); subjects*100 < 95*n || counts*100 < 90*n {
		t.Errorf("of %d: %d subjects, %d attachment counts", n, subjects, counts)
	}
}
