package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"tutela/hash/digest"
)

// bounds prints what the comparisons cannot be faster than: each digest of the
// large file alone, and the small files read and digested with nothing sealed.
func bounds(large, small string) error {
	var each [3]float64
	for i, h := range []hash.Hash{md5.New(), sha1.New(), sha256.New()} {
		d, err := timed(func() error { return feed(large, h) })
		if err != nil {
			return err
		}
		each[i] = d
	}
	sum := each[0] + each[1] + 2*each[2]
	fmt.Printf("bound: large   MD5 alone %.2f s, SHA-1 %.2f s, SHA-256 %.2f s (done twice: whole and chunk tree);"+
		" at least %.2f s on one processor and %.2f s on two, since one MD5 cannot be divided\n",
		each[0], each[1], each[2], sum, max(each[0], sum/2))
	var files []string
	err := filepath.WalkDir(small, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		return err
	}
	d, err := timed(func() error { return digestAll(files) })
	if err != nil {
		return err
	}
	fmt.Printf("bound: small   reading and digesting %d files on all processors %.2f s; the rest of a seal is rows, log and disk\n", len(files), d)
	return nil
}

func timed(fn func() error) (float64, error) {
	begun := time.Now()
	err := fn()
	return time.Since(begun).Seconds(), err
}

func feed(p string, h hash.Hash) error {
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}

func digestAll(files []string) error {
	n := runtime.GOMAXPROCS(0)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for w := range n {
		wg.Go(func() {
			for i := w; i < len(files) && errs[w] == nil; i += n {
				errs[w] = digestOne(files[i])
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func digestOne(p string) error {
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = digest.Sum(f)
	return err
}
