package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"tutela/fault"
	"tutela/format"
	"tutela/format/envelope"
	"tutela/format/referral"
	"tutela/vault/audit/proof"
)

// verifyVerb checks a referral package or a proof. It needs no site, no
// database and no key.
type verifyVerb struct {
	Trust string `placeholder:"FILE" help:"${help_trust}"`
	Path  string `arg:"" help:"${help_verify_path}"`
}

// verifyRow is the answer.
type verifyRow struct {
	Answer   string            `json:"answer"` // "intact, signer known", "intact, signer unknown", "altered"
	Signer   string            `json:"signer,omitempty"`
	Info     map[string]string `json:"info,omitempty"`
	Files    []verifiedFile    `json:"files"`
	Problems []string          `json:"problems"`
}

// verifiedFile is yes or no for one file.
type verifiedFile struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
}

// Run prints the answer for each file and ends with one of three exit codes.
func (c *verifyVerb) Run(a *app) error {
	if b, err := smallFile(c.Path); err == nil && bytes.HasPrefix(b, []byte(`{"format":"`+proof.ProofFormat+`"`)) {
		return c.proof(a, b)
	}
	trust := referral.Trust{Proof: proofOf}
	if c.Trust != "" {
		text, err := readText(c.Trust)
		if err != nil {
			return err
		}
		if trust.Known, err = envelope.ParseTrust(text); err != nil {
			return err
		}
	}
	r, err := verifyPath(a, c.Path, trust)
	if err != nil {
		return err
	}
	row := verifyRow{Answer: r.Answer.String(), Info: r.Info, Files: []verifiedFile{}, Problems: append([]string{}, r.Problems...)}
	if r.Signer != nil {
		row.Signer = proof.KeyID(r.Signer)
	}
	for _, f := range r.Files {
		row.Files = append(row.Files, verifiedFile(f))
	}
	row.show(a)
	if err := a.print.value(row, a.text.Text(answerKey(r.Answer))); err != nil {
		return err
	}
	if code := r.Answer.ExitCode(); code != 0 {
		return status{code}
	}
	return nil
}

// answerKey is the sentence of an answer.
func answerKey(r referral.Answer) string {
	switch r {
	case referral.IntactKnown:
		return "verify.known"
	case referral.IntactUnknown:
		return "verify.unknown"
	}
	return "verify.altered"
}

func (r verifyRow) show(a *app) {
	for _, f := range r.Files {
		if f.OK {
			a.print.line(printable(a.text.Text("verify.yes", f.Name)))
		} else {
			a.print.line(printable(a.text.Text("verify.no", f.Name, f.Why)))
		}
	}
	for _, p := range r.Problems {
		a.print.line(printable(a.text.Text("verify.problem", p)))
	}
	if r.Signer != "" {
		a.print.line(a.text.Text("verify.signer", r.Signer))
	}
}

// smallFile reads what may be a proof.
func smallFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 4<<20 {
		return nil, fault.New(fault.Invalid, "no small file")
	}
	return os.ReadFile(path)
}

// verifyPath verifies a folder, a tar or a sealed file.
func verifyPath(a *app, path string, t referral.Trust) (referral.Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return referral.Report{}, fault.New(fault.NotFound, "verify: %w", err)
	}
	var limits format.Limits
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(path, cutFile)); err == nil {
			err := fault.New(fault.Invalid, "verify: %s holds a cut, which is no package", path)
			return referral.Report{}, fault.Hint(err, a.text.Text("hint.verify_cut"))
		}
		return referral.VerifyDir(os.DirFS(path), limits.OrDefault(), t), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return referral.Report{}, fault.New(fault.NotFound, "verify: %w", err)
	}
	defer f.Close()
	if !referral.Sealed(path) {
		return referral.VerifyTar(f, limits.OrDefault(), t), nil
	}
	sig, err := readText(path + envelope.SuffixSig)
	if err != nil {
		return referral.Report{}, err
	}
	return referral.VerifySealed(filepath.Base(path), f, sig, t), nil
}

// proofOf checks one enclosed proof.
func proofOf(t referral.ProofTrust, text []byte) error {
	_, err := openProof(t, text)
	return err
}

func openProof(t referral.ProofTrust, text []byte) (proof.Opened, error) {
	p, err := proof.Parse(text)
	if err != nil {
		return proof.Opened{}, err
	}
	trust := proof.Trust{Origin: t.Origin, LogKey: ed25519.PublicKey(t.LogKey)}
	for _, key := range t.Actors {
		trust.Actors = append(trust.Actors, ed25519.PublicKey(key))
	}
	return proof.VerifyProof(p, trust)
}

// proofTrust is a trust file of docs/formats/referral.md §7.
type proofTrust struct {
	Format string   `json:"format"`
	Origin string   `json:"origin"`
	LogKey []byte   `json:"log_key"`
	Actors [][]byte `json:"actors"`
}

const proofTrustFormat = "tutela proof trust v1"

// proofRow is the answer for a proof.
type proofRow struct {
	Answer     string          `json:"answer"`
	Problem    string          `json:"problem,omitempty"`
	Header     *proof.Header   `json:"header,omitempty"`
	Item       json.RawMessage `json:"item,omitempty"`
	ItemSHA256 string          `json:"item_sha256,omitempty"`
	Origin     string          `json:"origin,omitempty"`
	Size       int64           `json:"size,omitempty"` // of the log at the checkpoint
}

// proof checks a single proof under a trust file of its own kind.
func (c *verifyVerb) proof(a *app, b []byte) error {
	if c.Trust == "" {
		return fault.Hint(fault.New(fault.Invalid, "verify: a proof needs --trust"), a.text.Text("hint.proof_trust"))
	}
	text, err := readText(c.Trust)
	if err != nil {
		return err
	}
	var t proofTrust
	if err := json.Unmarshal(text, &t); err != nil || t.Format != proofTrustFormat || len(t.LogKey) != ed25519.PublicKeySize {
		return fault.Hint(fault.New(fault.Invalid, "verify: %s is no trust file of proofs", c.Trust), a.text.Text("hint.proof_trust"))
	}
	for _, key := range t.Actors {
		if len(key) != ed25519.PublicKeySize {
			return fault.New(fault.Invalid, "verify: %s holds a key of %d bytes", c.Trust, len(key))
		}
	}
	o, err := openProof(referral.ProofTrust{Origin: t.Origin, LogKey: t.LogKey, Actors: t.Actors}, bytes.TrimSuffix(b, []byte("\n")))
	if err != nil {
		a.print.line(printable(a.text.Text("verify.problem", err)))
		if err := a.print.value(proofRow{Answer: referral.Altered.String(), Problem: err.Error()}, a.text.Text("verify.altered")); err != nil {
			return err
		}
		return status{exitAltered}
	}
	row := proofRow{Answer: referral.IntactKnown.String(), Header: &o.Header, Origin: o.Checkpoint.Origin, Size: o.Checkpoint.Size}
	if len(o.Item) > 0 {
		row.Item = o.Item
		sum := sha256.Sum256(o.Item)
		row.ItemSHA256 = hex.EncodeToString(sum[:])
		a.print.line(printable(string(o.Item)))
	}
	a.print.line(printable(a.text.Text("verify.act", o.Header.Act, o.Header.Verb, o.Header.Actor, utc(o.Header.Time), o.Checkpoint.Size)))
	return a.print.value(row, a.text.Text("verify.known"))
}
