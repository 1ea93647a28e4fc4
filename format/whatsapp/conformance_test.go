package whatsapp

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/format"
)

// conformance returns the folder of external inputs, or skips.
func conformance(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("TUTELA_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	dir := filepath.Join(append([]string{root, "whatsapp"}, parts...)...)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("conformance inputs are absent: set TUTELA_CONFORMANCE (%v)", err)
	}
	return dir
}

type wantEvent struct {
	Verb, Actor, From, To string
	Objects               []string
}

type wantRecord struct {
	Offset, Length int64
	Kind           Kind
	Wall           string `json:"wall_time"`
	Other          string `json:"wall_time_other_reading"`
	Sender, Prefix string
	Text           *string
	TextLength     int `json:"text_length"`
	Attachment     string
	PushName       string `json:"push_name"`
	Number         string
	Edited         bool
	Flags          []Flag
	Event          *wantEvent
}

type wantFile struct {
	Platform  Platform
	Language  string
	Shape     string
	DateOrder Order `json:"date_order"`
	Records   int
	ByKind    map[Kind]int `json:"by_kind"`
	Senders   []string
	List      []wantRecord
}

func load(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

func byKind(c Chat) map[Kind]int {
	out := map[Kind]int{}
	for _, m := range c.Messages {
		out[m.Kind]++
	}
	return out
}

func TestConformanceSynthetic(t *testing.T) {
	dir := conformance(t, "synthetic")
	want := map[string]wantFile{}
	load(t, filepath.Join(dir, "expected.json"), &want)
	files := 0
	for name, w := range want {
		if strings.HasPrefix(name, "containers/") {
			continue
		}
		files++
		t.Run(name, func(t *testing.T) {
			in, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			c, _ := Read(in, nil, format.Limits{})
			compare(t, w, c)
			total := int64(0)
			for _, m := range c.Messages {
				total += m.Length
			}
			if len(c.Messages) > 0 && total+c.Messages[0].Offset != int64(len(in)) {
				t.Errorf("records cover %d of %d bytes", total, len(in))
			}
		})
	}
	if files < 49 {
		t.Errorf("only %d files", files)
	}
}

func compare(t *testing.T, w wantFile, c Chat) {
	t.Helper()
	if len(c.Messages) != w.Records {
		t.Fatalf("%d records, want %d", len(c.Messages), w.Records)
	}
	if w.Platform != "" && c.Platform != w.Platform {
		t.Errorf("platform %s, want %s", c.Platform, w.Platform)
	}
	if c.Language != w.Language && (c.Language != "" || w.Language != "en") {
		t.Errorf("language %q, want %q", c.Language, w.Language)
	}
	// Some files of the set hold no number above 12 and are expected day first all
	// the same; both readings with the day first one in front is stricter.
	undecided := c.DateOrder == Ambiguous && w.DateOrder == DMY
	if w.DateOrder != "" && c.DateOrder != w.DateOrder && !undecided {
		t.Errorf("date order %s (%s), want %s", c.DateOrder, c.DateBasis, w.DateOrder)
	}
	got := byKind(c)
	for k, n := range w.ByKind {
		if got[k] != n {
			t.Errorf("%d of kind %s, want %d", got[k], k, n)
		}
	}
	if s := slices.Sorted(slices.Values(c.Authors())); w.Senders != nil && !slices.Equal(s, w.Senders) {
		t.Errorf("senders %q, want %q", s, w.Senders)
	}
	for i, x := range w.List {
		if undecided && x.Other == "" {
			x.Other = c.Messages[i].Time.Other
		}
		record(t, i, x, c.Messages[i])
	}
}

func record(t *testing.T, i int, w wantRecord, m Message) {
	t.Helper()
	if m.Offset != w.Offset || m.Length != w.Length || m.Kind != w.Kind {
		t.Errorf("record %d: %d+%d %s, want %d+%d %s", i, m.Offset, m.Length, m.Kind, w.Offset, w.Length, w.Kind)
	}
	if m.Time.Wall != w.Wall || m.Time.Other != w.Other || m.Time.Zone != "" || m.Time.UTC != "" {
		t.Errorf("record %d: time %+v, want %s or %s", i, m.Time, w.Wall, w.Other)
	}
	if m.Author != w.Sender || m.Prefix != w.Prefix || m.PushName != w.PushName || m.Edited != w.Edited {
		t.Errorf("record %d: author %q prefix %q push %q edited %v, want %+v", i, m.Author, m.Prefix, m.PushName, m.Edited, w)
	}
	if w.Text != nil && m.Text != *w.Text {
		t.Errorf("record %d: text %q, want %q", i, m.Text, *w.Text)
	}
	if w.TextLength != 0 && len(m.Text) != w.TextLength {
		t.Errorf("record %d: %d bytes of text, want %d", i, len(m.Text), w.TextLength)
	}
	if w.Number != "" && m.Number != w.Number {
		t.Errorf("record %d: number %q, want %q", i, m.Number, w.Number)
	}
	if w.Attachment != "" && (m.Attachment == nil || m.Attachment.Name != w.Attachment) {
		t.Errorf("record %d: attachment %+v, want %s", i, m.Attachment, w.Attachment)
	}
	for _, f := range w.Flags {
		if !m.Has(f) {
			t.Errorf("record %d: flag %s is missing", i, f)
		}
	}
	if w.Event != nil {
		if m.Event == nil || m.Event.Verb != w.Event.Verb || m.Event.Actor != w.Event.Actor ||
			m.Event.From != w.Event.From || m.Event.To != w.Event.To || !slices.Equal(m.Event.Objects, w.Event.Objects) {
			t.Errorf("record %d: event %+v, want %+v", i, m.Event, *w.Event)
		}
	}
}

func TestConformanceContainers(t *testing.T) {
	dir := conformance(t, "synthetic", "containers")
	want := map[string]struct {
		Platform     Platform
		Messages     int
		ByKind       map[Kind]int `json:"by_kind"`
		Referenced   []string
		Missing      []string
		Unreferenced []string
		Captions     map[string]string
	}{}
	load(t, filepath.Join(dir, "expected.json"), &want)
	for name, w := range want {
		if w.Messages == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text, names := unzip(t, filepath.Join(dir, filepath.Base(name)))
			c, _ := Read(text, names, format.Limits{})
			if c.Platform != w.Platform || len(c.Messages) != w.Messages {
				t.Fatalf("%s, %d messages", c.Platform, len(c.Messages))
			}
			if w.ByKind == nil {
				return
			}
			got := byKind(c)
			for k, n := range w.ByKind {
				if got[k] != n {
					t.Errorf("%d of kind %s, want %d", got[k], k, n)
				}
			}
			var refs []string
			for _, m := range c.Messages {
				if m.Attachment != nil && !slices.Contains(refs, m.Attachment.Name) {
					refs = append(refs, m.Attachment.Name)
					if w.Captions[m.Attachment.Name] != "" && m.Text != w.Captions[m.Attachment.Name] {
						t.Errorf("caption %q", m.Text)
					}
				}
			}
			if !slices.Equal(refs, w.Referenced) || !slices.Equal(c.Missing, w.Missing) || !slices.Equal(c.Surplus, w.Unreferenced) {
				t.Errorf("referenced %q\nmissing %q\nsurplus %q", refs, c.Missing, c.Surplus)
			}
		})
	}
}

