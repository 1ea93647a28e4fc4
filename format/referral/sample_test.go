package referral

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tutela/fault"
	"tutela/format/when"
)

func siteKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func pub(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func moment() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// labels reads the catalogue that the command line passes in.
func labels(t testing.TB, lang string) Labels {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "phrase", lang, "referral.json"))
	if err != nil {
		t.Fatal(err)
	}
	var l Labels
	if err := json.Unmarshal(b, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

const itemText = "not a picture, only bytes\n"

func opener(name string) (io.ReadCloser, error) {
	if name != "item-7f3a.jpg" {
		return nil, fault.New(fault.NotFound, "no item %s", name)
	}
	return io.NopCloser(strings.NewReader(itemText)), nil
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// least is the smallest package that can be written.
func least() Package {
	return Package{ID: strings.Repeat("0a", 16), Case: "case-1", Country: "IT", From: Agency{Name: "Unit", Country: "PT"},
		Request: "Identify the holder.", LegalBasis: "Directive (EU) 2016/680", Purpose: "prevention", TLP: "TLP:AMBER",
		Coverage: Coverage{Exhibits: []Covered{{Label: "exhibit-A", Read: 1}}, Stages: []Stage{{"whatsapp", "1"}}}}
}

// full has at least one of everything.
func full() Package {
	p := least()
	src := Source{"exhibit-A", "chat.txt › line 12"}
	p.Title, p.ChildAtRisk, p.Urgent = "Operation Pebble", true, "deletion is due"
	p.To = Agency{"Polizia <Postale> & Co", "IT", "SIENA"}
	p.Handling, p.TransferBasis = "H1: not in court without permission", "art. 35, within the Union"
	p.Authorisations = []Authorisation{{"warrant", "W-1", "Court", "2026-01-01T00:00:00Z", ""}}
	p.Persons = []Person{{ID: "p1", Name: "P-Heron", Category: "suspect", Minor: "unknown",
		Claims: []Claim{{"uses the number", "reported", src, "4x4 B2"}}},
		{ID: "p2", Name: "P-Wren", Category: "victim", Minor: "possible"}}
	p.Identifiers = []Identifier{{ID: "i1", Kind: "phone", Value: "+390612345678", Spellings: []string{"+39 06 12345678"}, Person: "p1",
		Relations: []Relation{{"author", "g1", src}, {"member", "g1", src}},
		Countries: []Reason{{"e164", "8.13.50", "numbering plan +39, author", "confirmed"}},
		Claims:    []Claim{{"posted on two days", "observed", src, ""}}},
		{ID: "i2", Kind: "email", Value: "=cmd|'/c calc'!A1@example.org"},
		{ID: "i3", Kind: "url", Value: "https://chat.example/XYZ", Relations: []Relation{{"mentioned", "", src}}},
		{ID: "i4", Kind: "wa-name", Value: "<script>alert(1)</script>"}}
	p.Groups = []Group{{"g1", "group-4c", "", "WhatsApp"}}
	p.Messages = []Message{
		{ID: "m1", Group: "g1", Author: "i1", Direction: "received", Text: "hello " + Masked + " <b>you</b>\nTLP:CLEAR", Masks: 1, Items: []string{"x1"},
			Time: when.Time{Text: "12/03/25, 10:11", Wall: "2025-03-12T10:11", Precision: when.Minute}, Source: src},
		{ID: "m2", Group: "g1", Author: "i1", Text: "again", Time: when.FromUTC(moment(), when.Second), Source: src}}
	d := Digests{MD5: strings.Repeat("ab", 16), SHA1: strings.Repeat("cd", 20), SHA256: strings.Repeat("ef", 32)}
	p.Items = []Item{{ID: "x1", Name: "item-7f3a.jpg", MediaType: "image/jpeg", Size: 900, Original: d, Sender: "i1", Included: true, Why: "chosen",
		Delivered: Delivered{int64(len(itemText)), Digests{SHA256: sum(itemText)}, "metadata removed"},
		Matches:   []Match{{"list A", "3", "pdq", "upright", 6, "INT/1"}, {"list B", "1", "sha256", "", 0, "2"}}, Source: src},
		{ID: "x2", Name: "item-99.bin", Size: -1, Why: "not chosen", Source: src}}
	p.Exhibits = []Exhibit{{"exhibit-A", "chat export", d, []Step{{"2026-01-02T10:00:00Z", "sealed", "investigator"}}}}
	p.Coverage.Lists = []ListUsed{{"list A", "3", []string{"pdq", "sha256"}}}
	p.Coverage.KnownError = []string{"PDQ ≤ 31: see docs"}
	p.Coverage.Excluded = []string{"messages of others"}
	p.Coverage.Proved = []string{"exhibit-A"}
	p.Proofs = []Proof{{Name: "exhibit-A", About: "exhibit-A was sealed", JSON: json.RawMessage(`{"true":1}`)}}
	p.ProofTrust = ProofTrust{"tutela/01", bytes.Repeat([]byte{1}, 32), [][]byte{bytes.Repeat([]byte{2}, 32)}}
	return p
}

func pack(t testing.TB, p Package) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p, moment(), siteKey(), labels(t, "en"), opener); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sampleProof accepts the one proof of full.
func sampleProof(trust ProofTrust, b []byte) error {
	if trust.Origin != "tutela/01" || string(b) != `{"true":1}` {
		return fault.New(fault.Corrupt, "proof is wrong")
	}
	return nil
}
