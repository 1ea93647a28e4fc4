package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"tutela/demo"
	"tutela/vault/pgtest"
)

// TestReferralFromEndToEnd takes a synthetic operation down the whole road on
// both databases: sealed, read, confirmed, cut for two countries, approved by a
// second officer, sealed for an agency, opened, checked by the second verifier,
// and received.
func TestReferralFromEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	t.Run("sqlite", func(t *testing.T) { referralRoad(t, "") })
	t.Run("postgres", func(t *testing.T) { referralRoad(t, pgtest.URL(t)) })
}

func referralRoad(t *testing.T, database string) {
	d := deskAt(t, database)
	second := filepath.Join(t.TempDir(), "second")
	d.run("key", "new", "--name", "Second", "--key", second)
	d.run("officer", "add", "--name", "Second", "--roles", "supervisor", "--public", second+".json")
	officer := publicID(t, second+".json")
	id := lastLine(d.run("case", "open", "--title", "Sendero", "--authority", "Order 1/26", "--purpose", "protection of children", "--officers", officer))

	plan, err := demo.Generate(filepath.Join(t.TempDir(), "op"), demo.Scales()["small"], 7)
	if err != nil {
		t.Fatal(err)
	}
	d.run("hashlist", "import", "--source", "Exercise", "--version", "1", "--purpose", "test", plan.List)
	d.run(append([]string{"ingest", "--case", id, plan.Mail}, plan.Exports...)...)
	d.run("ingest", "--case", id, "--protected-source", "--owner", plan.Witness.Name, plan.Protected)
	for _, c := range []string{"IT", "DE"} {
		d.run("countries", "confirm", "--case", id, "--country", c, "--all", "--relation", "author", "--why", "numbering plan")
	}

	out := filepath.Join(t.TempDir(), "it")
	ref := lastLine(d.run("refer", "cut", "--case", id, "--country", "IT", "--out", out))
	again := filepath.Join(t.TempDir(), "again")
	if got := lastLine(d.run("refer", "cut", "--case", id, "--country", "IT", "--key", second, "--out", again)); got != ref {
		t.Errorf("the other officer's cut is %s, want %s", got, ref)
	}
	told := readAll(t, filepath.Join(out, "preview"))
	if told != readAll(t, filepath.Join(again, "preview")) {
		t.Error("the same state gave other bytes")
	}
	if !strings.Contains(told, "+39320") {
		t.Error("nobody of the country is told")
	}
	for _, other := range []string{"+491520", "+49 1520", plan.Witness.Name, plan.Minor.Name, plan.Bystander.Name, "WA00", id} {
		if strings.Contains(told, other) {
			t.Errorf("%q is told", other)
		}
	}
	approveAndSeal(t, d, id, ref, out, second)
}

// approveAndSeal goes on from the preview to a package in the hands of another
// agency.
func approveAndSeal(t *testing.T, d desk, id, ref, out, second string) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	terms := []string{"--tlp", "TLP:AMBER", "--purpose", "investigation", "--basis", "art. 35", "--why", "read"}
	refused := func(what string, args ...string) {
		t.Helper()
		if _, err := d.try(args...); err == nil {
			t.Errorf("%s", what)
		}
	}
	refused("who cut approved", append([]string{"refer", "approve", out}, terms...)...)
	refused("sealed before the approval", "refer", "seal", out, "--to", key.Recipient().String())
	report := filepath.Join(out, "preview", "report.html")
	before, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	write(t, report, append(bytes.Clone(before), ' '))
	refused("an altered preview was approved", append([]string{"refer", "approve", out, "--key", second}, terms...)...)
	write(t, report, before)
	d.run(append([]string{"refer", "approve", out, "--key", second}, terms...)...)
	d.run("refer", "seal", out, "--to", key.Recipient().String())
	send := filepath.Join(out, "send")
	sealed := filepath.Join(send, ref+".tar.age")
	if rows := d.rows("refer", "list", "--case", id); len(rows) != 1 || rows[0]["state"] != "sealed" || rows[0]["country"] != "IT" {
		t.Errorf("list: %v", rows)
	}
	if !strings.Contains(d.run("refer", "show", ref), "?"+key.Recipient().String()) {
		t.Error("an unconfirmed key is shown as confirmed")
	}
	trust := filepath.Join(send, "sender.allowed_signers")
	tar := filepath.Join(t.TempDir(), ref+".tar")
	write(t, tar, openAge(t, sealed, key))
	verify := exec.Command("go", "run", "../verify-referral", "-trust", trust, tar)
	if got, err := verify.CombinedOutput(); err != nil || !strings.Contains(string(got), "INTACT, signer known") {
		t.Errorf("the second verifier: %v\n%s", err, got)
	}
	identity := put(t, "identity", []byte(key.String()+"\n"))
	got := d.rows("refer", "receive", sealed, "--case", id, "--identity", identity, "--trust", trust)
	if len(got) != 1 || got[0]["referral"] != ref || got[0]["signer_known"] != true {
		t.Errorf("received: %v", got)
	}
	d.run("check", "--rebuild")
}

// deskAt is newDesk with rows in a database ("" = embedded), which every verb is
// told.
func deskAt(t *testing.T, url string) desk {
	t.Helper()
	if url == "" {
		return newDesk(t)
	}
	dir := t.TempDir()
	d := desk{t, filepath.Join(dir, "script"), filepath.Join(dir, "home")}
	program := filepath.Join(dir, "tutela")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	script := "#!/bin/sh\nexec '" + program + "' \"$@\" --db '" + url + "'\n"
	if err := errors.Join(os.Mkdir(d.home, 0o700), os.WriteFile(d.program, []byte(script), 0o700)); err != nil {
		t.Fatal(err)
	}
	d.run("init", "--agency", "Test Unit", "--country", "ES")
	return d
}

func publicID(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ ID string }
	if err := json.Unmarshal(b, &p); err != nil || p.ID == "" {
		t.Fatalf("public part: %v", err)
	}
	return p.ID
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func openAge(t *testing.T, file string, key age.Identity) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := age.Decrypt(f, key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readAll returns every file of a folder with its name.
func readAll(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		b.WriteString(path + "\n" + string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
