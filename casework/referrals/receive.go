package referrals

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/format/envelope"
	"tutela/format/referral"
	"tutela/vault/audit"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
	"tutela/vault/keys"
)

// Received is the provenance of a package of another agency. What it says of
// itself stays a claim of its sender.
type Received struct {
	ID       string   `json:"received"`
	Case     cases.ID `json:"case"`
	Exhibit  string   `json:"exhibit"`
	Package  string   `json:"package"`  // the sender's id
	Sender   string   `json:"sender"`   // as the package says
	Country  string   `json:"country"`  // that it was cut for
	Handling string   `json:"handling"` // as the package says
	Signer   string   `json:"signer"`   // SSH fingerprint of the key that signed
	Known    bool     `json:"known"`    // the key was trusted when it came
	File     string   `json:"file"`     // name as it came
	SHA256   string   `json:"sha256"`   // of the tar, opened
	Officer  staff.ID `json:"officer"`
	At       int64    `json:"at_us"`
}

// Incoming is a package to take in.
type Incoming struct {
	Case     cases.ID
	Path     string // ID.tar, or ID.tar.gpg or ID.tar.age beside its .sig
	Identity []byte // age identity, SSH or OpenPGP secret key that opens a sealed one
	Sender   []byte // OpenPGP public key of the sender, for .gpg
	Trust    []byte // allowed signers; confirmed SSH keys of the directory are trusted besides
}

// maxPackage bounds a package that is taken in, in bytes.
const maxPackage = 1 << 30

// Receive opens and checks a package, and seals it into the case as a received
// document: held, so that no stage reads it unless an authorisation names it. One
// that was altered is Corrupt; that it came is recorded all the same.
func (r *Room) Receive(ctx context.Context, q db.Queryer, in Incoming) (Received, referral.Report, error) {
	if err := r.entitled(ctx, q, in.Case, staff.Investigator, staff.Supervisor, staff.Liaison, staff.Examiner); err != nil {
		return Received{}, referral.Report{}, err
	}
	known, err := trusted(ctx, q, in.Trust, r.desk.Now())
	if err != nil {
		return Received{}, referral.Report{}, err
	}
	data, err := readPackage(in.Path)
	if err != nil {
		return Received{}, referral.Report{}, err
	}
	trust := referral.Trust{Known: known, Proof: CheckProof}
	name := filepath.Base(in.Path)
	tar, rep, err := r.open(in, data, trust)
	if err == nil && tar != nil {
		rep = referral.VerifyTar(bytes.NewReader(tar), format.Limits{}, trust)
	}
	if err != nil {
		return Received{}, rep, err
	}
	if rep.Answer == referral.Altered {
		return Received{}, rep, r.refuse(ctx, in, name, data, rep)
	}
	x := Received{Case: in.Case, Package: rep.Info["External-Identifier"], Sender: db.Text(rep.Info["Source-Organization"]),
		Country: rep.Info["Tutela-Recipient-Country"], Handling: rep.Info["Tutela-Handling"], Known: rep.Answer == referral.IntactKnown,
		File: db.Text(name), SHA256: hexSum(tar), Officer: staff.ID(r.desk.KeyID()), At: r.desk.Now()}
	if x.Signer, err = keys.Fingerprint(rep.Signer); err != nil {
		return x, rep, err
	}
	return r.take(ctx, q, in, x, tar, rep)
}

// open returns the tar of a package. A nil tar means that the report already
// says what is wrong.
func (r *Room) open(in Incoming, data []byte, trust referral.Trust) ([]byte, referral.Report, error) {
	if !referral.Sealed(in.Path) {
		return data, referral.Report{}, nil
	}
	sig, err := os.ReadFile(in.Path + envelope.SuffixSig)
	if err != nil {
		return nil, referral.Report{}, fault.Hint(fault.New(fault.NotFound, "receive: the signature of the sealed file: %w", err),
			"It is the file with .sig behind its name.")
	}
	rep := referral.VerifySealed(filepath.Base(in.Path), bytes.NewReader(data), sig, trust)
	if rep.Answer == referral.Altered {
		return nil, rep, nil
	}
	if len(in.Identity) == 0 {
		return nil, rep, fault.Hint(fault.New(fault.Invalid, "receive: the package is encrypted"), "Give the key that opens it with --identity.")
	}
	var out bytes.Buffer
	if strings.HasSuffix(in.Path, envelope.SuffixAge) {
		ident, err := identities(in.Identity)
		if err != nil {
			return nil, rep, err
		}
		return opened(&out, rep, envelope.OpenAge(&out, bytes.NewReader(data), ident...))
	}
	key, err := envelope.ReadKey(in.Identity)
	if err != nil {
		return nil, rep, err
	}
	if !key.Secret() {
		return nil, rep, fault.Hint(fault.New(fault.Invalid, "receive: the OpenPGP key has no usable secret part"),
			"Open a key with a passphrase by gpg, and receive the tar.")
	}
	if len(in.Sender) == 0 {
		return nil, rep, fault.Hint(fault.New(fault.Invalid, "receive: the OpenPGP key of the sender is needed"), "Give it with --sender-key.")
	}
	sender, err := envelope.ReadKey(in.Sender)
	if err != nil {
		return nil, rep, err
	}
	return opened(&out, rep, envelope.OpenOpenPGP(&out, bytes.NewReader(data), key, sender, r.v.Clock()))
}

