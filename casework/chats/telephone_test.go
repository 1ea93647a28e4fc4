package chats_test

import (
	"fmt"
	"strings"
	"testing"

	"tutela/casework/casetest"
	"tutela/casework/chats"
	"tutela/format/when"
)

// TestProtectedTelephoneShowsNothing reads a protected export whose times are
// written as one make of telephone writes them, in one language: nothing of that
// is in the view that hides, all of it in the other and in other exports.
func TestProtectedTelephoneShowsNothing(t *testing.T) {
	const zone = "2026-01-02T09:%02d:47Z"
	spell := func(n int) when.Time {
		return when.Time{Text: fmt.Sprintf("2/1/26, 10.%02d.47 a. m.", n), Wall: fmt.Sprintf("2026-01-02T10:%02d:47", n), Zone: "+01:00",
			UTC: fmt.Sprintf(zone, n), Precision: when.Second, Other: fmt.Sprintf("2026-02-01T10:%02d:47", n), Basis: "file: day 13 at line 7"}
	}
	traces := []string{" a. m.", "05:47", "file:", "ios", "Language:es", "second"}
	for _, protected := range []bool{true, false} {
		casetest.Each(t, func(t *testing.T, d casetest.Desk) {
			c, b := build("e1", "Trail", protected, chats.Known{}, export()...)
			c.Group.Platform, c.Group.Language = "whatsapp-ios", "es"
			for i := range c.Messages {
				c.Messages[i].Time = spell(i)
			}
			for i := range c.Events {
				c.Events[i].Time = spell(i)
			}
			put(d, c, b)
			text, all := everything(t, d.Look(), shut), everything(t, d.Look(), open)
			for _, trace := range traces {
				if !strings.Contains(all, trace) {
					t.Errorf("the protected view lacks %q", trace)
				}
				if strings.Contains(text, trace) == protected {
					t.Errorf("protected %t, %q:\n%s", protected, trace, text)
				}
			}
			for _, there := range []string{"2026-01-02T10:05", "2026-02-01T10:05", "2026-01-02T09:05:"} {
				if !strings.Contains(text, there) {
					t.Errorf("protected %t: the minute %q is lost", protected, there)
				}
			}
		}, schemas()...)
	}
}
