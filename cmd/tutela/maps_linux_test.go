package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// cLibrary is what a program that was built with cgo maps; there is nothing
// else of the system in it.
var cLibrary = regexp.MustCompile(`/(libc|libm|libpthread|libresolv|ld-linux[-a-z0-9_]*)[-.0-9]*\.so`)

// TestNothingOfTheSystemIsLoaded looks at the memory of a process that links
// all that the program links: packages that load system libraries by themselves
// (decoders of pictures do) would show here, without a call of theirs.
func TestNothingOfTheSystemIsLoaded(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(maps)) {
		f := strings.Fields(line)
		if len(f) < 6 || strings.HasPrefix(f[5], "[") || cLibrary.MatchString(f[5]) {
			continue
		}
		if f[5] == own {
			seen++
			continue
		}
		t.Errorf("mapped: %s", strings.TrimSpace(line))
	}
	if seen == 0 {
		t.Error("not even the program itself is mapped: the test looks at nothing")
	}
}
