package referral

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"tutela/fault"
	"tutela/format"
	"tutela/format/bagit"
	"tutela/format/envelope"
)

// Answer is one of the three answers of a verifier.
type Answer int

// The answers. The zero value is the bad one.
const (
	Altered       Answer = iota // something does not hold
	IntactUnknown               // all holds, the signer is not trusted
	IntactKnown                 // all holds, the signer is trusted
)

// ExitCode returns the exit status for the answer (section 9 of the format).
func (a Answer) ExitCode() int {
	switch a {
	case IntactKnown:
		return 0
	case IntactUnknown:
		return 11
	}
	return 10
}

// String returns the answer in plain English.
func (a Answer) String() string {
	switch a {
	case IntactKnown:
		return "intact, signer known"
	case IntactUnknown:
		return "intact, signer unknown"
	}
	return "altered"
}

// Trust is what a verification believes.
type Trust struct {
	Known envelope.Known
	// Proof checks one proof of docs/formats/audit.md §7 under a trust. A
	// package with proofs does not verify without it.
	Proof func(trust ProofTrust, proof []byte) error
}

// FileAnswer is yes or no for one file, with the reason.
type FileAnswer struct {
	Name string
	OK   bool
	Why  string
}

// Report is the result of a verification.
type Report struct {
	Answer   Answer
	Signer   ed25519.PublicKey // nil when no valid signature was found
	Info     map[string]string // bag-info.txt
	Files    []FileAnswer      // in order of their names
	Problems []string          // everything that does not hold
	Kept     map[string][]byte // the content of the small files, for a reader
}

func keep(name string) bool { return !strings.HasPrefix(name, pathItems) }

// VerifyTar verifies a package in a tar.
func VerifyTar(r io.Reader, l format.Limits, t Trust) Report {
	c, err := bagit.ReadTar(r, l, keep)
	return verify(c, err, t)
}

// VerifyDir verifies a package that was unpacked to a folder.
func VerifyDir(dir fs.FS, l format.Limits, t Trust) Report {
	c, err := bagit.ReadDir(dir, l, keep)
	return verify(c, err, t)
}

// VerifySealed verifies a sealed file by its detached SSH signature.
func VerifySealed(name string, file io.Reader, sig []byte, t Trust) Report {
	r := Report{Files: []FileAnswer{{Name: name}}}
	key, err := envelope.VerifySSH(file, sig)
	if err != nil {
		r.Problems = []string{err.Error()}
		r.Files[0].Why = err.Error()
		return r
	}
	r.Files[0].OK, r.Signer = true, key
	r.decide(t)
	return r
}

// Sealed reports whether a file of this name is a sealed package.
func Sealed(name string) bool {
	return strings.HasSuffix(name, envelope.SuffixOpenPGP) || strings.HasSuffix(name, envelope.SuffixAge)
}

func (r *Report) decide(t Trust) {
	switch {
	case len(r.Problems) > 0:
		r.Answer = Altered
	case t.Known.Has(r.Signer):
		r.Answer = IntactKnown
	default:
		r.Answer = IntactUnknown
	}
}

// verify judges what was read.
func verify(c *bagit.Contents, readErr error, t Trust) Report {
	r := Report{Info: map[string]string{}, Kept: c.Kept}
	bad := map[string]string{}
	note := func(name, why string) {
		if bad[name] == "" {
			bad[name] = why
		}
		r.Problems = append(r.Problems, strings.TrimPrefix(name+": "+why, ": "))
	}
	if readErr != nil {
		note("", readErr.Error())
	}
	for _, p := range c.Verify(pathSignature) {
		note(p.Name, p.Why)
	}
	checkNames(c, note)
	r.checkSignature(c, note)
	r.checkInfo(c, note)
	if cov, ok := c.Kept[pathCoverage]; ok {
		if _, err := parseCoverage(cov); err != nil {
			note(pathCoverage, err.Error())
		}
	}
	checkProofs(c, t, note)
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		r.Files = append(r.Files, fileAnswer(name, bad))
	}
	r.decide(t)
	return r
}

// fileAnswer says yes only when the chain from the signature to the file holds.
func fileAnswer(name string, bad map[string]string) FileAnswer {
	chain := []string{name, "", pathSignature, bagit.TagManifest, pathSigner}
	if strings.HasPrefix(name, "data/") {
		chain = append(chain, bagit.Manifest)
	}
	for _, link := range chain {
		if why := bad[link]; why != "" {
			if link == name {
				link = ""
			}
			return FileAnswer{Name: name, Why: strings.TrimPrefix(link+" "+why, " ")}
		}
	}
	return FileAnswer{Name: name, OK: true}
}

