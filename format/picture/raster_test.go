package picture

import (
	"bytes"
	"image"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/format"
)

// dot is a frame of one pixel.
func dot(x int, over bool, dispose int, colour ...byte) frame {
	return frame{pixels: pixels{w: 1, h: 1, channels: 4, pix: colour}, x: x, over: over, dispose: dispose}
}

func TestStage(t *testing.T) {
	s := newStage(3, 1)
	for i, step := range []struct {
		f    frame
		want []byte
	}{
		{dot(0, true, leave, 10, 20, 30, 255), []byte{10, 20, 30, 255, 0, 0, 0, 0, 0, 0, 0, 0}},
		{dot(1, false, clearIt, 1, 2, 3, 128), []byte{10, 20, 30, 255, 1, 2, 3, 128, 0, 0, 0, 0}},
		{dot(1, true, leave, 9, 9, 9, 100), []byte{10, 20, 30, 255, 9, 9, 9, 100, 0, 0, 0, 0}}, // cleared: not blended
		{dot(0, true, restore, 90, 90, 90, 128), []byte{50, 55, 60, 255, 9, 9, 9, 100, 0, 0, 0, 0}},
		{dot(2, true, leave, 7, 7, 7, 255), []byte{10, 20, 30, 255, 9, 9, 9, 100, 7, 7, 7, 255}},
		{dot(2, true, leave, 50, 50, 50, 0), []byte{10, 20, 30, 255, 9, 9, 9, 100, 7, 7, 7, 255}},
		{dot(2, false, leave, 50, 50, 50, 0), []byte{10, 20, 30, 255, 9, 9, 9, 100, 50, 50, 50, 0}},
		{dot(9, false, clearIt, 1, 1, 1, 1), []byte{10, 20, 30, 255, 9, 9, 9, 100, 50, 50, 50, 0}}, // outside
		{dot(-1, false, leave, 1, 1, 1, 1), []byte{10, 20, 30, 255, 9, 9, 9, 100, 50, 50, 50, 0}},
	} {
		s.show(step.f)
		for k := range step.want { // halves may fall to either side by libwebp's rule
			if d := int(s.pix[k]) - int(step.want[k]); d < -1 || d > 1 {
				t.Fatalf("step %d: %v, want %v", i, s.pix, step.want)
			}
		}
	}
	p := flattened(s.pixels)
	if diff := cmp.Diff([]byte{10, 20, 30}, p.pix[:3]); diff != "" || !p.transparent || p.box != image.Rect(0, 0, 2, 1) {
		t.Errorf("box %v, transparent %v %s", p.box, p.transparent, diff)
	}
}

// TestBlend compares the integer formula with the real one.
func TestBlend(t *testing.T) {
	for a := range 256 {
		for _, under := range []int{0, 1, 77, 128, 255} {
			on := []byte{200, 10, 0, byte(under)}
			blend(on, []byte{100, 250, 0, byte(a)}, false)
			alpha := float64(a) + float64(under)*(255-float64(a))/255
			if d := float64(on[3]) - alpha; d > 1.01 || d < -1.01 {
				t.Fatalf("alpha %d over %d: %d, want %.1f", a, under, on[3], alpha)
			}
			if alpha < 20 {
				continue
			}
			want := (100*float64(a) + 200*(alpha-float64(a))) / alpha
			if d := float64(on[0]) - want; d > 6 || d < -6 {
				t.Fatalf("%d over %d: colour %d, want %.1f", a, under, on[0], want)
			}
		}
	}
}

func TestAnimatedPNG(t *testing.T) {
	b := animatedPNG(t)
	frames := framesOf(t, b)
	if len(frames) != 3 {
		t.Fatalf("%d frames", len(frames))
	}
	// Frame 1 covers 20×10 at 10,5 and is undone; frame 2 is blended at 15,12.
	white := []byte{255, 255, 255}
	at := func(n, x, y int) []byte { return frames[n].Pix[(y*40+x)*3:][:3] }
	if !bytes.Equal(at(1, 11, 6), white) || bytes.Equal(at(0, 11, 6), white) {
		t.Error("frame 1 does not take the place of what was there")
	}
	if !bytes.Equal(at(2, 11, 6), at(0, 11, 6)) || !bytes.Equal(at(2, 16, 13), at(0, 16, 13)) {
		t.Error("frame 1 was not undone, or frame 2 not blended")
	}
	if bytes.Equal(at(2, 30, 18), at(0, 30, 18)) {
		t.Error("frame 2 is not there")
	}
}

// TestPictureBesideItsAnimation has a picture of its own in front.
func TestPictureBesideItsAnimation(t *testing.T) {
	b := animatedPNG(t)
	first := bytes.Index(b, []byte("fcTL")) - 4
	b = append(b[:first:first], b[first+38:]...)
	if frames := framesOf(t, b); len(frames) != 3 {
		t.Errorf("%d frames", len(frames))
	}
}

func framesOf(t testing.TB, b []byte) []Picture {
	t.Helper()
	p, findings := decode(b)
	out := []Picture{p}
	findings = append(findings, play(bytes.NewReader(b), int64(len(b)), format.Limits{}, p, func(n int, p Picture) {
		if n != len(out) {
			t.Errorf("frame %d came as number %d", n, len(out))
		}
		out = append(out, p)
	})...)
	if len(findings) > 0 {
		t.Errorf("findings %v", findings)
	}
	return out
}

func TestInterlacedRows(t *testing.T) {
	for h := 1; h < 40; h++ {
		seen := make([]bool, h)
		for n := range h {
			seen[interlaced(n, h)] = true
		}
		for y, ok := range seen {
			if !ok {
				t.Fatalf("height %d: row %d is never written", h, y)
			}
		}
	}
	if got := []int{interlaced(0, 10), interlaced(1, 10), interlaced(2, 10), interlaced(3, 10), interlaced(5, 10)}; !cmp.Equal(got, []int{0, 8, 4, 2, 1}) {
		t.Errorf("order %v", got)
	}
}

// TestCutAnimations keeps the frames in front of the cut, and says what is missing.
func TestCutAnimations(t *testing.T) {
	for name, b := range map[string][]byte{"gif": walking(t, 5), "png": animatedPNG(t), "webp": animatedWebP(t)} {
		whole := framesOf(t, b)
		for n := len(b) / 2; n < len(b); n += 3 {
			p, findings := decode(b[:n])
			if len(p.Pix) == 0 {
				if len(findings) == 0 {
					t.Errorf("%s cut to %d: nothing and no finding", name, n)
				}
				continue
			}
			if len(findings) == 0 && p.Digest() != whole[0].Digest() {
				t.Errorf("%s cut to %d: the first frame changed without a finding", name, n)
			}
		}
	}
}
