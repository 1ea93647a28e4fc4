package digestset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// memory is a scratch place that counts.
type memory struct {
	bytes.Buffer
	closed *int
}

func (m *memory) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(b, at)
}

func (m *memory) Close() error { *m.closed++; return nil }

// built returns the bytes of a set, sorted in the given memory, and how many runs
// that took.
func built(t testing.TB, width, room int, digests [][]byte) ([]byte, int) {
	t.Helper()
	opened, closed := 0, 0
	b, err := NewBuilder(width, 0, func() (Scratch, error) { opened++; return &memory{closed: &closed}, nil })
	if err != nil {
		t.Fatal(err)
	}
	b.room = room
	for _, d := range digests {
		if err := b.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	size, err := b.WriteTo(&out)
	if err = errors.Join(err, b.Close()); err != nil || size != int64(out.Len()) {
		t.Fatal(err, size, out.Len())
	}
	if opened != closed {
		t.Errorf("%d scratch places opened, %d closed", opened, closed)
	}
	return out.Bytes(), opened
}

func open(t testing.TB, b []byte) *Set {
	t.Helper()
	s, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func random(r *rand.Rand, width, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, width)
		for j := range out[i] {
			out[i][j] = byte(r.Uint32())
		}
	}
	return out
}

// kinds are sets that a look-up could get wrong.
func kinds(r *rand.Rand, width, n int) map[string][][]byte {
	equal := random(r, width, n) // many with one beginning: fences repeat
	for i := range equal {
		copy(equal[i], []byte("the same beginning")[:8])
	}
	few := random(r, width, 1+n/900)
	uneven := random(r, width, n)
	for i := range uneven {
		for j := range r.IntN(8) {
			uneven[i][j] = 0
		}
	}
	repeated := make([][]byte, n)
	for i := range repeated {
		repeated[i] = few[r.IntN(len(few))]
	}
	return map[string][][]byte{"random": random(r, width, n), "equal beginnings": equal, "uneven": uneven,
		"repeated": repeated, "least and greatest": {make([]byte, width), bytes.Repeat([]byte{255}, width)}}
}

func TestContainsExactlyTheSet(t *testing.T) {
	for _, width := range []int{16, 20, 32} {
		for _, n := range []int{0, 1, 127, 128, 255, 256, 6000} {
			r := rand.New(rand.NewPCG(uint64(n), uint64(width)))
			for name, digests := range kinds(r, width, n) {
				b, _ := built(t, width, 1000, digests)
				s := open(t, b)
				if err := s.Verify(); err != nil {
					t.Fatalf("%d × %d %s: %v", n, width, name, err)
				}
				in := map[string]bool{}
				for _, d := range digests {
					in[string(d)] = true
				}
				if s.Len() != int64(len(in)) || s.Width() != width {
					t.Fatalf("%d digests of %d bytes", s.Len(), s.Width())
				}
				asked := append(random(r, width, 100), digests...)
				for _, d := range digests {
					beside := slices.Clone(d)
					beside[width-1]++
					asked = append(asked, beside)
				}
				var p Page
				for _, d := range asked {
					if got, err := s.Contains(&p, d); err != nil || got != in[string(d)] {
						t.Fatalf("%d × %d %s: %x is in the set: %v, %v", n, width, name, d, got, err)
					}
				}
			}
		}
	}
}

// TestMergeEqualsSorting: however little memory, the bytes are the same.
func TestMergeEqualsSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	digests := random(r, 20, 5000)
	digests = append(digests, digests[:700]...)
	want, runs := built(t, 20, 1_000_000, digests)
	if runs != 0 {
		t.Errorf("%d runs where all fits into memory", runs)
	}
	for _, room := range []int{1, 7, 1000, 5700, 5701} {
		digests := digests
		if room == 1 {
			digests = digests[:300]
			want, _ = built(t, 20, 1_000_000, digests)
		} else if room == 7 {
			want, _ = built(t, 20, 1_000_000, digests)
		}
		got, runs := built(t, 20, room, digests)
		if !bytes.Equal(got, want) {
			t.Errorf("room for %d: other bytes", room)
		}
		if wantRuns := (len(digests) + room - 1) / room; runs != wantRuns && !(room > len(digests) && runs == 0) {
			t.Errorf("room for %d: %d runs, want %d", room, runs, wantRuns)
		}
	}
}

