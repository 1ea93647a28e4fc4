package pipeline

import (
	"time"

	"tutela/casework/media"
	"tutela/format/when"
)

// inScope reports whether the authorisation that an item is open under covers
// what was sent at a time. A time without a zone is left out only when it lies
// outside in every zone; one that nothing is known of is covered.
func (w *work) inScope(i media.Item, t when.Time) bool {
	s := w.sealed[i.Exhibit].Scope()
	if s.WindowFrom == 0 && s.WindowUntil == 0 {
		return true
	}
	slack := int64(0)
	at, ok := t.Micros()
	if !ok {
		wall, err := time.Parse("2006-01-02T15:04:05.999999999", (t.Wall + ":00")[:min(len(t.Wall)+3, 19)])
		if err != nil {
			return true
		}
		at, slack = wall.UnixMicro(), (14 * time.Hour).Microseconds()
	}
	return (s.WindowFrom == 0 || at+slack >= s.WindowFrom) && (s.WindowUntil == 0 || at-slack < s.WindowUntil)
}
