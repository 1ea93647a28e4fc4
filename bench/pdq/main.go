// Command pdq measures hash/pdq beside the plain algorithm on the same pixels, on
// one thread and in one run, and prints the ratios. It promises to compare equal
// work, as both must give the same hash first; it never reads a file, so decoding
// is no part of it. Everything else that a machine does adds to wall time: the
// least of all calls counts, and the median beside it tells how busy it was.
//
//	go run ./bench/pdq -rounds 15
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"tutela/hash/pdq"
	"tutela/hash/pdq/pdqtest"
)

func main() {
	rounds := flag.Int("rounds", 15, "rounds, in which both sides take turns")
	only := flag.String("only", "", "run only the comparison of this name")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if err := run(*rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// comparison is one size of a picture and one pipeline.
type comparison struct {
	name, what     string
	w, h, channels int
	pipeline       pdq.Pipeline
	goal           float64 // milliseconds; 0 is none
	calls          int     // in a round; the plain side has a tenth of them, but one at least
}

func run(rounds int, only string) error {
	for _, c := range []comparison{
		{"512", "512×512 colour", 512, 512, 3, pdq.Full, 0.6, 40},
		{"512-grey", "512×512 grey", 512, 512, 1, pdq.Full, 0, 40},
		{"photo-ref512", "4000×3000 colour, ref512", 4000, 3000, 3, pdq.Ref512, 0, 20},
		{"photo-full", "4000×3000 colour, full", 4000, 3000, 3, pdq.Full, 0, 2},
		{"tall-full", "3000×4000 colour, full", 3000, 4000, 3, pdq.Full, 0, 2},
		{"screen-full", "1920×1080 colour, full", 1920, 1080, 3, pdq.Full, 0, 10},
		{"small", "96×96 colour", 96, 96, 3, pdq.Full, 0, 200},
	} {
		if only == "" || only == c.name {
			if err := c.measure(rounds); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

func (c comparison) measure(rounds int) error {
	m, h := pdqtest.Picture(c.w, c.h, c.channels, 1), pdq.New()
	want := pdqtest.Hash(m, c.pipeline)
	got, quality, err := h.Hash(m, c.pipeline)
	if err != nil {
		return err
	}
	if got != want.Hash || quality != want.Quality {
		return fmt.Errorf("hash %v quality %d, plain %v %d", got, quality, want.Hash, want.Quality)
	}
	var plain, ours []float64
	for range rounds {
		for range max(1, c.calls/10) {
			plain = append(plain, milliseconds(func() { pdqtest.Hash(m, c.pipeline) }))
		}
		runtime.GC() // what the plain side left behind is not for ours to clear
		for range c.calls {
			ours = append(ours, milliseconds(func() { h.Hash(m, c.pipeline) }))
		}
	}
	slices.Sort(plain)
	slices.Sort(ours)
	verdict := ""
	if c.goal > 0 {
		verdict = fmt.Sprintf(" (goal %.2f ms, reached)", c.goal)
		if ours[0] > c.goal {
			verdict = fmt.Sprintf(" (goal %.2f ms, MISSED)", c.goal)
		}
	}
	fmt.Printf("%-13s %6.1fx  plain %.2f ms, tutela %.3f ms%s, medians %.2f and %.3f  [%s]\n", c.name, plain[0]/ours[0],
		plain[0], ours[0], verdict, plain[len(plain)/2], ours[len(ours)/2], c.what)
	return nil
}

func milliseconds(call func()) float64 {
	begun := time.Now()
	call()
	return time.Since(begun).Seconds() * 1e3
}
