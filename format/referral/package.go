package referral

import (
	"encoding/json"

	"tutela/format/when"
)

// Package is everything that a package says. All ids and labels are keyed for
// this package; no value tells of other countries or other participants.
type Package struct {
	ID            string // 32 lower-case hexadecimal digits
	Case          string // label of the case
	Title         string // "" when the title itself may not be told
	Country       string // of the recipient, two capital letters
	From          Agency
	To            Agency
	Urgent        string // why it cannot wait; "" if it can
	Request       string
	LegalBasis    string
	Purpose       string
	TransferBasis string
	TLP           string // TLP:RED, TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN, TLP:CLEAR
	Handling      string // conditions in words, handling codes
	ChildAtRisk   bool   // a child may be at risk now: the first line of summary, report and coverage

	Authorisations []Authorisation
	Persons        []Person
	Identifiers    []Identifier
	Groups         []Group
	Messages       []Message // in the order of each group
	Items          []Item
	Exhibits       []Exhibit
	Coverage       Coverage
	Proofs         []Proof
	ProofTrust     ProofTrust // of Proofs; ignored without them
}

// Agency is the sender or the recipient.
type Agency struct{ Name, Country, Channel string }

// Authorisation is what allowed the work.
type Authorisation struct{ Kind, Reference, Issuer, From, Until string } // times RFC 3339 or ""

// Person is somebody that identifiers are assigned to.
type Person struct {
	ID       string
	Name     string // or the pseudonym of a victim or possible minor
	Category string // victim, suspect, convicted, witness, contact, other
	Minor    string // yes, possible, unknown
	Claims   []Claim
}

// Claim is one statement with its basis and source (never more than a claim).
type Claim struct {
	Text       string
	Basis      string // observed, reported, assessed
	Source     Source
	Evaluation string // scheme and code: "4x4 B2"; "" if none
}

// Source is where something was seen: an exhibit's label and a place in words.
type Source struct{ Exhibit, Place string }

// Identifier is a phone number, address, link or account of the country.
type Identifier struct {
	ID        string
	Kind      string // phone, email, url, handle, wa-name
	Value     string
	Spellings []string // as written in the exhibits
	Person    string   // id, or ""
	Relations []Relation
	Countries []Reason // why this country
	Claims    []Claim
}

// Relation says in which relation an identifier stands to a source.
type Relation struct {
	Kind   string // author, member, mentioned, saved-contact, payer, subscriber
	Group  string // id, or ""
	Source Source
}

// Reason is why an identifier is taken to concern the country.
type Reason struct{ Rule, Version, Text, Decision string }

// Group is a chat; Label is keyed, Subject "" unless it may be told.
type Group struct{ ID, Label, Subject, Platform string }

// Message was written by an identifier of this package. Masked parts of Text
// are Masked; Masks says how many there are.
type Message struct {
	ID        string
	Group     string
	Author    string // id of an identifier
	Direction string // sent, received, unknown
	Time      when.Time
	Text      string
	Masks     int
	Items     []string // ids
	Source    Source
}

// Digests of one file, lower-case hexadecimal; "" if not known.
type Digests struct{ MD5, SHA1, SHA256 string }

// Item is a file; it is included only when chosen.
type Item struct {
	ID        string
	Name      string // NAME below data/items, also when not included
	MediaType string
	Size      int64 // of the original; −1 if not known
	Original  Digests
	Sender    string // id of an identifier, or ""
	Included  bool
	Why       string // why it is or is not included
	Delivered Delivered
	Matches   []Match
	Source    Source
}

// Delivered describes the bytes that are in the package.
type Delivered struct {
	Size    int64
	Digests Digests
	Changes string // "metadata removed"; "" for the original bytes
}

// Match is a hit in a hash list.
type Match struct {
	List, Version, Algorithm, Variant string
	Distance                          int
	Category                          string // scheme, region and code as the list has them
}

// Exhibit is what the sources were taken from.
type Exhibit struct {
	Label   string
	Kind    string
	Digests Digests
	Custody []Step
}

// Step is one entry of the chain of custody; who is a role, not a name.
type Step struct{ At, What, Who string } // At RFC 3339

// Proof is an opening of a salted leaf of the sender's log.
type Proof struct {
	Name  string // NAME without ".json"
	About string // what it proves, for the report and the coverage
	JSON  json.RawMessage
}

// ProofTrust names what the proofs verify under.
type ProofTrust struct {
	Origin string
	LogKey []byte   // 32 bytes
	Actors [][]byte // 32 bytes each
}

// Labels are the sentences of one language by key (Keys names them).
type Labels map[string]string
