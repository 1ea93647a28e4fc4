package hamming

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
)

func bytesOf(t testing.TB, codes []Code, p plan) []byte {
	t.Helper()
	ids := make([]uint64, len(codes))
	for i := range ids {
		ids[i] = uint64(10 * i)
	}
	var b bytes.Buffer
	if err := writeSegment(&b, ids, codes, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sign writes the checksums anew, as somebody would who wants to mislead.
func sign(b []byte, p plan) {
	le := binary.LittleEndian
	le.PutUint32(b[headerSize-4:], crc32.Checksum(b[:headerSize-4], castagnoli()))
	body, sums := b[headerSize:headerSize+p.body()], b[headerSize+p.body():]
	for i := range int(p.blocks()) {
		block := body[i*blockSize : min((i+1)*blockSize, len(body))]
		le.PutUint32(sums[4*i:], crc32.Checksum(block, castagnoli()))
	}
	all := crc32.Update(crc32.Checksum(b[:headerSize], castagnoli()), castagnoli(), sums[:len(sums)-4])
	le.PutUint32(sums[len(sums)-4:], all)
}

func TestEveryDamageIsSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	p := plan{n: 700, tables: true, shift: 8}
	good := bytesOf(t, randomCodes(r, 700), p)
	if _, err := OpenSegment(good); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 8, 100, headerSize - 1, headerSize, headerSize + 1, len(good) / 2, len(good) - 4, len(good) - 1} {
		if _, err := OpenSegment(good[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := OpenSegment(append(slices.Clone(good), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte too much: %v", err)
	}
	for i := range 600 {
		at := r.IntN(len(good))
		switch {
		case i < 60:
			at = i
		case i < 90:
			at = len(good) - 1 - (i - 60)
		}
		bad := slices.Clone(good)
		bad[at] ^= 1 << r.IntN(8)
		if _, err := OpenSegment(bad); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
}

// TestForgedTables: right checksums over tables that would lead outside.
func TestForgedTables(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	p := plan{n: 300, tables: true, shift: 8}
	good := bytesOf(t, randomCodes(r, 300), p)
	starts := headerSize + p.ids() + p.codes()
	ordinals := starts + p.starts(0) + p.column()
	le := binary.LittleEndian
	for name, change := range map[string]func(b []byte){
		"first start":      func(b []byte) { le.PutUint32(b[starts:], 1) },
		"last start":       func(b []byte) { le.PutUint32(b[starts+8*p.groups(0):], 301) },
		"order":            func(b []byte) { le.PutUint32(b[starts+8*100:], 1<<31) },
		"ordinal":          func(b []byte) { le.PutUint32(b[ordinals+4*7:], 300) },
		"greatest ordinal": func(b []byte) { le.PutUint32(b[ordinals:], 1<<32-1) },
		"version":          func(b []byte) { le.PutUint32(b[8:], 2) },
		"shift":            func(b []byte) { le.PutUint32(b[24:], 9) },
		"count":            func(b []byte) { le.PutUint64(b[16:], 1<<60) },
		"tables":           func(b []byte) { le.PutUint32(b[12:], 2) },
	} {
		bad := slices.Clone(good)
		change(bad)
		sign(bad, p)
		if _, err := OpenSegment(bad); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpenSegment(f *testing.F) {
	r := rand.New(rand.NewPCG(4, 6))
	p := plan{n: 40, tables: true, shift: 8}
	f.Add(bytesOf(f, randomCodes(r, 40), plan{n: 40}), uint8(3))
	f.Add([]byte(segmentMagic), uint8(1))
	f.Add(p.header(), uint8(40))
	f.Fuzz(func(t *testing.T, b []byte, radius uint8) {
		if q, err := readHeader(b); err == nil {
			sign(b, q) // else no input ever gets past the checksums
		}
		s, err := OpenSegment(b)
		if err != nil {
			return
		}
		for i := range min(s.Len(), 3) {
			if got := s.Search(nil, new(Work), s.Code(i), int(radius)); len(got) == 0 && s.tables == false {
				t.Error("a stored code was not found")
			}
		}
	})
}

// TestUnalignedBytes: where bytes cannot be used in place they are copied.
func TestUnalignedBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 7))
	codes := randomCodes(r, 200)
	good := bytesOf(t, codes, plan{n: 200, tables: true, shift: 8})
	moved := append(make([]byte, 1, len(good)+1), good...)[1:]
	s, err := OpenSegment(moved)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Search(nil, new(Work), codes[5], 31); !slices.Equal(got, []Hit{{5, 0}}) || s.ID(5) != 50 {
		t.Errorf("found %v, id %d", got, s.ID(5))
	}
}

func TestWriteSegmentSorts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 8))
	codes := randomCodes(r, 20_000)
	ids := make([]uint64, len(codes))
	of := map[uint64]Code{}
	for i, id := range r.Perm(len(ids)) {
		ids[i] = uint64(id)
		of[uint64(id)] = codes[i]
	}
	var b bytes.Buffer
	if err := WriteSegment(&b, ids, codes); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSegment(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !s.Indexed() || s.Len() != len(codes) || s.Check() == 0 {
		t.Errorf("indexed %v, %d codes, check %x", s.Indexed(), s.Len(), s.Check())
	}
	for i := range s.Len() {
		if s.ID(i) != uint64(i) || s.Code(i) != of[uint64(i)] {
			t.Fatalf("ordinal %d has id %d and another's code", i, s.ID(i))
		}
	}
	if err := WriteSegment(&b, ids, codes[1:]); err == nil {
		t.Error("more ids than codes were accepted")
	}
}

// TestWriteSegmentOfBytes gives the same bytes as from numbers.
func TestWriteSegmentOfBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 9))
	codes := randomCodes(r, LinearBelow+10)
	var ids, flat []byte
	numbers := make([]uint64, len(codes))
	for i, c := range codes {
		numbers[i] = uint64(7 * i)
		ids = binary.LittleEndian.AppendUint64(ids, numbers[i])
		for _, w := range c {
			flat = binary.LittleEndian.AppendUint64(flat, w)
		}
	}
	var want, got bytes.Buffer
	if err := errors.Join(WriteSegmentOf(&got, ids, flat), WriteSegment(&want, numbers, codes)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("other bytes")
	}
	ids[0] = 255
	if err := WriteSegmentOf(&got, ids, flat); err == nil {
		t.Error("ids that do not ascend were accepted")
	}
	if err := WriteSegmentOf(&got, ids[1:], flat); err == nil {
		t.Error("half an id was accepted")
	}
	if err := WriteSegmentOf(&got, nil, nil); err != nil {
		t.Errorf("no codes: %v", err)
	}
}

func TestBatchCallsEachOnce(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		calls := make([]atomic.Int32, n)
		Batch(n, func(w *Work, i int) {
			if w == nil {
				t.Error("no memory given")
			}
			calls[i].Add(1)
		})
		for i := range calls {
			if calls[i].Load() != 1 {
				t.Fatalf("%d of %d was called %d times", i, n, calls[i].Load())
			}
		}
	}
}
