package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// TestEdgeIsTlog grows a log record by record beside x/mod's tlog.
func TestEdgeIsTlog(t *testing.T) {
	var all []tlog.Hash
	read := tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			out[i] = all[id]
		}
		return out, nil
	})
	var edge Edge
	for n := range int64(300) {
		record := sha256.Sum256(fmt.Append(nil, n))
		want, err := tlog.StoredHashes(n, record[:], read)
		if err != nil {
			t.Fatal(err)
		}
		var stored []Hash
		edge, stored = edge.Append(n, record)
		if len(stored) != len(want) || tlog.StoredHashIndex(0, n) != int64(len(all)) {
			t.Fatalf("record %d: %d hashes, want %d", n, len(stored), len(want))
		}
		for i := range want {
			if tlog.Hash(stored[i]) != want[i] {
				t.Fatalf("record %d: hash %d differs", n, i)
			}
		}
		all = append(all, want...)
		root, err := tlog.TreeHash(n+1, read)
		if err != nil || tlog.Hash(edge.Root()) != root {
			t.Fatalf("root of %d records differs: %v", n+1, err)
		}
	}
	if (Edge{}).Root() != sha256.Sum256(nil) {
		t.Error("the root of nothing is not the hash of nothing")
	}
}

// TestCheckpointIsANote reads our notes with x/mod's note package.
func TestCheckpointIsANote(t *testing.T) {
	key := testKey(1)
	pub := key.Public().(ed25519.PublicKey)
	c := Checkpoint{Origin: "tutela/01SITE", Size: 7, Root: sha256.Sum256([]byte("root"))}
	text := c.Sign(key)
	v, err := note.NewVerifier(VerifierKey(c.Origin, pub))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil || n.Text != c.Text() {
		t.Fatalf("note.Open: %v", err)
	}
	got, err := OpenCheckpoint(text, c.Origin, pub)
	if err != nil || got != c {
		t.Errorf("opened %+v, %v", got, err)
	}
	// A witness's line beside ours changes nothing.
	witness, _, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{9}, 64)), "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(witness)
	if err != nil {
		t.Fatal(err)
	}
	both, err := note.Sign(n, signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenCheckpoint(string(both), c.Origin, pub); err != nil || got != c {
		t.Errorf("with a witness: %+v, %v", got, err)
	}
	for i := range text {
		changed := []byte(text)
		changed[i] ^= 1
		if _, err := OpenCheckpoint(string(changed), c.Origin, pub); err == nil {
			t.Errorf("change of byte %d is not seen", i)
		}
	}
	for _, bad := range []string{"", "\n\n", text + "x", strings.Replace(text, "\n7\n", "\n07\n", 1), c.Text(), c.Text() + "\n"} {
		if _, err := OpenCheckpoint(bad, c.Origin, pub); err == nil {
			t.Errorf("opened %q", bad)
		}
	}
}

func TestDepthTellsOnlyAClass(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 10, 1024: 10, 1025: 14, 16384: 14, 16385: 17, 131072: 17, 131073: 20, MaxItems: 20} {
		if d, err := Depth(n); err != nil || d != want {
			t.Errorf("%d items: depth %d, %v; want %d", n, d, err, want)
		}
	}
	if _, err := Depth(MaxItems + 1); err == nil {
		t.Error("too many items pass")
	}
}

func TestEveryPathLeadsToTheRoot(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64, 1000, 1023, 1024, 1025} {
		leaves := make([]Hash, n)
		for i := range leaves {
			leaves[i] = Leaf([SaltSize]byte{byte(i)}, fmt.Append(nil, i))
		}
		tree, err := NewTree([SaltSize]byte{1}, leaves)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range leaves {
			root, err := Fold(l, int64(i), tree.Path(i))
			if err != nil || root != tree.Root() {
				t.Fatalf("%d leaves: the path of %d leads elsewhere: %v", n, i, err)
			}
			if other, _ := Fold(l, int64(i^1), tree.Path(i)); other == tree.Root() {
				t.Fatalf("%d leaves: leaf %d stands in two places", n, i)
			}
		}
	}
	if _, err := Fold(Hash{}, 1024, make([]Hash, 10)); err == nil {
		t.Error("a place outside the tree passes")
	}
	if _, err := Fold(Hash{}, -1, make([]Hash, 10)); err == nil {
		t.Error("a negative place passes")
	}
}

