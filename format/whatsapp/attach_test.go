package whatsapp

import (
	"testing"

	"tutela/format"
)

// TestAttachmentForms is a table of bodies with a container at hand.
func TestAttachmentForms(t *testing.T) {
	names := []string{
		"export/IMG-20250313-WA0001.jpg", "Übersicht (neu).pdf", "a b.pdf", "note.txt", "Cafe\u0301.png", "DOC-20250313-WA0002.",
		"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f.jpg", "UPPER.JPG", "x: y.pdf",
	}
	for _, c := range []struct {
		body, name, caption string
		present             bool
	}{
		{"IMG-20250313-WA0001.jpg (file attached)", "IMG-20250313-WA0001.jpg", "", true},
		{"IMG-20250313-WA0001.jpg (words unknown)", "IMG-20250313-WA0001.jpg", "", true},
		{"\u200eIMG-20250313-WA0001.jpg (file attached)\ncaption\nmore", "IMG-20250313-WA0001.jpg", "caption\nmore", true},
		{"Übersicht (neu).pdf (Datei angehängt)", "Übersicht (neu).pdf", "", true},
		{"a b.pdf (archivo adjunto)", "a b.pdf", "", true},
		{"Caf\u00e9.png (file attached)", "Caf\u00e9.png", "", true},
		{"DOC-20250313-WA0002. (file attached)", "DOC-20250313-WA0002.", "", true},
		{"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f.jpg", "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f.jpg", "", true},
		{"upper.jpg (file attached)", "upper.jpg", "", true},
		{"lost.jpg (file attached)", "lost.jpg", "", false},
		{"IMG-20250313-WA0099.jpg (unknown words)", "IMG-20250313-WA0099.jpg", "", false},
		{"<attached: a b.pdf>", "a b.pdf", "", true},
		{"<添付ファイル：a b.pdf>", "a b.pdf", "", true},
		{"<a b.pdf eklendi>", "a b.pdf", "", true},
		{"<pièce jointe\u00a0: a b.pdf>", "a b.pdf", "", true},
		{"a b.pdf • 2 pages \u200e<attached: a b.pdf>", "a b.pdf", "a b.pdf • 2 pages", true},
		{"2015-08-04-PHOTO-00004762.jpg <\u200eattached>", "2015-08-04-PHOTO-00004762.jpg", "", false},
		{"<attached: x: y.pdf>", "x: y.pdf", "", true},
		{"lost.txt (see below)", "", "", false},
		{"<3 love: you>", "", "", false},
		{"a < b and c > d", "", "", false},
		{"see note.txt please", "", "", false},
		{"()", "", "", false},
		{"<>", "", "", false},
	} {
		chat, _ := Read([]byte("13/03/2025, 10:00 - Ada: "+c.body+"\n"), names, format.Limits{})
		m := chat.Messages[0]
		if (m.Attachment != nil) != (c.name != "") {
			t.Errorf("%q: %s %+v", c.body, m.Kind, m.Attachment)
			continue
		}
		if m.Attachment == nil {
			if m.Text != c.body {
				t.Errorf("%q: text %q", c.body, m.Text)
			}
			continue
		}
		if m.Attachment.Name != c.name || m.Attachment.Present != c.present || m.Text != c.caption {
			t.Errorf("%q: %+v caption %q", c.body, m.Attachment, m.Text)
		}
		if c.present != (m.Attachment.Member != "") {
			t.Errorf("%q: member %q", c.body, m.Attachment.Member)
		}
	}
}

func TestMissingOnlyWithContainer(t *testing.T) {
	in := []byte("13/03/2025, 10:00 - Ada: lost.jpg (file attached)\n")
	c, fs := Read(in, nil, format.Limits{})
	if len(c.Missing) != 0 || has(fs, "whatsapp.attachment-missing") {
		t.Errorf("without a container: %+v", fs)
	}
	c, fs = Read(in, []string{"other.jpg", "folder/"}, format.Limits{})
	if len(c.Missing) != 1 || len(c.Surplus) != 1 || !has(fs, "whatsapp.attachment-missing") || !has(fs, "whatsapp.attachment-surplus") {
		t.Errorf("%q %q %+v", c.Missing, c.Surplus, fs)
	}
}

func TestShapeChanges(t *testing.T) {
	// A change for good is accepted, a form that comes and goes is quoted text.
	c, fs := Read([]byte("6/30/23, 16:13 - A: x\n30/06/2023, 16:20 - A: y\n"), nil, format.Limits{})
	if len(c.Messages) != 2 || c.DateOrder != Mixed || len(c.Shapes) != 2 || !has(fs, "whatsapp.shape-change") {
		t.Errorf("%d messages, %s, %q", len(c.Messages), c.DateOrder, c.Shapes)
	}
	c, fs = Read([]byte("6/30/23, 16:13 - A: x\n30/06/2023, 16:20 - A: y\n6/30/23, 16:14 - A: z\n"), nil, format.Limits{})
	if len(c.Messages) != 2 || !c.Messages[0].Has(EmbeddedHeader) || has(fs, "whatsapp.shape-change") {
		t.Errorf("%d messages, %+v", len(c.Messages), fs)
	}
	// On iOS a line end is proof, so the form may change back and forth.
	c, _ = Read([]byte("[6/30/23, 16:13:00] A: x\r\n[30/06/2023, 16:20:00] A: y\r\n[6/30/23, 16:24:00] A: z\r\n"), nil, format.Limits{})
	if len(c.Messages) != 3 {
		t.Errorf("%d messages", len(c.Messages))
	}
}

func TestConvertedLineEnds(t *testing.T) {
	// Android text saved with CRLF, and iOS text saved with LF.
	c, _ := Read([]byte("13/03/2025, 10:00 - A: x\r\ny\r\n13/03/2025, 10:01 - B: z\r\n"), nil, format.Limits{})
	if len(c.Messages) != 2 || c.Messages[0].Text != "x\ny" || c.Proof {
		t.Errorf("%+v", c.Messages)
	}
	c, fs := Read([]byte("[13/03/2025, 10:00:00] A: x\ny\n[13/03/2025, 10:00:01] B: z\n"), nil, format.Limits{})
	if len(c.Messages) != 2 || c.Proof || !has(fs, "whatsapp.line-ends") {
		t.Errorf("%+v %+v", c.Messages, fs)
	}
}

func TestColonNames(t *testing.T) {
	c, fs := Read([]byte("13/03/2025, 10:00 - Team: north: a\n13/03/2025, 10:01 - Team: north: b\n13/03/2025, 10:02 - Ada: re: c\n13/03/2025, 10:03 - Ada: d\n"), nil, format.Limits{})
	if c.Messages[0].Author != "Team: north" || !c.Messages[0].Has(NameHasColon) || c.Messages[2].Author != "Ada" || c.Messages[2].Text != "re: c" {
		t.Errorf("%+v", c.Messages)
	}
	if !has(fs, "whatsapp.name-colon") {
		t.Errorf("%+v", fs)
	}
}
