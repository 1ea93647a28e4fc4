package referral

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"regexp"
	"slices"
	"time"

	"tutela/fault"
	"tutela/format/bagit"
	"tutela/format/envelope"
)

var (
	idForm      = regexp.MustCompile(`^[0-9a-f]{32}$`)
	nameForm    = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// tlpCodes are the handling codes, most restrictive first.
func tlpCodes() []string {
	return []string{"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"}
}

// Write writes the package as a deterministic tar, signed inside by the site's
// Ed25519 key. at is the time of the checkpoint that it was cut at; open gives
// the bytes of an included item by its name, and is called once for each.
func Write(w io.Writer, p Package, at time.Time, key crypto.Signer, labels Labels, open func(name string) (io.ReadCloser, error)) error {
	at = at.UTC().Truncate(time.Second)
	if err := p.check(); err != nil {
		return err
	}
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return fault.New(fault.Invalid, "referral: the signing key is not Ed25519")
	}
	payload, err := p.Payload(at, labels, open)
	if err != nil {
		return err
	}
	readme, err := labels.text(readmeKeys(), p.ID)
	if err != nil {
		return err
	}
	bag := bagit.Bag{Info: p.info(at, bagit.Oxum(payload)), Payload: payload, At: at, Tags: []bagit.File{
		bagit.Bytes(pathReadme, readme), bagit.Bytes(pathSigner, []byte(envelope.PublicLine(pub)))}}
	return bagit.Write(w, bag, func(manifest []byte) ([]bagit.File, error) {
		sig, err := envelope.SignSSH(bytes.NewReader(manifest), key)
		return []bagit.File{bagit.Bytes(pathSignature, sig)}, err
	})
}

// Payload returns every file below data/, without manifest or signature: what
// an officer sees before anything is approved. It refuses what Write refuses.
func (p Package) Payload(at time.Time, labels Labels, open func(name string) (io.ReadCloser, error)) ([]bagit.File, error) {
	at = at.UTC().Truncate(time.Second)
	if err := p.check(); err != nil {
		return nil, err
	}
	payload, err := p.documents(at, labels)
	if err != nil {
		return nil, err
	}
	for _, i := range p.Items {
		if i.Included {
			payload = append(payload, bagit.File{Name: pathItems + i.Name, Size: i.Delivered.Size, Open: checked(i, open)})
		}
	}
	return payload, nil
}

// documents makes every payload file except the items.
func (p Package) documents(at time.Time, labels Labels) ([]bagit.File, error) {
	var files []bagit.File
	for _, d := range []struct {
		name string
		make func() ([]byte, error)
	}{
		{pathGraph, func() ([]byte, error) { return p.Graph(at) }},
		{pathCoverage, p.Coverage.encode},
		{pathCoverageHTML, func() ([]byte, error) { return p.page("coverage.html", at, labels) }},
		{pathReport, func() ([]byte, error) { return p.page("report.html", at, labels) }},
		{pathIdentifiers, p.table},
		{pathSummary, func() ([]byte, error) { return p.Summary(at, labels) }},
	} {
		b, err := d.make()
		if err != nil {
			return nil, err
		}
		files = append(files, bagit.Bytes(d.name, b))
	}
	if len(p.Proofs) == 0 {
		return files, nil
	}
	trust, err := p.ProofTrust.encode()
	if err != nil {
		return nil, err
	}
	files = append(files, bagit.Bytes(pathProofTrust, trust))
	for _, proof := range p.Proofs {
		files = append(files, bagit.Bytes(pathProofs+proof.Name+".json", proof.JSON))
	}
	return files, nil
}

func (p Package) info(at time.Time, oxum string) []bagit.Field {
	return []bagit.Field{
		{Label: "Source-Organization", Value: p.From.Name},
		{Label: "Bagging-Date", Value: at.Format(time.DateOnly)},
		{Label: "External-Identifier", Value: p.ID},
		{Label: "Payload-Oxum", Value: oxum},
		{Label: "Tutela-Format", Value: formatName},
		{Label: "Tutela-Time", Value: at.Format("2006-01-02T15:04:05Z")},
		{Label: "Tutela-Recipient-Country", Value: p.Country},
		{Label: "Tutela-Handling", Value: p.TLP},
	}
}

// check refuses a package that could not be read again.
func (p Package) check() error {
	bad := func(what string) error { return fault.New(fault.Invalid, "referral: %s", what) }
	switch {
	case !idForm.MatchString(p.ID):
		return bad("the id is not 32 hexadecimal digits")
	case !countryForm.MatchString(p.Country):
		return bad("the country is not two capital letters")
	case !slices.Contains(tlpCodes(), p.TLP):
		return bad("the handling code is not one of TLP 2.0")
	case bagit.CheckValue(p.From.Name) != nil:
		return bad("the sender's name does not fit in one line")
	case p.Request == "" || p.LegalBasis == "" || p.Purpose == "":
		return bad("request, legal basis and purpose must be stated")
	}
	names := map[string]bool{}
	for _, i := range p.Items {
		if !nameForm.MatchString(i.Name) || names[i.Name] {
			return bad("an item has no name of its own in the grammar")
		}
		names[i.Name] = true
	}
	proofs := map[string]bool{"trust": true}
	for _, proof := range p.Proofs {
		if len(proof.Name) > maxName-len(".json") || !nameForm.MatchString(proof.Name) || proofs[proof.Name] {
			return bad("a proof has no name of its own in the grammar")
		}
		proofs[proof.Name] = true
	}
	return p.checkRefs()
}

// checkRefs wants every id that is referred to.
func (p Package) checkRefs() error {
	known := map[string]bool{"": true}
	for _, x := range p.Persons {
		known["person "+x.ID] = true
	}
	for _, x := range p.Identifiers {
		known["identifier "+x.ID] = true
	}
	for _, x := range p.Groups {
		known["group "+x.ID] = true
	}
	for _, x := range p.Items {
		known["item "+x.ID] = true
	}
	want := func(kind, id string) error {
		if id != "" && !known[kind+" "+id] {
			return fault.New(fault.Invalid, "referral: the package refers to a %s that is not in it", kind)
		}
		return nil
	}
	for _, x := range p.Identifiers {
		if err := want("person", x.Person); err != nil {
			return err
		}
		for _, r := range x.Relations {
			if err := want("group", r.Group); err != nil {
				return err
			}
		}
	}
	for _, x := range p.Items {
		if err := want("identifier", x.Sender); err != nil {
			return err
		}
	}
	for _, m := range p.Messages {
		for _, i := range m.Items {
			if err := want("item", i); err != nil {
				return err
			}
		}
		if m.Author == "" || m.Group == "" {
			return fault.New(fault.Invalid, "referral: a message has no author or group")
		}
		if err := want("identifier", m.Author); err != nil {
			return err
		}
		if err := want("group", m.Group); err != nil {
			return err
		}
	}
	return nil
}

// checked opens an item so that reading it to the end compares it with the
// digest that the package states.
func checked(i Item, open func(string) (io.ReadCloser, error)) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		r, err := open(i.Name)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		return &digested{ReadCloser: r, tee: io.TeeReader(r, h), sum: func() string { return hex.EncodeToString(h.Sum(nil)) },
			want: i.Delivered.Digests.SHA256}, nil
	}
}

type digested struct {
	io.ReadCloser
	tee  io.Reader
	sum  func() string
	want string
}

func (d *digested) Read(b []byte) (int, error) {
	n, err := d.tee.Read(b)
	if err == io.EOF && d.sum() != d.want {
		return n, fault.New(fault.Corrupt, "referral: an item is not the bytes that the package states")
	}
	return n, err
}