// TestPaddingIsFixed holds the bytes of docs/formats/audit.md §2 in place.
func TestPaddingIsFixed(t *testing.T) {
	leaf := Leaf([SaltSize]byte{}, []byte("{}"))
	tree, err := NewTree([SaltSize]byte{}, []Hash{leaf})
	if err != nil {
		t.Fatal(err)
	}
	// Computed by another program from the text of the format.
	const wantLeaf = "df2fad6a42533aaab95db7d32ba62a1222257cd5908f1f5eb7ce850d55dc0709"
	const wantRoot = "ca258197d1d8b5072185d78d2abc3b7e374d28a5bddb81fe78ccecac08c9695a"
	root := tree.Root()
	if got := hex.EncodeToString(leaf[:]); got != wantLeaf {
		t.Errorf("leaf %s, want %s", got, wantLeaf)
	}
	if got := hex.EncodeToString(root[:]); got != wantRoot {
		t.Errorf("root %s, want %s", got, wantRoot)
	}
}

func header() Header {
	return Header{Act: "01ACT", Actor: KeyID(testKey(2).Public().(ed25519.PublicKey)), Class: "collection", Epoch: 1,
		Format: 1, Root: strings.Repeat("ab", 32), Site: "01SITE", Time: 1795478400000000, Verb: "note.write",
		Why: "because \"x\" <&> \\ \n\u2028 é", Detail: map[string]string{"b": "2", "a": "1"}}
}

