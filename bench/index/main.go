// Command index measures the search for near codes beside FAISS on the same codes
// in one run, one thread each, and prints the ratios. It promises to ask both the
// same questions and to count what each found. Queries on one thread are measured
// in processor time on both sides, all else in wall time; it never accounts for
// what else a machine does to caches and memory, so run it on an idle one.
//
//	go run ./bench/index -dir /var/tmp/bench -codes 1000000,10000000 -batch 2400000
//
// Queries are codes of the list with 0 to 31 random bits changed. FAISS is
// Debian's package python3-faiss.
package main

import (
	"bufio"
	_ "embed"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tutela/hash/hamming"
	"tutela/vault/near"
)

//go:embed peer.py
var faissScript string

const radius = 31

// settings are the flags.
type settings struct {
	dir    string
	python string
	batch  int
	faiss  int
	known  int
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", os.TempDir(), "where the files are made")
	flag.StringVar(&s.python, "python", "/usr/bin/python3", "a Python that has faiss")
	flag.IntVar(&s.batch, "batch", 2_400_000, "queries of the batch on all processors; 0: none")
	flag.IntVar(&s.faiss, "faiss", 10_000_000, "greatest list that FAISS is measured with too; 0: none")
	flag.IntVar(&s.known, "digests", 20_000_000, "SHA-256 digests of known files to look up from disk; 0: none")
	skew := flag.Bool("skew", true, "measure crowded lists too")
	sizes := flag.String("codes", "1000000,10000000", "sizes of the list")
	child := flag.String("child", "", "internal: what a child process measures")
	flag.Parse()
	if *child != "" {
		exit(measureIn(*child, s))
	}
	for n := range strings.FieldsFuncSeq(*sizes, func(r rune) bool { return r == ',' }) {
		size, err := strconv.Atoi(n)
		if err == nil {
			err = run(s, size)
		}
		if err != nil {
			exit(fmt.Errorf("%s codes: %w", n, err))
		}
	}
	if *skew {
		if err := skewed(); err != nil {
			exit(err)
		}
	}
	if s.known > 0 {
		exit(digests(s))
	}
	exit(nil)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run compares at one size.
func run(s settings, n int) error {
	work, err := os.MkdirTemp(s.dir, "index-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := errors.Join(writeCodes(work, n), writeQueries(work, n, 10_000)); err != nil {
		return err
	}
	built, err := self(s, work, "build", 0)
	if err != nil {
		return err
	}
	evict(filepath.Join(work, "near"))
	cold, err := self(s, work, "open", 1)
	if err != nil {
		return err
	}
	ours, err := self(s, work, "search", 1)
	if err != nil {
		return err
	}
	name := short(n)
	ms := ours.Query * 1e3
	fmt.Printf("built-%-8s %.1f s, all processors, %.2f GB of memory and %.2f GB on disk\n", name, built.Build, built.Heap, built.Disk)
	fmt.Printf("ready-%-8s %.2f s warm (goal 1 s at 10 million, %s), first query then %.2f ms; %.2f s with nothing cached, first query %.2f ms\n",
		name, ours.Open, upTo10M(n, ours.Open < 1), ours.First*1e3, cold.Open, cold.First*1e3)
	fmt.Printf("query-%-8s %.3f ms (goal 0.3 ms at 10 million, %s), %d of %d targets found (goal all, %s)  [one thread, radius %d]\n",
		name, ms, upTo10M(n, ms <= 0.3), ours.Found, ours.Asked, verdict(ours.Found == ours.Asked), radius)
	fmt.Printf("memory-%-7s %.2f GB resident, mapped files included (goal 1.5 GB at 10 million, %s)\n",
		name, ours.RSS, upTo10M(n, ours.RSS <= 1.5))
	if n <= s.faiss {
		for _, peer := range []struct {
			kind  string
			goal  float64
			asked int
		}{{"flat", 100, max(8, 200_000_000/n)}, {"multihash", 40, max(40, 1_000_000_000/n)}} {
			if err := beside(s, work, name, peer.kind, peer.goal, min(peer.asked, 1000), ours); err != nil {
				return err
			}
		}
	}
	if s.batch > 0 {
		b, err := self(s, work, "batch", 0)
		if err != nil {
			return err
		}
		fmt.Printf("batch-%-8s %d queries in %.1f s, %.0f a second, all processors, %d found  [radius 32]\n",
			name, b.Asked, b.Query, float64(b.Asked)/b.Query, b.Found)
	}
	return nil
}

func beside(s settings, work, name, kind string, goal float64, asked int, ours result) error {
	theirs, err := faiss(s, work, kind, asked)
	if err != nil {
		return err
	}
	ratio := theirs.Query / ours.Query
	recall := "at equal or better recall"
	if ours.Found*theirs.Asked < theirs.Found*ours.Asked {
		recall = "AT WORSE RECALL"
	}
	fmt.Printf("%-14s %.0fx (goal %.0fx, %s)  faiss %.2f ms, tutela %.3f ms, %s (%d of %d found there)  [faiss built in %.1f s]\n",
		kind+"-"+name, ratio, goal, verdict(ratio >= goal), theirs.Query*1e3, ours.Query*1e3, recall, theirs.Found, theirs.Asked, theirs.Build)
	return nil
}

// upTo10M is the verdict on a goal that is there for lists of up to ten million.
func upTo10M(n int, ok bool) string {
	if n > 10_000_000 {
		return "none at this size"
	}
	return verdict(ok)
}

func verdict(ok bool) string {
	if ok {
		return "reached"
	}
	return "MISSED"
}

func short(n int) string {
	if n%1_000_000 == 0 {
		return strconv.Itoa(n/1_000_000) + "M"
	}
	return strconv.Itoa(n)
}

// codes are the list: what they are depends on their number only.
func codes(n int) iter.Seq2[near.Entry, error] {
	return func(yield func(near.Entry, error) bool) {
		r := rand.New(rand.NewPCG(uint64(n), 20))
		for i := range n {
			c := hamming.Code{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
			if !yield(near.Entry{ID: uint64(i), Code: c}, nil) {
				return
			}
		}
	}
}

func appendCode(b []byte, c hamming.Code) []byte {
	for _, w := range c {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func writeCodes(work string, n int) error {
	f, err := os.Create(filepath.Join(work, "codes"))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var b []byte
	for e := range codes(n) {
		b = appendCode(b[:0], e.Code)
		w.Write(b)
	}
	return errors.Join(w.Flush(), f.Close())
}

// writeQueries writes queries and beside them which code each was made from.
func writeQueries(work string, n, asked int) error {
	f, err := os.Open(filepath.Join(work, "codes"))
	if err != nil {
		return err
	}
	defer f.Close()
	r := rand.New(rand.NewPCG(uint64(n), 21))
	var queries, targets []byte
	for range asked {
		at := r.IntN(n)
		b := make([]byte, 32)
		if _, err := f.ReadAt(b, int64(at)*32); err != nil {
			return err
		}
		flips := r.IntN(radius + 1)
		for _, bit := range r.Perm(256)[:flips] {
			b[bit/8] ^= 1 << (bit % 8)
		}
		queries = append(queries, b...)
		targets = binary.LittleEndian.AppendUint32(targets, uint32(at))
	}
	p := filepath.Join(work, "queries")
	return errors.Join(os.WriteFile(p, queries, 0o600), os.WriteFile(p+".targets", targets, 0o600))
}

func readQueries(work string) (asked []hamming.Code, targets []uint32, err error) {
	p := filepath.Join(work, "queries")
	q, err := os.ReadFile(p)
	t, err2 := os.ReadFile(p + ".targets")
	for part := range slices.Chunk(q, 32) {
		var c hamming.Code
		for i := range c {
			c[i] = binary.LittleEndian.Uint64(part[8*i:])
		}
		asked = append(asked, c)
		targets = append(targets, binary.LittleEndian.Uint32(t[4*len(targets):]))
	}
	return asked, targets, errors.Join(err, err2)
}
