package jobs

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tutela/vault/failpoint"
	"tutela/vault/pgtest"
)

const envChild = "TUTELA_JOBS_CHILD" // address of the database a child works on

func TestMain(m *testing.M) {
	if url := os.Getenv(envChild); url != "" {
		if err := child(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child works until the queue is idle, or until it is killed.
func child(url string) error {
	ctx := context.Background()
	s, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	q, err := Open(ctx, config(s, url))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return q.Work(ctx, Options{Host: "here", Workers: 3, UntilIdle: true}, func(ctx context.Context, l *Lease) error {
		time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
		return effect(ctx, s, l)
	})
}

// start runs a child and waits until it is about to work.
func (k *kit) start(env ...string) *exec.Cmd {
	k.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), envChild+"="+k.url), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.Fatal(err)
	}
	bufio.NewReader(out).ReadString('\n')
	return cmd
}

// TestKill kills workers at random moments. What they left behind is taken up
// at once, since they were of this machine.
func TestKill(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 3
	}
	if os.Getenv("TUTELA_LONG") != "" {
		kills = 100
	}
	onBoth(t, func(k *kit) {
		const n = 200
		jobs := some(n)
		k.promise(jobs...)
		killed, span := 0, 100 // the work of a child takes about so many milliseconds
		if k.queue.river != nil {
			span = 400
		}
		for range kills {
			cmd := k.start()
			time.Sleep(time.Duration(rand.IntN(span)) * time.Millisecond)
			cmd.Process.Kill()
			if err := cmd.Wait(); err != nil {
				killed++
			}
		}
		before, err := k.queue.Counts(k.Context(), "")
		if err != nil {
			k.Fatal(err)
		}
		from := time.Now()
		k.work(Options{Workers: 3}, k.do)
		k.once(n)
		k.counts(Counts{Done: n})
		k.Logf("%d kills, then %+v, the rest in %v", killed, before, time.Since(from).Round(time.Millisecond))
	})
}

// TestKillAtEachStep kills at every durable step of the queue.
func TestKillAtEachStep(t *testing.T) {
	onBoth(t, func(k *kit) {
		k.promise(some(60)...)
		for _, step := range []string{"jobs.claimed:1", "jobs.claimed:3", "db.written:2", "db.written:3", "db.written:5",
			"db.committed:3", "db.committed:4", "jobs.finished:1", "jobs.settled:1", "jobs.settled:2"} {
			cmd := k.start(failpoint.Env + "=" + step)
			if err := cmd.Wait(); err == nil {
				k.Errorf("%s: the worker was not killed", step)
			}
		}
		k.work(Options{Workers: 3}, k.do)
		k.once(60)
		k.counts(Counts{Done: 60})
	})
}

// BenchmarkJobs does jobs that leave one row each.
func BenchmarkJobs(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := "sqlite:" + filepath.Join(b.TempDir(), "rows.db")
			if engine == "postgres" {
				url = pgtest.URL(b)
			}
			k := open(b, url)
			k.promise(some(b.N)...)
			b.ResetTimer()
			k.work(Options{Workers: 4}, k.do)
			b.StopTimer()
			k.once(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
