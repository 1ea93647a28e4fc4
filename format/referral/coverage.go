package referral

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"tutela/fault"
)

const (
	coverageFormat = "tutela coverage v1"
	trustFormat    = "tutela proof trust v1"
	maxCount       = 1<<53 - 1
)

// Coverage says what was read and what was not; counts concern this package
// only.
type Coverage struct {
	Format     string     `json:"format"` // set by Write
	Exhibits   []Covered  `json:"exhibits"`
	Stages     []Stage    `json:"stages"`
	Lists      []ListUsed `json:"lists"`
	Excluded   []string   `json:"excluded"`
	KnownError []string   `json:"known_error"`
	Proved     []string   `json:"proved"`
}

// Covered is how far one exhibit was read.
type Covered struct {
	Label    string `json:"label"`
	Read     int64  `json:"read"`
	Unread   int64  `json:"unread"`
	Failed   int64  `json:"failed"`
	Excluded int64  `json:"excluded"`
	Note     string `json:"note"`
}

// Stage is a reader that was used.
type Stage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// ListUsed is a hash list that was looked in.
type ListUsed struct {
	Source     string   `json:"source"`
	Version    string   `json:"version"`
	Algorithms []string `json:"algorithms"`
}

// canonical writes v as sections 6 and 7 of the format say.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fault.New(fault.Invalid, "referral: encode: %w", err)
	}
	return b.Bytes(), nil
}

// parseCanonical reads b into v and wants that writing v gives b again.
func parseCanonical(b []byte, v any, norm func()) error {
	if !utf8.Valid(b) {
		return fault.New(fault.Corrupt, "is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fault.New(fault.Corrupt, "is not of the form")
	}
	norm()
	again, err := canonical(v)
	if err != nil || !bytes.Equal(again, b) {
		return fault.New(fault.Corrupt, "is not in canonical form")
	}
	return nil
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// norm makes missing arrays empty ones.
func (c *Coverage) norm() {
	c.Exhibits, c.Stages, c.Lists = list(c.Exhibits), list(c.Stages), list(c.Lists)
	c.Excluded, c.KnownError, c.Proved = list(c.Excluded), list(c.KnownError), list(c.Proved)
	for i := range c.Lists {
		c.Lists[i].Algorithms = list(c.Lists[i].Algorithms)
	}
}

func (c *Coverage) check() error {
	if c.Format != coverageFormat {
		return fault.New(fault.Corrupt, "is not %q", coverageFormat)
	}
	if len(c.Exhibits) == 0 || len(c.Stages) == 0 {
		return fault.New(fault.Corrupt, "names no exhibit or no reader")
	}
	for _, e := range c.Exhibits {
		for _, n := range []int64{e.Read, e.Unread, e.Failed, e.Excluded} {
			if n < 0 || n > maxCount {
				return fault.New(fault.Corrupt, "has a count outside the format")
			}
		}
	}
	return nil
}

func (c Coverage) encode() ([]byte, error) {
	c.Format = coverageFormat
	c.Lists = append([]ListUsed(nil), c.Lists...)
	c.norm()
	if err := c.check(); err != nil {
		return nil, fault.New(fault.Invalid, "referral: coverage %w", err)
	}
	b, err := canonical(c)
	if err != nil {
		return nil, err
	}
	if _, err := parseCoverage(b); err != nil { // text that is not UTF-8
		return nil, fault.New(fault.Invalid, "referral: coverage %w", err)
	}
	return b, nil
}

func parseCoverage(b []byte) (Coverage, error) {
	var c Coverage
	if err := parseCanonical(b, &c, c.norm); err != nil {
		return Coverage{}, err
	}
	return c, c.check()
}

// trustFile is data/proofs/trust.json.
type trustFile struct {
	Format string   `json:"format"`
	Origin string   `json:"origin"`
	LogKey []byte   `json:"log_key"`
	Actors [][]byte `json:"actors"`
}

func (t *trustFile) norm() { t.Actors = list(t.Actors) }

func (t ProofTrust) encode() ([]byte, error) {
	f := trustFile{Format: trustFormat, Origin: t.Origin, LogKey: t.LogKey, Actors: list(t.Actors)}
	if err := f.check(); err != nil {
		return nil, fault.New(fault.Invalid, "referral: trust of the proofs %w", err)
	}
	return canonical(f)
}

func (t *trustFile) check() error {
	if t.Format != trustFormat || t.Origin == "" || len(t.LogKey) != 32 {
		return fault.New(fault.Corrupt, "has no format, origin or log key")
	}
	for _, a := range t.Actors {
		if len(a) != 32 {
			return fault.New(fault.Corrupt, "has an actor that is not an Ed25519 key")
		}
	}
	return nil
}

func parseProofTrust(b []byte) (ProofTrust, error) {
	var f trustFile
	if err := parseCanonical(b, &f, f.norm); err != nil {
		return ProofTrust{}, err
	}
	return ProofTrust{f.Origin, f.LogKey, f.Actors}, f.check()
}
