// Package when holds the one type of time that evidence has: what the source
// wrote, and what of it is known. It never invents a zone.
package when

import (
	"encoding/json"
	"time"
)

// Precision is the smallest unit that the source wrote.
type Precision string

// The precisions, coarse to fine.
const (
	Year   Precision = "year"
	Month  Precision = "month"
	Day    Precision = "day"
	Minute Precision = "minute"
	Second Precision = "second"
	Milli  Precision = "millisecond"
	Micro  Precision = "microsecond"
	Nano   Precision = "nanosecond"
)

// Time is a point in time as a source knew it. The zero Time is "none stated".
type Time struct {
	Text      string    `json:"text,omitempty"`      // as written
	Wall      string    `json:"wall,omitempty"`      // ISO 8601 local date and time without zone, to Precision
	Zone      string    `json:"zone,omitempty"`      // "+02:00", "Z", or "" when unknown
	UTC       string    `json:"utc,omitempty"`       // RFC 3339 in UTC; only when Zone is known
	Precision Precision `json:"precision,omitempty"` //
	Other     string    `json:"other,omitempty"`     // the other reading of Wall when the date order is undecidable
	Basis     string    `json:"basis,omitempty"`     // why this reading: "file: day 13 at line 7", "header Date"
}

// FromUTC returns a Time for a clock reading known in UTC.
func FromUTC(t time.Time, p Precision) Time {
	t = t.UTC()
	return Time{Wall: t.Format("2006-01-02T15:04:05.999999999"), Zone: "Z",
		UTC: t.Format(time.RFC3339Nano), Precision: p}
}

// Known reports whether the source stated any time at all.
func (t Time) Known() bool { return t.Wall != "" || t.Text != "" }

// Micros returns microseconds since 1970 UTC and true when the zone is known.
func (t Time) Micros() (int64, bool) {
	u, err := time.Parse(time.RFC3339Nano, t.UTC)
	if err != nil {
		return 0, false
	}
	return u.UnixMicro(), true
}

// JSON returns the canonical JSON of t, "" for the zero Time; rooms store it in
// one text column.
func (t Time) JSON() string {
	if t == (Time{}) {
		return ""
	}
	b, _ := json.Marshal(t) // a struct of strings cannot fail
	return string(b)
}

// Parse reads what JSON wrote.
func Parse(s string) (Time, error) {
	var t Time
	if s == "" {
		return t, nil
	}
	err := json.Unmarshal([]byte(s), &t)
	return t, err
}