func TestHeaderBytes(t *testing.T) {
	h := header()
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"act":"01ACT","actor":"` + h.Actor + `","authority":"","case":"","class":"collection","depth":0,` +
		`"detail":{"a":"1","b":"2"},"epoch":1,"format":1,"object":"","ordered":"","role":"","root":"` + h.Root +
		`","site":"01SITE","time":1795478400000000,"verb":"note.write","why":"because \"x\" <&> \\ \n\u2028 é"}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	again, err := ParseHeader(b)
	if err != nil || !cmp.Equal(again, h) {
		t.Errorf("read back: %v %s", err, cmp.Diff(h, again))
	}
}

func TestHeaderRefusals(t *testing.T) {
	b, _ := header().Encode()
	good := string(b)
	for name, bad := range map[string]string{
		"white space":     strings.Replace(good, `,"actor"`, `, "actor"`, 1),
		"other order":     strings.Replace(good, `"depth":0,`, ``, 1),
		"unknown key":     strings.Replace(good, `{`, `{"aaa":1,`, 1),
		"twice":           strings.Replace(good, `{"act":"01ACT",`, `{"act":"x","act":"01ACT",`, 1),
		"other case":      strings.Replace(good, `"act"`, `"ACT"`, 1),
		"escaped":         strings.Replace(good, `<`, `\u003c`, 1),
		"null detail":     strings.Replace(good, `{"a":"1","b":"2"}`, `null`, 1),
		"float":           strings.Replace(good, `"epoch":1`, `"epoch":1.0`, 1),
		"newer format":    strings.Replace(good, `"format":1`, `"format":2`, 1),
		"root in capital": strings.Replace(good, "abab", "ABAB", 1),
		"short root":      strings.Replace(good, "abab", "ab", 1),
		"trailing":        good + " ",
		"nothing":         "",
	} {
		if _, err := ParseHeader([]byte(bad)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
	h := header()
	h.Why = "\xff"
	if _, err := h.Encode(); err == nil {
		t.Error("a reason that is not UTF-8 is written")
	}
}

func TestKeyIDIsTheSSHFingerprint(t *testing.T) {
	for i := range byte(10) {
		pub := testKey(i).Public().(ed25519.PublicKey)
		wire, err := ssh.NewPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := KeyID(pub), ssh.FingerprintSHA256(wire); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestCommitmentBytes builds a commitment by hand from the text of the format.
func TestCommitmentBytes(t *testing.T) {
	salt := [SaltSize]byte{1, 2, 3}
	by := append([]byte("tutela entry v1\n"), salt[:]...)
	by = append(by, 0, 0, 0, 2, 'h', 'h')
	by = append(by, bytes.Repeat([]byte{9}, 64)...)
	if Commit(salt, []byte("hh"), bytes.Repeat([]byte{9}, 64)) != sha256.Sum256(by) {
		t.Error("the commitment is not the one of the format")
	}
}

// build makes a log of n acts with m items each and a proof for one of them.
func build(t testing.TB, n, m, act, place int) (Proof, Trust) {
	t.Helper()
	actor, logKey := testKey(2), testKey(3)
	r := rand.New(rand.NewPCG(uint64(n), uint64(m)))
	salt := func() (s [SaltSize]byte) {
		for i := range s {
			s[i] = byte(r.Uint32())
		}
		return s
	}
	var edge Edge
	var all []tlog.Hash
	var p Proof
	for i := range n {
		items, salts, leaves := make([][]byte, m), make([][SaltSize]byte, m), make([]Hash, m)
		for j := range items {
			items[j], salts[j] = fmt.Appendf(nil, "item %d of %d", j, i), salt()
			leaves[j] = Leaf(salts[j], items[j])
		}
		tree, err := NewTree(salt(), leaves)
		if err != nil {
			t.Fatal(err)
		}
		h := header()
		root := tree.Root()
		h.Root, h.Depth = hex.EncodeToString(root[:]), tree.Depth()
		text, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		sig, s := ed25519.Sign(actor, ToSign(text)), salt()
		var stored []Hash
		edge, stored = edge.Append(int64(i), Commit(s, text, sig))
		for _, x := range stored {
			all = append(all, tlog.Hash(x))
		}
		if i == act {
			p = Proof{Format: ProofFormat, Item: items[place], ItemSalt: salts[place][:], Place: int64(place), Header: string(text),
				Signature: sig, ActorKey: actor.Public().(ed25519.PublicKey), EntrySalt: s[:], Index: int64(i)}
			for _, x := range tree.Path(place) {
				p.ItemPath = append(p.ItemPath, x[:])
			}
		}
	}
	read := tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			out[i] = all[id]
		}
		return out, nil
	})
	steps, err := tlog.ProveRecord(int64(n), int64(act), read)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range steps {
		p.LogPath = append(p.LogPath, x[:])
	}
	c := Checkpoint{Origin: "tutela/01SITE", Size: int64(n), Root: edge.Root()}
	p.Checkpoint = c.Sign(logKey)
	return p, Trust{Origin: c.Origin, LogKey: logKey.Public().(ed25519.PublicKey),
		Actors: []ed25519.PublicKey{actor.Public().(ed25519.PublicKey)}}
}

func TestVerifyProof(t *testing.T) {
	for _, c := range [][4]int{{1, 1, 0, 0}, {5, 3, 2, 1}, {9, 1200, 8, 1199}} {
		p, trust := build(t, c[0], c[1], c[2], c[3])
		got, err := VerifyProof(p, trust)
		if err != nil || string(got.Item) != fmt.Sprintf("item %d of %d", c[3], c[2]) {
			t.Errorf("%v: %q, %v", c, got.Item, err)
		}
	}
}

func TestVerifyProofRefusals(t *testing.T) {
	for name, change := range map[string]func(*Proof){
		"other item":      func(p *Proof) { p.Item = []byte("item 0 of 2") },
		"other place":     func(p *Proof) { p.Place++ },
		"huge place":      func(p *Proof) { p.Place = 1 << 62 },
		"negative place":  func(p *Proof) { p.Place = -2 },
		"shorter path":    func(p *Proof) { p.ItemPath = p.ItemPath[:9] },
		"node as a leaf":  func(p *Proof) { p.ItemPath = p.ItemPath[1:]; p.Place /= 2 },
		"short hash":      func(p *Proof) { p.ItemPath[0] = p.ItemPath[0][:31] },
		"short salt":      func(p *Proof) { p.ItemSalt = p.ItemSalt[:31] },
		"short log salt":  func(p *Proof) { p.EntrySalt = nil },
		"other index":     func(p *Proof) { p.Index = 1 },
		"index outside":   func(p *Proof) { p.Index = 5 },
		"negative index":  func(p *Proof) { p.Index = -1 },
		"other header":    func(p *Proof) { p.Header = strings.Replace(p.Header, "01ACT", "01ACX", 1) },
		"other signature": func(p *Proof) { p.Signature = bytes.Repeat([]byte{1}, 64) },
		"other actor":     func(p *Proof) { p.ActorKey = testKey(7).Public().(ed25519.PublicKey) },
		"no actor":        func(p *Proof) { p.ActorKey = nil },
		"other log":       func(p *Proof) { p.Checkpoint = Checkpoint{Origin: "tutela/01SITE", Size: 5}.Sign(testKey(3)) },
		"other format":    func(p *Proof) { p.Format = "tutela proof v2" },
		"act with a path": func(p *Proof) { p.Place = -1 },
	} {
		p, trust := build(t, 5, 3, 2, 1)
		change(&p)
		if _, err := VerifyProof(p, trust); err == nil {
			t.Errorf("%s: verified", name)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	b, _ := header().Encode()
	f.Add(b)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			return
		}
		if again, err := h.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("read %q, wrote %q, %v", b, again, err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	p, trust := build(f, 3, 2, 1, 1)
	good, _ := p.Encode()
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if _, err := VerifyProof(p, trust); err == nil && !bytes.Equal(b, good) && p.Place >= 0 {
			t.Errorf("another proof verifies: %q", b)
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	key := testKey(3)
	c := Checkpoint{Origin: "tutela/01SITE", Size: 5}
	f.Add(c.Sign(key))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := OpenCheckpoint(s, c.Origin, key.Public().(ed25519.PublicKey))
		if err == nil && got != c {
			t.Errorf("opened %+v that nobody signed", got)
		}
	})
}
