package jpeg

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"
)

// piped runs a program of libjpeg-turbo over some bytes.
func piped(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s of libjpeg-turbo is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 2 { // 2: there were warnings
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

// TestAgainstDjpeg compares with libjpeg-turbo itself, where it is installed:
// every sampling, restart markers and progressive files; then cut and damaged
// copies, which must give the same pixels too. Only an unfinished progressive
// file may differ, since libjpeg smooths its blocks.
func TestAgainstDjpeg(t *testing.T) {
	const w, h = 203, 117
	picture := hills(w, h)
	ppm := fmt.Appendf(nil, "P6\n%d %d\n255\n", w, h)
	for i := 0; i < len(picture.Pix); i += 4 {
		ppm = append(ppm, picture.Pix[i:i+3]...)
	}
	r := rand.New(rand.NewPCG(8, 8))
	files, damaged := 0, 0
	for _, args := range [][]string{{}, {"-quality", "5"}, {"-quality", "98", "-sample", "1x1"}, {"-sample", "2x1"}, {"-sample", "1x2"},
		{"-sample", "4x1"}, {"-sample", "3x1"}, {"-sample", "4x2"}, {"-sample", "2x2,2x1,1x1"}, {"-restart", "1"}, {"-restart", "5B"},
		{"-rgb"}, {"-grayscale"}, {"-optimize"}, {"-progressive"}, {"-progressive", "-restart", "2B"}, {"-progressive", "-grayscale"}} {
		file := piped(t, ppm, "cjpeg", args...)
		files++
		same(t, fmt.Sprint(args), file)
		if len(args) > 0 && args[0] == "-progressive" {
			continue
		}
		scan := bytes.Index(file, []byte{0xff, sos}) + 16
		for n := range 6 {
			b := bytes.Clone(file)
			if n < 3 {
				b = b[:scan+r.IntN(len(b)-scan)]
			} else {
				for range 1 + r.IntN(4) {
					b[scan+r.IntN(len(b)-scan-2)] ^= 1 << r.IntN(8)
				}
			}
			damaged++
			same(t, fmt.Sprintf("%v, damaged copy %d", args, n), b)
		}
	}
	t.Logf("%d files and %d damaged copies of them give the same pixels", files, damaged)
}

func same(t *testing.T, name string, file []byte) {
	t.Helper()
	out := piped(t, file, "djpeg", "-dct", "int")
	p := decode(t, file)
	if len(out) < len(p.Pix) || !bytes.Equal(out[len(out)-len(p.Pix):], p.Pix) {
		t.Errorf("%s: other pixels than those of libjpeg-turbo", name)
	}
}
