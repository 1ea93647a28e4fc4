package main

import (
	"fmt"
	"io"
	"time"

	"tutela/phrase"
	"tutela/pipeline"
)

// meter shows the progress of long work: one moving line on a terminal, a
// plain line every ten seconds otherwise.
type meter struct {
	w        io.Writer
	c        *phrase.Catalog
	terminal bool
	now      func() time.Time
	last     time.Time
	shown    bool
}

// show prints p when it is time to.
func (m *meter) show(p pipeline.Progress) {
	pause := 10 * time.Second
	if m.terminal {
		pause = 200 * time.Millisecond
	}
	now := m.now()
	if m.last.IsZero() {
		m.last = now // short work prints nothing
	}
	if now.Sub(m.last) < pause {
		return
	}
	m.last = now
	if m.terminal {
		fmt.Fprint(m.w, "\r\x1b[K", m.text(p))
		m.shown = true
		return
	}
	fmt.Fprintln(m.w, m.text(p))
}

// done removes the moving line.
func (m *meter) done() {
	if m.shown {
		fmt.Fprint(m.w, "\r\x1b[K")
		m.shown = false
	}
}

func (m *meter) text(p pipeline.Progress) string {
	s := m.c.Text("progress.stage", m.c.Text("stage."+p.Stage), p.Files, size(p.Bytes))
	if p.Stage == "work" {
		s = m.c.Text("progress.work", m.c.Text("stage."+p.Stage), p.Jobs.Done)
	}
	if p.JobsPerSecond > 0 {
		s += m.c.Text("progress.pace", p.JobsPerSecond)
	}
	if p.PerSecond > 0 {
		s += m.c.Text("progress.rate", size(int64(p.PerSecond)))
	}
	if p.SecondsLeft > 0 {
		s += m.c.Text("progress.left", time.Duration(p.SecondsLeft*float64(time.Second)).Round(time.Second).String())
	}
	if open := p.Jobs.Waiting + p.Jobs.Running; open > 0 {
		s += m.c.Text("progress.jobs", open)
	}
	return s
}

// size writes a number of bytes with a binary unit.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
