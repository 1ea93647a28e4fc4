package referrals_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/format/envelope"
	"tutela/format/referral"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// TestSameStateSameBytes cuts by two officers at different times.
func TestSameStateSameBytes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": []byte("one")})
		s.confirm("IT", "+39 320 000 0001")
		s.confirm("FR", "+33 6 39 98 00 01")
		first := s.cut(s.request("IT"))
		s.cut(s.request("FR")) // another cut and consultations do not change the case
		time.Sleep(1100 * time.Millisecond)
		again, err := s.second.Preview(ctx, s.look(), s.request("IT"))
		must(t, err)
		if s.text(first) != s.text(again) || first.ID != again.ID || first.Digest != again.Digest {
			t.Error("the same state gave other bytes")
		}
		if again.Officer != staff.ID(s.v.Desk.KeyID()) {
			t.Error("the second cut replaced who cut first")
		}
		at := s.request("IT")
		at.At = first.Checkpoint
		repeated := s.cut(at)
		if s.text(first) != s.text(repeated) || repeated.ID != first.ID {
			t.Error("at its checkpoint the cut is another one")
		}
		other := s.request("IT")
		other.Urgent = "deletion is due"
		if s.cut(other).ID == first.ID {
			t.Error("another request has the same id")
		}
	})
}

// TestChangedCase refuses to repeat a cut that would give other bytes, and
// repeats one that a change does not concern.
func TestChangedCase(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001")
		p := s.cut(s.request("IT"))
		s.confirm("FR", "+33 6 39 98 00 01") // does not concern what IT is told
		at := s.request("IT")
		at.At = p.Checkpoint
		if again := s.cut(at); s.text(again) != s.text(p) {
			t.Error("a change elsewhere changed the bytes")
		}
		if _, err := s.first.Cut(ctx, s.look(), at); fault.KindOf(err) != fault.Refused {
			t.Errorf("a cut at an older checkpoint without its record: %v", err)
		}
		s.confirm("IT", "+39 320 000 0002")
		s.do(func(w *db.Writer) error {
			return cases.PutMarks(ctx, w, cases.Mark{Case: s.c, ObjectKind: cases.IdentifierObject, Object: string(s.id("+39 320 000 0001")),
				Kind: cases.Risk, Set: true, Officer: "SHA256:a", Why: "threat"})
		})
		if _, err := s.first.Preview(ctx, s.look(), at); fault.KindOf(err) != fault.Refused {
			t.Errorf("a changed case was repeated: %v", err)
		}
		if _, err := s.second.Approve(ctx, s.look(), p.ID, terms()); fault.KindOf(err) != fault.Refused {
			t.Errorf("a changed case was approved: %v", err)
		}
		if again := s.cut(s.request("IT")); again.ID == p.ID {
			t.Error("the changed state has the same id")
		}
	})
}

