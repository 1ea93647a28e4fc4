package envelope

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"golang.org/x/crypto/ssh"

	"tutela/fault"
)

func pemBytes(kind string, b []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})
}

func moment() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

func newKey(t testing.TB, name string) *Key {
	t.Helper()
	k, err := GenerateKey(name, strings.ToLower(name)+"@example.org", moment().Add(-time.Hour), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealPGP(t testing.TB, text string, from *Key, to ...*Key) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := SealOpenPGP(&b, strings.NewReader(text), to, from, moment(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenPGPRoundTrip(t *testing.T) {
	site, agency, archive, stranger := newKey(t, "Site"), newKey(t, "Agency"), newKey(t, "Archive"), newKey(t, "Stranger")
	long := strings.Repeat("a line of text\n", 20_000)
	for _, text := range []string{"", "short", long} {
		sealed := sealPGP(t, text, site, agency, archive)
		if err := CheckOpenPGP(bytes.NewReader(sealed)); err != nil {
			t.Error(err)
		}
		for _, k := range []*Key{agency, archive} {
			var out strings.Builder
			if err := OpenOpenPGP(&out, bytes.NewReader(sealed), k, site, moment()); err != nil || out.String() != text {
				t.Errorf("%d bytes of %d: %v", out.Len(), len(text), err)
			}
		}
		if err := OpenOpenPGP(io.Discard, bytes.NewReader(sealed), stranger, site, moment()); err == nil {
			t.Error("a stranger opened it")
		}
		if err := OpenOpenPGP(io.Discard, bytes.NewReader(sealed), agency, stranger, moment()); err == nil {
			t.Error("another sender was accepted")
		}
	}
}

func TestOpenPGPContainerIsStrict(t *testing.T) {
	site, agency := newKey(t, "Site"), newKey(t, "Agency")
	good := sealPGP(t, strings.Repeat("x", 5000), site, agency)
	if err := CheckOpenPGP(bytes.NewReader(append(bytes.Clone(good), 0))); err == nil {
		t.Error("a byte after the end was accepted")
	}
	if err := CheckOpenPGP(bytes.NewReader(append([]byte{0xca, 3, 'P', 'G', 'P'}, good...))); err == nil {
		t.Error("a marker packet was accepted")
	}
	if err := CheckOpenPGP(bytes.NewReader(append(bytes.Clone(good), good...))); err == nil {
		t.Error("two messages were accepted")
	}
	for n := range good {
		if n%11 == 0 && CheckOpenPGP(bytes.NewReader(good[:n])) == nil {
			t.Errorf("truncation to %d was accepted", n)
		}
	}
	if err := OpenOpenPGP(io.Discard, bytes.NewReader(append(bytes.Clone(good), 0)), agency, site, moment()); err == nil {
		t.Error("a message with a byte after its end was opened")
	}
	for i := 0; i < len(good); i += 53 {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if CheckOpenPGP(bytes.NewReader(bad)) == nil && OpenOpenPGP(io.Discard, bytes.NewReader(bad), agency, site, moment()) == nil {
			t.Errorf("byte %d is not noticed", i)
		}
	}
}

func TestOpenPGPDetached(t *testing.T) {
	site, other := newKey(t, "Site"), newKey(t, "Other")
	sig, err := SignOpenPGP(strings.NewReader("m"), site, moment(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(m string, sig []byte, k *Key) error {
		return VerifyOpenPGP(strings.NewReader(m), sig, k, moment())
	}
	if err := verify("m", sig, site); err != nil {
		t.Error(err)
	}
	if verify("n", sig, site) == nil || verify("m", sig, other) == nil || verify("m", append(sig, '\n'), site) == nil {
		t.Error("wrong message, key or trailing byte was accepted")
	}
	for i := range sig {
		for _, x := range []byte{1, 2, 0x20} {
			bad := bytes.Clone(sig)
			bad[i] ^= x
			if verify("m", bad, site) == nil {
				t.Errorf("byte %d ^ %d of %d is not noticed", i, x, len(sig))
			}
		}
	}
}

func TestRecipientsThatAreRefused(t *testing.T) {
	good := newKey(t, "Good")
	if err := good.CheckRecipient(moment()); err != nil {
		t.Error(err)
	}
	if err := good.CheckRecipient(moment().Add(-48 * time.Hour)); fault.KindOf(err) != fault.Refused {
		t.Errorf("not yet valid: %v", err)
	}
	c := config(moment(), rand.Reader)
	c.KeyLifetimeSecs = 3600
	expired, err := openpgp.NewEntity("Old", "", "old@example.org", c)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Key{expired}).CheckRecipient(moment().Add(2 * time.Hour)); fault.KindOf(err) != fault.Refused || fault.HintOf(err) == "" {
		t.Errorf("expired: %v", err)
	}
	revoked := newKey(t, "Revoked")
	if err := revoked.entity.Revoke(packet.KeyCompromised, "", config(moment(), rand.Reader)); err != nil {
		t.Fatal(err)
	}
	if err := revoked.CheckRecipient(moment()); fault.KindOf(err) != fault.Refused {
		t.Errorf("revoked: %v", err)
	}
	signOnly := newKey(t, "SignOnly")
	signOnly.entity.Subkeys = nil
	if err := signOnly.CheckRecipient(moment()); fault.KindOf(err) != fault.Refused {
		t.Errorf("cannot encrypt: %v", err)
	}
	var b bytes.Buffer
	if SealOpenPGP(&b, strings.NewReader(""), nil, good, moment(), rand.Reader) == nil || SealAge(&b, strings.NewReader("")) == nil {
		t.Error("sealed to nobody")
	}
	if err := SealOpenPGP(&b, strings.NewReader(""), []*Key{revoked}, good, moment(), rand.Reader); err == nil || b.Len() != 0 {
		t.Errorf("sealed to a revoked key: %v, %d bytes", err, b.Len())
	}
}

func TestReadKey(t *testing.T) {
	k := newKey(t, "Unit")
	public, err := k.Public()
	if err != nil {
		t.Fatal(err)
	}
	private, err := k.Private()
	if err != nil {
		t.Fatal(err)
	}
	p, err := ReadKey(public)
	if err != nil || p.Secret() || p.Fingerprint() != k.Fingerprint() || len(p.Fingerprint()) != 40 {
		t.Errorf("%v", err)
	}
	if _, err := p.Private(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("secret part of a public key: %v", err)
	}
	s, err := ReadKey(private)
	if err != nil || !s.Secret() {
		t.Errorf("%v", err)
	}
	for _, bad := range [][]byte{nil, []byte("hello"), public[:100], append(bytes.Clone(public), public...)} {
		if k, err := ReadKey(bad); err == nil && k.Fingerprint() != p.Fingerprint() {
			t.Error("a damaged key was read")
		}
	}
}

func TestGnuPG(t *testing.T) {
	tool, err := exec.LookPath("gpg")
	if err != nil {
		t.Skip("gpg is not installed")
	}
	site, agency := newKey(t, "Site"), newKey(t, "Agency")
	dir, err := os.MkdirTemp("", "gpg") // the agent's socket wants a short path
	if err != nil {
		t.Fatal(err)
	}
	gpg := func(args ...string) (string, error) {
		cmd := exec.Command(tool, append([]string{"--homedir", dir, "--batch", "--yes", "--status-fd", "1", "--faked-system-time", "20261123T090000!"}, args...)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", dir, "--kill", "all").Run()
		_ = os.RemoveAll(dir)
	})
	public, _ := site.Public()
	private, _ := agency.Private()
	sealed := sealPGP(t, strings.Repeat("text\n", 3000), site, agency)
	asc, err := SignOpenPGP(bytes.NewReader(sealed), site, moment(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"site": public, "agency": private, "x.gpg": sealed, "x.gpg.asc": asc} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	if out, err := gpg("--import", at("site"), at("agency")); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	out, err := gpg("--output", at("plain"), "--decrypt", at("x.gpg"))
	if err != nil || !strings.Contains(out, "GOODSIG") || !strings.Contains(out, "DECRYPTION_OKAY") {
		t.Errorf("decrypt: %v\n%s", err, out)
	}
	if b, err := os.ReadFile(at("plain")); err != nil || len(b) != 15_000 {
		t.Errorf("plain: %d bytes, %v", len(b), err)
	}
	if out, err := gpg("--verify", at("x.gpg.asc"), at("x.gpg")); err != nil || !strings.Contains(out, "GOODSIG") {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

func TestAge(t *testing.T) {
	one, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sshKey, err := ssh.NewPublicKey(pub(siteKey()))
	if err != nil {
		t.Fatal(err)
	}
	r1, err1 := AgeRecipient(one.Recipient().String())
	r2, err2 := AgeRecipient(string(ssh.MarshalAuthorizedKey(sshKey)))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	var sealed, out bytes.Buffer
	if err := SealAge(&sealed, strings.NewReader("content"), r1, r2); err != nil {
		t.Fatal(err)
	}
	if err := CheckAge(bytes.NewReader(sealed.Bytes())); err != nil {
		t.Error(err)
	}
	if err := OpenAge(&out, bytes.NewReader(sealed.Bytes()), one); err != nil || out.String() != "content" {
		t.Errorf("%q, %v", out.String(), err)
	}
	for i := range sealed.Len() {
		bad := bytes.Clone(sealed.Bytes())
		bad[i] ^= 1
		if OpenAge(io.Discard, bytes.NewReader(bad), one) == nil {
			t.Fatalf("byte %d is not noticed", i)
		}
	}
	for _, bad := range []string{"", "age1", "age1xyz", "ssh-dss AAAA", "hello"} {
		if _, err := AgeRecipient(bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if CheckAge(strings.NewReader("age-encryption.org/v1\nhello")) == nil {
		t.Error("a damaged header was accepted")
	}
}

func TestAgeTool(t *testing.T) {
	tool, err := exec.LookPath("age")
	if err != nil {
		t.Skip("age is not installed")
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	if err := SealAge(&sealed, strings.NewReader("content"), id.Recipient()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool, "-d", "-i", file)
	cmd.Stdin = &sealed
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "content" {
		t.Errorf("%v\n%s", err, out)
	}
}

func FuzzCheckOpenPGP(f *testing.F) {
	f.Add(sealPGP(f, "x", newKey(f, "Site"), newKey(f, "Agency")))
	f.Add([]byte{0xc1, 3, 1, 2, 3, 0xd2, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if CheckOpenPGP(bytes.NewReader(b)) == nil && len(b) < 5 {
			t.Error("accepted", b)
		}
	})
}
