// Package pipeline carries each exhibit from stage to stage: identify, unpack,
// read, fingerprint, match, link, propose; one file per stage, in that order.
// It promises that the same exhibits and the same versions of the stages give
// the same rows; it never decides anything about a person.
package pipeline

import "tutela/vault/jobs"

// Memory is the heap in bytes that a process with a pipeline asks the runtime to
// stay within (debug.SetMemoryLimit), so that it stays below 300 MB resident.
const Memory = 136 << 20

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
	Stage      string // "seal", "identify", …
	Files      int64
	Bytes      int64
	TotalFiles int64 // 0 where it is not known yet
	TotalBytes int64
	Jobs       jobs.Counts
	PerSecond  float64 // bytes a second, while sealing
	// JobsPerSecond is how many jobs were done a second in the last half minute.
	JobsPerSecond float64
	SecondsLeft   float64 // negative where it is not known
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
	Failed       int // jobs of the case that were given up
}

// Difference is one row that a rebuild gave differently.
type Difference struct {
	Table, Key    string
	Stored, Built string // canonical JSON of the row; "" where there is none
}
