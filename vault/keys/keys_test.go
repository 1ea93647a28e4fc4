package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh/agent"

	"tutela/fault"
)

func generate(t *testing.T, passphrase string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := Generate(path, passphrase, "officer@desk", rand.Reader); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, path, passphrase string) Private {
	t.Helper()
	p, err := LoadFile(path, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestBech32 uses vectors of BIP 173 and age's own writing of a key.
func TestBech32(t *testing.T) {
	if got := bech32("a", nil); got != "a12uel5l" {
		t.Errorf("empty data: %s", got)
	}
	const split = "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"
	data := []byte{0xc5, 0xf3, 0x8b, 0x70, 0x30, 0x5f, 0x51, 0x9b, 0xf6, 0x6d, 0x85, 0xfb, 0x6c, 0xf0, 0x30, 0x58, 0xf3,
		0xdd, 0xe4, 0x63, 0xec, 0xd7, 0x91, 0x8f, 0x2d, 0xc7, 0x43, 0x91, 0x8f, 0x2d}
	if got := bech32("split", data); got != split {
		t.Errorf("got  %s\nwant %s", got, split)
	}
	for i := range byte(20) {
		id, err := identity(bytes.Repeat([]byte{i}, 32))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := secretKey(bytes.Repeat([]byte{i}, 32))
		if id.String() != text {
			t.Errorf("age writes %s, we %s", id, text)
		}
	}
	if _, err := identity(make([]byte, 31)); err == nil {
		t.Error("a short secret passes")
	}
}

func TestFileRoundTrip(t *testing.T) {
	for _, passphrase := range []string{"", "correct horse"} {
		path := generate(t, passphrase)
		p := load(t, path, passphrase)
		sig, err := p.Sign([]byte("message"))
		if err != nil || !ed25519.Verify(p.Public().Key, []byte("message"), sig) {
			t.Errorf("signature: %v", err)
		}
		if q := load(t, path, passphrase); q.Public().Recipient != p.Public().Recipient {
			t.Error("the wrapping identity differs from one time to the next")
		}
		wrapped, err := wrapTo([]byte("secret"), p.Public().Recipient)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Unwrap(wrapped); err != nil || string(got) != "secret" {
			t.Errorf("unwrapped %q, %v", got, err)
		}
		if _, err := load(t, generate(t, ""), "").Unwrap(wrapped); fault.KindOf(err) != fault.Refused {
			t.Errorf("another key: %v, want refused", err)
		}
	}
}

func TestFileRefusals(t *testing.T) {
	locked, open := generate(t, "correct horse"), generate(t, "")
	for name, c := range map[string]struct {
		path, passphrase string
		kind             fault.Kind
	}{
		"missing":          {filepath.Join(t.TempDir(), "none"), "", fault.NotFound},
		"no passphrase":    {locked, "", fault.Refused},
		"wrong passphrase": {locked, "wrong", fault.Refused},
	} {
		if _, err := LoadFile(c.path, c.passphrase); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		}
	}
	if err := Generate(open, "", "x", rand.Reader); fault.KindOf(err) != fault.Refused {
		t.Errorf("overwriting a key: %v, want refused", err)
	}
	if runtime.GOOS != "windows" {
		os.Chmod(open, 0o640)
		if _, err := LoadFile(open, ""); fault.KindOf(err) != fault.Refused {
			t.Errorf("readable by others: %v, want refused", err)
		}
	}
	junk := filepath.Join(t.TempDir(), "junk")
	os.WriteFile(junk, []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"), 0o600)
	if _, err := LoadFile(junk, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("junk: %v, want invalid", err)
	}
}

func TestCheckPlace(t *testing.T) {
	path := generate(t, "")
	p := load(t, path, "")
	if err := CheckPlace(p, filepath.Dir(path)); fault.KindOf(err) != fault.Refused {
		t.Errorf("inside: %v, want refused", err)
	}
	if err := CheckPlace(p, filepath.Join(filepath.Dir(path), "data")); err != nil {
		t.Errorf("beside: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(path), link); err == nil {
		if err := CheckPlace(p, link); fault.KindOf(err) != fault.Refused {
			t.Errorf("inside by a link: %v, want refused", err)
		}
	}
}

func TestAgentIsTheSameOfficer(t *testing.T) {
	path := generate(t, "")
	file := load(t, path, "")
	text, _ := os.ReadFile(path)
	key, err := parse(text, "")
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: &key, Comment: "officer@desk"}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	for _, fingerprint := range []string{"", file.KeyID()} {
		p, err := FromAgent(socket, fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		if p.KeyID() != file.KeyID() || p.Public().Recipient != file.Public().Recipient {
			t.Error("file and agent are not the same officer")
		}
	}
	if _, err := FromAgent(socket, "SHA256:other"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown fingerprint: %v, want not found", err)
	}
	if _, err := FromAgent("", ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no agent: %v, want not found", err)
	}
}

func TestOpenSSHReadsOurKeys(t *testing.T) {
	tool, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not installed: compatibility with it is not shown")
	}
	path := generate(t, "")
	out, err := exec.Command(tool, "-y", "-f", path).Output()
	line, _ := load(t, path, "").Public().AuthorizedKey()
	if err != nil || !strings.HasPrefix(string(out), line) {
		t.Errorf("ssh-keygen reads %q, %v; want %q", out, err, line)
	}
	theirs := filepath.Join(t.TempDir(), "theirs")
	if err := exec.Command(tool, "-q", "-t", "ed25519", "-N", "", "-f", theirs).Run(); err != nil {
		t.Fatal(err)
	}
	load(t, theirs, "")
	rsa := filepath.Join(t.TempDir(), "rsa")
	if err := exec.Command(tool, "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa).Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFile(rsa, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an RSA key: %v, want invalid", err)
	}
}

func TestPublicCheck(t *testing.T) {
	good := load(t, generate(t, ""), "").Public()
	other := load(t, generate(t, ""), "").Public()
	for name, change := range map[string]func(*Public){
		"swapped recipient": func(p *Public) { p.Recipient = other.Recipient },
		"swapped id":        func(p *Public) { p.ID = other.ID },
		"swapped key":       func(p *Public) { p.Key = other.Key },
		"no proof":          func(p *Public) { p.Proof = nil },
		"no key":            func(p *Public) { p.Key = nil },
	} {
		p := good
		change(&p)
		if err := p.Check(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	line, err := good.AllowedSigner("unit@agency", "tutela-referral")
	if err != nil || !strings.HasPrefix(line, `unit@agency namespaces="tutela-referral" ssh-ed25519 `) {
		t.Errorf("allowed signer %q, %v", line, err)
	}
}

func found(t *testing.T) (*Ring, Private, string, string) {
	t.Helper()
	dir := t.TempDir()
	own := load(t, generate(t, ""), "")
	data, recovery := filepath.Join(dir, "data"), filepath.Join(dir, "recovery")
	os.MkdirAll(data, 0o700)
	r, err := Found(data, "01SITE", recovery, own.Public(), 1, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Save(); err != nil {
		t.Fatal(err)
	}
	return r, own, data, recovery
}

func TestRingOpensForMembersAndRecovery(t *testing.T) {
	made, own, data, recovery := found(t)
	rec, err := LoadRecovery(recovery)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]Opener{"officer": own, "recovery": rec} {
		r, err := Load(data)
		if err != nil {
			t.Fatal(err)
		}
		site, err := r.Unlock(key)
		if err != nil || !bytes.Equal(site.DB, made.Secrets().DB) || site.Origin != "tutela/01SITE" {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, _ := Load(data)
	if _, err := r.Unlock(load(t, generate(t, ""), "")); fault.KindOf(err) != fault.Refused {
		t.Errorf("a stranger: %v, want refused", err)
	}
	if _, err := Found(data, "01X", recovery, own.Public(), 1, rand.Reader); fault.KindOf(err) != fault.Refused {
		t.Errorf("a recovery key written twice: %v, want refused", err)
	}
}

func TestEveryByteOfTheKeyringCounts(t *testing.T) {
	_, own, data, _ := found(t)
	text, err := os.ReadFile(filepath.Join(data, FileName))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := decode(text)
	for i := range text {
		changed := append([]byte(nil), text...)
		changed[i] ^= 1
		r, err := Decode(data, changed)
		if err != nil {
			continue
		}
		if _, err := r.Unlock(own); err != nil {
			continue
		}
		// White space and the case of a JSON key carry no meaning.
		a, _ := before.encode()
		b, _ := r.View().state.encode()
		if !bytes.Equal(a, b) {
			t.Errorf("change of byte %d is not seen: %q", i, changed[max(0, i-20):i+1])
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decode(b); err == nil && len(s.Epochs) == 0 {
			t.Error("a keyring without an epoch passes")
		}
	})
}

func TestWrappedFormIsAge(t *testing.T) {
	secret := bytes.Repeat([]byte{7}, 32)
	id, _ := identity(secret)
	wrapped, err := wrapTo([]byte("x"), id.Recipient().String(), id.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(wrapped, []byte("-> X25519")); n != 1 {
		t.Errorf("%d stanzas for one recipient named twice", n)
	}
	if _, err := age.Decrypt(bytes.NewReader(wrapped), id); err != nil {
		t.Error(err)
	}
	for i := range wrapped {
		changed := append([]byte(nil), wrapped...)
		changed[i] ^= 1
		if _, err := unwrap(changed, id); err == nil {
			t.Errorf("change of byte %d of a wrapped key is not seen", i)
		}
	}
}
