package vault_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/vaulttest"
)

// span is where the content of a member of a tar file lies.
type span struct {
	name     string
	from, to int64
}

// backedUp makes a site with an object, a backup of it, and says what is in that.
func backedUp(t *testing.T) (vault.Options, []byte, []span) {
	t.Helper()
	ctx := context.Background()
	v, site := vaulttest.OpenAt(t, "")
	openCase(t, v, "case-1", v.Actor().KeyID())
	for i := range 3 {
		content := strings.Repeat("encrypted ", 100*i)
		if err := v.Backend.Put(ctx, fmt.Sprintf("%064x-0123456789abcdef", i), strings.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := v.Backup(ctx, file, "nightly"); err != nil {
		t.Fatal(err)
	}
	v.Close()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return site.Options, whole, members(t, whole)
}

func members(t *testing.T, whole []byte) (out []span) {
	r := bytes.NewReader(whole)
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		from := r.Size() - int64(r.Len())
		out = append(out, span{h.Name, from, from + h.Size})
	}
}

// restored tries to restore bytes into an empty directory, which must stay
// empty when that is refused.
func restored(t *testing.T, o vault.Options, backup []byte) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Data = filepath.Join(t.TempDir(), "restored")
	v, err := vault.Restore(context.Background(), o, file, "disk failed", "")
	if err == nil {
		return v.Close()
	}
	for _, name := range []string{"tutela.db", "keyring.json", "format.json"} {
		if _, err := os.Stat(filepath.Join(o.Data, name)); err == nil {
			t.Errorf("%s was written from a backup that was refused", name)
		}
	}
	return err
}

// TestDamagedBackups changes and cuts a backup in each member and at each border:
// none of it is restored.
func TestDamagedBackups(t *testing.T) {
	o, whole, all := backedUp(t)
	if len(all) < 8 || all[0].name != "BACKUP" || all[len(all)-1].name != "SHA256SUMS" {
		t.Fatalf("members %v", all)
	}
	if err := restored(t, o, whole); err != nil {
		t.Fatalf("the whole backup: %v", err)
	}
	refused := func(what string, b []byte) {
		t.Helper()
		if err := restored(t, o, b); fault.KindOf(err) != fault.Corrupt && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want corrupt", what, err)
		}
	}
	for _, m := range all {
		for _, at := range []int64{m.from, (m.from + m.to) / 2, m.to - 1} {
			if at < m.from || at >= m.to {
				continue
			}
			b := bytes.Clone(whole)
			b[at] ^= 1
			refused(fmt.Sprintf("byte %d of %s changed", at-m.from, m.name), b)
			refused(fmt.Sprintf("cut at byte %d of %s", at-m.from, m.name), whole[:at])
		}
		if border := (m.to + 511) / 512 * 512; m.name != "SHA256SUMS" {
			refused("cut after "+m.name, whole[:border])
			refused("ended after "+m.name, append(bytes.Clone(whole[:border]), make([]byte, 1024)...))
		}
	}
}

// TestBackupIsListed checks the list as sha256sum -c would.
func TestBackupIsListed(t *testing.T) {
	_, whole, all := backedUp(t)
	last := all[len(all)-1]
	var want strings.Builder
	for _, m := range all[:len(all)-1] {
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(whole[m.from:m.to]), m.name)
	}
	if got := string(whole[last.from:last.to]); got != want.String() {
		t.Errorf("the list is\n%s\nwant\n%s", got, want.String())
	}
}

// TestMembersOfABackup rewrites a backup: one of before the list is restored, and
// members that are missing, doubled or strange are refused.
func TestMembersOfABackup(t *testing.T) {
	o, whole, all := backedUp(t)
	write := func(keep func(i int, m span) int) []byte {
		var b bytes.Buffer
		tw := tar.NewWriter(&b)
		for i, m := range all {
			for range keep(i, m) {
				if err := tw.WriteHeader(&tar.Header{Name: m.name, Mode: 0o600, Size: m.to - m.from}); err != nil {
					t.Fatal(err)
				}
				tw.Write(whole[m.from:m.to])
			}
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	before := write(func(_ int, m span) int {
		if m.name == "BACKUP" || m.name == "SHA256SUMS" {
			return 0
		}
		return 1
	})
	if err := restored(t, o, before); err != nil {
		t.Errorf("a backup of before the list: %v", err)
	}
	for i, m := range all {
		for _, n := range []int{0, 2} {
			if m.name == "BACKUP" && n == 0 { // then it is of before the list, with a strange member
				continue
			}
			b := write(func(j int, _ span) int {
				if j == i {
					return n
				}
				return 1
			})
			if err := restored(t, o, b); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("%s %d times: %v, want corrupt", m.name, n, err)
			}
		}
	}
}