// checkNames wants the files of section 1 and no other.
func checkNames(c *bagit.Contents, note func(name, why string)) {
	required := []string{pathReadme, bagit.BagInfo, bagit.BagitTxt, pathGraph, pathCoverageHTML, pathCoverage, pathIdentifiers,
		pathReport, pathSummary, bagit.Manifest, pathSigner, bagit.TagManifest, pathSignature}
	for _, name := range required {
		if _, ok := c.Files[name]; !ok {
			note(name, "is required and missing")
		}
	}
	proofs, trust := 0, 0
	for name := range c.Files {
		item, isItem := strings.CutPrefix(name, pathItems)
		proof, isProof := strings.CutPrefix(name, pathProofs)
		switch {
		case slices.Contains(required, name):
		case isItem && nameForm.MatchString(item):
		case name == pathProofTrust:
			trust++
		case isProof && nameForm.MatchString(proof) && strings.HasSuffix(proof, ".json"):
			proofs++
		default:
			note(name, "is not a file of this format")
		}
	}
	if (proofs > 0) != (trust > 0) {
		note(pathProofTrust, "trust.json and proofs go together")
	}
}

func (r *Report) checkSignature(c *bagit.Contents, note func(name, why string)) {
	key, err := envelope.VerifySSH(bytes.NewReader(c.Kept[bagit.TagManifest]), c.Kept[pathSignature])
	if err != nil {
		note(pathSignature, err.Error())
		return
	}
	named, err := envelope.ParsePublicLine(string(c.Kept[pathSigner]))
	if err != nil || !named.Equal(key) {
		note(pathSigner, "is not the key that signed")
		return
	}
	r.Signer = key
}

// infoForm is bag-info.txt line by line: Payload-Oxum and the dates are also
// compared with what is there.
var infoForm = regexp.MustCompile(`^Source-Organization: .*
Bagging-Date: \d{4}-\d\d-\d\d
External-Identifier: [0-9a-f]{32}
Payload-Oxum: \d+\.\d+
Tutela-Format: referral/1
Tutela-Time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ
Tutela-Recipient-Country: [A-Z]{2}
Tutela-Handling: TLP:(RED|AMBER\+STRICT|AMBER|GREEN|CLEAR)
$`)

func (r *Report) checkInfo(c *bagit.Contents, note func(name, why string)) {
	fields, err := bagit.ParseInfo(c.Kept[bagit.BagInfo])
	if err != nil || !infoForm.Match(c.Kept[bagit.BagInfo]) {
		note(bagit.BagInfo, "is not of the form")
		return
	}
	for _, f := range fields {
		r.Info[f.Label] = f.Value
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", r.Info["Tutela-Time"])
	switch {
	case err != nil || at.Format(time.DateOnly) != r.Info["Bagging-Date"]:
		note(bagit.BagInfo, "date and time do not agree")
	case !c.At.IsZero() && !c.At.Equal(at):
		note(bagit.BagInfo, "the tar has another time")
	case r.Info["Payload-Oxum"] != oxum(c):
		note(bagit.BagInfo, "Payload-Oxum is not what is there")
	}
}

func oxum(c *bagit.Contents) string {
	var files []bagit.File
	for name, s := range c.Files {
		if strings.HasPrefix(name, "data/") {
			files = append(files, bagit.File{Size: s.Size})
		}
	}
	return bagit.Oxum(files)
}

// checkProofs verifies every proof under data/proofs/trust.json.
func checkProofs(c *bagit.Contents, t Trust, note func(name, why string)) {
	raw, ok := c.Kept[pathProofTrust]
	if !ok {
		return
	}
	trust, err := parseProofTrust(raw)
	if err != nil {
		note(pathProofTrust, err.Error())
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.Kept)) {
		if !strings.HasPrefix(name, pathProofs) || name == pathProofTrust {
			continue
		}
		if t.Proof == nil {
			err = fault.New(fault.Invalid, "no checker of proofs")
		} else {
			err = t.Proof(trust, c.Kept[name])
		}
		if err != nil {
			note(name, err.Error())
		}
	}
}
