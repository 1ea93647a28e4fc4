package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tutela/hash/hamming"
	"tutela/vault/near"
)

// result is what a child process measured: seconds, gigabytes, counts.
type result struct {
	Build, Open, First, Query float64
	RSS, Heap, Disk           float64 // Heap: without mapped files
	Found, Asked              int
}

// self measures in a process of its own, on so many threads (0: all), so that
// memory and the first query are those of a fresh start.
func self(s settings, work, what string, threads int) (result, error) {
	exe, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	cmd := exec.Command(exe, "-child", what, "-dir", work, "-batch", strconv.Itoa(s.batch), "-digests", strconv.Itoa(s.known))
	if threads > 0 {
		cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(threads))
	}
	return answer(cmd)
}

func faiss(s settings, work, kind string, asked int) (result, error) {
	script := filepath.Join(work, "peer.py")
	if err := os.WriteFile(script, []byte(faissScript), 0o600); err != nil {
		return result{}, err
	}
	cmd := exec.Command(s.python, script, filepath.Join(work, "codes"), filepath.Join(work, "queries"),
		kind, strconv.Itoa(radius), strconv.Itoa(asked))
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1")
	return answer(cmd)
}

func answer(cmd *exec.Cmd) (result, error) {
	var r result
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("%s: %w", cmd.Path, err)
	}
	return r, json.Unmarshal(bytes.TrimSpace(out), &r)
}

// measureIn is the work of a child process.
func measureIn(what string, s settings) error {
	var r result
	var err error
	dir := filepath.Join(s.dir, "near")
	switch what {
	case "build":
		r, err = build(dir, s.dir)
	case "sort":
		r, err = sortDigests(s)
	case "known":
		r, err = lookUp(s)
	default:
		r, err = search(what, dir, s.dir, s.batch)
	}
	if err != nil {
		return err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.RSS, r.Heap = peak(), float64(m.Sys)/1e9
	return json.NewEncoder(os.Stdout).Encode(r)
}

func build(dir, work string) (result, error) {
	var r result
	st, err := os.Stat(filepath.Join(work, "codes"))
	if err != nil {
		return r, err
	}
	begun := time.Now()
	n := int(st.Size() / 32)
	x, err := near.Create(dir, []byte("bench"), near.Source{Mark: 1, Entries: codes(n)})
	if err != nil {
		return r, err
	}
	r.Build = time.Since(begun).Seconds()
	names, err := os.ReadDir(dir)
	for _, n := range names {
		if info, err := n.Info(); err == nil {
			r.Disk += float64(info.Size()) / 1e9
		}
	}
	x.Close()
	return r, err
}

// search opens the index and asks. The medians are of parts, so that what else the
// machine does counts less.
func search(what, dir, work string, batch int) (result, error) {
	var r result
	asked, targets, err := readQueries(work)
	if err != nil {
		return r, err
	}
	begun := time.Now()
	x, err := near.Open(dir, near.Options{Key: []byte("bench"), ReadOnly: true})
	if err != nil {
		return r, err
	}
	defer x.Close()
	r.Open = time.Since(begun).Seconds()
	if what == "batch" {
		return many(x, asked, targets, batch)
	}
	w := new(near.Work)
	var hits []near.Hit
	begun = time.Now()
	if hits, err = x.Search(hits, w, asked[0], radius); err != nil || what == "open" {
		r.First = time.Since(begun).Seconds()
		return r, err
	}
	r.First = time.Since(begun).Seconds()
	var times []float64
	for part := range slices.Chunk(asked, 500) {
		begun := cpu()
		for _, q := range part {
			if hits, err = x.Search(hits[:0], w, q, radius); err != nil {
				return r, err
			}
			if has(hits, targets[r.Asked]) {
				r.Found++
			}
			r.Asked++
		}
		times = append(times, (cpu()-begun).Seconds()/float64(len(part)))
	}
	r.Query = median(times)
	return r, nil
}

func median(times []float64) float64 {
	slices.Sort(times)
	return times[len(times)/2]
}

// many asks again and again, each time with another bit changed, so that no two
// queries are the same; the target may then be one bit beyond the radius.
func many(x *near.Index, asked []hamming.Code, targets []uint32, n int) (result, error) {
	all := make([]hamming.Code, n)
	for i := range all {
		all[i] = asked[i%len(asked)]
		bit := i / len(asked) % 256
		all[i][bit/64] ^= 1 << (bit % 64)
	}
	var found atomic.Int64
	begun := time.Now()
	err := x.SearchAll(all, radius+1, func(i int, hits []near.Hit) {
		if has(hits, targets[i%len(targets)]) {
			found.Add(1)
		}
	})
	return result{Query: time.Since(begun).Seconds(), Asked: n, Found: int(found.Load())}, err
}

func has(hits []near.Hit, target uint32) bool {
	return slices.ContainsFunc(hits, func(h near.Hit) bool { return h.ID == uint64(target) })
}

// peak returns the greatest resident memory of this process in gigabytes, mapped
// files included; 0 where the system does not say.
func peak() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kb, _ := strconv.ParseFloat(f[1], 64)
			return kb * 1024 / 1e9
		}
	}
	return 0
}

// evict asks the system to forget the files of a directory, as after a start of
// the machine. Without dd nothing is forgotten, and the figure is one more of a
// warm start.
func evict(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, n := range names {
		exec.Command("sync", n).Run()
		exec.Command("dd", "of="+n, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none").Run()
	}
}
