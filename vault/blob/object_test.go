package blob

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"tutela/fault"
	"tutela/hash/digest"
)

func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

var testKey = noise(32, 200)

// object encrypts content in writes of the given size.
func object(t testing.TB, content []byte, portion int) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := newEncrypter(&out, testKey)
	if err != nil {
		t.Fatal(err)
	}
	for rest := content; len(rest) > 0; {
		n := min(portion, len(rest))
		if _, err := e.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(obj []byte) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(obj), int64(len(obj)), testKey)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
}

// byTheBook writes an object from the text of docs/formats/blob.md.
func byTheBook(content []byte) []byte {
	head, _ := hex.DecodeString("545554454c410042" + "01" + "10" + "000000000000")
	c, _ := aes.NewCipher(testKey)
	g, _ := cipher.NewGCM(c)
	out := bytes.Clone(head)
	for i := 0; ; i++ {
		end := min(len(content), (i+1)*65536)
		last := byte(0)
		if end == len(content) {
			last = 1
		}
		n := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, byte(i >> 8), byte(i), last}
		out = g.Seal(out, n, content[i*65536:end], head)
		if last == 1 {
			return out
		}
	}
}

var objectSizes = []int{0, 1, 100, SegmentSize - 1, SegmentSize, SegmentSize + 1, 2 * SegmentSize, 17*SegmentSize + 3, 40 * SegmentSize}

func TestObjectFollowsTheDocument(t *testing.T) {
	for _, n := range objectSizes {
		content := noise(n, 1)
		want := byTheBook(content)
		for _, portion := range []int{1000, SegmentSize, 3*SegmentSize + 1, 1 << 30} {
			if got := object(t, content, portion); !bytes.Equal(got, want) {
				t.Fatalf("%d bytes in portions of %d: another object than the document's", n, portion)
			}
		}
		if int64(len(want)) != ObjectSize(int64(n)) {
			t.Errorf("ObjectSize(%d) = %d, want %d", n, ObjectSize(int64(n)), len(want))
		}
		if got, err := open(want); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestRandomAccess(t *testing.T) {
	content := noise(5*SegmentSize+99, 2)
	obj := object(t, content, 1<<20)
	r, err := NewReader(bytes.NewReader(obj), int64(len(obj)), testKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(io.NewSectionReader(r, 0, r.Size()), content); err != nil {
		t.Error(err)
	}
	rnd := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		off := rnd.IntN(len(content))
		p := make([]byte, rnd.IntN(2*SegmentSize))
		n, err := r.ReadAt(p, int64(off))
		if want := min(len(p), len(content)-off); n != want || !bytes.Equal(p[:n], content[off:off+n]) {
			t.Fatalf("ReadAt(%d, %d) = %d, %v", len(p), off, n, err)
		}
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); fault.KindOf(err) != fault.Invalid {
		t.Errorf("negative offset: %v", err)
	}
}

// TestEveryFlipIsDetected changes every byte of small objects, one at a time.
func TestEveryFlipIsDetected(t *testing.T) {
	for _, n := range []int{0, 1, 300} {
		obj := object(t, noise(n, 3), 1000)
		for i := range obj {
			for _, bit := range []byte{1, 128} {
				obj[i] ^= bit
				if _, err := open(obj); fault.KindOf(err) != fault.Corrupt {
					t.Fatalf("%d bytes: flip of byte %d: %v", n, i, err)
				}
				obj[i] ^= bit
			}
		}
	}
}

// TestSampledFlips changes bytes of an object of several segments: reading the
// hit segment fails, and so does opening when it is the last or the header.
func TestSampledFlips(t *testing.T) {
	content := noise(3*SegmentSize+500, 4)
	obj := object(t, content, 1<<20)
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 100 {
		at := rnd.IntN(len(obj))
		obj[at] ^= 1 << rnd.IntN(8)
		if _, err := open(obj); fault.KindOf(err) != fault.Corrupt {
			t.Fatalf("flip of byte %d: %v", at, err)
		}
		copy(obj, byTheBook(content))
	}
}

func TestShortenedLengthenedMoved(t *testing.T) {
	content := noise(3*SegmentSize, 6)
	obj := object(t, content, 1<<20)
	refuse := func(what string, b []byte) {
		t.Helper()
		// The first byte must already be refused, not only the last.
		r, err := NewReader(bytes.NewReader(b), int64(len(b)), testKey)
		if fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v %v", what, r, err)
		}
	}
	for _, cut := range []int{1, 15, 16, 17, tagSize, sealedSize, sealedSize + 1, 2 * sealedSize, len(obj) - headerSize, len(obj)} {
		refuse("shortened", obj[:len(obj)-cut])
	}
	refuse("lengthened by a byte", append(bytes.Clone(obj), 0))
	refuse("lengthened by a tag", append(bytes.Clone(obj), make([]byte, tagSize)...))
	refuse("lengthened by a segment", append(bytes.Clone(obj), obj[headerSize:headerSize+sealedSize]...))
	moved := bytes.Clone(obj)
	copy(moved[headerSize:], obj[headerSize+sealedSize:headerSize+2*sealedSize])
	copy(moved[headerSize+sealedSize:], obj[headerSize:headerSize+sealedSize])
	if _, err := open(moved); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("two segments swapped: %v", err)
	}
	short := object(t, noise(SegmentSize, 7), 1<<20)
	if _, err := NewReader(bytes.NewReader(short), int64(len(short)), noise(32, 9)); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another key: %v", err)
	}
	if _, err := NewReader(bytes.NewReader(short), int64(len(short)), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no key: %v", err)
	}
}

