package referrals_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// tools are what an agency has: GnuPG, age, OpenSSH, coreutils, tar.
func tools(t *testing.T) {
	t.Helper()
	for _, name := range []string{"gpg", "age", "age-keygen", "ssh-keygen", "sha512sum", "tar"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("TUTELA_REQUIRE_SERVERS") != "" {
				t.Fatalf("%s is not installed", name)
			}
			t.Skipf("%s is not installed (set TUTELA_REQUIRE_SERVERS to make this an error)", name)
		}
	}
}

// sh runs a script as a receiving officer would.
func sh(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
	return string(out)
}

// TestStockTools makes keys with stock tools, seals a real cut for them, and
// opens and checks the files by the commands of the package's own README.
func TestStockTools(t *testing.T) {
	tools(t)
	s := newSite(t, vaulttest.Open(t, schemas()...))
	desk := t.TempDir()
	home := filepath.Join(t.TempDir(), "g")
	must(t, os.Mkdir(home, 0o700))
	gnupg := "GNUPGHOME=" + home
	sh(t, desk, `gpg --batch --quiet --passphrase '' --quick-gen-key 'Carlos <carlos@agency.example>' future-default default never
		gpg --armor --export > carlos.asc
		age-keygen -o carlos.age 2>/dev/null && age-keygen -y carlos.age > carlos.pub
		ssh-keygen -q -t ed25519 -N '' -f carlos.ssh`, gnupg)
	t.Cleanup(func() { exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() })
	var to []referrals.Recipient
	for _, name := range []string{"carlos.asc", "carlos.pub", "carlos.ssh.pub"} {
		text, err := os.ReadFile(filepath.Join(desk, name))
		must(t, err)
		x, err := referrals.ParseRecipient(text)
		must(t, err)
		to = append(to, x)
	}
	s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": jpegFile(t)})
	s.confirm("IT", "+39 320 000 0001")
	req := s.request("IT")
	req.Include = []media.ID{s.items["IMG-20250314-WA0001.jpg"]}
	p := s.cut(req)
	a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
	must(t, err)
	files, err := s.first.Seal(ctx, s.look(), a, to...)
	must(t, err)
	for _, f := range files {
		must(t, os.WriteFile(filepath.Join(desk, f.Name), f.Data, 0o600))
	}
	id := "ID=" + string(p.ID)
	out := sh(t, desk, `gpg --quiet --import sender.asc
		gpg --verify $ID.tar.gpg.asc $ID.tar.gpg
		gpg --batch --quiet --output $ID.tar --decrypt $ID.tar.gpg
		SENDER=$(cut -d' ' -f1 sender.allowed_signers)
		for f in gpg age; do
			ssh-keygen -Y verify -f sender.allowed_signers -I $SENDER -n tutela-referral -s $ID.tar.$f.sig < $ID.tar.$f
		done
		for k in carlos.age carlos.ssh; do age --decrypt -i $k $ID.tar.age | cmp - $ID.tar; done
		tar -xOf $ID.tar README.txt > README.txt && rm $ID.tar`, gnupg, id)
	if strings.Count(out, `Good "tutela-referral" signature`) != 2 {
		t.Errorf("%s", out)
	}
	readme, err := os.ReadFile(filepath.Join(desk, "README.txt"))
	must(t, err)
	out = sh(t, desk, printed(string(readme)), gnupg)
	if strings.Count(out, `Good "tutela-referral" signature`) != 2 || strings.Contains(out, "FAILED") || strings.Count(out, ": OK") < 12 {
		t.Errorf("%s", out)
	}
	got, err := os.ReadFile(filepath.Join(desk, string(p.ID), "data", "items", p.Cut.Package.Items[0].Name))
	must(t, err)
	if bytes.Contains(got, []byte("Zarza")) || len(got) != int(p.Cut.Package.Items[0].Delivered.Size) {
		t.Errorf("%d bytes delivered", len(got))
	}
}

// printed returns the commands of a README as they stand there, one after the
// other, with the three words in capitals filled in. The last is this program's.
func printed(readme string) string {
	sender := "$(cut -d' ' -f1 sender.allowed_signers)"
	fill := strings.NewReplacer("-f TRUST", "-f sender.allowed_signers", "-I SENDER", "-I "+sender, "-i KEY", "-i carlos.age")
	var all []string
	for line := range strings.Lines(readme) {
		if cmd, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(cmd, "tutela ") {
			all = append(all, strings.Replace(fill.Replace(cmd), "gpg --output", "gpg --batch --output", 1))
		}
	}
	return strings.Join(all, "")
}

// TestDirectory encrypts to a key that two officers confirmed, by fingerprint,
// and refuses keys that are revoked or another country's.
func TestDirectory(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		key := ageKey(t).Recipient().String()
		put := func(agency staff.AgencyID, revoked bool, by ...staff.ID) {
			s.do(func(w *db.Writer) error {
				must(t, staff.PutAgencies(ctx, w, staff.Agency{ID: "fr", Name: "Office", Country: "FR", State: staff.Active}))
				must(t, staff.PutKeys(ctx, w, staff.Key{Agency: agency, Fingerprint: key, Kind: staff.Age, Text: key, Revoked: revoked}))
				for _, o := range by {
					must(t, staff.Confirm(ctx, w, staff.Confirmation{Agency: agency, Fingerprint: key, Officer: o, At: 1, How: "telephone"}))
				}
				return nil
			})
		}
		me, other := staff.ID(s.v.Desk.KeyID()), staff.ID(s.other.KeyID())
		put("it", false, me)
		if _, err := referrals.FindRecipient(ctx, s.look(), "IT", key, s.v.Now()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a key that one officer confirmed: %v", err)
		}
		given, err := referrals.ParseRecipient([]byte(key))
		must(t, err)
		if given, err = given.Known(ctx, s.look(), "IT", s.v.Now()); err != nil || given.Confirmed {
			t.Errorf("given as a file: %+v, %v", given, err)
		}
		put("it", false, other)
		x, err := referrals.FindRecipient(ctx, s.look(), "IT", key, s.v.Now())
		if err != nil || !x.Confirmed || x.Agency != "Polizia Postale" {
			t.Errorf("confirmed: %+v, %v", x, err)
		}
		if _, err := given.Known(ctx, s.look(), "FR", s.v.Now()); fault.KindOf(err) != fault.Refused {
			t.Errorf("the key of an agency of another country: %v", err)
		}
		put("it", true)
		if _, err := given.Known(ctx, s.look(), "IT", s.v.Now()); fault.KindOf(err) != fault.Refused {
			t.Errorf("a revoked key: %v", err)
		}
	})
}
