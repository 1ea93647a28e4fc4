package near

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/hash/hamming"
)

func random(r *rand.Rand) hamming.Code {
	return hamming.Code{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
}

// near returns a code with at most n other bits.
func near(r *rand.Rand, c hamming.Code, n int) hamming.Code {
	for range n {
		b := r.IntN(256)
		c[b/64] ^= 1 << (b % 64)
	}
	return c
}

func seq(entries []Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// model is what an index should hold.
type model []Entry

func (m model) search(c hamming.Code, radius int) []Hit {
	var out []Hit
	for _, e := range m {
		if d := hamming.Distance(e.Code, c); d <= radius {
			out = append(out, Hit{e.ID, d})
		}
	}
	slices.SortFunc(out, func(a, b Hit) int {
		if a.Distance != b.Distance {
			return a.Distance - b.Distance
		}
		return int(a.ID) - int(b.ID)
	})
	return out
}

func (m model) apply(b Batch) model {
	out := slices.DeleteFunc(slices.Clone(m), func(e Entry) bool { return slices.Contains(b.Withdraw, e.ID) })
	return append(out, b.Add...)
}

func (m model) compare(t *testing.T, x *Index, r *rand.Rand) {
	t.Helper()
	if x.Len() != len(m) {
		t.Fatalf("%d codes, want %d", x.Len(), len(m))
	}
	w := new(Work)
	for range 10 {
		c := random(r)
		if len(m) > 0 {
			c = near(r, m[r.IntN(len(m))].Code, r.IntN(33))
		}
		radius := r.IntN(33)
		got, err := x.Search(nil, w, c, radius)
		if err != nil {
			t.Fatal(err)
		}
		if want := m.search(c, radius); !slices.Equal(got, want) {
			t.Fatalf("radius %d: %v, want %v", radius, got, want)
		}
	}
}

// TestModel applies random batches, and between them seals, compacts, reopens and
// creates anew.
func TestModel(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		dir, key := filepath.Join(t.TempDir(), "near"), []byte{byte(seed)}
		if seed%3 == 0 {
			key = nil
		}
		x, err := Create(dir, key, Source{Mark: 1, Entries: seq(nil)})
		if err != nil {
			t.Fatal(err)
		}
		var m model
		for mark := uint64(2); mark < 60; mark++ {
			b := Batch{Mark: mark}
			for range r.IntN(30) {
				c := random(r)
				if len(m) > 0 && r.IntN(2) == 0 {
					c = near(r, m[r.IntN(len(m))].Code, r.IntN(40))
				}
				b.Add = append(b.Add, Entry{r.Uint64N(200), c})
			}
			for range r.IntN(8) {
				b.Withdraw = append(b.Withdraw, r.Uint64N(200))
			}
			if err := x.Apply(b); err != nil {
				t.Fatal(err)
			}
			m = m.apply(b)
			x = disturb(t, x, m, r, key)
			if x.Mark() != mark {
				t.Fatalf("mark %d, want %d", x.Mark(), mark)
			}
			m.compare(t, x, r)
		}
		x.Close()
	}
}

// disturb does to an index what must not change what it holds.
func disturb(t *testing.T, x *Index, m model, r *rand.Rand, key []byte) *Index {
	t.Helper()
	var err error
	switch r.IntN(8) {
	case 0, 1:
		err = x.seal()
	case 2:
		err = x.Compact()
	case 3, 4:
		x.Close()
		x, err = Open(x.dir, Options{Key: key})
	case 5:
		mark := x.Mark()
		x.Close()
		x, err = Create(x.dir, key, Source{Mark: mark, Entries: seq(m)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "near")
	if _, err := Open(dir, Options{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no index: %v", err)
	}
	x, err := Create(dir, []byte("key"), Source{Mark: 5, Entries: seq([]Entry{{1, hamming.Code{1}}})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Key: []byte("key")}); fault.KindOf(err) != fault.Busy {
		t.Errorf("a second writer: %v", err)
	}
	reader, err := Open(dir, Options{Key: []byte("key"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Apply(Batch{Mark: 9}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a reader wrote: %v", err)
	}
	if err := reader.Compact(); fault.KindOf(err) != fault.Refused {
		t.Errorf("a reader compacted: %v", err)
	}
	if err := x.Apply(Batch{Mark: 5}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the mark did not grow: %v", err)
	}
	reader.Close()
	x.Close()
	if _, err := x.Search(nil, new(Work), hamming.Code{1}, 3); err == nil {
		t.Error("a closed index answered")
	}
	if _, err := Open(dir, Options{Key: []byte("other")}); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another key: %v", err)
	}
}

// TestFailedCreateLeavesTheOldOne stops the source half-way.
func TestFailedCreateLeavesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	old := model{{1, hamming.Code{1, 2, 3, 4}}}
	x, err := Create(dir, nil, Source{Mark: 1, Entries: seq(old)})
	if err != nil {
		t.Fatal(err)
	}
	x.Close()
	broken := errors.New("the source broke")
	_, err = Create(dir, nil, Source{Mark: 2, Entries: func(yield func(Entry, error) bool) {
		_ = yield(Entry{2, hamming.Code{}}, nil) && yield(Entry{}, broken)
	}})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	x, err = Open(dir, Options{})
	if err != nil || x.Mark() != 1 {
		t.Fatal(err, x.Mark())
	}
	old.compare(t, x, rand.New(rand.NewPCG(1, 1)))
	x.Close()
}

// filled makes an index with two segments and a log of three batches.
func filled(t *testing.T, dir string) model {
	t.Helper()
	r := rand.New(rand.NewPCG(6, 6))
	var m model
	for i := range uint64(400) {
		m = append(m, Entry{i, random(r)})
	}
	x, err := Create(dir, nil, Source{Mark: 1, Entries: seq(m)})
	if err != nil {
		t.Fatal(err)
	}
	for mark := uint64(2); mark < 7; mark++ {
		b := Batch{Mark: mark, Withdraw: []uint64{mark}, Add: []Entry{{1000 + mark, random(r)}, {mark, random(r)}}}
		if err := x.Apply(b); err != nil {
			t.Fatal(err)
		}
		m = m.apply(b)
		if mark == 3 {
			if err := x.seal(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(x.segments) != 2 || x.segments[0].dead != 5 {
		t.Fatalf("%d segments", len(x.segments))
	}
	m.compare(t, x, r)
	return m[:len(m):len(m)]
}

// TestDamageIsNeverAMiss changes and cuts every file. Opening must fail, or the
// mark must show what is lost, or nothing is lost.
func TestDamageIsNeverAMiss(t *testing.T) {
	good := t.TempDir()
	m := filled(t, good)
	names, _ := os.ReadDir(good)
	r := rand.New(rand.NewPCG(2, 2))
	bad := filepath.Join(t.TempDir(), "bad")
	outcomes := map[string]int{}
	for _, n := range names {
		if n.Name() == lockName {
			continue
		}
		for i := range 60 {
			if err := errors.Join(os.RemoveAll(bad), os.CopyFS(bad, os.DirFS(good))); err != nil {
				t.Fatal(err)
			}
			harm(t, filepath.Join(bad, n.Name()), i, r)
			x, err := Open(bad, Options{})
			kind, _, _ := strings.Cut(n.Name(), "-")
			switch {
			case err == nil && x.Mark() == 6:
				m.compare(t, x, r)
				outcomes[kind+" unharmed"]++
			case err == nil && x.Mark() < 6 && kind == "log":
				outcomes[kind+" behind"]++
			case fault.KindOf(err) == fault.Corrupt || (i == 0 && fault.KindOf(err) == fault.NotFound):
				outcomes[kind+" refused"]++
			default:
				t.Fatalf("%s, harm %d: %v, opened %v", n.Name(), i, err, x != nil)
			}
			if x != nil {
				x.Close()
			}
		}
	}
	if outcomes["log behind"] == 0 || outcomes["log refused"] == 0 || outcomes["segment refused"] == 0 ||
		outcomes["log unharmed"]+outcomes["segment unharmed"]+outcomes["manifest unharmed"] > 0 {
		t.Errorf("%v", outcomes)
	}
}

// harm deletes a file (0), cuts it, or changes a bit.
func harm(t *testing.T, path string, i int, r *rand.Rand) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	switch {
	case i == 0:
		return
	case i < 20:
		b = b[:r.IntN(len(b))]
	default:
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSearchAllAndAllocations(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	entries := make([]Entry, 40_000) // enough for a segment with tables
	for i := range entries {
		entries[i] = Entry{uint64(i) * 3, random(r)}
	}
	x, err := Create(t.TempDir(), []byte("k"), Source{Mark: 1, Entries: seq(entries)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	codes := make([]hamming.Code, 1000)
	for i := range codes {
		codes[i] = near(r, entries[i].Code, 31)
	}
	found := make([]bool, len(codes))
	if err := x.SearchAll(codes, 31, func(i int, hits []Hit) {
		found[i] = len(hits) == 1 && hits[0].ID == uint64(i)*3
	}); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(found, false) {
		t.Error("a target was missed")
	}
	w, hits := new(Work), make([]Hit, 0, 8)
	if n := testing.AllocsPerRun(50, func() { hits, _ = x.Search(hits[:0], w, codes[1], 31) }); n != 0 {
		t.Errorf("%v allocations a search", n)
	}
	x.Close()
	if err := x.SearchAll(codes, 31, func(int, []Hit) {}); err == nil {
		t.Error("a closed index answered")
	}
}

// TestCutWhileOpen: the file behind a mapping goes away.
func TestCutWhileOpen(t *testing.T) {
	dir := t.TempDir()
	m := filled(t, dir)
	x, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for _, s := range x.segments {
		if err := os.Truncate(filepath.Join(dir, segmentName(s.number)), 0); err != nil {
			t.Fatal(err)
		}
	}
	hits, err := x.Search(nil, new(Work), m[50].Code, 0)
	if fault.KindOf(err) != fault.Corrupt && fmt.Sprint(hits) != fmt.Sprint(m.search(m[50].Code, 0)) {
		t.Errorf("%v, %v", hits, err)
	}
}

// TestCreateInPieces makes several segments, of ids that ascend and that do not.
func TestCreateInPieces(t *testing.T) {
	for _, ascending := range []bool{true, false} {
		r := rand.New(rand.NewPCG(3, 8))
		var m model
		for i := range uint64(1000) {
			id := i / 2
			if !ascending {
				id = r.Uint64N(300)
			}
			m = append(m, Entry{id, random(r)})
		}
		for _, room := range []int{1000, 400, 250} {
			dir := t.TempDir()
			x, err := create(dir, []byte("k"), Source{Mark: 4, Entries: seq(m)}, room)
			if err != nil {
				t.Fatal(err)
			}
			if want := (1000 + room - 1) / room; len(x.segments) != want {
				t.Errorf("%d segments, want %d", len(x.segments), want)
			}
			m.compare(t, x, r)
			if names, _ := os.ReadDir(dir); len(names) != len(x.segments)+3 {
				t.Errorf("%d files beside %d segments", len(names), len(x.segments))
			}
			b := Batch{Mark: 5, Withdraw: []uint64{m[3].ID}}
			if err := x.Apply(b); err != nil {
				t.Fatal(err)
			}
			m.apply(b).compare(t, x, r)
			x.Close()
		}
	}
}

// TestRelease: the first one keeps its answers, another one writes.
func TestRelease(t *testing.T) {
	dir := t.TempDir()
	old := model{{1, hamming.Code{1, 2, 3, 4}}}
	x, err := Create(dir, nil, Source{Mark: 1, Entries: seq(old)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := x.Release(); err != nil {
		t.Fatal(err)
	}
	y, err := Create(dir, nil, Source{Mark: 2, Entries: seq(nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	r := rand.New(rand.NewPCG(1, 1))
	old.compare(t, x, r)
	model{}.compare(t, y, r)
	if err := x.Apply(Batch{Mark: 2}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a released one wrote: %v", err)
	}
}