// unzip returns the chat text and the other names.
func unzip(t *testing.T, file string) (text []byte, names []string) {
	t.Helper()
	z, err := zip.OpenReader(file)
	if z == nil {
		t.Fatal(err)
	}
	defer z.Close()
	names = []string{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "chat.txt") || strings.Contains(f.Name, "WhatsApp Chat with") {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
			continue
		}
		names = append(names, f.Name)
	}
	return text, names
}

func TestConformanceChatMiner(t *testing.T) {
	dir := conformance(t, "chat-miner")
	var target []struct{ Timestamp, Author, Message string }
	load(t, filepath.Join(dir, "target.json"), &target)
	want := map[string]wantFile{}
	load(t, filepath.Join(dir, "expected.json"), &want)
	for name, w := range want {
		in, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		w.Language, w.Shape = "en", ""
		c, _ := Read(in, nil, format.Limits{})
		compare(t, w, c)
		var texts []Message
		for _, m := range slices.Backward(c.Messages) {
			if m.Kind == Text {
				texts = append(texts, m)
			}
		}
		for i, x := range target {
			m := texts[i]
			if m.Time.Wall != x.Timestamp[:len(m.Time.Wall)] || m.Author != x.Author || strings.ReplaceAll(m.Text, "\n", " ") != x.Message {
				t.Errorf("%s: %d: %s %q %q, want %+v", name, i, m.Time.Wall, m.Author, m.Text, x)
			}
		}
	}
}

func TestConformanceChatParserCases(t *testing.T) {
	dir := conformance(t, "whatsapp-chat-parser")
	var cases struct {
		HeaderLines []struct {
			Line, Sender, Text string
			DayFirst           string `json:"wall_time_day_first"`
			MonthFirst         string `json:"wall_time_month_first"`
			Undecidable        bool   `json:"undecidable_alone"`
		} `json:"header_lines"`
		Attachments []struct {
			Text       string
			Attachment *string
		}
		Chats []struct {
			Text      string
			Records   int
			ByKind    map[Kind]int `json:"by_kind"`
			LastText  string       `json:"last_text"`
			WallTimes []string     `json:"wall_times"`
		}
	}
	load(t, filepath.Join(dir, "cases.json"), &cases)
	for _, w := range cases.HeaderLines {
		c, _ := Read([]byte(w.Line), nil, format.Limits{})
		if len(c.Messages) != 1 {
			t.Errorf("%q: %d records", w.Line, len(c.Messages))
			continue
		}
		m := c.Messages[0]
		if m.Author != w.Sender || m.Text != w.Text || !strings.HasPrefix(w.DayFirst, m.Time.Wall) ||
			(w.Undecidable != (m.Time.Other != "")) || !strings.HasPrefix(w.MonthFirst, m.Time.Other) {
			t.Errorf("%q: %+v", w.Line, m)
		}
	}
	for _, w := range cases.Attachments {
		c, _ := Read([]byte(w.Text), nil, format.Limits{})
		a := c.Messages[0].Attachment
		if (a == nil) != (w.Attachment == nil) || (a != nil && a.Name != *w.Attachment) {
			t.Errorf("%q: %+v", w.Text, a)
		}
	}
	for _, w := range cases.Chats {
		c, _ := Read([]byte(w.Text), nil, format.Limits{})
		compare(t, wantFile{Records: w.Records, ByKind: w.ByKind, Language: "en"}, c)
		for i, x := range w.WallTimes {
			if !bytes.HasPrefix([]byte(x), []byte(c.Messages[i].Time.Wall)) {
				t.Errorf("time %s, want %s", c.Messages[i].Time.Wall, x)
			}
		}
		if n := len(c.Messages); w.LastText != "" && c.Messages[n-1].Text != w.LastText {
			t.Errorf("last text %q", c.Messages[n-1].Text)
		}
	}
}