// TestSecondOfficer tries to approve without the right to.
func TestSecondOfficer(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001")
		p := s.cut(s.request("IT"))
		if _, err := s.first.Approve(ctx, s.look(), p.ID, terms()); fault.KindOf(err) != fault.Refused {
			t.Errorf("who cut approved: %v", err)
		}
		third := vaulttest.AddOfficer(t, s.v, "third")
		room := referrals.New(s.v, s.v.Ledger.As(third))
		s.do(func(w *db.Writer) error {
			return errors.Join(staff.PutOfficers(ctx, w, staff.Officer{ID: staff.ID(third.KeyID()), Name: "Third", Roles: []staff.Role{staff.Supervisor}, State: staff.Active}))
		})
		if _, err := room.Approve(ctx, s.look(), p.ID, terms()); fault.KindOf(err) != fault.Refused {
			t.Errorf("an officer outside of the case approved: %v", err)
		}
		s.do(func(w *db.Writer) error {
			return errors.Join(cases.PutMembers(ctx, w, cases.Member{Case: s.c, Officer: staff.ID(third.KeyID())}),
				staff.PutOfficers(ctx, w, staff.Officer{ID: staff.ID(third.KeyID()), Name: "Third", Roles: []staff.Role{staff.Investigator}, State: staff.Active}))
		})
		if _, err := room.Approve(ctx, s.look(), p.ID, terms()); fault.KindOf(err) != fault.Refused {
			t.Errorf("an investigator approved: %v", err)
		}
		for name, bad := range map[string]referrals.Terms{"tlp": {TLP: "AMBER", Purpose: "x", Basis: "x", Why: "x"},
			"purpose": {TLP: "TLP:RED", Basis: "x", Why: "x"}, "basis": {TLP: "TLP:RED", Purpose: "x", Why: "x"}, "why": {TLP: "TLP:RED", Purpose: "x", Basis: "x"}} {
			if _, err := s.second.Approve(ctx, s.look(), p.ID, bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("approved without %s: %v", name, err)
			}
		}
		if _, err := s.first.Approval(ctx, s.look(), p.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an approval out of nothing: %v", err)
		}
		a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
		must(t, err)
		kept, err := s.first.Approval(ctx, s.look(), p.ID)
		must(t, err)
		if kept.ID() != a.ID() || kept.At() != a.At() || kept.Officer() != staff.ID(s.other.KeyID()) || kept.Terms() != terms() || kept.Country() != "IT" {
			t.Errorf("kept %+v, want %+v", kept, a)
		}
		var acts []string
		for e, err := range audit.Acts(ctx, s.look(), audit.Filter{Object: string(p.ID)}) {
			must(t, err)
			acts = append(acts, e.Header.Verb+" "+string(e.Header.Class))
		}
		if strings.Join(acts, ", ") != "referral.cut disclosure, referral.approve disclosure" {
			t.Errorf("acts: %v", acts)
		}
	})
}

// TestSealNeedsApproval has the zero value, which the compiler cannot refuse,
// and a case that changed between approval and seal.
func TestSealNeedsApproval(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001")
		to, err := referrals.ParseRecipient([]byte(ageKey(t).Recipient().String()))
		must(t, err)
		if _, err := s.first.Seal(ctx, s.look(), referrals.Approved{}, to); fault.KindOf(err) != fault.Refused {
			t.Errorf("sealed out of nothing: %v", err)
		}
		p := s.cut(s.request("IT"))
		a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
		must(t, err)
		if _, err := s.first.Seal(ctx, s.look(), a); fault.KindOf(err) != fault.Invalid {
			t.Errorf("sealed for nobody: %v", err)
		}
		s.do(func(w *db.Writer) error {
			return cases.PutMarks(ctx, w, cases.Mark{Case: s.c, ObjectKind: cases.IdentifierObject, Object: string(s.id("+39 320 000 0001")),
				Kind: cases.Protected, Set: true, Officer: "SHA256:a", Why: "turned witness"})
		})
		if files, err := s.first.Seal(ctx, s.look(), a, to); err == nil || len(files) > 0 {
			t.Error("sealed although the identifier became a protected source")
		}
	})
}

// TestInclude delivers a chosen picture without metadata, and refuses others'.
func TestInclude(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": jpegFile(t), "IMG-20250314-WA0002.jpg": jpegFile(t)})
		s.confirm("IT", "+39 320 000 0001")
		req := s.request("IT")
		req.Include = []media.ID{s.items["IMG-20250314-WA0002.jpg"]}
		if _, err := s.first.Cut(ctx, s.look(), req); fault.KindOf(err) != fault.Refused {
			t.Errorf("somebody else's file was chosen: %v", err)
		}
		req.Include = []media.ID{s.items["IMG-20250314-WA0001.jpg"]}
		p := s.cut(req)
		i := p.Cut.Package.Items[0]
		set, err := digest.Sum(bytes.NewReader(jpegFile(t)))
		must(t, err)
		if !i.Included || i.Original.SHA256 != set.SHA256.String() || i.Delivered.Digests.SHA256 == i.Original.SHA256 || i.Delivered.Changes == "" {
			t.Errorf("item: %+v", i)
		}
		wantNone(t, s.text(p), "zarza", "639 980", "behind the end", "Exif\x00")
		s.export("Otro", strings.ReplaceAll(group, ".jpg", ".bin"), false, map[string][]byte{"IMG-20250314-WA0001.bin": []byte("bytes")})
		req.Include = []media.ID{s.items["IMG-20250314-WA0001.bin"]}
		if _, err := s.first.Cut(ctx, s.look(), req); fault.KindOf(err) != fault.Refused {
			t.Errorf("a file of unknown structure was chosen: %v", err)
		}
	})
}

