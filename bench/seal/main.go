// Command seal measures sealing beside hashdeep on the same files in one run,
// and prints the ratios. It promises to compare equal work on warm files; it
// never measures anything but wall time, so run it on an idle machine.
//
//	go run ./bench/seal -dir /var/tmp/bench -size 1000000000 -files 50000 -rounds 3
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/keys"
)

func main() {
	dir := flag.String("dir", os.TempDir(), "where the files are made")
	size := flag.Int64("size", 1e9, "bytes of the large file")
	files := flag.Int("files", 50000, "number of small files")
	rounds := flag.Int("rounds", 3, "rounds; the medians are compared")
	child := flag.String("child", "", "internal: digest this file and exit")
	only := flag.String("only", "", "run only the comparison of this name")
	flag.Parse()
	if *child != "" {
		exit(digestOne(*child)) // a child process can be bound to one processor
	}
	exit(run(*dir, *size, *files, *rounds, *only))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// comparison is ours beside theirs.
type comparison struct {
	name, what   string
	goal         float64
	theirs, ours func() error
}

func run(dir string, size int64, files, rounds int, only string) error {
	work, err := os.MkdirTemp(dir, "seal-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	large, small := filepath.Join(work, "large.bin"), filepath.Join(work, "small")
	if err := errors.Join(writeLarge(large, size), writeSmall(small, files)); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	exec.Command("sync").Run()
	n := 0
	seal := func(p string, inPlace bool) func() error {
		return func() error {
			n++
			return sealInto(filepath.Join(work, "site"+strconv.Itoa(n)), p, inPlace)
		}
	}
	copied := filepath.Join(work, "copied")
	for _, c := range []comparison{
		{"digests-1", fmt.Sprintf("three digests and chunk tree of %d bytes, one processor", size), 2.5,
			command("taskset", "-c", "0", "hashdeep", "-c", "md5,sha1,sha256", large),
			command("taskset", "-c", "0", self, "-child", large)},
		{"digests-2", "the same, all processors", 4.5,
			command("hashdeep", "-c", "md5,sha1,sha256", large), command(self, "-child", large)},
		{"copy-large", "seal by copy with encryption, beside hashdeep alone", 1.5,
			command("hashdeep", "-c", "md5,sha1,sha256", large), seal(large, false)},
		{"inplace-small", fmt.Sprintf("%d small files in place, beside hashdeep -r", files), 0.8,
			command("hashdeep", "-r", "-c", "md5,sha1,sha256", small), seal(small, true)},
		{"copy-small", fmt.Sprintf("%d small files by copy, beside cp -r && sync && hashdeep -r", files), 0.8,
			all(func() error { return os.RemoveAll(copied) }, command("cp", "-r", small, copied), command("sync"),
				command("hashdeep", "-r", "-c", "md5,sha1,sha256", copied)), seal(small, false)},
	} {
		if only == "" || only == c.name {
			if err := c.measure(rounds); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return bounds(large, small)
}

// measure takes turns, so that both meet the same weather, and prints the
// medians.
func (c comparison) measure(rounds int) error {
	var theirs, ours []float64
	for range rounds {
		for _, side := range []struct {
			fn  func() error
			out *[]float64
		}{{c.theirs, &theirs}, {c.ours, &ours}} {
			begun := time.Now()
			if err := side.fn(); err != nil {
				return err
			}
			*side.out = append(*side.out, time.Since(begun).Seconds())
		}
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	t, o := theirs[rounds/2], ours[rounds/2]
	verdict := "reached"
	if t/o < c.goal {
		verdict = "MISSED"
	}
	fmt.Printf("%-14s %.2fx (goal %.1fx, %s)  hashdeep side %.2f s, tutela %.2f s  [%s]\n", c.name, t/o, c.goal, verdict, t, o, c.what)
	return nil
}

func command(name string, args ...string) func() error {
	return func() error {
		cmd := exec.Command(name, args...)
		if name == "taskset" { // one processor means one thread
			cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		}
		return cmd.Run()
	}
}

func all(steps ...func() error) func() error {
	return func() error {
		for _, s := range steps {
			if err := s(); err != nil {
				return err
			}
		}
		return nil
	}
}

func writeLarge(p string, size int64) error {
	f, err := os.Create(p)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	rand.Read(block)
	for size > 0 {
		n := min(size, int64(len(block)))
		block[size%n]++
		if _, err := f.Write(block[:n]); err != nil {
			return err
		}
		size -= n
	}
	return f.Sync()
}

// writeSmall writes files of 1 to 8 KiB, 100 in a folder.
func writeSmall(dir string, files int) error {
	block := make([]byte, 8<<10)
	rand.Read(block)
	for i := range files {
		p := filepath.Join(dir, fmt.Sprintf("%03d", i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(p, 0o755); err != nil {
				return err
			}
		}
		copy(block, strconv.Itoa(i)+" ")
		if err := os.WriteFile(filepath.Join(p, fmt.Sprintf("file-%05d.bin", i)), block[:1024+(i*37)%7168], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sealInto founds a site and seals a path in it; the founding is measured too.
func sealInto(site, path string, inPlace bool) error {
	defer os.RemoveAll(site)
	ctx := context.Background()
	if err := os.MkdirAll(site, 0o700); err != nil {
		return err
	}
	keyFile := filepath.Join(site, "key")
	if err := keys.Generate(keyFile, "", "bench", rand.Reader); err != nil {
		return err
	}
	key, err := keys.LoadFile(keyFile, "")
	if err != nil {
		return err
	}
	v, err := vault.Create(ctx, vault.Options{Data: filepath.Join(site, "data"), Actor: key},
		vault.Founding{Officer: "Bench", Recovery: filepath.Join(site, "recovery"), Why: "bench"})
	if err != nil {
		return err
	}
	defer v.Close()
	act := audit.Act{Class: audit.Collection, Verb: "case.open", Case: "bench", Why: "bench"}
	_, err = v.Desk.Do(ctx, act, func(w *db.Writer) error {
		return v.Keys.Cases.New(ctx, w, "bench", v.Now(), key.KeyID())
	})
	if err != nil {
		return err
	}
	_, err = v.Evidence.Seal(ctx, v.Desk, evidence.Order{Case: "bench", Path: path, InPlace: inPlace, Why: "bench"})
	return err
}
