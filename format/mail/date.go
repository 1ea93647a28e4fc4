package mail

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tutela/format/when"
)

// zones are the names of RFC 5322 4.3; others are unknown.
var zones = map[string]string{"UT": "Z", "UTC": "Z", "GMT": "Z", "Z": "Z", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00",
	"CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00"}

// parseDate reads a Date header. A zone that is missing or not defined by the
// standard stays unknown; a date that cannot be read keeps its text.
func parseDate(s string) when.Time {
	if s == "" {
		return when.Time{}
	}
	t := when.Time{Text: s, Basis: "header Date"}
	words := strings.Fields(strings.ReplaceAll(stripComments(s), ",", " "))
	if len(words) > 0 && !isDigit(words[0][0]) {
		words = words[1:] // day of the week
	}
	if len(words) < 4 {
		return t
	}
	month := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(words[1][:min(3, len(words[1]))]))
	day, err1 := strconv.Atoi(words[0])
	year, err2 := strconv.Atoi(words[2])
	if err1 != nil || err2 != nil || len(words[1]) < 3 || month < 0 || month%3 != 0 {
		return t
	}
	switch {
	case year < 50:
		year += 2000
	case year < 1000:
		year += 1900
	}
	clock := words[3]
	t.Precision = when.Second
	if strings.Count(clock, ":") == 1 {
		clock += ":00"
		t.Precision = when.Minute
	}
	at, err := time.Parse("2006-1-2 15:4:5", fmt.Sprintf("%04d-%d-%d %s", year, month/3+1, day, clock))
	if err != nil {
		t.Precision = ""
		return t
	}
	t.Wall = at.Format("2006-01-02T15:04:05")
	if t.Precision == when.Minute {
		t.Wall = at.Format("2006-01-02T15:04")
	}
	if len(words) > 4 {
		t.Zone = zone(words[4])
	}
	if off, err := time.Parse("2006-01-02T15:04:05Z07:00", at.Format("2006-01-02T15:04:05")+t.Zone); err == nil && t.Zone != "" {
		t.UTC = off.UTC().Format(time.RFC3339)
	}
	return t
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// zone returns "+02:00", "Z" or "".
func zone(w string) string {
	if z, ok := zones[strings.ToUpper(w)]; ok {
		return z
	}
	if len(w) == 5 && (w[0] == '+' || w[0] == '-') && w[1] < '2' && w[3] < '6' {
		for _, c := range w[1:] {
			if c < '0' || c > '9' {
				return ""
			}
		}
		return w[:3] + ":" + w[3:]
	}
	return ""
}
