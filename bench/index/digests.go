package main

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"tutela/vault/exact"
)

const sortMemory = 256 << 20

// digests measures known files by exact digest: as many as a large public set of
// known software has, sorted in bounded memory and asked one after the other.
func digests(s settings) error {
	work, err := os.MkdirTemp(s.dir, "digest-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	s.dir = work
	made, err := self(s, work, "sort", 0)
	if err != nil {
		return err
	}
	evict(work)
	cold, err := self(s, work, "known", 1)
	if err != nil {
		return err
	}
	warm, err := self(s, work, "known", 1)
	if err != nil {
		return err
	}
	name := short(s.known)
	fmt.Printf("sorted-%-7s %.1f s in %.2f GB resident, %.2f GB on disk  [SHA-256, %d MB to sort in]\n", name, made.Build, made.RSS, made.Disk, sortMemory>>20)
	fmt.Printf("known-%-8s %.1f microseconds a digest, %.1f with nothing cached; opened in %.3f s; %.3f GB resident; %d of %d answers right (goal all, %s)\n",
		name, warm.Query*1e6, cold.Query*1e6, cold.Open, warm.RSS, warm.Found, warm.Asked, verdict(warm.Found == warm.Asked))
	return nil
}

// digest returns digest number i of a series; odd numbers are not in the set.
func digest(b []byte, i uint64) []byte {
	r := rand.NewPCG(i, 40)
	b = b[:0]
	for range 4 {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b
}

func sortDigests(s settings) (result, error) {
	var r result
	path := filepath.Join(s.dir, "known")
	begun := time.Now()
	var source iter.Seq2[[]byte, error] = func(yield func([]byte, error) bool) {
		var b []byte
		for i := range uint64(s.known) {
			if b = digest(b, 2*i); !yield(b, nil) {
				return
			}
		}
	}
	if err := exact.Build(path, 32, sortMemory, source); err != nil {
		return r, err
	}
	r.Build = time.Since(begun).Seconds()
	st, err := os.Stat(path)
	if err == nil {
		r.Disk = float64(st.Size()) / 1e9
	}
	return r, err
}

// lookUp asks for digests of random numbers, half of which are in the set.
func lookUp(s settings) (result, error) {
	r := result{Asked: 20_000}
	begun := time.Now()
	set, err := exact.Open(filepath.Join(s.dir, "known"))
	if err != nil {
		return r, err
	}
	defer set.Close()
	r.Open = time.Since(begun).Seconds()
	dice := rand.New(rand.NewPCG(1, 41))
	var b []byte
	begun = time.Now()
	for range r.Asked {
		i := dice.Uint64N(2 * uint64(s.known))
		b = digest(b, i)
		found, err := set.Contains(b)
		if err != nil {
			return r, err
		}
		if found == (i%2 == 0) {
			r.Found++
		}
	}
	r.Query = time.Since(begun).Seconds() / float64(r.Asked)
	return r, nil
}
