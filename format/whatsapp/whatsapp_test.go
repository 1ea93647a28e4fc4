package whatsapp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tutela/format"
)

func read(t *testing.T, text string, names ...string) (Chat, []format.Finding) {
	t.Helper()
	return Read([]byte(text), names, format.Limits{})
}

func has(fs []format.Finding, code string) bool {
	return slices.ContainsFunc(fs, func(f format.Finding) bool { return f.Code == code })
}

func TestSpanishGroupEvents(t *testing.T) {
	c, fs := read(t, strings.Join([]string{
		`14/3/2025, 9:00 - Los mensajes y las llamadas están cifrados de extremo a extremo. Toca para obtener más información.`,
		`14/3/2025, 9:01 - Lía Roble creó el grupo "Senderos"`,
		`14/3/2025, 9:02 - Lía Roble añadió a +34 600 000 101 y Hugo Haya`,
		`14/3/2025, 9:03 - Añadiste a Nora Tejo`,
		`14/3/2025, 9:04 - Nora Tejo se unió usando el enlace de invitación de este grupo`,
		`14/3/2025, 9:05 - Lía Roble eliminó a Hugo Haya`,
		`14/3/2025, 9:06 - Nora Tejo salió del grupo`,
		`14/3/2025, 9:07 - Lía Roble cambió el asunto de "Senderos" a "Plan: B"`,
		`14/3/2025, 9:08 - +34 600 000 101 cambió a +34 600 000 202`,
		`14/3/2025, 9:09 - Ahora eres administrador`,
		`14/3/2025, 9:10 - Lía Roble: hola`,
		`14/3/2025, 9:11 - Tomás: Eliminaste este mensaje`,
		`14/3/2025, 9:12 - Lía Roble: Llegamos tarde <Se editó este mensaje.>`,
		`14/3/2025, 9:13 - Lía Roble: Llamada perdida`,
		``}, "\n"))
	want := []Event{{Verb: Encryption}, {Verb: Created, Actor: "Lía Roble", To: "Senderos"},
		{Verb: Added, Actor: "Lía Roble", Objects: []string{"+34 600 000 101", "Hugo Haya"}},
		{Verb: Added, Actor: Exporter, Objects: []string{"Nora Tejo"}},
		{Verb: JoinedLink, Actor: "Nora Tejo"}, {Verb: Removed, Actor: "Lía Roble", Objects: []string{"Hugo Haya"}},
		{Verb: Left, Actor: "Nora Tejo"}, {Verb: SubjectChanged, Actor: "Lía Roble", From: "Senderos", To: "Plan: B"},
		{Verb: NumberChanged, Actor: "+34 600 000 101", To: "+34 600 000 202"},
		{Verb: AdminGranted, Objects: []string{Exporter}}}
	for i, w := range want {
		if e := c.Messages[i].Event; e == nil || fmt.Sprintf("%+v", *e) != fmt.Sprintf("%+v", w) {
			t.Errorf("event %d: %+v, want %+v", i, e, w)
		}
	}
	if c.Language != "es" || c.Title != "Plan: B" || c.Exporter != "Tomás" || !c.DateProven || c.DateOrder != DMY {
		t.Errorf("language %q title %q exporter %q order %s", c.Language, c.Title, c.Exporter, c.DateOrder)
	}
	if !c.Messages[3].Own || !c.Messages[9].Own || !c.Messages[11].Own || c.Messages[4].Own {
		t.Error("the exporter's traces are not marked, or another's are")
	}
	if m := c.Messages[12]; !m.Edited || m.Text != "Llegamos tarde" {
		t.Errorf("edited: %+v", m)
	}
	if c.Messages[13].Kind != Call {
		t.Errorf("call: %s", c.Messages[13].Kind)
	}
	if has(fs, "whatsapp.unknown-phrase") {
		t.Errorf("unknown phrase: %+v", fs)
	}
}

