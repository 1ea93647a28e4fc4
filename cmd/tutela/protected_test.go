package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// desk runs the built program for one officer of a site of its own.
type desk struct {
	t       *testing.T
	program string
	home    string
}

func newDesk(t *testing.T) desk {
	t.Helper()
	dir := t.TempDir()
	d := desk{t, filepath.Join(dir, "tutela"), filepath.Join(dir, "home")}
	if out, err := exec.Command("go", "build", "-o", d.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	if err := os.Mkdir(d.home, 0o700); err != nil {
		t.Fatal(err)
	}
	d.run("init", "--agency", "Test Unit", "--country", "ES")
	return d
}

// try runs a verb and returns what it printed.
func (d desk) try(args ...string) (string, error) {
	cmd := exec.Command(d.program, args...)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "TUTELA_") && !strings.HasPrefix(e, "HOME=") && !strings.HasPrefix(e, "LANG=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+d.home)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// run is try that ends the test on an error.
func (d desk) run(args ...string) string {
	d.t.Helper()
	out, err := d.try(args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// rows parses the JSON lines of a verb.
func (d desk) rows(args ...string) (rows []map[string]any) {
	d.t.Helper()
	for line := range strings.Lines(d.run(append(args, "--json")...)) {
		var row map[string]any
		if json.Unmarshal([]byte(line), &row) == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

func lastLine(s string) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return all[len(all)-1]
}

// witness is the export of Zenobia Quill, with a file that is on a hash list.
func witness(t *testing.T, known []byte) string {
	t.Helper()
	chat := "04/03/2026, 08:00 - Ada Larch created group \"Walks\"\n" +
		"04/03/2026, 08:01 - Ada Larch added you\n" +
		"04/03/2026, 08:02 - Zenobia Quill: I am Zenobia, ring +34 644 88 11 22\n" +
		"04/03/2026, 08:03 - +34 612 345 678: DOC-20260304-WA0001.bin (file attached)\n" +
		"04/03/2026, 08:04 - Ada Larch: thanks zenobia, ask +39 06 1234 5678\n" +
		"04/03/2026, 08:05 - You changed the group description\n"
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string][]byte{"WhatsApp Chat with Walks.txt": []byte(chat), "DOC-20260304-WA0001.bin": known} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return put(t, "witness.zip", b.Bytes())
}

func put(t *testing.T, name string, content []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// lists are the verbs that show what is in a case, and whether they can open
// the protected view.
func lists(id string) map[string][]string {
	all := map[string][]string{"messages": {"groups", "--messages"}, "exhibits": {"exhibit", "list"}, "tips": {"tip", "list"}}
	for _, v := range []string{"groups", "identifiers", "items", "matches", "findings"} {
		all[v] = []string{v}
	}
	for name := range all {
		all[name] = append(all[name], "--case", id)
	}
	return all
}

// TestAProtectedSourceInEveryList takes a witness's own export down the road:
// every list shows what the others did and nothing that leads to the witness;
// the protected view shows all of it, for a reason, and says so in the log.
func TestAProtectedSourceInEveryList(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	d := newDesk(t)
	known := bytes.Repeat([]byte("landscape "), 100)
	d.run("hashlist", "import", "--source", "Test list", "--version", "1", "--purpose", "test",
		put(t, "list.csv", fmt.Appendf(nil, "sha256\n%x\n", sha256.Sum256(known))))
	id := lastLine(d.run("case", "open", "--title", "Walks", "--authority", "Order 1/26", "--purpose", "protection of children"))
	d.run("ingest", "--case", id, "--protected-source", "--owner", "Zenobia Quill", witness(t, known))
	if jobs := d.rows("status", "--case", id)[0]["jobs"].(map[string]any); jobs["done"] != 0.0 || jobs["waiting"] != 0.0 {
		t.Errorf("jobs of a protected export are counted: %v", jobs)
	}
	d.run("ingest", "--case", id, "--at-risk", put(t, "WhatsApp Chat with Urgent.txt",
		[]byte("05/03/2026, 09:00 - Ben Pine: now\n05/03/2026, 09:01 - +34 644 88 11 22: later\n")))
	exhibits := d.rows("exhibit", "list", "--case", id, "--protected", "--why", "which is it")
	if len(exhibits) != 2 || len(d.rows("exhibit", "list", "--case", id)) != 1 {
		t.Fatalf("exhibits: %v", exhibits)
	}
	protected := ""
	for _, e := range exhibits {
		if e["protected"] == true {
			protected = e["exhibit"].(string)
		}
	}
	if exhibits[0]["exhibit"] == protected || exhibits[0]["at_risk"] != true {
		t.Errorf("the child at risk is not first: %v", exhibits)
	}
	for name, args := range lists(id) {
		shown := d.run(append(args, "--json")...) + d.run(args...)
		for _, trace := range []string{protected, "enobia", "witness.zip", "DOC-2026", "\"received\"", "added you", "You changed"} {
			if strings.Contains(shown, trace) {
				t.Errorf("%s: %q shows:\n%s", name, trace, shown)
			}
		}
	}
	groups := d.rows("groups", "--case", id)
	if len(groups) != 2 || groups[0]["at_risk"] != true || groups[1]["exhibit"] != nil || groups[1]["subject"] != "Walks" || groups[1]["members"] != 2.0 {
		t.Errorf("groups: %v", groups)
	}
	if m := d.run("groups", "--messages", "--case", id); !strings.Contains(m, "thanks") || !strings.Contains(m, "Ada Larch") {
		t.Errorf("what the others said does not show:\n%s", m)
	}
	if _, err := d.try("groups", "--case", id, "--protected"); err == nil {
		t.Error("the protected view opens without a reason")
	}
	d.protectedView(id, protected)
}

// protectedView looks at the lists that can show all.
func (d desk) protectedView(id, protected string) {
	d.t.Helper()
	for name, args := range lists(id) {
		if name == "tips" {
			continue
		}
		all := d.run(append(args, "--protected", "--why", "who is it", "--json")...)
		want := map[string]string{"messages": "Zenobia Quill", "identifiers": "Zenobia Quill", "items": "DOC-20260304-WA0001.bin",
			"matches": "DOC-20260304-WA0001.bin", "groups": protected, "exhibits": "witness.zip"}[name]
		if !strings.Contains(all, want) {
			d.t.Errorf("%s: the protected view lacks %q:\n%s", name, want, all)
		}
	}
	if log := d.run("audit", "log", "--case", id, "--json"); strings.Count(log, ".protected\"") < 6 || !strings.Contains(log, "who is it") {
		d.t.Error("the log does not say who opened the protected view")
	}
}

// TestATipMarkedLater marks a citizen's mail after it was read: the address is
// then in no list, whoever else wrote it, until the mark is taken back; and what
// could not be sealed beside it is not told either.
func TestATipMarkedLater(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	d := newDesk(t)
	id := lastLine(d.run("case", "open", "--title", "Walks", "--authority", "Order 1/26", "--purpose", "protection of children"))
	mail := put(t, "tip.eml", []byte("From: Quill <quill@example.org>\r\nTo: <tips@example.net>\r\nSubject: a group\r\nDate: Fri, 14 Mar 2025 07:12:33 +0100\r\n\r\nask +39 06 1234 5678\r\n"))
	if err := os.Symlink("quill-home", filepath.Join(filepath.Dir(mail), "quill-link")); err != nil {
		t.Fatal(err)
	}
	d.run("ingest", "--case", id, filepath.Dir(mail))
	d.run("ingest", "--case", id, put(t, "notes.txt", []byte("write to quill@example.org or +34 612 345 678\n")))
	look := func() string {
		out := ""
		for _, args := range lists(id) {
			out += d.run(append(args, "--json")...)
		}
		return out + d.run("countries", "--case", id)
	}
	if before := look(); !strings.Contains(before, "quill@example.org") || !strings.Contains(before, "quill-link") {
		t.Fatalf("before the mark:\n%s", before)
	}
	tip := d.rows("tip", "list", "--case", id)[0]
	d.run("mark", "protected", "--case", id, "--why", "she asked for it", tip["tip"].(string))
	if after := look(); strings.Contains(after, "quill@") {
		t.Errorf("a tip was marked:\n%s", after)
	}
	d.run("mark", "protected", "--case", id, "--why", "she asked for it", tip["exhibit"].(string))
	if after := look(); strings.Contains(after, "quill") || !strings.Contains(after, "+34612345678") {
		t.Errorf("tip and exhibit are marked:\n%s", after)
	}
	if n := d.rows("status", "--case", id)[0]["findings"]; n != 0.0 {
		t.Errorf("findings counted: %v", n)
	}
	for _, object := range []string{tip["tip"].(string), tip["exhibit"].(string)} {
		d.run("mark", "protected", "--clear", "--case", id, "--why", "she no longer minds", object)
	}
	if after := look(); !strings.Contains(after, "quill@example.org") {
		t.Errorf("the mark was taken back:\n%s", after)
	}
}
