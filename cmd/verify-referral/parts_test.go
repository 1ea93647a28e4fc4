package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"tutela/format/bagit"
	"tutela/format/envelope"
	"tutela/vault/audit/proof"
)

// stored keeps the hashes of a log in memory.
type stored []tlog.Hash

func (s stored) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = s[x]
	}
	return out, nil
}

// TestClimbAgainstTlog proves every record of every log up to 40 entries.
func TestClimbAgainstTlog(t *testing.T) {
	var s stored
	for size := int64(1); size <= 40; size++ {
		record := sha256.Sum256([]byte(fmt.Sprint(size)))
		more, err := tlog.StoredHashes(size-1, record[:], s)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, more...)
		root, err := tlog.TreeHash(size, s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range size {
			p, err := tlog.ProveRecord(size, i, s)
			if err != nil {
				t.Fatal(err)
			}
			path := make([][]byte, len(p))
			for k := range p {
				path[k] = p[k][:]
			}
			r := sha256.Sum256([]byte(fmt.Sprint(i + 1)))
			got, err := climb(leaf(r[:]), i, size, path)
			if err != nil || !bytes.Equal(got, root[:]) {
				t.Fatalf("record %d of %d: %v", i, size, err)
			}
			if got, err := climb(leaf(r[:]), i, size, append(path, r[:])); err == nil && bytes.Equal(got, root[:]) {
				t.Fatalf("record %d of %d: a longer path passes", i, size)
			}
			if len(path) > 0 {
				if got, err := climb(leaf(r[:]), i, size, path[1:]); err == nil && bytes.Equal(got, root[:]) {
					t.Fatalf("record %d of %d: a shorter path passes", i, size)
				}
			}
		}
	}
	if _, err := climb(leaf(nil), 1, 1, nil); err == nil {
		t.Error("an index outside the tree passes")
	}
}

func TestValuesAgree(t *testing.T) {
	for _, v := range []string{"", "a", " a", "a ", "a\tb", "a\nb", "a\x00", "a\x7f", "Unit Ä", "\xff", "a\u0085b", "\u00a0a",
		strings.Repeat("x", 1024), strings.Repeat("x", 1025), "a\u2028b", "\v", "a: b"} {
		if mine, theirs := goodValue(v), bagit.CheckValue(v) == nil; mine != theirs {
			t.Errorf("%q: program %v, library %v", v, mine, theirs)
		}
	}
}

func TestPathsAgree(t *testing.T) {
	for _, name := range []string{"", "a", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a-b_c.d", "ä", "a b", "a\\b", "a\n",
		strings.Repeat("a", 100), strings.Repeat("a", 101), "-a", "9", "data/items/x.jpg"} {
		if mine, theirs := goodPath(name), bagit.CheckName(name) == nil; mine != theirs {
			t.Errorf("%q: program %v, library %v", name, mine, theirs)
		}
	}
}

func TestSignaturesAgree(t *testing.T) {
	good, err := envelope.SignSSH(strings.NewReader("m"), seeded(3))
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for _, x := range []byte{0, 1, 0x20, 0x40} {
			bad := bytes.Clone(good)
			bad[i] ^= x
			_, err1 := checkSignature(strings.NewReader("m"), string(bad))
			_, err2 := envelope.VerifySSH(strings.NewReader("m"), bad)
			if (err1 == nil) != (err2 == nil) || (err1 == nil) != (x == 0) {
				t.Fatalf("byte %d ^ %02x: program %v, library %v", i, x, err1, err2)
			}
		}
	}
	for _, bad := range []string{"", "\n", "\n\n\n", string(good) + "\n", "x" + string(good), string(good[:40])} {
		if _, err := checkSignature(strings.NewReader("m"), bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestCheckpointsAgree(t *testing.T) {
	key := seeded(4)
	good := proof.Checkpoint{Origin: "tutela/S", Size: 7, Root: sha256.Sum256(nil)}.Sign(key)
	mine := func(note string) bool {
		_, _, err := openNote(note, trust{Origin: "tutela/S", LogKey: public(key)})
		return err == nil
	}
	theirs := func(note string) bool {
		_, err := proof.OpenCheckpoint(note, "tutela/S", public(key))
		return err == nil
	}
	if !mine(good) || !theirs(good) {
		t.Fatal("a good checkpoint is refused")
	}
	for i := range len(good) {
		for _, x := range []byte{1, 0x20, 0x80} {
			bad := []byte(good)
			bad[i] ^= x
			if a, b := mine(string(bad)), theirs(string(bad)); a || b {
				t.Errorf("byte %d ^ %02x: program %v, library %v", i, x, a, b)
			}
		}
	}
	for name, note := range map[string]string{
		"witness beside": good + "— witness AAAAAAAAAAAA\n",
		"witness broken": good + "— witness ????\n",
		"no line end":    strings.TrimSuffix(good, "\n"),
		"empty line":     good + "\n",
		"no signature":   strings.SplitAfter(good, "\n\n")[0],
		"extra space":    strings.Replace(good, "— tutela/S ", "— tutela/S  ", 1),
		"zero before":    strings.Replace(good, "\n7\n", "\n07\n", 1),
	} {
		if a, b := mine(note), theirs(note); a != b || a != (name == "witness beside") {
			t.Errorf("%s: program %v, library %v", name, a, b)
		}
	}
}

func TestStrictJSON(t *testing.T) {
	type small struct {
		A string   `json:"a"`
		B []string `json:"b"`
	}
	for text, want := range map[string]bool{
		`{"a":"x","b":[]}`:            true,
		`{"a":"<&>","b":["y"]}`:       true,
		`{"a":"x","b":null}`:          false,
		`{"a":"x"}`:                   false,
		`{"b":[],"a":"x"}`:            false,
		`{"A":"x","b":[]}`:            false,
		`{"a":"x","b":[],"c":1}`:      false,
		`{"a":"x","b":[]} `:           false,
		`{"a":"\u0078","b":[]}`:       false,
		"{\"a\":\"\xff\",\"b\":[]}":   false,
		`{"a":"\u2028","b":[]}`:       true,
		"{\"a\":\"\u2028\",\"b\":[]}": false,
		`[]`:                          false,
		``:                            false,
	} {
		var v small
		if err := strict([]byte(text), &v, ""); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPrintSaysWhy(t *testing.T) {
	v := &verdict{files: []string{"data/a", "README.txt"}, wrong: map[string][]string{"manifest-sha512.txt": {"broken"}}}
	var out bytes.Buffer
	if code := v.print(&out, nil); code != exitAltered {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{"no   data/a: manifest-sha512.txt is not valid\n", "yes  README.txt\n", "no   manifest-sha512.txt: broken\n", "ALTERED\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
}

// TestPrintsInOrder lists files that are missing in the order of their names,
// and rules of bag-info.txt likewise.
func TestPrintsInOrder(t *testing.T) {
	b := newBag()
	v := &verdict{wrong: map[string][]string{}}
	b.judge(v)
	var out bytes.Buffer
	v.print(&out, nil)
	var missing []string
	for _, line := range strings.Split(out.String(), "\n") {
		if name, ok := strings.CutSuffix(line, ": is missing"); ok {
			missing = append(missing, name)
		}
	}
	if len(missing) < 10 || !slices.IsSorted(missing) {
		t.Errorf("missing files, as they are printed: %q", missing)
	}
}