func TestIOSSpanishGroup(t *testing.T) {
	c, fs := read(t, "[14/3/25, 9:00:00] Senderos: \u200eLos mensajes y las llamadas están cifrados de extremo a extremo.\r\n"+
		"[14/3/25, 9:00:01] Senderos: \u200eLía Roble creó este grupo\r\n"+
		"[14/3/25, 9:00:02] Lía Roble: \u200eLía Roble te añadió\r\n"+
		"\u200e[14/3/25, 9:00:03] ~\u202fHugo: \u200e<adjunto: 00000004-PHOTO-2025-03-14-09-00-03.jpg>\r\n"+
		"\u200e[14/3/25, 9:00:04] ~\u202fHugo: \u200esticker omitido\r\n"+
		"[14/3/25, 9:00:05] \u202a+34\u00a0600\u00a0000\u00a0101\u202c: \u200eUbicación: https://maps.google.com/?q=1,2\r\n"+
		"[14/3/25, 9:00:06] Lía Roble: \u200eZzz qqq\r\n"+
		"\u200e[14/3/25, 9:00:07] Lía Roble: \u200eblorb omitted in words unknown\r\n",
		"00000004-PHOTO-2025-03-14-09-00-03.jpg")
	kinds := []Kind{System, System, System, Attachment, MediaOmitted, Location, System, MediaOmitted}
	for i, k := range kinds {
		if c.Messages[i].Kind != k {
			t.Errorf("record %d: %s, want %s", i, c.Messages[i].Kind, k)
		}
	}
	if !c.Proof || c.Platform != IOS || c.Title != "Senderos" {
		t.Errorf("proof %v platform %s title %q", c.Proof, c.Platform, c.Title)
	}
	if m := c.Messages[3]; !m.Attachment.Present || m.PushName != "Hugo" || m.Author != "~\u202fHugo" {
		t.Errorf("attachment: %+v %+v", m, m.Attachment)
	}
	if m := c.Messages[5]; m.Number != "+34 600 000 101" {
		t.Errorf("number: %+v", m)
	}
	for _, f := range fs {
		if f.Code == "whatsapp.unknown-phrase" && f.Count == 2 {
			return
		}
	}
	t.Errorf("unknown phrases are not counted: %+v", fs)
}

func TestEventWordsInsideMessages(t *testing.T) {
	c, _ := read(t, "13/03/2025, 10:00 - Ada Larch: Ben left\n"+
		"13/03/2025, 10:01 - Ada Larch: You: added Ben\n"+
		"13/03/2025, 10:02 - Ben added Carl: hello\n"+
		"13/03/2025, 10:03 - Ada Larch changed the subject to “a: b”\n"+
		"13/03/2025, 10:04 - Ada Larch changed the subject to “a: b”\n")
	authors := []string{"Ada Larch", "Ada Larch", "Ben added Carl", "", ""}
	for i, a := range authors {
		if c.Messages[i].Author != a {
			t.Errorf("record %d: author %q, want %q", i, c.Messages[i].Author, a)
		}
	}
	if e := c.Messages[4].Event; e == nil || e.To != "a: b" {
		t.Errorf("subject: %+v", e)
	}
}

func TestForgedHeadersOnIOS(t *testing.T) {
	forged := strings.Repeat("[13/03/2025, 10:00:01] Ben Pine: I agree\n", 500)
	c, fs := read(t, "[13/03/2025, 10:00:00] Ada Larch: look\n"+forged+"end\r\n[13/03/2025, 10:00:02] Ben Pine: no\r\n")
	if len(c.Messages) != 2 || !c.Messages[0].Has(EmbeddedHeader) || !c.Proof {
		t.Errorf("%d messages, proof %v", len(c.Messages), c.Proof)
	}
	if !has(fs, "whatsapp.embedded-header") || len(fs) > maxFindings+10 || fs[maxFindings-1].Count != 500-maxFindings+1 {
		t.Errorf("%d findings", len(fs))
	}
}

func TestPrefixesKeepTheirPlaces(t *testing.T) {
	c, fs := read(t, "saved by hand\n13/03/2025, 10:00 - Ada: one\n13/03/2025, 10:01 - Ben: two\n")
	if len(c.Messages) != 2 || c.Messages[0].Offset != 14 || c.Messages[0].Line != 2 || !has(fs, "whatsapp.preamble") {
		t.Errorf("%+v %+v", c.Messages, fs)
	}
}

func TestDateOrderFromAttachmentNames(t *testing.T) {
	c, fs := read(t, "3/4/25, 10:00 - Ada: IMG-20250304-WA0001.jpg (file attached)\n3/4/25, 10:05 - Ben: ok\n")
	if c.DateOrder != MDY || c.DateProven || !has(fs, "whatsapp.date-order-inferred") || c.Messages[1].Time.Wall != "2025-03-04T10:05" {
		t.Errorf("%s %v %+v", c.DateOrder, c.DateProven, fs)
	}
}

