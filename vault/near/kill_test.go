package near

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"tutela/vault/failpoint"
)

const envChild = "TUTELA_NEAR_CHILD" // directory a child writes to

func TestMain(m *testing.M) {
	if dir := os.Getenv(envChild); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// planned returns the batch with a mark: what it is depends on the mark only.
func planned(mark uint64) Batch {
	r := rand.New(rand.NewPCG(mark, 77))
	b := Batch{Mark: mark}
	for range 10 {
		b.Add = append(b.Add, Entry{r.Uint64N(60), random(r)})
	}
	for range 3 {
		b.Withdraw = append(b.Withdraw, r.Uint64N(60))
	}
	return b
}

// child makes an index and applies batches, and prints each mark that is done.
func child(dir string) error {
	x, err := Create(dir, nil, Source{Mark: 1, Entries: seq(planned(1).Add)})
	if err != nil {
		return err
	}
	for mark := uint64(2); mark <= 9; mark++ {
		fmt.Println(mark - 1)
		if err := x.Apply(planned(mark)); err != nil {
			return err
		}
		if mark%3 == 0 {
			if err := x.seal(); err != nil {
				return err
			}
		}
	}
	fmt.Println(9)
	return x.Compact()
}

// TestKill kills a writer at each of its durable steps. What it said was done is
// there, as a whole, and nothing else but the batch under way.
func TestKill(t *testing.T) {
	step := 1
	for ; step < 100; step++ {
		dir := filepath.Join(t.TempDir(), "near")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envChild+"="+dir, failpoint.Env+"=*:"+strconv.Itoa(step))
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		done := uint64(len(bytes.Fields(out.Bytes()))) // marks 1, 2, 3 …
		if err == nil {
			break
		}
		check(t, dir, step, done)
	}
	if step < 20 || step == 100 {
		t.Errorf("the writer has %d durable steps", step-1)
	}
}

func check(t *testing.T, dir string, step int, done uint64) {
	t.Helper()
	x, err := Open(dir, Options{})
	if err != nil {
		if done > 0 {
			t.Errorf("step %d: mark %d was done, but: %v", step, done, err)
		}
		return
	}
	defer x.Close()
	if x.Mark() < done || x.Mark() > done+1 {
		t.Errorf("step %d: mark %d, %d was done", step, x.Mark(), done)
	}
	var m model
	for mark := uint64(1); mark <= x.Mark(); mark++ {
		b := planned(mark)
		if mark == 1 {
			b.Withdraw = nil
		}
		m = m.apply(b)
	}
	m.compare(t, x, rand.New(rand.NewPCG(1, 1)))
	if err := x.Apply(Batch{Mark: x.Mark() + 1}); err != nil {
		t.Errorf("step %d: the index does not go on: %v", step, err)
	}
	names, _ := os.ReadDir(dir)
	if want := len(x.segments) + 3; len(names) != want { // manifest, log, lock
		t.Errorf("step %d: %d files, want %d", step, len(names), want)
	}
}
