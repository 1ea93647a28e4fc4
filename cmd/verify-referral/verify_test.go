package main

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tutela/format"
	"tutela/format/envelope"
	"tutela/format/referral"
	"tutela/vault/audit/proof"
)

func seeded(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func labels(t testing.TB) referral.Labels {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "phrase", "en", "referral.json"))
	var l referral.Labels
	if err == nil {
		err = json.Unmarshal(b, &l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// realProof makes a small log with real keys and opens one item of its last act.
func realProof(t testing.TB) ([]byte, referral.ProofTrust) {
	t.Helper()
	actor, logKey := seeded(1), seeded(2)
	var salt [proof.SaltSize]byte
	copy(salt[:], "a salt of thirty-two bytes here!")
	items := [][]byte{[]byte(`{"op":"put","table":"exhibit"}`), []byte("another")}
	var leaves []proof.Hash
	for _, i := range items {
		leaves = append(leaves, proof.Leaf(salt, i))
	}
	tree, err := proof.NewTree(salt, leaves)
	if err != nil {
		t.Fatal(err)
	}
	root := tree.Root()
	header, err := proof.Header{Act: "01", Actor: proof.KeyID(public(actor)), Class: "collection", Depth: tree.Depth(), Epoch: 1, Format: proof.Format,
		Role: "investigator", Root: hex.EncodeToString(root[:]), Site: "SITE", Verb: "exhibit.seal", Why: "<test> & more"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	sig := ed25519.Sign(actor, proof.ToSign(header))
	record := proof.Commit(salt, header, sig)
	// The log: three other records, ours, one more.
	others := []proof.Hash{sha256.Sum256([]byte("0")), sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2")), record, sha256.Sum256([]byte("4"))}
	var edge proof.Edge
	var l []proof.Hash
	for i, r := range others {
		edge, _ = edge.Append(int64(i), r)
		l = append(l, proof.RecordHash(r))
	}
	note := proof.Checkpoint{Origin: "tutela/SITE", Size: 5, Root: edge.Root()}.Sign(logKey)
	left := proof.Node(l[0], l[1])
	p := proof.Proof{Item: items[0], ItemSalt: salt[:], Place: 0, Header: string(header), Signature: sig, ActorKey: public(actor),
		EntrySalt: salt[:], Index: 3, LogPath: [][]byte{l[2][:], left[:], l[4][:]}, Checkpoint: note}
	for _, h := range tree.Path(0) {
		p.ItemPath = append(p.ItemPath, h[:])
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b, referral.ProofTrust{Origin: "tutela/SITE", LogKey: public(logKey), Actors: [][]byte{public(actor)}}
}

// checkLibrary is how the command line of Tutela checks a proof.
func checkLibrary(trust referral.ProofTrust, b []byte) error {
	p, err := proof.Parse(b)
	if err != nil {
		return err
	}
	t := proof.Trust{Origin: trust.Origin, LogKey: trust.LogKey}
	for _, a := range trust.Actors {
		t.Actors = append(t.Actors, a)
	}
	_, err = proof.VerifyProof(p, t)
	return err
}

const itemText = "only bytes\n"

// write makes a package; change may damage it before it is signed.
func write(t testing.TB, change func(*referral.Package)) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(itemText))
	raw, trust := realProof(t)
	p := referral.Package{ID: strings.Repeat("0a", 16), Case: "case-1", Country: "IT", From: referral.Agency{Name: "Unit Ä", Country: "PT"},
		Request: "Identify the holder.", LegalBasis: "law", Purpose: "prevention", TLP: "TLP:AMBER+STRICT",
		Coverage: referral.Coverage{Exhibits: []referral.Covered{{Label: "e", Read: 1, Note: "<&>\u2028"}}, Stages: []referral.Stage{{Name: "mail", Version: "1"}}},
		Items: []referral.Item{{ID: "x", Name: "x.bin", Included: true, Delivered: referral.Delivered{Size: int64(len(itemText)),
			Digests: referral.Digests{SHA256: hex.EncodeToString(sum[:])}}}},
		Proofs: []referral.Proof{{Name: "e", JSON: raw}}, ProofTrust: trust}
	if change != nil {
		change(&p)
	}
	var out bytes.Buffer
	err := referral.Write(&out, p, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), seeded(7), labels(t),
		func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(itemText)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// both gives the exit status of the library and of this program.
func both(t testing.TB, b []byte) (library, program int) {
	t.Helper()
	trust := referral.Trust{Known: envelope.Known{public(seeded(7))}, Proof: checkLibrary}
	library = referral.VerifyTar(bytes.NewReader(b), format.Limits{}, trust).Answer.ExitCode()
	v := &verdict{wrong: map[string][]string{}}
	bag := newBag()
	if err := bag.readTar(bytes.NewReader(b)); err != nil {
		v.blame("", "%v", err)
	}
	bag.judge(v)
	return library, v.print(io.Discard, []ed25519.PublicKey{public(seeded(7))})
}

func TestAgreeOnGoodPackages(t *testing.T) {
	for name, change := range map[string]func(*referral.Package){
		"whole":    nil,
		"no proof": func(p *referral.Package) { p.Proofs = nil },
		"no items": func(p *referral.Package) { p.Items = nil },
	} {
		if l, p := both(t, write(t, change)); l != 0 || p != 0 {
			t.Errorf("%s: library %d, program %d", name, l, p)
		}
	}
}

// TestAgreeOnDamage flips, removes, doubles and swaps bytes and blocks.
func TestAgreeOnDamage(t *testing.T) {
	good := write(t, nil)
	r := mathrand.New(mathrand.NewPCG(1, 2))
	n := 600
	if testing.Short() {
		n = 100
	}
	for i := range n {
		bad, at := bytes.Clone(good), r.IntN(len(good))
		switch i % 6 {
		case 0, 1:
			bad[at] ^= byte(1 + r.IntN(255))
		case 2:
			bad = append(bad[:at], bad[at+1:]...)
		case 3:
			bad = bad[:at]
		case 4:
			bad = append(bad[:at], append([]byte{byte(r.IntN(256))}, bad[at:]...)...)
		case 5:
			a, b := at/512*512, r.IntN(len(good)/512)*512
			if bytes.Equal(bad[a:a+512], bad[b:b+512]) {
				continue
			}
			copy(bad[a:a+512], good[b:b+512])
			copy(bad[b:b+512], good[a:a+512])
		}
		if l, p := both(t, bad); l != 10 || p != 10 {
			t.Fatalf("damage %d (kind %d) at %d: library %d, program %d", i, i%6, at, l, p)
		}
	}
}

// TestAgreeOnFalseProofs damages proofs before the package is signed.
func TestAgreeOnFalseProofs(t *testing.T) {
	raw, _ := realProof(t)
	r := mathrand.New(mathrand.NewPCG(3, 4))
	for i := range 150 {
		at := r.IntN(len(raw))
		bad := bytes.Clone(raw)
		bad[at] ^= byte(1 << r.IntN(7))
		l, p := both(t, write(t, func(pkg *referral.Package) { pkg.Proofs[0].JSON = bad }))
		if l != 10 || p != 10 {
			t.Fatalf("flip %d at %d (%q): library %d, program %d", i, at, bad[max(0, at-20):min(len(bad), at+20)], l, p)
		}
	}
	for name, change := range map[string]func(*referral.Package){
		"other log key": func(p *referral.Package) { p.ProofTrust.LogKey = public(seeded(9)) },
		"other actor":   func(p *referral.Package) { p.ProofTrust.Actors = [][]byte{public(seeded(9))} },
		"no actor":      func(p *referral.Package) { p.ProofTrust.Actors = nil },
		"other origin":  func(p *referral.Package) { p.ProofTrust.Origin = "tutela/OTHER" },
	} {
		if l, p := both(t, write(t, change)); l != 10 || p != 10 {
			t.Errorf("%s: library %d, program %d", name, l, p)
		}
	}
}

// TestProgram runs the built program on tars, folders and sealed files.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "verify-referral")
	if out, err := exec.Command("go", "build", "-o", tool, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	put := func(name string, b []byte) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(at(name)), 0o700), os.WriteFile(at(name), b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	good := write(t, nil)
	sig, err := envelope.SignSSH(strings.NewReader("sealed"), seeded(7))
	if err != nil {
		t.Fatal(err)
	}
	put("good.tar", good)
	put("bad.tar", good[:len(good)-1])
	put("trust", []byte("unit "+envelope.PublicLine(public(seeded(7)))))
	put("strangers", []byte(envelope.PublicLine(public(seeded(8)))))
	put("broken-trust", []byte("unit cert-authority "+envelope.PublicLine(public(seeded(7)))))
	put("x.tar.age", []byte("sealed"))
	put("x.tar.age.sig", sig)
	put("y.tar.gpg", []byte("sealed!"))
	put("y.tar.gpg.sig", sig)
	put("z.tar.age", []byte("no signature beside"))
	for r := tar.NewReader(bytes.NewReader(good)); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		b, _ := io.ReadAll(r)
		put("folder/"+h.Name, b)
		put("surplus/"+h.Name, b)
	}
	put("surplus/data/items/y.bin", nil)
	for _, c := range []struct {
		args string
		want int
	}{
		{"--trust trust good.tar", 0}, {"good.tar", 11}, {"--trust strangers good.tar", 11}, {"--trust trust bad.tar", 10},
		{"--trust trust folder", 0}, {"--trust trust surplus", 10}, {"--trust trust x.tar.age", 0}, {"x.tar.age", 11},
		{"--trust trust y.tar.gpg", 10}, {"--trust trust z.tar.age", 3}, {"absent.tar", 3}, {"", 2},
		{"--trust broken-trust good.tar", 2}, {"--trust absent good.tar", 2}, {"--unknown good.tar", 2},
	} {
		cmd := exec.Command(tool, strings.Fields(c.args)...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.want {
			t.Errorf("%q: exit %d, want %d\n%s", c.args, got, c.want, out)
		}
	}
}

// TestSharesNothing wants only the standard library and x/crypto below.
func TestSharesNothing(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, p := range strings.Fields(string(out)) {
		if p != "tutela/cmd/verify-referral" && !strings.HasPrefix(p, "golang.org/x/crypto") {
			t.Errorf("imports %s", p)
		}
	}
}

func TestTrustFilesAgree(t *testing.T) {
	key := strings.TrimSpace(envelope.PublicLine(public(seeded(7))))
	for _, text := range []string{"", "# x\n", key, "a " + key + " note", `a namespaces="git" ` + key, `a namespaces="git,tutela-referral" ` + key,
		"a cert-authority " + key, `a namespaces="x ` + key, "a ssh-rsa AAAA", "a", "ssh-ed25519", "ssh-ed25519 AAAA", key + "\r\n" + key} {
		mine, err1 := readTrust(text)
		theirs, err2 := envelope.ParseTrust([]byte(text))
		if (err1 == nil) != (err2 == nil) || err1 == nil && len(mine) != len(theirs) {
			t.Errorf("%q: %d keys (%v) and %d (%v)", text, len(mine), err1, len(theirs), err2)
		}
	}
}

func update() bool {
	f := flag.Lookup("test.run")
	return f != nil && os.Getenv("TUTELA_WRITE_VECTORS") != ""
}

// vector is one line of docs/formats/vectors/referral.json.
type vector struct {
	File string `json:"file"`
	Exit int    `json:"exit"`
	Why  string `json:"why"`
}

// TestVectors reads the published packages; with TUTELA_WRITE_VECTORS it
// writes them.
func TestVectors(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "formats", "vectors")
	if update() {
		writeVectors(t, dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, "referral.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(text, &list); err != nil || len(list) < 8 {
		t.Fatalf("%d vectors, %v", len(list), err)
	}
	for _, v := range list {
		b, err := os.ReadFile(filepath.Join(dir, v.File))
		if err != nil {
			t.Fatal(err)
		}
		if l, p := both(t, b); l != v.Exit || p != v.Exit {
			t.Errorf("%s (%s): library %d, program %d, want %d", v.File, v.Why, l, p, v.Exit)
		}
	}
}

func writeVectors(t *testing.T, dir string) {
	t.Helper()
	good := write(t, nil)
	edit := func(f func([]byte) []byte) []byte { return f(bytes.Clone(good)) }
	replace := func(from, to string) []byte {
		if len(from) != len(to) || !bytes.Contains(good, []byte(from)) {
			t.Fatalf("cannot replace %q", from)
		}
		return bytes.Replace(good, []byte(from), []byte(to), 1)
	}
	raw, _ := realProof(t)
	var list []vector
	for _, v := range []struct {
		name, why string
		exit      int
		b         []byte
	}{
		{"good", "everything holds; the signer is in referral.trust", 0, good},
		{"item", "one byte of an item is changed", 10, replace(itemText, "0nly bytes\n")},
		{"padding", "one byte of padding after an item is not zero", 10, edit(func(b []byte) []byte {
			b[bytes.Index(b, []byte(itemText))+len(itemText)+5] = 1
			return b
		})},
		{"trailing", "a byte follows the end of the tar", 10, append(bytes.Clone(good), 0)},
		{"truncated", "the last block is missing", 10, good[:len(good)-512]},
		{"owner", "a tar header names another user", 10, edit(func(b []byte) []byte { b[114] = '1'; return b })},
		{"country", "bag-info.txt names another country", 10, replace("Country: IT", "Country: FR")},
		{"signature", "one character of the signature is changed", 10, edit(func(b []byte) []byte {
			b[bytes.Index(b, []byte("BEGIN SSH SIGNATURE"))+300] ^= 1
			return b
		})},
		{"false-proof", "well signed, but a proof shows another item", 10, write(t, func(p *referral.Package) {
			p.Proofs[0].JSON = bytes.Replace(raw, []byte(`"item":"eyJv`), []byte(`"item":"eyJw`), 1)
		})},
	} {
		file := "referral-" + v.name + ".tar"
		if err := os.WriteFile(filepath.Join(dir, file), v.b, 0o644); err != nil {
			t.Fatal(err)
		}
		list = append(list, vector{file, v.exit, v.why})
	}
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	trust := fmt.Sprint("unit ", envelope.PublicLine(public(seeded(7))))
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "referral.json"), append(text, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "referral.trust"), []byte(trust), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func FuzzAgree(f *testing.F) {
	good := write(f, nil)
	f.Add(good)
	bad := bytes.Clone(good)
	if _, err := rand.Read(bad[700:710]); err != nil {
		f.Fatal(err)
	}
	f.Add(bad)
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, p := both(t, b); l != p {
			t.Errorf("library %d, program %d", l, p)
		}
	})
}