func TestDateOrderConflict(t *testing.T) {
	c, fs := read(t, "13/3/25, 10:00 - Ada: a\n3/14/25, 10:05 - Ben: b\n14/3/25, 10:05 - Ben: c\n")
	if !has(fs, "whatsapp.date-order-conflict") || c.DateOrder != Ambiguous || c.Messages[1].Time.Wall != "2025-03-14T10:05" {
		t.Errorf("%s %+v", c.DateOrder, c.Messages)
	}
}

func TestCountersAndCaps(t *testing.T) {
	_, fs := read(t, "[13/03/2025, 10:00:00] A: \u200e<attached: 00000010-PHOTO-2025-03-13-10-00-00.jpg>\r\n"+
		"[13/03/2025, 10:00:05] A: x\r\n"+
		"[13/03/2025, 10:00:09] A: \u200e<attached: 00000015-PHOTO-2025-03-13-10-00-09.jpg>\r\n"+
		"[13/03/2025, 10:00:10] A: \u200e<attached: 00000003-PHOTO-2025-03-13-10-00-10.jpg>\r\n")
	for _, f := range fs {
		if f.Code == "whatsapp.counter-gap" && f.Count != 3 {
			t.Errorf("gap %+v", f)
		}
	}
	if !has(fs, "whatsapp.counter-gap") || !has(fs, "whatsapp.counter-back") {
		t.Errorf("%+v", fs)
	}
	_, fs = Read([]byte(strings.Repeat("13/03/2025, 10:00 - Ada: x\n", capText)), nil, format.Limits{})
	if !has(fs, "whatsapp.export-cap") {
		t.Error("no warning at the cap")
	}
}

func TestUnorderedIsNotAmbiguous(t *testing.T) {
	c, fs := read(t, "23/03/2023, 08:00 - A: a\n18/03/2023, 08:00 - A: b\n24/03/2023, 08:00 - A: c\n")
	if !has(fs, "whatsapp.backwards") || c.Messages[1].Has(AmbiguousHeader) {
		t.Errorf("%+v %+v", fs, c.Messages[1])
	}
}

func TestLimits(t *testing.T) {
	in := bytes.Repeat([]byte("13/03/2025, 10:00 - Ada: x\n"), 100)
	c, fs := Read(in, nil, format.Limits{Items: 10})
	if len(c.Messages) != 10 || !has(fs, "whatsapp.limit") || c.Messages[9].Length != 27 {
		t.Errorf("%d messages, last %d bytes", len(c.Messages), c.Messages[9].Length)
	}
	if c, fs = Read(in, nil, format.Limits{Bytes: 270}); len(c.Messages) != 10 || !has(fs, "whatsapp.limit") {
		t.Errorf("%d messages", len(c.Messages))
	}
}

func TestHours(t *testing.T) {
	for _, x := range []struct {
		h    int
		p    part
		want int
		odd  bool
	}{{12, am, 0, false}, {12, pm, 12, false}, {1, pm, 13, false}, {0, am, 0, true}, {13, pm, 13, true},
		{12, noon, 12, false}, {11, noon, 11, false}, {1, noon, 13, false}, {12, night, 0, false},
		{11, night, 23, false}, {2, night, 2, false}, {23, noPart, 23, false}, {0, pm, 12, true}} {
		if got, odd := hour24(x.h, x.p); got != x.want || odd != x.odd {
			t.Errorf("hour24(%d, %d) = %d, %v", x.h, x.p, got, odd)
		}
	}
}

func TestCatalogue(t *testing.T) {
	c := phrases()
	for i, p := range c.events {
		if p.hint == "" {
			t.Errorf("pattern %d (%s) has no literal", i, p.verb)
		}
		for k := 1; k < len(p.tokens); k++ {
			if p.tokens[k].slot != "" && p.tokens[k-1].slot != "" {
				t.Errorf("pattern %d (%s): two slots side by side", i, p.verb)
			}
		}
	}
	en, es := map[string]bool{}, map[string]bool{}
	for _, p := range c.events {
		switch p.lang {
		case "en":
			en[p.verb] = true
		case "es":
			es[p.verb] = true
		}
	}
	for v := range en {
		if !es[v] {
			t.Errorf("Spanish lacks %s", v)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	var in bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&in, "%02d/03/2025, %02d:%02d - Person %d: some words about the trail and a map %d\n", i%28+1, i/60%24, i%60, i%40, i)
	}
	b.SetBytes(int64(in.Len()))
	b.ReportAllocs()
	for b.Loop() {
		Read(in.Bytes(), nil, format.Limits{})
	}
}