// TestProofs opens each proof as a stranger does and reads what it shows.
func TestProofs(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, nil)
		s.confirm("IT", "+39 320 000 0001")
		p := s.cut(s.request("IT"))
		k := p.Cut.Package
		if len(k.Proofs) != 3 { // the exhibit and two messages without a mask
			t.Fatalf("%d proofs", len(k.Proofs))
		}
		for _, x := range k.Proofs {
			must(t, referrals.CheckProof(k.ProofTrust, x.JSON))
			pr, err := proof.Parse(x.JSON)
			must(t, err)
			wantNone(t, string(pr.Item)+pr.Header, string(s.c), "Senderos", "Zarza", "WhatsApp", "Auto", "investigación", "+336")
		}
		k.ProofTrust.Actors = nil
		if referrals.CheckProof(k.ProofTrust, k.Proofs[0].JSON) == nil {
			t.Error("a proof holds without its actor")
		}
	})
}

// TestSealedPackage seals for an age key, opens it again and verifies it.
func TestSealedPackage(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.export("Senderos", group, false, map[string][]byte{"IMG-20250314-WA0001.jpg": jpegFile(t)})
		s.confirm("IT", "+39 320 000 0001")
		req := s.request("IT")
		req.Include = []media.ID{s.items["IMG-20250314-WA0001.jpg"]}
		p := s.cut(req)
		a, err := s.second.Approve(ctx, s.look(), p.ID, terms())
		must(t, err)
		key := ageKey(t)
		to, err := referrals.ParseRecipient([]byte(key.Recipient().String()))
		must(t, err)
		files, err := s.first.Seal(ctx, s.look(), a, to)
		must(t, err)
		by := map[string][]byte{}
		for _, f := range files {
			by[f.Name] = f.Data
		}
		known, err := envelope.ParseTrust(by["sender.allowed_signers"])
		must(t, err)
		trust := referral.Trust{Known: known, Proof: referrals.CheckProof}
		name := string(p.ID) + ".tar.age"
		if rep := referral.VerifySealed(name, bytes.NewReader(by[name]), by[name+".sig"], trust); rep.Answer != referral.IntactKnown {
			t.Fatalf("%v %v", rep.Answer, rep.Problems)
		}
		var tar bytes.Buffer
		must(t, envelope.OpenAge(&tar, bytes.NewReader(by[name]), key))
		rep := referral.VerifyTar(bytes.NewReader(tar.Bytes()), format.Limits{}, trust)
		if rep.Answer != referral.IntactKnown || rep.Info["Tutela-Handling"] != "TLP:AMBER" || rep.Info["External-Identifier"] != string(p.ID) {
			t.Errorf("%v %v %v", rep.Answer, rep.Problems, rep.Info)
		}
		wantNone(t, tar.String(), "zarza", "639 980", "frenchsecret", string(s.c))
		sealed, err := referrals.Sealings(ctx, s.look(), p.ID)
		must(t, err)
		if len(sealed) != 1 || sealed[0].Recipients != "?"+to.Fingerprint || sealed[0].Size != int64(len(by[name])) {
			t.Errorf("recorded: %+v", sealed)
		}
	})
}