type brokenReader struct{ err error }

func (b brokenReader) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func TestADiskErrorIsNoAlteration(t *testing.T) {
	bad := errors.New("bad sector")
	_, err := NewReader(brokenReader{bad}, 1000, testKey)
	if !errors.Is(err, bad) || fault.KindOf(err) == fault.Corrupt {
		t.Errorf("error %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestEncrypterReportsWriteErrors(t *testing.T) {
	e, err := newEncrypter(failing{}, testKey)
	if err != nil {
		t.Fatal(err)
	}
	e.Write(noise(100, 1))
	if err := e.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Close: %v", err)
	}
}

func TestNameVector(t *testing.T) {
	// printf 'case-1\0' + 32 zero bytes | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…00
	got := Name(make([]byte, 32), "case-1", digest.ID{})
	if want := "5e4f4e4d0a68dc5dcb6a6a52e570f3eca96427d645fdaa9c5e618f938d3f966d"; got != want {
		t.Errorf("name %s, want %s", got, want)
	}
	if Name(make([]byte, 32), "case-2", digest.ID{}) == got || Name(noise(32, 1), "case-1", digest.ID{}) == got {
		t.Error("the name does not depend on case and key")
	}
}

func TestWrap(t *testing.T) {
	caseKey, dataKey := noise(32, 1), noise(32, 2)
	aad := wrapAAD("case-1", "object-1", 1, 99)
	w, err := wrap(caseKey, dataKey, [12]byte{1}, aad)
	if err != nil || len(w) != 60 {
		t.Fatalf("%d bytes, %v", len(w), err)
	}
	if got, err := unwrap(caseKey, w, aad); err != nil || !bytes.Equal(got, dataKey) {
		t.Errorf("unwrap: %v", err)
	}
	for _, other := range [][]byte{wrapAAD("case-2", "object-1", 1, 99), wrapAAD("case-1", "object-2", 1, 99),
		wrapAAD("case-1", "object-1", 2, 99), wrapAAD("case-1", "object-1", 1, 98), wrapAAD("case-1o", "bject-1", 1, 99)} {
		if _, err := unwrap(caseKey, w, other); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("another place: %v", err)
		}
	}
	for i := range w {
		w[i] ^= 1
		if _, err := unwrap(caseKey, w, aad); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("flip of byte %d: %v", i, err)
		}
		w[i] ^= 1
	}
	if _, err := unwrap(noise(32, 3), w, aad); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another case key: %v", err)
	}
	if _, err := unwrap(caseKey, w[:59], aad); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("short: %v", err)
	}
}

// FuzzReader: whatever the bytes, opening and reading ends without a panic and
// returns nothing that was not written.
func FuzzReader(f *testing.F) {
	content := noise(100, 8)
	f.Add(object(f, content, 1000))
	f.Add(object(f, nil, 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := open(b)
		if err == nil && len(got) > 0 && !bytes.Equal(got, content) {
			t.Fatal("foreign bytes were accepted")
		}
	})
}

func BenchmarkEncrypt(b *testing.B) {
	for _, n := range []int{4 << 10, 4 << 20} {
		content := noise(n, 1)
		b.Run(map[int]string{4 << 10: "4KB", 4 << 20: "4MB"}[n], func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				e, _ := newEncrypter(io.Discard, testKey)
				e.Write(content)
				e.Close()
			}
		})
	}
}
