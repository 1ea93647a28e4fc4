package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"tutela/format/envelope"
	"tutela/format/referral"
)

// small is the smallest package with a proof.
func small(p *referral.Package) { p.Items = nil }

// everyByte calls f with each byte changed in turn, another bit each time, on
// all processors; in a short run with every 41st.
func everyByte(good []byte, f func(at int, bad []byte)) {
	step := 1
	if testing.Short() {
		step = 41
	}
	var wg sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for part := range n {
		wg.Go(func() {
			bad := bytes.Clone(good)
			for at := part * step; at < len(bad); at += n * step {
				bad[at] ^= 1 << (at % 8)
				f(at, bad)
				bad[at] = good[at]
			}
		})
	}
	wg.Wait()
}

// TestAgreeOnEveryByte changes each byte of a small package with a proof: the
// library and this program both answer that it is altered.
func TestAgreeOnEveryByte(t *testing.T) {
	good := write(t, small)
	if l, p := both(t, good); l != 0 || p != 0 {
		t.Fatalf("the package itself: library %d, program %d", l, p)
	}
	everyByte(good, func(at int, bad []byte) {
		if l, p := both(t, bad); l != exitAltered || p != exitAltered {
			t.Errorf("byte %d of %d: library %d, program %d", at, len(good), l, p)
		}
	})
}

// sealings seals a package for an agency by both ways.
func sealings(t *testing.T, tar []byte) map[string][]byte {
	t.Helper()
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	site, err1 := envelope.GenerateKey("Site", "s@example.org", at, rand.Reader)
	agency, err2 := envelope.GenerateKey("Agency", "a@example.org", at, rand.Reader)
	id, err3 := age.GenerateX25519Identity()
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	var pgp, aged bytes.Buffer
	err1 = envelope.SealOpenPGP(&pgp, bytes.NewReader(tar), []*envelope.Key{agency}, site, at, rand.Reader)
	err2 = envelope.SealAge(&aged, bytes.NewReader(tar), id.Recipient())
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return map[string][]byte{"x.tar.gpg": pgp.Bytes(), "x.tar.age": aged.Bytes()}
}

// bothSealed gives the exit status of the library and of this program for a
// sealed file and its signature.
func bothSealed(name string, file, sig []byte) (library, program int) {
	known := []ed25519.PublicKey{public(seeded(7))}
	library = referral.VerifySealed(name, bytes.NewReader(file), sig, referral.Trust{Known: known}).Answer.ExitCode()
	v := &verdict{wrong: map[string][]string{}}
	v.sealed(name, bytes.NewReader(file), string(sig))
	return library, v.print(io.Discard, known)
}

// TestAgreeOnEverySealedByte changes each byte of the sealed files and of the
// signatures beside them.
func TestAgreeOnEverySealedByte(t *testing.T) {
	for name, file := range sealings(t, write(t, small)) {
		sig, err := envelope.SignSSH(bytes.NewReader(file), seeded(7))
		if err != nil {
			t.Fatal(err)
		}
		if l, p := bothSealed(name, file, sig); l != 0 || p != 0 {
			t.Fatalf("%s itself: library %d, program %d", name, l, p)
		}
		everyByte(file, func(at int, bad []byte) {
			if l, p := bothSealed(name, bad, sig); l != exitAltered || p != exitAltered {
				t.Errorf("%s, byte %d of %d: library %d, program %d", name, at, len(file), l, p)
			}
		})
		for at := range sig { // short enough for every run
			bad := bytes.Clone(sig)
			bad[at] ^= 1 << (at % 8)
			if l, p := bothSealed(name, file, bad); l != exitAltered || p != exitAltered {
				t.Errorf("%s.sig, byte %d: library %d, program %d", name, at, l, p)
			}
		}
	}
}

// TestSealedThroughTheDoor runs the same through a file and the command line.
func TestSealedThroughTheDoor(t *testing.T) {
	dir := t.TempDir()
	for name, file := range sealings(t, write(t, small)) {
		sig, err := envelope.SignSSH(bytes.NewReader(file), seeded(7))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		trust := filepath.Join(dir, "trust")
		for _, c := range []struct {
			file []byte
			want int
		}{{file, exitKnown}, {append(bytes.Clone(file), 0), exitAltered}, {file[:len(file)-1], exitAltered}, {nil, exitAltered}} {
			for to, b := range map[string][]byte{path: c.file, path + ".sig": sig, trust: []byte(envelope.PublicLine(public(seeded(7))))} {
				if err := os.WriteFile(to, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := run([]string{"--trust", trust, path}, io.Discard, io.Discard); got != c.want {
				t.Errorf("%s of %d bytes: %d, want %d", name, len(c.file), got, c.want)
			}
		}
	}
}
