package referral

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tutela/format/when"
)

// TestSummaryTellsWhatToAsk wants what an operator is asked: identifier and
// period; what was matched on which list; where to answer, and under what number.
func TestSummaryTellsWhatToAsk(t *testing.T) {
	p := full()
	p.From.Channel = "SIENA unit-7"
	b, err := p.Summary(moment(), labels(t, "en"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"From: Unit, PT SIENA unit-7\n", "To: Polizia <Postale> & Co, IT SIENA\n", "with the number of the referral above",
		"- item-7f3a.jpg: list A 3 (pdq, distance: 6)\n- item-7f3a.jpg: list B 1 (sha256, distance: 0)\n",
		"- phone: +390612345678 (author, member; numbering plan +39, author; Wrote: 2025-03-12T10:11 (time zone unknown) – ",
		"- name in an address book: ", "Minor: possible"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the summary lacks %q:\n%s", want, b)
		}
	}
	for n := range 40 {
		p.Items[0].Matches = append(p.Items[0].Matches, Match{List: fmt.Sprint("more ", n)})
		p.Groups = append(p.Groups, Group{Label: fmt.Sprint("group-", n)})
	}
	if b, err = p.Summary(moment(), labels(t, "en")); err != nil || strings.Count(string(b), "\n") > 62 || !strings.Contains(string(b), "data/report.html") {
		t.Errorf("no page any more, %v:\n%s", err, b)
	}
}

// TestSpanishIsWhole looks for codes that were left in English.
func TestSpanishIsWhole(t *testing.T) {
	p := full()
	b, err := p.page("report.html", moment(), labels(t, "es"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Summary(moment(), labels(t, "es"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h3>nombre en una agenda: ", "<li>autor · ", "Menor: posible", "Categoría: víctima", "(comunicado, 4x4 B2)", "Dirección: recibido"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, code := range []string{"author ", "(author,", "member", "suspect", "wa-name", "unknown"} {
		if strings.Contains(string(s), code) {
			t.Errorf("the summary says %q:\n%s", code, s)
		}
	}
	if got := labels(t, "es").Word("never-heard-of"); got != "never-heard-of" {
		t.Errorf("a code without a word: %q", got)
	}
}

// TestReportForTheEye wants the number to quote, no empty table, and no line
// about what nobody knows.
func TestReportForTheEye(t *testing.T) {
	p := full()
	p.Messages[0].Direction = "unknown"
	p.Exhibits = append(p.Exhibits, Exhibit{Label: "exhibit-B", Kind: "chat export"})
	b, err := p.page("report.html", moment(), labels(t, "en"))
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	if !strings.Contains(s, "<h1>Referral <code>"+p.ID+"</code></h1>") || strings.Contains(s, "Direction:") ||
		strings.Count(s, "Chain of custody") != 1 || strings.Count(s, "Nothing more is told of this exhibit.") != 1 {
		t.Error(s)
	}
}

func TestSeen(t *testing.T) {
	at := func(walls ...string) (p Package) {
		for _, w := range walls {
			p.Messages = append(p.Messages, Message{Author: "i", Time: when.Time{Wall: w}})
		}
		p.Messages = append(p.Messages, Message{Author: "another", Time: when.Time{Wall: "2020-01-01T00:00"}})
		return p
	}
	got := []string{at().Seen("i", "?"), at("").Seen("i", "?"), at("2025-03-12T10:11").Seen("i", "?"),
		at("2025-03-12T10:11", "2025-03-14T10:11", "2025-03-01T09:00").Seen("i", "?")}
	if want := []string{"", "", "2025-03-12T10:11 (?)", "2025-03-01T09:00 (?) – 2025-03-14T10:11 (?)"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
