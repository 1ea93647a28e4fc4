// Package blobtest is the conformance kit of blob backends. It promises that a
// backend which passes can hold evidence; it never looks at how one works.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"testing"

	"tutela/fault"
	"tutela/vault/blob"
)

// Run runs the kit on backends made by open, each of them empty.
func Run(t *testing.T, open func(t *testing.T) blob.Backend) {
	for _, c := range []struct {
		name string
		test func(*testing.T, blob.Backend)
	}{
		{"PutOpenStat", putOpenStat}, {"NeverOverwrites", neverOverwrites}, {"Missing", missing},
		{"BadNames", badNames}, {"ShortSource", shortSource}, {"Batch", batch}, {"Abort", abort},
		{"ListAndDelete", listAndDelete}, {"Concurrent", concurrent}, {"LargeRange", largeRange},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// name returns a name in the form of real ones.
func name(s string) string { return fmt.Sprintf("%x-0123456789abcdef", sha256.Sum256([]byte(s))) }

func put(t *testing.T, b blob.Backend, n string, content []byte) {
	t.Helper()
	if err := b.Put(t.Context(), n, bytes.NewReader(content), int64(len(content))); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, b blob.Backend, n string) []byte {
	t.Helper()
	o, err := b.Open(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func putOpenStat(t *testing.T, b blob.Backend) {
	for _, size := range []int{0, 1, 4095, 70000} {
		n, content := name(fmt.Sprint(size)), bytes.Repeat([]byte{7}, size)
		put(t, b, n, content)
		if got := get(t, b, n); !bytes.Equal(got, content) {
			t.Errorf("%d bytes: got %d others", size, len(got))
		}
		if got, err := b.Stat(t.Context(), n); err != nil || got != int64(size) {
			t.Errorf("Stat = %d, %v", got, err)
		}
	}
}

func neverOverwrites(t *testing.T, b blob.Backend) {
	put(t, b, name("x"), []byte("first"))
	put(t, b, name("x"), []byte("second"))
	bt, err := b.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stage(t, bt, name("x"), "third")
	if err := bt.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b, name("x")); string(got) != "first" {
		t.Errorf("the object is now %q", got)
	}
}

func missing(t *testing.T, b blob.Backend) {
	if _, err := b.Open(t.Context(), name("none")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("Open: %v", err)
	}
	if _, err := b.Stat(t.Context(), name("none")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("Stat: %v", err)
	}
	if err := b.Delete(t.Context(), name("none")); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

func badNames(t *testing.T, b blob.Backend) {
	for _, n := range []string{"", "a", "../../etc/passwd", "ABC", "a/b", "a.b", "abc\x00", string(bytes.Repeat([]byte{'a'}, 201))} {
		if err := b.Put(t.Context(), n, bytes.NewReader(nil), 0); fault.KindOf(err) == fault.Unknown {
			t.Errorf("Put(%q): %v", n, err)
		}
		if _, err := b.Open(t.Context(), n); fault.KindOf(err) != fault.Invalid {
			t.Errorf("Open(%q): %v", n, err)
		}
	}
}

func shortSource(t *testing.T, b blob.Backend) {
	if err := b.Put(t.Context(), name("short"), bytes.NewReader([]byte("abc")), 10); err == nil {
		t.Error("a source that is too short was stored")
	}
	if _, err := b.Stat(t.Context(), name("short")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("something is there: %v", err)
	}
}

func stage(t *testing.T, bt blob.Batch, n, content string) {
	t.Helper()
	s, err := bt.Stage()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(s, content); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(n); err != nil {
		t.Fatal(err)
	}
}

func batch(t *testing.T, b blob.Backend) {
	bt, err := b.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const n = 40
	for i := range n {
		stage(t, bt, name(fmt.Sprint(i)), fmt.Sprint("content ", i))
	}
	dropped, err := bt.Stage()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(dropped, "nobody wants this")
	dropped.Drop()
	if dropped, err = bt.Stage(); err != nil {
		t.Fatal(err)
	}
	dropped.Keep(name("changed my mind"))
	dropped.Drop()
	if err := bt.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	bt.Abort()
	for i := range n {
		if got := get(t, b, name(fmt.Sprint(i))); string(got) != fmt.Sprint("content ", i) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if got := count(t, b); got != n {
		t.Errorf("%d objects, want %d", got, n)
	}
}

func abort(t *testing.T, b blob.Backend) {
	bt, err := b.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stage(t, bt, name("gone"), "x")
	bt.Abort()
	if got := count(t, b); got != 0 {
		t.Errorf("%d objects after Abort", got)
	}
}

func count(t *testing.T, b blob.Backend) (n int) {
	t.Helper()
	for _, err := range b.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func listAndDelete(t *testing.T, b blob.Backend) {
	want := map[string]int64{}
	for i := range 5 {
		put(t, b, name(fmt.Sprint(i)), make([]byte, i))
		want[name(fmt.Sprint(i))] = int64(i)
	}
	for info, err := range b.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if size, ok := want[info.Name]; !ok || size != info.Size {
			t.Errorf("listed %v", info)
		}
		delete(want, info.Name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
	if err := b.Delete(t.Context(), name("3")); err != nil {
		t.Fatal(err)
	}
	if got := count(t, b); got != 4 {
		t.Errorf("%d objects after Delete", got)
	}
	for range b.List(t.Context()) {
		break // an iterator can be left
	}
}

func concurrent(t *testing.T, b blob.Backend) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			content := []byte(fmt.Sprint(i / 4))
			if err := b.Put(context.Background(), name("same"+fmt.Sprint(i/4)), bytes.NewReader(content), int64(len(content))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 4 {
		if got := get(t, b, name("same"+fmt.Sprint(i))); string(got) != fmt.Sprint(i) {
			t.Errorf("%d: %q", i, got)
		}
	}
}

func largeRange(t *testing.T, b blob.Backend) {
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = byte(i >> 12)
	}
	bt, err := b.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stage(t, bt, name("large"), string(content))
	if err := bt.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := b.Open(t.Context(), name("large"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, off := range []int{2 << 20, 5, len(content) - 100} {
		p := make([]byte, 100)
		if n, err := o.ReadAt(p, int64(off)); n != 100 || (err != nil && err != io.EOF) || !bytes.Equal(p, content[off:off+100]) {
			t.Errorf("range at %d: %d bytes, %v", off, n, err)
		}
	}
	if n, err := o.ReadAt(make([]byte, 10), int64(len(content))-4); n != 4 || err != io.EOF {
		t.Errorf("over the end: %d, %v", n, err)
	}
}
