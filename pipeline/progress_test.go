package pipeline

import (
	"testing"
	"testing/synctest"
	"time"

	"tutela/vault/jobs"
)

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		first := p.progress(time.Now(), jobs.Counts{Waiting: 100, Done: 40})
		if first.JobsPerSecond != 0 || first.SecondsLeft >= 0 {
			t.Errorf("a rate from nothing: %+v", first)
		}
		time.Sleep(10 * time.Second)
		if r := p.progress(time.Now(), jobs.Counts{Waiting: 78, Running: 2, Done: 60}); r.JobsPerSecond != 2 || r.SecondsLeft != 40 {
			t.Errorf("20 jobs in 10 s, 80 left: %+v", r)
		}
		for range 10 { // it gets slower, and the old speed is forgotten
			time.Sleep(10 * time.Second)
			p.progress(time.Now(), jobs.Counts{Waiting: 80, Done: 60})
		}
		time.Sleep(10 * time.Second)
		r := p.progress(time.Now(), jobs.Counts{Waiting: 70, Done: 69, Failed: 1})
		if r.JobsPerSecond <= 0.2 || r.JobsPerSecond > 0.5 || r.SecondsLeft < 140 {
			t.Errorf("10 jobs in the window: %+v", r)
		}
	})
}