// TestEveryDamageIsSeen: opening or asking says so, a wrong answer never comes.
func TestEveryDamageIsSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2))
	digests := random(r, 32, 2000)
	good, _ := built(t, 32, 100, digests)
	var p Page
	for i := range 500 {
		bad := slices.Clone(good)
		switch {
		case i < 40:
			bad = bad[:r.IntN(len(bad))]
		case i < 100:
			bad[len(bad)-1-(i-40)] ^= 1 << r.IntN(8)
		case i < 130:
			a, b := r.IntN(8), 8+r.IntN(8) // two pages change places
			copy(bad[a*pageSize:], good[b*pageSize:(b+1)*pageSize])
			copy(bad[b*pageSize:], good[a*pageSize:(a+1)*pageSize])
		default:
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		}
		s, err := Open(bytes.NewReader(bad), int64(len(bad)))
		if errors.Is(err, ErrCorrupt) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		for _, d := range digests {
			found, err := s.Contains(&p, d)
			if err == nil && !found {
				t.Fatalf("harm %d: a digest was missed", i)
			}
			seen = seen || errors.Is(err, ErrCorrupt)
		}
		if !seen || !errors.Is(s.Verify(), ErrCorrupt) {
			t.Fatalf("harm %d was not seen", i)
		}
	}
}

func TestRefusals(t *testing.T) {
	if _, err := NewBuilder(24, 0, nil); err == nil {
		t.Error("a width of 24")
	}
	b, _ := NewBuilder(16, 0, nil)
	if err := b.Add(make([]byte, 20)); err == nil {
		t.Error("a digest of another width")
	}
	broken := errors.New("no room")
	b, _ = NewBuilder(16, 0, func() (Scratch, error) { return nil, broken })
	b.room = 1
	if err := b.Add(make([]byte, 16)); !errors.Is(err, broken) {
		t.Error(err)
	}
	set, _ := built(t, 16, 10, random(rand.New(rand.NewPCG(1, 1)), 16, 5))
	if found, err := open(t, set).Contains(new(Page), make([]byte, 20)); found || err != nil {
		t.Error(found, err)
	}
	if _, err := Open(failing{}, 4096*3); err == nil || errors.Is(err, ErrCorrupt) {
		t.Errorf("a disk that fails is no damage: %v", err)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestMillions keeps a million digests to the memory that was promised.
func TestMillions(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	r := rand.New(rand.NewPCG(3, 3))
	digests := random(r, 20, n)
	b, runs := built(t, 20, 1<<22/36, digests)
	s := open(t, b)
	if runs < 2 || s.Len() != int64(n) || cap(s.fences) > n/204+1 {
		t.Errorf("%d runs, %d digests, %d fences", runs, s.Len(), cap(s.fences))
	}
	var p Page
	for i, d := range digests {
		if found, err := s.Contains(&p, d); !found || err != nil {
			t.Fatalf("digest %d: %v, %v", i, found, err)
		}
		d[19]++
		if found, _ := s.Contains(&p, d); found {
			t.Fatalf("digest %d is not there, but found", i)
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.Contains(&p, digests[5]) }); n != 0 {
		t.Errorf("%v allocations a look-up", n)
	}
}

func FuzzOpen(f *testing.F) {
	r := rand.New(rand.NewPCG(6, 6))
	set, _ := built(f, 16, 100, random(r, 16, 300))
	f.Add(set, []byte("0123456789abcdef"))
	f.Add([]byte(magic), []byte{})
	f.Fuzz(func(t *testing.T, b, digest []byte) {
		if len(b) >= footerSize { // else no input ever gets past the checksum
			foot := b[len(b)-footerSize:]
			pages := int64(binary.BigEndian.Uint64(foot[24:]))
			if at := pages * pageSize; pages >= 0 && pages < 1<<20 && at <= int64(len(b)-footerSize) {
				sum := crc32.Checksum(b[at:len(b)-4], castagnoli())
				binary.BigEndian.PutUint32(foot[60:], sum)
			}
		}
		s, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		s.Contains(new(Page), digest)
		s.Verify()
	})
}

func BenchmarkContains(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 7))
	digests := random(r, 32, 500_000)
	set, _ := built(b, 32, 1_000_000, digests)
	s, p := open(b, set), new(Page)
	b.ReportAllocs()
	for b.Loop() {
		if found, _ := s.Contains(p, digests[r.IntN(len(digests))]); !found {
			b.Fatal("missed")
		}
	}
}
