// Package pipeline carries each exhibit from stage to stage: identify, unpack,
// read, fingerprint, match, link, propose; one file per stage, in that order.
// It promises that the same exhibits and the same versions of the stages give
// the same rows; it never decides anything about a person.
package pipeline

import (
	"context"

	"tutela/vault/jobs"
)

// Line is the pipeline of one open vault.
type Line struct{}

// Order says what to take in.
type Order struct {
	Case          string
	Paths         []string
	InPlace       bool
	Protected     bool   // the export is the witness's, tipster's or officer's own
	Authorisation string // id; "" lets the case's own authority cover it, "none" leaves the exhibits held
	Owner         string // number or name of the person whose device or export it is, if known
	FromWhom      string
	Device        string
	Method        string
	Zone          string // time zone of the device, if known
	Why           string
	Detach        bool // seal and leave the work to others
	Risk          bool // a child may be at risk now
}

// Progress is one report of long work.
type Progress struct {
	Stage       string // "seal", "identify", …
	Files       int64
	Bytes       int64
	TotalFiles  int64 // 0 where it is not known yet
	TotalBytes  int64
	Jobs        jobs.Counts
	PerSecond   float64 // bytes a second
	SecondsLeft float64 // negative where it is not known
}

// Result counts what an ingest did.
type Result struct {
	Acquisitions []string
	Exhibits     int
	Bytes        int64
	Resumed      int // exhibits that an interrupted run had already sealed
	Items        int
	Findings     int
	Matches      int
	Held         int // sealed, not yet authorised to open
}

// Ingest seals the order's paths and, unless detached, works until the case's
// jobs are done.
func (l *Line) Ingest(ctx context.Context, o Order, progress func(Progress)) (Result, error) {
	panic("not built yet")
}

// Work works on promised jobs of every case until ctx ends, or until none is
// left when untilIdle is set.
func (l *Line) Work(ctx context.Context, workers int, untilIdle bool, progress func(Progress)) error {
	panic("not built yet")
}

// Rematch promises matching of everything in the case again, because lists
// have changed; "" is every open case.
func (l *Line) Rematch(ctx context.Context, caseID, why string) error { panic("not built yet") }

// Release promises the stages for exhibits of the case that were held and are
// now covered by an authorisation.
func (l *Line) Release(ctx context.Context, caseID, why string) (int, error) { panic("not built yet") }

// Difference is one row that a rebuild gave differently.
type Difference struct {
	Table, Key    string
	Stored, Built string // canonical JSON of the row; "" where there is none
}

// Rebuild derives everything again into a fresh database and compares.
func (l *Line) Rebuild(ctx context.Context, progress func(Progress)) ([]Difference, error) {
	panic("not built yet")
}
