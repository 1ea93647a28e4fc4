package envelope

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"tutela/fault"
)

func siteKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func pub(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func sign(t testing.TB, message string) []byte {
	t.Helper()
	sig, err := SignSSH(strings.NewReader(message), siteKey())
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestSSHSignature(t *testing.T) {
	sig := sign(t, "a package")
	if !bytes.Equal(sig, sign(t, "a package")) {
		t.Error("two signatures of the same bytes differ")
	}
	key, err := VerifySSH(strings.NewReader("a package"), sig)
	if err != nil || !key.Equal(pub(siteKey())) {
		t.Errorf("%v, %v", key, err)
	}
	if _, err := VerifySSH(strings.NewReader("a packagf"), sig); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another message: %v", err)
	}
}

// TestSSHSignatureByOthers lets another implementation read and write it.
func TestSSHSignatureByOthers(t *testing.T) {
	parsed, err := sshsig.Unarmor(sign(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(pub(siteKey()))
	if err != nil {
		t.Fatal(err)
	}
	if err := sshsig.Verify(strings.NewReader("hello"), parsed, key, sshsig.HashSHA512, Namespace); err != nil {
		t.Error(err)
	}
	if string(ssh.MarshalAuthorizedKey(key)) != PublicLine(pub(siteKey())) {
		t.Error("public line differs from that of x/crypto/ssh")
	}
	if _, err := sshsig.Unarmor(sign(t, "")); err != nil {
		t.Error(err)
	}
}

func TestEveryByteOfASignature(t *testing.T) {
	good := sign(t, "x")
	for i := range good {
		for b := range 256 {
			if byte(b) == good[i] {
				continue
			}
			bad := bytes.Clone(good)
			bad[i] = byte(b)
			if _, err := VerifySSH(strings.NewReader("x"), bad); err == nil {
				t.Fatalf("byte %d = %02x is not noticed", i, b)
			}
		}
	}
	text := string(good)
	for name, bad := range map[string]string{
		"space after":  text + "\n",
		"text before":  "hello\n" + text,
		"CRLF":         strings.ReplaceAll(text, "\n", "\r\n"),
		"one line":     strings.Replace(strings.ReplaceAll(text, "\n", ""), "SIGNATURE-----", "SIGNATURE-----\n", 1),
		"truncated":    text[:len(text)-1],
		"empty":        "",
		"twice":        text + text,
		"inner spaces": strings.Replace(text, "U1NI", "U1 NI", 1),
	} {
		if _, err := VerifySSH(strings.NewReader("x"), []byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOtherNamespaceIsRefused(t *testing.T) {
	signer, err := ssh.NewSignerFromKey(siteKey())
	if err != nil {
		t.Fatal(err)
	}
	other, err := sshsig.Sign(strings.NewReader("x"), signer, sshsig.HashSHA512, "git")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifySSH(strings.NewReader("x"), sshsig.Armor(other)); err == nil {
		t.Error("a signature made for git was accepted")
	}
}

func TestSSHKeygen(t *testing.T) {
	tool, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	dir := t.TempDir()
	sig, trust := filepath.Join(dir, "x.sig"), filepath.Join(dir, "trust")
	line := `unit@example.org namespaces="` + Namespace + `" ` + PublicLine(pub(siteKey()))
	if os.WriteFile(sig, sign(t, "the bytes"), 0o600) != nil || os.WriteFile(trust, []byte(line), 0o600) != nil {
		t.Fatal("cannot write")
	}
	for message, want := range map[string]bool{"the bytes": true, "the bytez": false} {
		cmd := exec.Command(tool, "-Y", "verify", "-f", trust, "-I", "unit@example.org", "-n", Namespace, "-s", sig)
		cmd.Stdin = strings.NewReader(message)
		if out, err := cmd.CombinedOutput(); (err == nil) != want {
			t.Errorf("%q: %v\n%s", message, err, out)
		}
	}
	// And a signature that ssh-keygen made.
	block, err := ssh.MarshalPrivateKey(siteKey(), "")
	if err != nil {
		t.Fatal(err)
	}
	keyFile, message := filepath.Join(dir, "key"), filepath.Join(dir, "message")
	if os.WriteFile(keyFile, pemBytes(block.Type, block.Bytes), 0o600) != nil || os.WriteFile(message, []byte("m"), 0o600) != nil {
		t.Fatal("cannot write")
	}
	if out, err := exec.Command(tool, "-Y", "sign", "-q", "-f", keyFile, "-n", Namespace, message).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	theirs, err := os.ReadFile(message + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(theirs, sign(t, "m")) {
		t.Errorf("ssh-keygen writes other bytes:\n%s\n%s", theirs, sign(t, "m"))
	}
}

func TestTrust(t *testing.T) {
	line := strings.TrimSpace(PublicLine(pub(siteKey())))
	for text, want := range map[string]int{
		"":                           0,
		"# nobody\n\n":               0,
		line:                         1,
		line + " unit A\n":           1,
		"unit@example.org " + line:   1,
		"  a,b  " + line + "\r\n":    1,
		`a namespaces="git" ` + line: 0,
		`a namespaces="git,tutela-referral" ` + line: 1,
		line + "\n" + line:                           2,
		"a cert-authority " + line:                   -1,
		`a valid-before="20300101" ` + line:          -1,
		`a namespaces="tutela-referral ` + line:      -1,
		"a ssh-rsa AAAAB3NzaC1yc2E=":                 -1,
		"a":                                          -1,
		"ssh-ed25519 AAAA":                           -1,
		"a ssh-ed25519":                              -1,
	} {
		known, err := ParseTrust([]byte(text))
		if (want < 0) != (err != nil) || want >= 0 && len(known) != want {
			t.Errorf("%q: %d keys, %v", text, len(known), err)
		}
		if want > 0 && !known.Has(pub(siteKey())) {
			t.Errorf("%q: the key is not in the set", text)
		}
	}
	if (Known{}).Has(pub(siteKey())) {
		t.Error("an empty set has a key")
	}
}

func TestPublicLine(t *testing.T) {
	line := PublicLine(pub(siteKey()))
	key, err := ParsePublicLine(line)
	if err != nil || !key.Equal(pub(siteKey())) {
		t.Error(err)
	}
	for _, bad := range []string{"", line + "\n", line[:len(line)-1], " " + line, "ssh-rsa " + line[12:], line[:len(line)-1] + " me\n"} {
		if _, err := ParsePublicLine(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzVerifySSH(f *testing.F) {
	f.Add(sign(f, "x"))
	f.Add([]byte(sshBegin + sshEnd))
	good := sign(f, "x")
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := VerifySSH(strings.NewReader("x"), b); err == nil && !bytes.Equal(b, good) {
			// Another key may sign the same bytes, but only in the same form.
			if key, sig, err := decodeSSH(b); err != nil || !bytes.Equal(encodeSSH(key, sig), b) {
				t.Errorf("accepted: %q", b)
			}
		}
	})
}

func FuzzParseTrust(f *testing.F) {
	f.Add(PublicLine(pub(siteKey())))
	f.Add(`a namespaces="x,tutela-referral" ` + PublicLine(pub(siteKey())))
	f.Fuzz(func(t *testing.T, text string) {
		known, err := ParseTrust([]byte(text))
		if err == nil && len(known) > strings.Count(text, sshType) {
			t.Error("more keys than lines")
		}
	})
}
