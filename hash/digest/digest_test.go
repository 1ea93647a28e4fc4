package digest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// noise returns n reproducible bytes.
func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	rand.NewChaCha8(key).Read(b)
	return b
}

// plain computes a Set the obvious way, from the text of RFC 6962 rather than
// from this package.
func plain(b []byte) Set {
	s := Set{Size: int64(len(b)), MD5: md5.Sum(b), SHA1: sha1.Sum(b), SHA256: sha256.Sum256(b)}
	var level [][]byte
	for i := 0; i < len(b); i += ChunkSize {
		c := sha256.Sum256(b[i:min(len(b), i+ChunkSize)])
		s.Chunks = append(s.Chunks, c)
		leaf := sha256.Sum256(append([]byte{0}, c[:]...))
		level = append(level, leaf[:])
	}
	if len(level) == 0 {
		s.Root = sha256.Sum256(nil)
		return s
	}
	for len(level) > 1 { // level by level, an odd one moves up
		var up [][]byte
		for i := 0; i+1 < len(level); i += 2 {
			n := sha256.Sum256(bytes.Join([][]byte{{1}, level[i], level[i+1]}, nil))
			up = append(up, n[:])
		}
		if len(level)%2 == 1 {
			up = append(up, level[len(level)-1])
		}
		level = up
	}
	s.Root = ID(level[0])
	return s
}

// sizes around every boundary of the implementation.
var sizes = []int{0, 1, 55, 56, 63, 64, 65, smallRead - 1, smallRead, smallRead + 1, ChunkSize - 1, ChunkSize,
	ChunkSize + 1, 2*ChunkSize - 1, 2 * ChunkSize, 3*ChunkSize + 7, bigRead, bigRead + smallRead, 2*bigRead + 12345}

func TestPublishedVectors(t *testing.T) {
	// "abc" and the million a's: RFC 1321 appendix A.5, FIPS 180-4 examples.
	for _, c := range []struct{ in, md5, sha1, sha256 string }{
		{"", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{strings.Repeat("a", 1000000), "7707d6ae4e027c70eea2a935c2296f21", "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
			"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	} {
		s, err := Sum(strings.NewReader(c.in))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{hex.EncodeToString(s.MD5[:]), hex.EncodeToString(s.SHA1[:]), s.SHA256.String()}
		if diff := cmp.Diff([]string{c.md5, c.sha1, c.sha256}, got); diff != "" {
			t.Errorf("%d bytes (-want +got):\n%s", len(c.in), diff)
		}
	}
}

func TestRootOfTheCertificateTransparencyVectors(t *testing.T) {
	// Leaves and heads of the reference test of certificate-transparency's
	// merkletree (leaf data of 32 bytes only is possible here, so: no leaf, and
	// the two-leaf head computed by hand from the definition).
	if got := Root(nil).String(); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("empty root %s", got)
	}
	var zero, one ID
	one[31] = 1
	h := func(parts ...[]byte) []byte { s := sha256.Sum256(bytes.Join(parts, nil)); return s[:] }
	l0, l1 := h([]byte{0}, zero[:]), h([]byte{0}, one[:])
	if got := Root([]ID{zero, one}); !bytes.Equal(got[:], h([]byte{1}, l0, l1)) {
		t.Errorf("two leaves: %s", got)
	}
}

func TestSumEqualsTheObvious(t *testing.T) {
	for _, n := range sizes {
		b := noise(n, uint64(n))
		want := plain(b)
		got, err := Sum(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(want) {
			t.Errorf("%d bytes: %v, want %v", n, got, want)
		}
	}
}

// TestSplitWrites writes the same bytes in random portions: the set must not
// depend on them.
func TestSplitWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := noise(5*ChunkSize+777, 9)
	want := plain(b)
	for range 12 {
		h := New()
		for rest := b; len(rest) > 0; {
			n := 1 + r.IntN(1<<(6+r.IntN(17)))
			n = min(n, len(rest))
			h.Write(rest[:n])
			rest = rest[n:]
			if r.IntN(4) == 0 {
				h.Sum() // must not disturb
			}
		}
		if got := h.Sum(); !got.Equal(want) {
			t.Fatalf("split writes: %v, want %v", got, want)
		}
	}
}

func TestResetAndOneByteReads(t *testing.T) {
	h := New()
	h.Write(noise(3*ChunkSize, 1))
	h.Reset()
	b := noise(1000, 2)
	io.Copy(h, iotest.OneByteReader(bytes.NewReader(b)))
	if !h.Sum().Equal(plain(b)) {
		t.Error("a reset hasher remembers")
	}
	got, err := Sum(iotest.HalfReader(bytes.NewReader(noise(2*ChunkSize+5, 3))))
	if err != nil || !got.Equal(plain(noise(2*ChunkSize+5, 3))) {
		t.Errorf("half reads: %v", err)
	}
}

func TestSumReportsReadErrors(t *testing.T) {
	broken := errors.New("bad sector")
	for _, n := range []int{0, 10, smallRead, 3 * ChunkSize, bigRead + smallRead, 2*bigRead + 5} {
		r := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(broken))
		if _, err := Sum(r); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestReadAheadStopsWhenTheWriterFails(t *testing.T) {
	full := errors.New("disk full")
	_, err := ReadAhead(bytes.NewReader(make([]byte, 3*bigRead)), writer(func([]byte) (int, error) { return 0, full }))
	if !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestEqualSeesEveryField(t *testing.T) {
	base := plain(noise(ChunkSize+1, 1))
	for i, change := range []func(*Set){
		func(s *Set) { s.Size++ }, func(s *Set) { s.MD5[15] ^= 1 }, func(s *Set) { s.SHA1[0] ^= 1 },
		func(s *Set) { s.SHA256[3] ^= 1 }, func(s *Set) { s.Root[31] ^= 128 },
		func(s *Set) { s.Chunks = s.Chunks[:1] }, func(s *Set) { s.Chunks[1][0] ^= 1 },
	} {
		other := plain(noise(ChunkSize+1, 1))
		change(&other)
		if base.Equal(other) {
			t.Errorf("change %d is not seen", i)
		}
	}
}

func TestParseJoinSplit(t *testing.T) {
	id := ID(sha256.Sum256([]byte("x")))
	for _, s := range []string{id.String(), strings.ToUpper(id.String())} {
		if got, err := Parse(s); err != nil || got != id {
			t.Errorf("Parse(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "ab", id.String() + "00", id.String()[:63], "zz" + id.String()[2:]} {
		if _, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) succeeded", s)
		}
	}
	chunks := []ID{id, {}, {1}}
	got, err := Split(Join(chunks))
	if err != nil || !cmp.Equal(chunks, got) {
		t.Errorf("Split(Join) = %v, %v", got, err)
	}
	if _, err := Split(make([]byte, 33)); err == nil {
		t.Error("33 bytes were split")
	}
}
