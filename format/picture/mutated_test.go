package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"runtime/metrics"
	"testing"
	"time"

	"tutela/format"
)

// tight are limits under which no file of the test may take much memory.
var tight = format.Limits{Pixels: 1 << 20}

// lookThrough decodes a file with all its frames, and returns how many there were.
func lookThrough(t testing.TB, b []byte) int {
	p, findings := Decode(bytes.NewReader(b), int64(len(b)), tight)
	if len(p.Pix) == 0 {
		if len(findings) == 0 {
			t.Error("nothing and no finding")
		}
		return 0
	}
	frames, first := 1, p
	check := func(p Picture) {
		if len(p.Pix) != p.Width*p.Height*p.Channels || p.Frames < 1 || p.Orientation < 1 || p.Orientation > 8 {
			t.Errorf("%d×%d×%d with %d bytes, %d frames", p.Width, p.Height, p.Channels, len(p.Pix), p.Frames)
		}
		if p.Transparent && !p.box.In(p.cropped(p.box).box.Add(p.box.Min)) {
			t.Errorf("box %v of %d×%d", p.box, p.Width, p.Height)
		}
	}
	check(p)
	play(bytes.NewReader(b), int64(len(b)), tight, first, func(n int, p Picture) { check(p); frames++ })
	return frames
}

// mutate damages a file in one to four ways.
func mutate(r *rand.Rand, b, other []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		if len(b) < 8 {
			return b
		}
		i, n := r.IntN(len(b)), 1+r.IntN(min(64, len(b)/2))
		if r.IntN(3) == 0 { // headers are where sides and lengths stand
			i = r.IntN(min(len(b), 64))
		}
		end := min(i+n, len(b))
		switch r.IntN(7) {
		case 0:
			b[i] ^= 1 << r.IntN(8)
		case 1:
			b[i] = []byte{0, 1, 0x7f, 0x80, 0xfe, 0xff}[r.IntN(6)]
		case 2:
			b = b[:i]
		case 3:
			b = append(b[:i], b[end:]...)
		case 4:
			b = append(b[:end:end], b[i:]...) // a part twice
		case 5:
			for k := i; k < end; k++ {
				b[k] = byte(r.IntN(256))
			}
		case 6:
			b = append(b[:i:i], other[min(i, len(other)):]...)
		}
	}
	return b
}

// resealed makes the checksums of a PNG's chunks right again, so that damage
// comes as far as the decoder.
func resealed(b []byte) []byte {
	pngChunks(bytes.NewReader(b), int64(len(b)), func(id string, at, n int64) bool {
		binary.BigEndian.PutUint32(b[at+n:], crc32.ChecksumIEEE(b[at-4:at+n]))
		return true
	})
	return b
}

func mapped() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// TestMutatedFiles decodes damaged files of every format: none may crash, take
// long, or make the process grow. What the runtime has mapped never shrinks, so
// its growth is that of the worst file.
func TestMutatedFiles(t *testing.T) {
	all := seeds(t)
	for _, s := range all {
		if frames := lookThrough(t, s.file); frames == 0 && s.name != "raw" {
			t.Errorf("%s: the seed itself cannot be decoded", s.name)
		}
	}
	rounds := 6000 / len(all)
	if testing.Short() {
		rounds = 400 / len(all)
	}
	r := rand.New(rand.NewPCG(6, 0))
	before, files, decoded, slowest := mapped(), 0, 0, time.Duration(0)
	for i, s := range all {
		for range rounds + 1 {
			b := mutate(r, s.file, all[(i+1+r.IntN(len(all)-1))%len(all)].file)
			if bytes.HasPrefix(b, []byte(pngMagic)) && r.IntN(4) > 0 {
				b = resealed(b)
			}
			start := time.Now()
			if lookThrough(t, b) > 0 {
				decoded++
			}
			files++
			if d := time.Since(start); d > slowest {
				if slowest = d; d > 10*time.Second {
					t.Errorf("%s: a damaged copy took %v", s.name, d)
				}
			}
		}
	}
	grown := int64(mapped()-before) >> 20
	t.Logf("%d damaged files of %d seeds, %d still gave pixels; slowest %v; %d MiB more memory", files, len(all), decoded, slowest, grown)
	if grown > 200 {
		t.Errorf("the process grew by %d MiB", grown)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(walking(f, 3))
	f.Add(animatedPNG(f))
	f.Add(animatedWebP(f))
	f.Fuzz(func(t *testing.T, b []byte) { lookThrough(t, b) })
}

func FuzzRefused(f *testing.F) {
	f.Add(directory(true, [][3]uint32{{256, 3, 4}}, [][3]uint32{{tagDNGVersion, 1, 0x0401}}))
	f.Add([]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		code, name := refused(bytes.NewReader(b), int64(len(b)), b[:min(16, len(b))])
		if (code == "") != (name == "") {
			t.Errorf("code %q, name %q", code, name)
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(turnedJPEG(f, hills(9, 9), 6))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"jpeg", "png", "webp", "tiff"} {
			if o := orientation(name, bytes.NewReader(b), int64(len(b))); o < 0 || o > 65535 {
				t.Errorf("%s: %d", name, o)
			}
		}
	})
}
