package referrals

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/format/referral"
	"tutela/phrase"
)

// Version of the rules of the cut; it stands in the coverage of each package.
const Version = "2"

// ID identifies a package: 32 lower-case hexadecimal digits, keyed by the site.
type ID string

// Request says what to cut. The same request on the same state of the case
// gives the same bytes.
type Request struct {
	Case    cases.ID
	Country string // ISO 3166-1 alpha-2, or XK
	// Include names items whose bytes go into the package. Only items that an
	// identifier of the package sent can be chosen.
	Include []media.ID
	// Also names identifiers that were confirmed for the country but are out by
	// default: members without a post, and mere mentions.
	Also     []identifiers.ID
	At       string          // checkpoint (signed note) to cut at; "" = the one that the state left
	To       referral.Agency // recipient; its country is Country
	Language string          // of the package's sentences; "" = "en"
	Ask      string          // what the recipient is asked for; "" = the usual sentence
	Urgent   string          // why it cannot wait; "" if it can
	Basis    string          // legal basis; "" = the authority of the case
}

// asked is a Request as rows keep it and ids depend on it.
type asked struct {
	Case     cases.ID         `json:"case"`
	Country  string           `json:"country"`
	Include  []media.ID       `json:"include"`
	Also     []identifiers.ID `json:"also"`
	To       referral.Agency  `json:"to"`
	Language string           `json:"language"`
	Ask      string           `json:"ask"`
	Urgent   string           `json:"urgent"`
	Basis    string           `json:"basis"`
}

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// complete checks the request and brings it to one form.
func (r Request) complete() (Request, error) {
	if r.Case == "" || !countryForm.MatchString(r.Country) || !identifiers.IsCountry(r.Country) {
		return r, fault.New(fault.Invalid, "refer: a case and a country of ISO 3166-1 are needed")
	}
	if r.Language == "" {
		r.Language = "en"
	}
	if !slices.Contains(phrase.Languages(), r.Language) {
		return r, fault.New(fault.Invalid, "refer: there is no language %q", r.Language)
	}
	r.To.Country = r.Country
	r.Include, r.Also = slices.Compact(slices.Sorted(slices.Values(r.Include))), slices.Compact(slices.Sorted(slices.Values(r.Also)))
	for _, s := range []*string{&r.Ask, &r.Urgent, &r.Basis, &r.To.Name, &r.To.Channel} {
		*s = strings.TrimSpace(strings.ToValidUTF8(*s, "\uFFFD"))
	}
	return r, nil
}

// json is the request without the checkpoint.
func (r Request) json() string {
	b, _ := json.Marshal(asked{r.Case, r.Country, r.Include, r.Also, r.To, r.Language, r.Ask, r.Urgent, r.Basis}) // strings cannot fail
	return string(b)
}

func parseRequest(text, at string) (Request, error) {
	var a asked
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return Request{}, fault.New(fault.Corrupt, "refer: the request of a cut: %w", err)
	}
	return Request{a.Case, a.Country, a.Include, a.Also, at, a.To, a.Language, a.Ask, a.Urgent, a.Basis}, nil
}

// Reason says why something was left out.
type Reason string

// The reasons. Protected sources are never listed, not even here.
const (
	Unconfirmed  Reason = "unconfirmed"   // proposed for the country, no officer decided
	Rejected     Reason = "rejected"      // an officer decided against the country
	NoPost       Reason = "no-post"       // confirmed, but only a member
	MentionOnly  Reason = "mention-only"  // confirmed, but only mentioned or saved
	AddressBook  Reason = "address-book"  // a name from a protected source's address book
	NotChosen    Reason = "not-chosen"    // media, out unless chosen
	NotOpen      Reason = "not-open"      // held, in quarantine, erased, privileged
	NoFile       Reason = "no-file"       // the file is not in the export
	MaskedPart   Reason = "masked"        // a part of a text concerns others
	GroupOnly    Reason = "group"         // member of a group without a post there
	NameOfVictim Reason = "name"          // a claim that names a protected person
	Unproved     Reason = "unproved"      // quoted without a proof: masked, or beyond the number of proofs
	ListTerms    Reason = "list-terms"    // a list says who may learn of its matches
	OtherExhibit Reason = "other-exhibit" // the source stands in an exhibit that is not in the package
)

// LeftOut is something that the package does not tell, for the officer's eyes
// only: it never goes into a package.
type LeftOut struct {
	Kind   string `json:"kind"` // identifier, message, item, relation, claim
	ID     string `json:"id,omitempty"`
	What   string `json:"what,omitempty"` // as the case shows it
	Reason Reason `json:"reason"`
	Count  int    `json:"count"`
}

// Cut is what a country would be told.
type Cut struct {
	Request    Request
	State      string // of the case: how many acts changed it, and the place of the last in the log
	Checkpoint string // signed note
	At         time.Time
	Package    referral.Package // without what an approval adds
	LeftOut    []LeftOut

	key        string            // of the request at this state, whatever the checkpoint
	files      map[string][]byte // delivered bytes of included items by name
	statements []statement       // what a proof could open
	rests      []rest            // matches that the package tells of
}

// ID returns the id of the package.
func (c *Cut) ID() ID { return ID(c.Package.ID) }

// Open gives the delivered bytes of an included item by its name.
func (c *Cut) Open(name string) (io.ReadCloser, error) {
	b, ok := c.files[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "refer: no item %s in the package", name)
	}
	return io.NopCloser(strings.NewReader(string(b))), nil
}

// Labels returns the sentences of the package's language.
func (c *Cut) Labels() referral.Labels {
	return referral.Labels(phrase.For(c.Request.Language).All())
}
