package pipeline

import (
	"time"

	"tutela/vault/jobs"
)

// window is how far back the rate of jobs looks.
const window = 30 * time.Second

// pace measures how fast jobs are done. Jobs give rise to others, so the time
// left is that of the jobs that are known now.
type pace struct {
	seen []seenCounts // oldest first
}

type seenCounts struct {
	at   time.Time
	done int
}

// progress turns counts at a time into a report.
func (p *pace) progress(at time.Time, c jobs.Counts) Progress {
	out := Progress{Stage: "work", Jobs: c, SecondsLeft: -1}
	done := c.Done + c.Failed
	p.seen = append(p.seen, seenCounts{at, done})
	for len(p.seen) > 2 && at.Sub(p.seen[1].at) >= window {
		p.seen = p.seen[1:]
	}
	first := p.seen[0]
	if took := at.Sub(first.at).Seconds(); took > 0 && done > first.done {
		out.JobsPerSecond = float64(done-first.done) / took
		out.SecondsLeft = float64(c.Waiting+c.Running) / out.JobsPerSecond
	}
	return out
}
