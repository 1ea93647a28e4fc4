package keys_test

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// agent starts a real ssh-agent that ends with the test, gives it the keys and
// returns its socket.
func agent(t *testing.T, files ...string) string {
	t.Helper()
	program, err := exec.LookPath("ssh-agent")
	if err != nil {
		t.Skip("ssh-agent is not installed (openssh-client)")
	}
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(program, "-D", "-a", socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, f := range files {
		add := exec.Command("ssh-add", "-q", f)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v: %s", err, out)
		}
	}
	return socket
}

// TestAnSSHAgentActs founds a site with a key that only ssh-agent holds: it
// signs the acts, opens the site and the case, and is the officer that the file
// would be.
func TestAnSSHAgentActs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	if err := keys.Generate(file, "", "officer@desk", rand.Reader); err != nil {
		t.Fatal(err)
	}
	onDisk, err := keys.LoadFile(file, "")
	if err != nil {
		t.Fatal(err)
	}
	socket := agent(t, file)
	os.Remove(file) // from here on only the agent has it
	held, err := keys.FromAgent(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	if held.KeyID() != onDisk.KeyID() || held.Public().Recipient != onDisk.Public().Recipient {
		t.Error("file and agent are not the same officer")
	}
	ctx := context.Background()
	o := vault.Options{Data: filepath.Join(dir, "data"), Actor: held}
	v, err := vault.Create(ctx, o, vault.Founding{Officer: "O", Recovery: filepath.Join(dir, "recovery"), Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	must(t, v, func(ctx context.Context, w *db.Writer) error { return v.Keys.Cases.New(ctx, w, "c", 1, held.KeyID()) })
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err = vault.Open(ctx, o); err != nil { // unwraps the site's secrets by a signature of the agent
		t.Fatal(err)
	}
	defer v.Close()
	if _, _, err := latest(t, v, held, "c"); err != nil {
		t.Errorf("the case: %v", err)
	}
	for p, err := range v.Ledger.Check(ctx) {
		t.Errorf("the log: %+v, %v", p, err)
	}
	if _, err := keys.FromAgent(agent(t), ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an agent without keys: %v, want not found", err)
	}
}
