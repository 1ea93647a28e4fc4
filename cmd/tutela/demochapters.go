package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"tutela/demo"
	"tutela/fault"
	"tutela/format/envelope"
)

// found makes the site, its two officers and the case.
func (s *story) found() error {
	s.say("demo.found")
	if _, err := s.do("init", "--agency", "Unidad de ejemplo", "--country", "ES", "--officer", "Marco", "--channel", "e-mail unidad@example.org"); err != nil {
		return err
	}
	second, err := s.id(s.second, "key", "new", "--name", "Lucía")
	if err != nil {
		return err
	}
	if _, err := s.do("officer", "add", "--name", "Lucía", "--roles", "supervisor,liaison", "--public", s.second+".json"); err != nil {
		return err
	}
	s.caseID, err = s.id(s.first, "case", "open", "--title", "Senderos", "--authority", "Auto 12/2026", "--purpose", "identify who shared")
	if err != nil {
		return err
	}
	_, err = s.do("case", "entitle", "--case", s.caseID, "--officer", second)
	return err
}

// takeIn imports the list and ingests what came.
func (s *story) takeIn() error {
	s.say("demo.in")
	inCase := []string{"--case", s.caseID}
	exports := filepath.Dir(s.plan.Exports[0])
	for _, args := range [][]string{
		{"hashlist", "import", "--source", "Demo list", "--version", "1", "--purpose", "csam", s.plan.List},
		append([]string{"ingest", "--at-risk", "--from-whom", "a citizen"}, append(inCase, s.plan.Mail)...),
		append([]string{"ingest", "--device", "seized telephones", "--method", "export in the app"}, append(inCase, exports)...),
		append([]string{"ingest", "--in-place", "--device", "seized PC", "--method", "copy of a folder"}, append(inCase, s.plan.Folder)...),
		append([]string{"ingest", "--protected-source", "--from-whom", "a witness"}, append(inCase, s.plan.Protected)...),
	} {
		if _, err := s.do(args...); err != nil {
			return err
		}
	}
	return nil
}

// look shows what was found, without anybody looking at a picture.
func (s *story) look() error {
	s.say("demo.look")
	for _, args := range [][]string{{"status"}, {"findings", "--counts"}, {"matches", "--strongest"}, {"groups"}} {
		if _, err := s.do(append(args, "--case", s.caseID)...); err != nil {
			return err
		}
	}
	return nil
}

// decide records what only a person may decide.
func (s *story) decide() error {
	s.say("demo.decide")
	minor := s.plan.Minor
	name := called(minor)
	inCase := []string{"--case", s.caseID}
	person, err := s.id(s.first, append([]string{"assign", "--new", "the person called " + name, "--minor", "possible", "--why",
		"says in a message that she is 15", name, minor.E164}, inCase...)...)
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mark", "risk", "--why", "a child in a group that shares such items", person},
		{"countries", "confirm", "--all", "--relation", "author", "--why", "numbering plan, posted in a group"},
		{"countries", "confirm", "--country", minor.Country, "--identifier", name, "--identifier", minor.E164, "--why", "her number is in the address book of the seized telephone"},
		{"countries", "--summary"},
	} {
		if _, err := s.do(append(args, inCase...)...); err != nil {
			return err
		}
	}
	return nil
}

// called is what a member is known as in the exports: the name of a saved
// contact, or the number.
func called(m demo.Member) string {
	if m.Name != "" {
		return m.Name
	}
	return m.E164
}

// refer cuts, approves, seals and verifies a package for each country confirmed;
// the first is shown, the others are counted.
func (s *story) refer() error {
	s.say("demo.refer")
	countries, err := s.confirmed()
	if err != nil {
		return err
	}
	trust := filepath.Join(s.dir, "partners", "trust")
	if err := os.MkdirAll(filepath.Dir(trust), 0o700); err != nil {
		return fault.New(fault.Outside, "demo: %w", err)
	}
	if _, err := s.do("key", "export", "--out", trust); err != nil {
		return err
	}
	for n, country := range countries {
		to, err := partner(filepath.Dir(trust), country, n%4 == 3)
		if err != nil {
			return err
		}
		s.quiet = n > 0
		file, err := s.one(country, to, trust)
		s.quiet = false
		if err != nil {
			return err
		}
		s.say("demo.sent", country, file)
	}
	s.sent = len(countries)
	return nil
}

// one takes one country's package through cut, approval, seal and verification.
func (s *story) one(country, to, trust string) (string, error) {
	out := filepath.Join(s.dir, "referrals", country)
	id, err := s.id(s.first, "refer", "cut", "--case", s.caseID, "--country", country, "--out", out)
	if err != nil {
		return "", err
	}
	if _, err := s.as(s.second, "refer", "approve", "--tlp", "TLP:AMBER", "--purpose", "identify the persons", "--basis",
		"Directive (EU) 2016/680 art. 35", "--why", "read the preview", id); err != nil {
		return "", err
	}
	if _, err := s.do("refer", "seal", "--to", to, "--out", out, id); err != nil {
		return "", err
	}
	sealed, err := filepath.Glob(filepath.Join(out, id+".tar.*"))
	if err != nil {
		return "", err
	}
	sealed = slices.DeleteFunc(sealed, func(f string) bool { return strings.HasSuffix(f, ".sig") || strings.HasSuffix(f, ".asc") })
	if len(sealed) != 1 {
		return "", fault.New(fault.Outside, "demo: %d sealed files in %s", len(sealed), out)
	}
	_, err = s.do("verify", "--trust", trust, sealed[0])
	return sealed[0], err
}

// confirmed returns the countries with a confirmed identifier, without the own.
func (s *story) confirmed() ([]string, error) {
	s.quiet = true
	defer func() { s.quiet = false }()
	out, err := s.do("countries", "--summary", "--case", s.caseID, "--json")
	var countries []string
	for line := range strings.Lines(out) {
		var row summaryRow
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return nil, fault.New(fault.Corrupt, "demo: %w", err)
		}
		if row.Confirmed > 0 && row.Country != "ES" {
			countries = append(countries, row.Country)
		}
	}
	return countries, err
}

// partner makes the key pair of a receiving agency and returns the file of its
// public half: OpenPGP, or age.
func partner(dir, country string, withAge bool) (string, error) {
	secret, public := filepath.Join(dir, country+".secret"), filepath.Join(dir, country+".public")
	var s, p []byte
	if withAge {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return "", fault.New(fault.Outside, "demo: %w", err)
		}
		s, p = []byte(id.String()+"\n"), []byte(id.Recipient().String()+"\n")
	} else {
		key, err := envelope.GenerateKey("Example agency "+country, strings.ToLower(country)+"@example.org", time.Now().Add(-time.Hour), rand.Reader)
		if err != nil {
			return "", err
		}
		if s, err = key.Private(); err != nil {
			return "", err
		}
		if p, err = key.Public(); err != nil {
			return "", err
		}
	}
	for file, content := range map[string][]byte{secret: s, public: p} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return "", fault.New(fault.Outside, "demo: %w", err)
		}
	}
	return public, nil
}

// check shows that log, rows and content are what was recorded.
func (s *story) check() error {
	s.say("demo.check")
	_, err := s.do("check")
	return err
}

// end says what there is to look at and to try.
func (s *story) end() error {
	s.say("demo.end", s.sent, s.dir, filepath.Join(s.dir, "site"), s.first, s.caseID, s.caseID, called(s.plan.Bystander))
	return s.print.value(map[string]any{"dir": s.dir, "case": s.caseID, "packages": s.sent}, s.dir)
}
