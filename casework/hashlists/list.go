package hashlists

import (
	"context"
	"slices"
	"strings"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// ID identifies an imported list: a ULID.
type ID string

// Purpose says what a list is for. It decides where the list may answer.
type Purpose string

// The purposes.
const (
	CSAM          Purpose = "csam"           // child sexual abuse material, confirmed by the source
	AdultIntimate Purpose = "adult-intimate" // intimate pictures of adults, shared without consent
	Terrorism     Purpose = "terrorism"      // terrorist content
	KnownSoftware Purpose = "known-software" // known files; "known" does not mean "good"
	Test          Purpose = "test"           // neutral files, for exercises
)

// Purposes returns all of them.
func Purposes() []Purpose { return []Purpose{CSAM, AdultIntimate, Terrorism, KnownSoftware, Test} }

// ForCases returns the purposes whose lists take part in the matching of cases.
func ForCases() []Purpose { return []Purpose{CSAM, Test} }

// State of a list.
type State string

// The states. Only active lists answer.
const (
	Active     State = "active"
	Superseded State = "superseded" // a newer version of the same source and purpose is active, or a newer entry
	Withdrawn  State = "withdrawn"  // by the source or by an officer
)

// List is one imported list.
type List struct {
	ID         ID
	Source     string // who issued it
	Version    string // as the source names it
	Purpose    Purpose
	Terms      string // what the source allows and demands
	Recipients string // who may learn of a match, in words; "" = no restriction stated
	Officer    staff.ID
	At         int64     // import, microseconds UTC
	Document   digest.ID // SHA-256 of the sealed document
	Format     string    // one of hashlist.Formats
	Columns    string    // names given for a CSV without a header, joined by commas
	Scheme     string    // of the category codes
	Model      string    // version of the scheme or data model
	Region     string    // whose numbering the category codes follow
	Entries    int64     // entries that were usable
	Values     int64     // values of all entries
	Refused    int64     // entries that were left out
	Digest     digest.ID // SHA-256 over the entries in the form of Entry.line
	State      State
	Why        string // reason of the last change of state

	// Delta says that the list adds to the earlier ones of its source and takes
	// entries of them back, instead of taking their place.
	Delta         bool
	Removals      int64     // entries that withdraw others
	Gone          int64     // entries of this and earlier lists that went because of this one
	Release       string    // as the document itself names it
	Next          string    // where the document says that the next page is; "" on the last
	Mapping       string    // of the columns of a CSV, in JSON; "" for none
	DetailsDigest digest.ID // SHA-256 over the details, see detail.line
	read          bool      // the fields from Delta on are known, and details are kept
}

// Entry is one value of one entry of a list.
type Entry struct {
	Algorithm string
	Value     []byte
	List      ID
	Number    int64 // of the entry in the document, from 1; its values share it
	Category  string
	SourceID  string
	Barred    bool // says nothing about a file, takes no part in matching
	State     State
}

// check reports as an Invalid error what an import lacks.
func (l List) check() error {
	switch {
	case l.ID == "" || l.Officer == "" || l.At == 0:
		return fault.New(fault.Invalid, "hash list: an import needs an id, an officer and a time")
	case strings.TrimSpace(l.Source) == "" || strings.TrimSpace(l.Version) == "":
		return fault.New(fault.Invalid, "hash list: an import needs a source and a version")
	case !slices.Contains(Purposes(), l.Purpose):
		return fault.Hint(fault.New(fault.Invalid, "hash list: purpose %q is unknown", string(l.Purpose)),
			"the purposes are csam, adult-intimate, terrorism, known-software and test")
	case l.Document == digest.ID{}:
		return fault.New(fault.Invalid, "hash list: the document is not sealed")
	}
	return nil
}

// fits reports as a Refused error that lists of a format cannot have a purpose.
// What a source collects for another purpose never becomes a list for cases, not
// even for an exercise.
func fits(format string, p Purpose) error {
	may := map[string][]Purpose{
		hashlist.StopNCII: {AdultIntimate}, hashlist.TAT: {Terrorism}, hashlist.NSRL: {KnownSoftware}, hashlist.NSRLText: {KnownSoftware},
		hashlist.NCMEC: {CSAM, Test}, hashlist.ICSE: {CSAM, Test},
	}[format]
	if may == nil || slices.Contains(may, p) {
		return nil
	}
	return fault.Hint(fault.New(fault.Refused, "hash list: a list of the format %s cannot be for %s", format, string(p)),
		"its purpose is "+strings.Join(texts(may), " or "))
}

// All returns every list, newest first.
func All(ctx context.Context, q db.Queryer) ([]List, error) {
	return db.Collect(ctx, q, scanList, selectList+" ORDER BY at_us DESC, id DESC")
}

// Find returns a list by its id, or a NotFound error.
func Find(ctx context.Context, q db.Queryer, id ID) (List, error) {
	l, ok, err := db.One(ctx, q, scanList, selectList+" WHERE id = ?1", string(id))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "hash list: none has the id %s", string(id))
	}
	return l, err
}

// ActiveOf returns the active lists of the given purposes, by id.
func ActiveOf(ctx context.Context, q db.Queryer, purposes ...Purpose) ([]List, error) {
	return db.CollectIn(ctx, q, scanList, selectList+" WHERE purpose IN (?*) AND state = 'active' ORDER BY id", texts(purposes))
}

// SetState withdraws a list or puts it back, for the stated reason. Its entries
// stay, so that earlier matches can be explained.
func SetState(ctx context.Context, w *db.Writer, id ID, s State, why string) error {
	if s != Active && s != Superseded && s != Withdrawn {
		return fault.New(fault.Invalid, "hash list: state %q is unknown", string(s))
	}
	if strings.TrimSpace(why) == "" {
		return fault.New(fault.Invalid, "hash list: a change of state needs a reason")
	}
	l, err := Find(ctx, w, id)
	if err != nil {
		return err
	}
	l.State, l.Why = s, why
	return w.Put(ctx, listTable, l.row())
}

func texts[S ~string](in []S) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}
