package blob_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/s3test"
	"tutela/vault/vaulttest"
)

// place is a store of a real site on some backend, with two cases.
type place struct {
	*blob.Store
	v       *vault.Vault
	backend blob.Backend
}

// everywhere runs a test on a folder and on a real S3 server.
func everywhere(t *testing.T, test func(*testing.T, place)) {
	for name, location := range map[string]func(*testing.T) string{
		"Folder": func(t *testing.T) string { return t.TempDir() },
		"S3":     func(t *testing.T) string { return s3test.Location(t) },
	} {
		t.Run(name, func(t *testing.T) {
			b, err := blob.OpenBackend(t.Context(), location(t))
			if err != nil {
				t.Fatal(err)
			}
			v := vaulttest.Open(t)
			p := place{blob.NewStore(b, v.Store, v.Keys.Site.Name, v.Keys.Cases, v.Rand), v, b}
			p.act(t, func(w *db.Writer) error {
				if err := v.Keys.Cases.New(t.Context(), w, "c1", 1, v.Actor().KeyID()); err != nil {
					return err
				}
				return v.Keys.Cases.New(t.Context(), w, "c2", 1, v.Actor().KeyID())
			})
			test(t, p)
		})
	}
}

func (p place) act(t *testing.T, fn func(*db.Writer) error) {
	t.Helper()
	if _, err := p.v.Desk.Do(context.Background(), audit.Act{Class: audit.Alteration, Verb: "case.keys", Why: "test"}, fn); err != nil {
		t.Fatal(err)
	}
}

// store takes content in and returns its name.
func (p place) store(t *testing.T, caseID string, content []byte) string {
	t.Helper()
	w, err := p.Begin(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	set, name, err := w.Add(bytes.NewReader(content))
	if err != nil || set.Size != int64(len(content)) {
		t.Fatalf("%d bytes of %d, %v", set.Size, len(content), err)
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.act(t, func(dw *db.Writer) error { return w.PutKeys(t.Context(), dw, name) })
	return name
}

// object returns the name of the only object that belongs to a blob.
func (p place) object(t *testing.T, name string) (object string) {
	t.Helper()
	for info, err := range p.backend.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(info.Name, name) {
			if object != "" {
				t.Fatalf("two objects of one blob")
			}
			object = info.Name
		}
	}
	return object
}

// replace puts other bytes where an object is, as somebody with the disk could.
func (p place) replace(t *testing.T, object string, with []byte) {
	t.Helper()
	if err := p.backend.Delete(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if err := p.backend.Put(t.Context(), object, bytes.NewReader(with), int64(len(with))); err != nil {
		t.Fatal(err)
	}
}

func (p place) raw(t *testing.T, object string) []byte {
	t.Helper()
	o, err := p.backend.Open(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p place) read(t *testing.T, caseID, name string) ([]byte, error) {
	c, err := p.Open(t.Context(), caseID, name)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
}

func some(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// TestEveryCutAndFlipAtRest shortens, lengthens and changes an object where it
// lies: each time the blob is refused whole, and no byte of it is returned.
func TestEveryCutAndFlipAtRest(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		content := some(9, 1)
		name := p.store(t, "c1", content)
		object := p.object(t, name)
		sound := p.raw(t, object)
		if bytes.Contains(sound, content) {
			t.Fatal("the object holds the content in the clear")
		}
		var damaged [][]byte
		for n := range sound {
			damaged = append(damaged, sound[:n])
			flip := bytes.Clone(sound)
			flip[n] ^= 1 << (n % 8)
			damaged = append(damaged, flip)
		}
		damaged = append(damaged, append(bytes.Clone(sound), 0), append(bytes.Clone(sound), sound...))
		for _, d := range damaged {
			p.replace(t, object, d)
			if got, err := p.read(t, "c1", name); fault.KindOf(err) != fault.Corrupt || len(got) > 0 {
				t.Fatalf("%d bytes instead of %d: %d bytes came, %v", len(d), len(sound), len(got), err)
			}
		}
		p.replace(t, object, sound)
		if got, err := p.read(t, "c1", name); err != nil || !bytes.Equal(got, content) {
			t.Errorf("mended: %v", err)
		}
		if err := p.backend.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		if _, err := p.read(t, "c1", name); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("a missing object: %v", err)
		}
	})
}

// TestSwappedObjects: the object of one blob under the name of another of the
// same length is refused, within a case and across cases; a case's name opens
// nothing in the other, although the content is the same.
func TestSwappedObjects(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		a, b, same := p.store(t, "c1", some(500, 1)), p.store(t, "c1", some(500, 2)), p.store(t, "c2", some(500, 1))
		if a == same {
			t.Error("two cases give the same content the same name")
		}
		objects := [3]string{p.object(t, a), p.object(t, b), p.object(t, same)}
		var sound [3][]byte
		for i, o := range objects {
			sound[i] = p.raw(t, o)
		}
		for i, o := range objects {
			p.replace(t, o, sound[(i+1)%3])
		}
		for i, name := range []string{a, b, same} {
			if got, err := p.read(t, []string{"c1", "c1", "c2"}[i], name); fault.KindOf(err) != fault.Corrupt || len(got) > 0 {
				t.Errorf("object %d is another: %d bytes, %v", i, len(got), err)
			}
		}
		for i, o := range objects {
			p.replace(t, o, sound[i])
		}
		if _, err := p.read(t, "c2", a); fault.KindOf(err) != fault.Refused {
			t.Errorf("a blob of another case: %v", err)
		}
		if got, err := p.read(t, "c2", same); err != nil || !bytes.Equal(got, some(500, 1)) {
			t.Errorf("put back: %v", err)
		}
	})
}

