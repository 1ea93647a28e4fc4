package digest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func TestVerifierReadsWhatWasSealed(t *testing.T) {
	b := noise(2*ChunkSize+100, 4)
	set := plain(b)
	v, err := NewVerifier(bytes.NewReader(b), set.Size, set.Chunks)
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(io.NewSectionReader(v, 0, v.Size()), b); err != nil {
		t.Error(err)
	}
	if n, err := v.ReadAt(make([]byte, 10), v.Size()-4); n != 4 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if _, err := v.ReadAt(nil, -1); err == nil {
		t.Error("a negative offset was accepted")
	}
}

// TestVerifierSeesEveryFlip flips one byte in each of many places and reads
// one byte somewhere in the same chunk: the read must fail and name the chunk,
// while a read of another chunk succeeds.
func TestVerifierSeesEveryFlip(t *testing.T) {
	b := noise(2*ChunkSize+100, 5)
	set := plain(b)
	r := rand.New(rand.NewPCG(7, 7))
	places := []int{0, ChunkSize - 1, ChunkSize, 2*ChunkSize - 1, 2 * ChunkSize, len(b) - 1}
	for range 30 {
		places = append(places, r.IntN(len(b)))
	}
	for _, at := range places {
		b[at] ^= 1 << r.IntN(8)
		v, err := NewVerifier(bytes.NewReader(b), set.Size, set.Chunks)
		if err != nil {
			t.Fatal(err)
		}
		hit := at / ChunkSize
		var ce *ChunkError
		_, err = v.ReadAt(make([]byte, 1), int64(hit)*ChunkSize)
		if !errors.As(err, &ce) || ce.Chunk != hit || ce.Err != nil {
			t.Fatalf("flip at %d: %v", at, err)
		}
		if _, err = v.ReadAt(make([]byte, 1), int64((hit+1)%3)*ChunkSize); err != nil {
			t.Fatalf("flip at %d spoils another chunk: %v", at, err)
		}
		copy(b, noise(len(b), 5))
	}
}

func TestVerifierShortAndWrong(t *testing.T) {
	b := noise(ChunkSize+100, 6)
	set := plain(b)
	v, _ := NewVerifier(bytes.NewReader(b[:ChunkSize+50]), set.Size, set.Chunks)
	p := make([]byte, set.Size)
	var ce *ChunkError
	if n, err := v.ReadAt(p, 0); n != ChunkSize || !errors.As(err, &ce) || ce.Chunk != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a shortened file: %d, %v", n, err)
	}
	for _, c := range []struct {
		size   int64
		chunks int
	}{{-1, 0}, {0, 1}, {1, 0}, {ChunkSize, 2}, {ChunkSize + 1, 1}} {
		if _, err := NewVerifier(bytes.NewReader(nil), c.size, make([]ID, c.chunks)); err == nil {
			t.Errorf("%d chunks for %d bytes were accepted", c.chunks, c.size)
		}
	}
	if got := (&ChunkError{Chunk: 3}).Error(); got != "digest: chunk 3 differs from what was sealed" {
		t.Errorf("text %q", got)
	}
}

// TestVerifierNeverTrustsAnOldRead changes the file between two reads of the
// same chunk, with another chunk read in between.
func TestVerifierNeverTrustsAnOldRead(t *testing.T) {
	b := noise(2*ChunkSize, 8)
	set := plain(b)
	v, _ := NewVerifier(bytes.NewReader(b), set.Size, set.Chunks)
	p := make([]byte, 1)
	for _, off := range []int64{0, ChunkSize} {
		if _, err := v.ReadAt(p, off); err != nil {
			t.Fatal(err)
		}
	}
	b[5] ^= 1
	if _, err := v.ReadAt(p, 0); err == nil {
		t.Error("an altered chunk was returned")
	}
}

func FuzzSplitJoin(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		chunks, err := Split(b)
		if (err == nil) != (len(b)%32 == 0) {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		if err == nil && !bytes.Equal(Join(chunks), b) {
			t.Fatal("round trip")
		}
	})
}

func BenchmarkSum(b *testing.B) {
	for _, c := range []struct {
		name string
		n    int
	}{{"2KB", 2 << 10}, {"1MB", 1 << 20}, {"64MB", 64 << 20}} {
		data := noise(c.n, 1)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.n))
			b.ReportAllocs()
			for b.Loop() {
				Sum(bytes.NewReader(data))
			}
		})
	}
}
