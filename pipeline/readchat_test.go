package pipeline

import (
	"testing"

	"tutela/casework/media"
	"tutela/format"
	"tutela/format/whatsapp"
)

// TestLooseChatInAFolder: a text between thousands of other files says no more
// than one thing of them.
func TestLooseChatInAFolder(t *testing.T) {
	const export = "2/3/25, 10:00 - Ana: IMG-1.jpg (file attached)\n2/3/25, 10:01 - Bo: hello\n"
	names := []string{"a.jpg", "b.jpg", "c.txt"}
	for _, c := range []struct {
		what    string
		beside  []string
		parent  media.ID
		reports int
		count   int
	}{
		{"a folder of other things", names, "", 0, 0},
		{"an unpacked export", append([]string{"IMG-1.jpg"}, names...), "", 1, 3},
		{"an export as it was made", append([]string{"IMG-1.jpg"}, names...), "zip", 3, 0},
	} {
		chat, fs := whatsapp.Read([]byte(export), c.beside, format.Limits{})
		var got []format.Finding
		for _, f := range loose(media.Item{Parent: c.parent}, chat, fs) {
			if f.Code == surplus {
				got = append(got, f)
			}
		}
		if len(got) != c.reports || c.reports == 1 && got[0].Count != c.count {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}
