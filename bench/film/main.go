//go:build linux

// Command film measures the fingerprint of a film beside ffmpeg that decodes the
// same file to nothing, in turns in one run, and prints the ratio. It promises to
// measure all that the fingerprint of a file needs, from the start of the contained
// programs to the last hash, in wall time, which decides, and in processor time of
// all processes, which a busy machine disturbs less; it never sees the machine idle
// when it is not.
//
//	go run ./bench/film -seconds 120 -rounds 5
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/fault"
	"tutela/pipeline"
)

func main() {
	contain.Main(pipeline.Ops())
	seconds := flag.Int("seconds", 120, "of film")
	rounds := flag.Int("rounds", 5, "rounds; the medians are compared")
	dir := flag.String("dir", os.TempDir(), "where the film is made")
	flag.Parse()
	if err := run(*dir, *seconds, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// goal is how much longer the fingerprint may take.
const goal = 1.15

func run(dir string, seconds, rounds int) error {
	d, ok := decoder.For(decoder.Find(), decoder.Film)
	if !ok {
		return fault.New(fault.Outside, "ffmpeg is not installed")
	}
	work, err := os.MkdirTemp(dir, "film-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	fmt.Println(d)
	for _, f := range []struct{ name, source string }{
		{"pattern", "testsrc2=size=1280x720:rate=30"},
		{"grain", "testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t"}, // as hard to decode as a film gets
	} {
		path := filepath.Join(work, f.name+".mp4")
		if err := write(d, path, f.source, seconds); err != nil {
			return err
		}
		if err := compare(d, f.name, path, seconds, rounds); err != nil {
			return err
		}
	}
	return nil
}

// piece is how much of a film is encoded; a longer one repeats it.
const piece = 60

// write makes a film of five megabits a second.
func write(d decoder.Decoder, path, source string, seconds int) error {
	first := path + ".piece.mp4"
	defer os.Remove(first)
	for _, args := range [][]string{
		{"-f", "lavfi", "-i", source, "-t", strconv.Itoa(min(seconds, piece)), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
			"-b:v", "5M", "-maxrate", "6M", "-bufsize", "6M", first},
		{"-stream_loop", strconv.Itoa(max(seconds-1, 0) / piece), "-i", first, "-c", "copy", "-t", strconv.Itoa(seconds), path},
	} {
		if out, err := exec.Command(d.Path, append([]string{"-v", "error"}, args...)...).CombinedOutput(); err != nil {
			return fault.New(fault.Outside, "ffmpeg: %w: %s", err, out)
		}
	}
	return nil
}

// compare takes turns, so that both meet the same weather, and prints the medians.
func compare(d decoder.Decoder, name, path string, seconds, rounds int) error {
	var theirs, ours, theirCPU, ourCPU []float64
	for range rounds {
		begun, used := time.Now(), cpu()
		if out, err := exec.Command(d.Path, "-v", "error", "-i", path, "-map", "0:v:0", "-f", "null", "-").CombinedOutput(); err != nil {
			return fault.New(fault.Outside, "ffmpeg: %w: %s", err, out)
		}
		theirs, theirCPU = append(theirs, time.Since(begun).Seconds()), append(theirCPU, cpu()-used)
		begun, used = time.Now(), cpu()
		if err := fingerprint(d, path, seconds); err != nil {
			return err
		}
		ours, ourCPU = append(ours, time.Since(begun).Seconds()), append(ourCPU, cpu()-used)
	}
	median := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
	a, b := median(theirs), median(ours)
	verdict := "reached"
	if b/a > goal {
		verdict = "MISSED"
	}
	c, e := median(theirCPU), median(ourCPU)
	fmt.Printf("%-8s %.2fx (goal at most %.2fx, %s)  ffmpeg to nothing %.2f s, tutela %.2f s; processor time %.2fx: %.2f s, %.2f s"+
		"  [%d s of 720p at 30 frames a second, one hash a second]\n", name, b/a, goal, verdict, a, b, e/c, c, e, seconds)
	return nil
}

// cpu is the processor time in seconds of this process and of those that it has
// waited for.
func cpu() float64 {
	var sum float64
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err == nil {
			sum += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
		}
	}
	return sum
}

func fingerprint(d decoder.Decoder, path string, seconds int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := pipeline.HashFilm(context.Background(), d, f, info.Size(), pipeline.FilmOptions{})
	if err == nil && (len(p.Frames) < seconds || len(p.Frames) > seconds+seconds/20 || len(p.Findings) > 0) {
		err = fault.New(fault.Unknown, "%d hashes of %d seconds, %v", len(p.Frames), seconds, p.Findings)
	}
	return err
}
