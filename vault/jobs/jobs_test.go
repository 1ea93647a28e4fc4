package jobs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

func TestEveryJobOnce(t *testing.T) {
	onBoth(t, func(k *kit) {
		js := some(150)
		k.promise(js...)
		k.promise(js[20:40]...) // known already
		k.counts(Counts{Waiting: 150})
		var seen sync.Map
		var last Counts
		k.work(Options{Workers: 4, Progress: func(c Counts) { last = c }}, func(ctx context.Context, l *Lease) error {
			seen.Store(l.Key, l.Job)
			return k.do(ctx, l)
		})
		k.once(150)
		k.counts(Counts{Done: 150})
		if last != (Counts{Done: 150}) {
			k.Errorf("progress ended with %+v", last)
		}
		for _, j := range js {
			got, _ := seen.Load(j.Key)
			if diff := cmp.Diff(j, got); diff != "" {
				k.Fatal(diff)
			}
		}
		k.promise(js...) // equal keys are one job for ever
		k.counts(Counts{Done: 150})
		k.work(Options{}, k.do)
		k.once(150)
	})
}

func TestPromiseGoesWithItsAct(t *testing.T) {
	onBoth(t, func(k *kit) {
		stop := errors.New("the act is given up")
		err := act(k.Context(), k.store, func(w *db.Writer) error {
			if err := k.queue.Promise(k.Context(), w, some(3)...); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			k.Fatal(err)
		}
		k.counts(Counts{})
		k.work(Options{}, k.do)
		k.once(0)
		err = act(k.Context(), k.store, func(w *db.Writer) error { return k.queue.Promise(k.Context(), w, Job{Stage: "x"}) })
		if fault.KindOf(err) != fault.Invalid {
			k.Errorf("a job without a key: %v", err)
		}
	})
}

// TestPromisedMeanwhile has jobs promise jobs, as stages do.
func TestPromisedMeanwhile(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(Job{Key: "1", Case: "c", Stage: "s"})
		k.work(Options{Case: "c", Workers: 2}, func(ctx context.Context, l *Lease) error {
			if len(l.Key) < 5 {
				err := act(ctx, k.store, func(w *db.Writer) error {
					return k.queue.Promise(ctx, w, Job{Key: l.Key + "0", Case: "c", Stage: "s"}, Job{Key: l.Key + "1", Case: "c", Stage: "s"})
				})
				if err != nil {
					return err
				}
			}
			return k.do(ctx, l)
		})
		k.once(31)
	})
}

func TestHostAndCase(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(
			Job{Key: "any", Case: "a", Stage: "s"}, Job{Key: "here", Case: "a", Stage: "s", Host: "here"},
			Job{Key: "there", Case: "b", Stage: "s", Host: "there"}, Job{Key: "other case", Case: "b", Stage: "s"},
			Job{Key: "no case", Stage: "s"})
		k.work(Options{Case: "a"}, k.do)
		if diff := cmp.Diff(map[string]int{"any": 1, "here": 1}, k.effects()); diff != "" {
			k.Errorf("after the work of case a: %s", diff)
		}
		ctx, cancel := context.WithTimeout(k.Context(), 10*time.Second)
		defer cancel()
		if err := k.queue.Work(ctx, Options{Host: "here", UntilIdle: true}, k.do); err != nil {
			k.Errorf("work waits for another machine: %v", err)
		}
		if idle, err := k.queue.Idle(ctx, "b", "there"); err != nil || idle {
			k.Errorf("nothing waits for the other host: %v", err)
		}
		if diff := cmp.Diff(map[string]int{"any": 1, "here": 1, "other case": 1, "no case": 1}, k.effects()); diff != "" {
			k.Errorf("after the work of this host: %s", diff)
		}
		k.work(Options{Host: "there"}, k.do)
		k.once(5)
		if err := k.queue.Work(k.Context(), Options{}, k.do); fault.KindOf(err) != fault.Invalid {
			k.Errorf("no host: %v", err)
		}
	})
}

// TestCountsOf counts the jobs that have something to show.
func TestCountsOf(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(Job{Key: "mixed", Case: "a", Stage: "s", Things: []string{"open", "shut"}}, Job{Key: "shut", Case: "a", Stage: "s", Things: []string{"shut"}},
			Job{Key: "other case", Case: "b", Stage: "s", Things: []string{"open"}})
		k.work(Options{Case: "a"}, k.do)
		k.promise(Job{Key: "later", Case: "a", Stage: "s", Things: []string{"open"}}, Job{Key: "shut later", Case: "a", Stage: "s", Things: []string{"shut"}})
		c, err := k.queue.CountsOf(k.Context(), "a", func(thing string) bool { return thing == "open" })
		if err != nil || c.Done != 1 || c.Waiting != 1 || c.Running != 0 || c.Failed != 0 {
			k.Errorf("counted: %+v, %v", c, err)
		}
	})
}