func opened(out *bytes.Buffer, rep referral.Report, err error) ([]byte, referral.Report, error) {
	if err != nil {
		return nil, rep, err
	}
	return out.Bytes(), rep, nil
}

func identities(text []byte) ([]age.Identity, error) {
	if bytes.Contains(text, []byte("OPENSSH PRIVATE KEY")) {
		one, err := agessh.ParseIdentity(text)
		if err != nil {
			return nil, fault.New(fault.Invalid, "receive: SSH key: %w", err)
		}
		return []age.Identity{one}, nil
	}
	all, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fault.New(fault.Invalid, "receive: age identity: %w", err)
	}
	return all, nil
}

func readPackage(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		kind := fault.Outside
		if errors.Is(err, os.ErrNotExist) {
			kind = fault.NotFound
		}
		return nil, fault.New(kind, "receive: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPackage+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fault.New(fault.Outside, "receive: %w", err)
	}
	if len(data) > maxPackage {
		return nil, fault.New(fault.Refused, "receive: the package is larger than %d bytes", int64(maxPackage))
	}
	return data, nil
}

// trusted puts together whose signatures are known: those that the officer
// names, and SSH keys that two officers confirmed in the directory.
func trusted(ctx context.Context, q db.Queryer, given []byte, now int64) (envelope.Known, error) {
	known, err := envelope.ParseTrust(given)
	if err != nil {
		return nil, err
	}
	err = directory(ctx, q, "", now, func(_ staff.Agency, k staff.Key) error {
		if k.Kind != staff.SSH || !strings.HasPrefix(k.Text, "ssh-ed25519 ") {
			return nil
		}
		more, err := envelope.ParseTrust([]byte(strings.TrimSpace(k.Text) + "\n"))
		known = append(known, more...)
		return err
	})
	return known, err
}

// CheckProof verifies one proof of a package under the trust that it carries;
// it is what referral.Trust asks for.
func CheckProof(t referral.ProofTrust, text []byte) error {
	p, err := proof.Parse(text)
	if err != nil {
		return err
	}
	trust := proof.Trust{Origin: t.Origin, LogKey: ed25519.PublicKey(t.LogKey)}
	for _, a := range t.Actors {
		trust.Actors = append(trust.Actors, ed25519.PublicKey(a))
	}
	_, err = proof.VerifyProof(p, trust)
	return err
}

// refuse records that an altered package came.
func (r *Room) refuse(ctx context.Context, in Incoming, name string, data []byte, rep referral.Report) error {
	a := audit.Act{Class: audit.Collection, Verb: "referral.refuse", Case: string(in.Case), Why: "a package that was altered is not taken in",
		Detail: map[string]string{"file": db.Text(name), "sha256": hexSum(data)}}
	_, err := r.desk.Do(ctx, a, func(*db.Writer) error { return nil })
	why := "nothing of it can be believed"
	if len(rep.Problems) > 0 {
		why = rep.Problems[0]
	}
	return errors.Join(fault.New(fault.Corrupt, "receive: the package was altered: %s", why), err)
}

// take seals the tar as an exhibit, and its provenance in the same act.
func (r *Room) take(ctx context.Context, q db.Queryer, in Incoming, x Received, tar []byte, rep referral.Report) (Received, referral.Report, error) {
	_, there, err := db.One(ctx, q, scanReceived, selectReceived+" WHERE case_id = ?1 AND sha256 = ?2 LIMIT 1", string(in.Case), x.SHA256)
	if err != nil {
		return x, rep, err
	}
	if there {
		return x, rep, fault.New(fault.Refused, "receive: this package is in the case already")
	}
	if x.ID, err = ids.New(time.UnixMicro(x.At), r.v.Rand); err != nil {
		return x, rep, fault.New(fault.Outside, "receive: no randomness: %w", err)
	}
	dir, err := os.MkdirTemp("", "tutela-receive-")
	if err != nil {
		return x, rep, fault.New(fault.Outside, "receive: %w", err)
	}
	path := filepath.Join(dir, x.Package+".tar")
	if err = os.WriteFile(path, tar, 0o600); err != nil {
		return x, rep, errors.Join(fault.New(fault.Outside, "receive: %w", err), os.RemoveAll(dir))
	}
	// No authority of the case covers it: what another agency claims is no
	// evidence of this case, and no stage reads it until somebody says so.
	order := evidence.Order{Case: string(in.Case), Path: path, FromWhom: x.Sender, Method: "referral package", Why: "received from another agency",
		Authority: evidence.NoAuthority,
		Promise: func(ctx context.Context, w *db.Writer, sealed []evidence.Exhibit) error {
			x.Exhibit = sealed[0].ID
			if err := cases.Raise(ctx, w, in.Case); err != nil {
				return err
			}
			return w.Put(ctx, receivedTable, x.row())
		}}
	_, err = r.v.Evidence.Seal(ctx, r.desk, order)
	return x, rep, errors.Join(err, os.RemoveAll(dir))
}

// ReceivedOf lists the packages that were received in a case, oldest first.
func ReceivedOf(ctx context.Context, q db.Queryer, c cases.ID) ([]Received, error) {
	return db.Collect(ctx, q, scanReceived, selectReceived+" WHERE case_id = ?1 ORDER BY at_us, id", string(c))
}
