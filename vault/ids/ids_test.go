package ids

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewHasTheShapeOfAULID(t *testing.T) {
	shape := regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	at := time.UnixMilli(1469918176385) // the example of the specification, github.com/ulid/spec
	id, err := New(at, bytes.NewReader(make([]byte, 16)))
	if err != nil {
		t.Fatal(err)
	}
	if !shape.MatchString(id) {
		t.Errorf("%q does not look like a ULID", id)
	}
	if !strings.HasPrefix(id, "01ARYZ6S41") {
		t.Errorf("%q does not begin with the time of the specification's example", id)
	}
	later, err := New(at.Add(time.Millisecond), bytes.NewReader(make([]byte, 16)))
	if err != nil || later <= id {
		t.Errorf("%q does not sort after %q: %v", later, id, err)
	}
}

func TestNewNeedsRandomness(t *testing.T) {
	if _, err := New(time.UnixMilli(0), bytes.NewReader(make([]byte, 5))); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

// TestDeriveVectors holds the ids still: claims of officers hang on them.
// The expected values are worked out here from the words of the doc comment.
func TestDeriveVectors(t *testing.T) {
	lower := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	for _, c := range []struct {
		key, message string
		kind         string
		parts        []string
	}{
		{"key", "\x00\x00\x00\x00\x00\x00\x00\x04item", "item", nil},
		{"key", "\x00\x00\x00\x00\x00\x00\x00\x04item\x00\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00", "item", []string{"a", ""}},
		{"other", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\xc3\xa9", "", []string{"é"}},
	} {
		mac := hmac.New(sha256.New, []byte(c.key))
		mac.Write([]byte(c.message))
		want := lower.EncodeToString(mac.Sum(nil)[:20])
		if got := Derive([]byte(c.key), c.kind, c.parts...); got != want || len(got) != 32 {
			t.Errorf("Derive(%q, %q, %q) = %q, want %q", c.key, c.kind, c.parts, got, want)
		}
	}
	const fixed = "u4kqq53ey4lxgczgvv7itx4jy6kvcdg5"
	if got := Derive([]byte("0123456789abcdef0123456789abcdef"), "occurrence", "exhibit", "a/b.txt", "3"); got != fixed {
		t.Errorf("the id of an occurrence has changed: %q, was %q", got, fixed)
	}
}

// TestDeriveBoundaries looks for collisions by moving the boundary between
// parts.
func TestDeriveBoundaries(t *testing.T) {
	key := []byte("k")
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"a", "", "b"}, {"a\x00b"}, {"a/b"},
		{"\x00\x00\x00\x00\x00\x00\x00\x01a"}, {"a\x00\x00\x00\x00\x00\x00\x00\x01", "b"},
	} {
		id := Derive(key, "x", parts...)
		if old, ok := seen[id]; ok {
			t.Errorf("%q and %q have one id", old, parts)
		}
		seen[id] = parts
	}
	if Derive(key, "ab") == Derive(key, "a", "b") || Derive(key, "", "ab") == Derive(key, "ab", "") {
		t.Error("kind and part run together")
	}
}

func TestDeriveIsInjective(t *testing.T) {
	text := rapid.StringMatching(`[ab\x00]{0,3}`)
	list := rapid.SliceOfN(text, 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		same := len(a) == len(b)
		for i := range min(len(a), len(b)) {
			same = same && a[i] == b[i]
		}
		key := []byte("k")
		if got := Derive(key, a[0], a[1:]...) == Derive(key, b[0], b[1:]...); got != same {
			t.Fatalf("%q and %q: equal ids %v", a, b, got)
		}
		if Derive(key, a[0], a[1:]...) == Derive([]byte("K"), a[0], a[1:]...) {
			t.Fatalf("%q: the key does not matter", a)
		}
	})
}
