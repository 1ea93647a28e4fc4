package referrals_test

import (
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"tutela/casework/referrals"
	"tutela/fault"
	"tutela/format/envelope"
	"tutela/vault/audit"
	"tutela/vault/evidence"
)

func ageKey(t testing.TB) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	must(t, err)
	return k
}

// sealedFiles seals a package of the case into a folder.
func (s *site) sealedFiles(to ...referrals.Recipient) (string, referrals.ID) {
	s.t.Helper()
	s.export("Senderos", group, false, nil)
	s.confirm("IT", "+39 320 000 0001")
	p := s.cut(s.request("IT"))
	a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
	must(s.t, err)
	files, err := s.first.Seal(ctx, s.look(), a, to...)
	must(s.t, err)
	dir := s.t.TempDir()
	for _, f := range files {
		must(s.t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600))
	}
	return dir, p.ID
}

// TestReceive takes in a package that another site could have sent, known and
// unknown, and refuses one that was altered.
func TestReceive(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		key := ageKey(t)
		to, err := referrals.ParseRecipient([]byte(key.Recipient().String()))
		must(t, err)
		dir, id := s.sealedFiles(to)
		name := filepath.Join(dir, string(id)+".tar.age")
		trust, err := os.ReadFile(filepath.Join(dir, "sender.allowed_signers"))
		must(t, err)
		in := referrals.Incoming{Case: s.c, Path: name, Identity: []byte(key.String())}
		data, err := os.ReadFile(name)
		must(t, err)
		data[len(data)/2] ^= 1
		must(t, os.WriteFile(name, data, 0o600))
		if _, _, err := s.first.Receive(ctx, s.look(), in); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("an altered package was taken in: %v", err)
		}
		refused := 0
		for e, err := range audit.Acts(ctx, s.look(), audit.Filter{Case: string(s.c), Verb: "referral.refuse"}) {
			must(t, err)
			refused += len(e.Header.Detail["sha256"]) / 64
		}
		if refused != 1 {
			t.Errorf("%d refusals recorded", refused)
		}
		data[len(data)/2] ^= 1
		must(t, os.WriteFile(name, data, 0o600))
		if _, _, err := s.first.Receive(ctx, s.look(), referrals.Incoming{Case: s.c, Path: name}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("opened without a key: %v", err)
		}
		x, _, err := s.first.Receive(ctx, s.look(), in)
		must(t, err)
		if x.Known || x.Package != string(id) || x.Sender != "Unidad Central" || x.Country != "IT" || x.Handling != "TLP:AMBER" {
			t.Errorf("received: %+v", x)
		}
		es, err := evidence.ByID(ctx, s.look(), x.Exhibit)
		must(t, err)
		if len(es) != 1 || es[0].SHA256.String() != x.SHA256 {
			t.Errorf("sealed: %+v", es)
		}
		if open, _, err := s.v.Evidence.Covered(ctx, s.look(), es, "identify"); err != nil || len(open) != 0 {
			t.Errorf("a stage may read what another agency claims: %v", err)
		}
		in.Trust = trust
		if _, _, err := s.first.Receive(ctx, s.look(), in); fault.KindOf(err) != fault.Refused {
			t.Errorf("taken in twice: %v", err)
		}
		all, err := referrals.ReceivedOf(ctx, s.look(), s.c)
		must(t, err)
		if len(all) != 1 || all[0] != x {
			t.Errorf("listed: %+v", all)
		}
	})
}

// TestReceiveKnown opens OpenPGP and knows the signer.
func TestReceiveKnown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		key, err := envelope.GenerateKey("Polizia", "polizia@example.org", s.v.Clock(), s.v.Rand)
		must(t, err)
		public, err := key.Public()
		must(t, err)
		secret, err := key.Private()
		must(t, err)
		to, err := referrals.ParseRecipient(public)
		must(t, err)
		if _, err := referrals.ParseRecipient(secret); fault.KindOf(err) != fault.Refused {
			t.Errorf("a secret key as recipient: %v", err)
		}
		dir, id := s.sealedFiles(to)
		in := referrals.Incoming{Case: s.c, Path: filepath.Join(dir, string(id)+".tar.gpg"), Identity: secret}
		for name, into := range map[string]*[]byte{"sender.asc": &in.Sender, "sender.allowed_signers": &in.Trust} {
			*into, err = os.ReadFile(filepath.Join(dir, name))
			must(t, err)
		}
		x, _, err := s.first.Receive(ctx, s.look(), in)
		must(t, err)
		if !x.Known {
			t.Errorf("received: %+v", x)
		}
	})
}