func TestFailures(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(some(3)...)
		var tries atomic.Int64
		failing := func(ctx context.Context, l *Lease) error {
			switch l.Key {
			case "job-0000":
				tries.Add(1)
				return errors.New("the disk is gone")
			case "job-0001":
				if l.Attempt() < 3 {
					return errors.New("not yet")
				}
			case "job-0002":
				if l.Attempt() == 1 {
					return nil // without Finish
				}
			}
			return k.do(ctx, l)
		}
		k.work(Options{Workers: 2}, failing)
		k.counts(Counts{Done: 2, Failed: 1})
		if n := tries.Load(); n != 5 {
			k.Errorf("%d attempts, want 5", n)
		}
		failed, err := k.queue.Failures(k.Context(), "case")
		if err != nil || len(failed) != 1 {
			k.Fatalf("%d failures, %v", len(failed), err)
		}
		if f := failed[0]; f.Key != "job-0000" || f.Error != "the disk is gone" || f.Attempts != 5 {
			k.Errorf("failure %+v", f)
		}
		retry := func(key string) error {
			return act(k.Context(), k.store, func(w *db.Writer) error { return k.queue.Retry(k.Context(), w, key) })
		}
		if err := retry("job-0001"); fault.KindOf(err) != fault.NotFound {
			k.Errorf("retry of a job that is done: %v", err)
		}
		if err := retry("job-0000"); err != nil {
			k.Fatal(err)
		}
		k.work(Options{}, k.do)
		k.once(3)
	})
}

// TestResultsAndFinishGoTogether fails the transaction after Finish.
func TestResultsAndFinishGoTogether(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(some(1)...)
		k.work(Options{}, func(ctx context.Context, l *Lease) error {
			if l.Attempt() == 1 {
				return act(ctx, k.store, func(w *db.Writer) error {
					if _, err := engine.Unlock(w.Raw()).Exec(ctx, `INSERT INTO effect (nonce, job, worker) VALUES ('lost', 'x', 'x')`); err != nil {
						return err
					}
					if err := l.Finish(ctx, w); err != nil {
						return err
					}
					return errors.New("the log is full")
				})
			}
			return k.do(ctx, l)
		})
		k.once(1)
		k.counts(Counts{Done: 1})
	})
}

// TestTakenOver has a worker that is thought dead come back with its results.
func TestTakenOver(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(some(1)...)
		first, done := make(chan *Lease), make(chan struct{})
		ctx, cancel := context.WithCancel(k.Context())
		go func() {
			defer close(done)
			k.queue.Work(ctx, Options{Host: "far"}, func(ctx context.Context, l *Lease) error {
				first <- l
				<-ctx.Done()
				return ctx.Err()
			})
		}()
		late := <-first
		// Its machine falls silent for longer than a lease.
		err := engine.Unlock(k.store.Raw()).Write(k.Context(), func(w *db.Writer) error {
			_, err := engine.Unlock(w.Raw()).Exec(k.Context(), `UPDATE job_worker SET beat = beat - 60000000`)
			return err
		})
		if err != nil {
			k.Fatal(err)
		}
		k.work(Options{}, k.do)
		k.once(1)
		if err := k.do(k.Context(), late); fault.KindOf(err) != fault.Busy {
			k.Errorf("the late worker's results: %v", err)
		}
		cancel()
		<-done
		k.once(1)
		k.counts(Counts{Done: 1})
	})
}

// TestStopped ends work in the middle: the jobs go back at once, and the
// attempt does not count.
func TestStopped(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(some(4)...)
		for range maxAttempts + 1 {
			ctx, cancel := context.WithCancel(k.Context())
			err := k.queue.Work(ctx, Options{Host: "here", Workers: 2}, func(ctx context.Context, l *Lease) error {
				cancel()
				<-ctx.Done()
				return ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				k.Fatal(err)
			}
		}
		k.counts(Counts{Waiting: 4})
		k.work(Options{Workers: 2}, k.do)
		k.once(4)
	})
}

// TestTwoQueues lets two processes' worth of workers share the jobs.
func TestTwoQueues(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(some(120)...)
		other, err := Open(k.Context(), config(k.store, k.url))
		if err != nil {
			k.Fatal(err)
		}
		defer other.Close()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := other.Work(k.Context(), Options{Host: "there", Workers: 2, UntilIdle: true}, k.do); err != nil {
				k.Error(err)
			}
		})
		k.work(Options{Workers: 2}, k.do)
		wg.Wait()
		k.once(120)
	})
}