// TestSameContentAtTheSameTime: writers of the same content, within a batch and
// in several, leave one blob; the objects that lost are waste, and sweeping them
// does not touch it.
func TestSameContentAtTheSameTime(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		content := some(70000, 3)
		first := p.store(t, "c1", content)
		late, err := p.Begin(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		defer late.Abort()
		var wg sync.WaitGroup
		names := make([]string, 8)
		for i := range names {
			wg.Go(func() {
				_, name, err := late.Add(bytes.NewReader(content))
				if names[i] = name; err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if names = slices.Compact(names); len(names) != 1 || names[0] != first {
			t.Errorf("names %v, want %s", names, first)
		}
		if err := late.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.act(t, func(w *db.Writer) error { return late.PutKeys(t.Context(), w, first) })
		if got, err := p.read(t, "c1", first); err != nil || !bytes.Equal(got, content) {
			t.Errorf("after all: %v", err)
		}
		p.object(t, first) // exactly one
		for info, err := range p.Waste(t.Context()) {
			t.Errorf("waste: %v, %v", info, err)
		}
	})
}

// TestEraseWhileOthersRead: erasure refuses objects that still have a key; once
// the key is gone nobody can open the blob, the object is waste until it is
// swept, and a batch that relied on it is told to run again.
func TestEraseWhileOthersRead(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		content := some(3*blob.SegmentSize+5, 4)
		name := p.store(t, "c1", content)
		object := p.object(t, name)
		if err := p.Sweep(t.Context(), object); fault.KindOf(err) != fault.Refused {
			t.Errorf("sweep of a live object: %v", err)
		}
		again, err := p.Begin(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		defer again.Abort()
		if _, _, err := again.Add(bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		if err := again.Commit(t.Context()); err != nil { // adopts the blob that is there
			t.Fatal(err)
		}
		c, err := p.Open(t.Context(), "c1", name)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p.act(t, func(w *db.Writer) error {
			objects, err := p.DropKeys(t.Context(), w, name)
			if !slices.Equal(objects, []string{object}) {
				t.Errorf("dropped %v", objects)
			}
			return err
		})
		if _, err := p.read(t, "c1", name); fault.KindOf(err) != fault.NotFound {
			t.Errorf("without a key: %v", err)
		}
		_, err = p.v.Desk.Do(t.Context(), audit.Act{Class: audit.Alteration, Verb: "case.keys", Why: "test"},
			func(w *db.Writer) error { return again.PutKeys(t.Context(), w, name) })
		if fault.KindOf(err) != fault.Busy {
			t.Errorf("a batch that relied on it: %v", err)
		}
		var waste []string
		for info, err := range p.Waste(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			waste = append(waste, info.Name)
		}
		if !slices.Equal(waste, []string{object}) {
			t.Errorf("waste %v, want %s", waste, object)
		}
		if err := p.Sweep(t.Context(), waste...); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(content)) // whoever had it open reads what was there, or an error
		if n, err := c.ReadAt(got, 0); !bytes.Equal(got[:n], content[:n]) || n < len(got) && err == nil {
			t.Errorf("a reader from before got %d other bytes, %v", n, err)
		}
	})
}

// TestRangesAgainstPlainBytes reads ranges around the borders of segments, from
// several goroutines at once.
func TestRangesAgainstPlainBytes(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for _, size := range []int{0, 1, blob.SegmentSize, 2*blob.SegmentSize + 77} {
			content := some(size, byte(size))
			c, err := p.Open(t.Context(), "c1", p.store(t, "c1", content))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var wg sync.WaitGroup
			for g := range 3 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(size), uint64(g)))
					for range 30 {
						off := max(0, r.IntN(3)*blob.SegmentSize+r.IntN(9)-4)
						b := make([]byte, r.IntN(12)*(1+r.IntN(9000)))
						n, err := c.ReadAt(b, int64(off))
						want := max(0, min(len(b), size-off))
						if n != want || (err == io.EOF) != (n < len(b)) || n > 0 && !bytes.Equal(b[:n], content[off:off+n]) {
							t.Errorf("%d bytes: ReadAt(%d, %d) = %d, %v", size, len(b), off, n, err)
						}
					}
				})
			}
			wg.Wait()
		}
	})
}

// broken gives some bytes and fails.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrClosedPipe
	}
	return n, err
}

// TestASourceThatFails leaves nothing, under no name, and spoils nothing else of
// its batch; what was not taken in gets no key.
func TestASourceThatFails(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		w, err := p.Begin(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		_, good, err := w.Add(strings.NewReader("good"))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 10, blob.SegmentSize, 2<<20 + 1} {
			if _, name, err := w.Add(broken{bytes.NewReader(some(size, 9))}); err == nil || name != "" {
				t.Errorf("%d bytes of a source that fails got the name %q", size, name)
			}
		}
		if err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		never := blob.Name(p.v.Keys.Site.Name, "c1", digest.ID{})
		_, err = p.v.Desk.Do(t.Context(), audit.Act{Class: audit.Alteration, Verb: "case.keys", Why: "test"},
			func(dw *db.Writer) error { return w.PutKeys(t.Context(), dw, good, never) })
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a key for what was not taken in: %v", err)
		}
		p.act(t, func(dw *db.Writer) error { return w.PutKeys(t.Context(), dw, good) })
		n := 0
		for _, err := range p.backend.List(t.Context()) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if got, err := p.read(t, "c1", good); n != 1 || err != nil || string(got) != "good" {
			t.Errorf("%d objects, %q, %v", n, got, err)
		}
	})
}
