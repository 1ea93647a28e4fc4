// Package jobs keeps promises of work: a job is promised in the transaction of
// the act that orders it and finished in the transaction of the act that does
// it. It promises that no job is lost or done twice; it never looks at content.
package jobs

import (
	"context"

	"tutela/vault/db"
)

// Job is one promise: a stage to be run over a batch of things.
type Job struct {
	Key     string   // idempotency: equal keys are one job
	Case    string   //
	Stage   string   // "identify"
	Version string   // version and configuration of the stage
	Ordered string   // id of the act that ordered it
	Host    string   // "" = any machine; else the only host that can do it
	Things  []string // ids of what to work on (at most about a thousand)
}

// Queue is the queue of one site.
type Queue struct{}

// Promise enqueues jobs in w's transaction. A job whose key is already known
// is left as it is.
func (q *Queue) Promise(ctx context.Context, w *db.Writer, js ...Job) error { panic("not built yet") }

// Lease is a job in the hands of a worker.
type Lease struct{ Job }

// Finish marks the job as done in w's transaction.
func (l *Lease) Finish(ctx context.Context, w *db.Writer) error { panic("not built yet") }

// Options of a worker.
type Options struct {
	Workers   int    // jobs at once
	Host      string // this machine's name
	Case      string // "" = every case
	UntilIdle bool   // return when no job of the case is left, in whatever hands
	Progress  func(Counts)
}

// Counts of the jobs of a case by state.
type Counts struct{ Waiting, Running, Done, Failed int }

// Work claims jobs and calls do for each until ctx ends (or the queue is idle).
// do must call Finish in the act that writes its results; a job whose do
// returns an error is tried again with growing pauses, at most 5 times, then it
// is Failed and stays visible.
func (q *Queue) Work(ctx context.Context, o Options, do func(context.Context, *Lease) error) error {
	panic("not built yet")
}

// Counts returns the counts of a case ("" = all).
func (q *Queue) Counts(ctx context.Context, caseID string) (Counts, error) { panic("not built yet") }
