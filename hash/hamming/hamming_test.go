package hamming

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// planted returns n random hashes and a query, with stored hash k at exactly k
// bits from the query for k below 64.
func planted(n int, seed uint64) (stored []uint64, query [Words]uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range query {
		query[i] = r.Uint64()
	}
	for i := range n {
		h := [Words]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
		if i < 64 {
			h = query
			for _, bit := range r.Perm(256)[:i] {
				h[bit/64] ^= 1 << (bit % 64)
			}
		}
		stored = append(stored, h[:]...)
	}
	return stored, query
}

func TestSearchFindsExactlyTheRadius(t *testing.T) {
	for seed := range uint64(20) {
		stored, query := planted(500, seed)
		for _, radius := range []int{0, 1, 10, 31, 32, 63} {
			hits := Search(nil, stored, query, radius)
			if len(hits) != radius+1 {
				t.Fatalf("radius %d: %d hits", radius, len(hits))
			}
			for i, h := range hits {
				if h.Index != i || h.Distance != i {
					t.Errorf("radius %d: hit %d is %+v", radius, i, h)
				}
			}
		}
	}
}

// TestHalves puts every difference into one half, where an early exit could go wrong.
func TestHalves(t *testing.T) {
	for half := range 2 {
		for d := range 41 {
			var h [Words]uint64
			for bit := range d {
				h[half*2+bit/32] |= 1 << (bit % 32)
			}
			hits := Search(nil, h[:], [Words]uint64{}, 31)
			if (len(hits) == 1) != (d <= 31) {
				t.Errorf("half %d, distance %d: %v", half, d, hits)
			}
			if got := Distance(h, [Words]uint64{}); got != d {
				t.Errorf("distance %d, want %d", got, d)
			}
		}
	}
}

func TestEdges(t *testing.T) {
	before := []Hit{{7, 7}}
	if got := Search(before, nil, [Words]uint64{}, 31); !slices.Equal(got, before) {
		t.Errorf("empty store changed the hits: %v", got)
	}
	if got := Search(nil, make([]uint64, 4), [Words]uint64{}, -1); len(got) != 0 {
		t.Errorf("negative radius found %v", got)
	}
	if got := Search(nil, make([]uint64, 7), [Words]uint64{}, 0); len(got) != 1 {
		t.Errorf("a rest of three words counted: %v", got)
	}
	if got := Search(nil, make([]uint64, 8), [Words]uint64{^uint64(0), 0, 0, 0}, 256); len(got) != 2 {
		t.Errorf("radius 256 left something out: %v", got)
	}
}

func read(t *testing.T, name string) [][Words]uint64 {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out [][Words]uint64
	for _, line := range strings.Fields(string(text)) {
		b, err := hex.DecodeString(line)
		if err != nil || len(b) != 32 {
			t.Fatalf("%s: %q is no hash", name, line)
		}
		var h [Words]uint64
		for i := range h {
			h[i] = binary.BigEndian.Uint64(b[8*i:])
		}
		out = append(out, h)
	}
	return out
}

// conformance returns the stored hashes, the needles, and the distances of all
// pairs (needle, stored) within 32 bits as brute force found them.
func conformance(t *testing.T) (stored []uint64, needles [][Words]uint64, want map[[2]int]int) {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	dir = filepath.Join(dir, "pdq", "index")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	for _, h := range read(t, filepath.Join(dir, "haystack.txt")) {
		stored = append(stored, h[:]...)
	}
	f, err := os.Open(filepath.Join(dir, "expected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want = map[[2]int]int{}
	for _, r := range rows[1:] {
		n, _ := strconv.Atoi(r[0])
		h, _ := strconv.Atoi(r[1])
		want[[2]int{n, h}], _ = strconv.Atoi(r[2])
	}
	return stored, read(t, filepath.Join(dir, "needles.txt")), want
}

// TestConformance compares all pairs within 32 bits with those of brute force.
func TestConformance(t *testing.T) {
	stored, needles, want := conformance(t)
	found := 0
	for n, q := range needles {
		for _, hit := range Search(nil, stored, q, 32) {
			found++
			if d, ok := want[[2]int{n, hit.Index}]; !ok || d != hit.Distance {
				t.Errorf("needle %d, hash %d: distance %d, want %d (%v)", n, hit.Index, hit.Distance, d, ok)
			}
		}
	}
	if found != len(want) || found < 1546 {
		t.Errorf("found %d pairs, want %d", found, len(want))
	}
}

func BenchmarkSearchMillion(b *testing.B) {
	stored, query := planted(1_000_000, 1)
	var hits []Hit
	b.ReportAllocs()
	for b.Loop() {
		hits = Search(hits[:0], stored, query, 31)
	}
}
