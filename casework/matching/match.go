package matching

import (
	"slices"
	"strconv"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/hash/digest"
	"tutela/hash/pdq"
	"tutela/vault/ids"
)

// Version of the rules of this package; it stands with each match.
const Version = "2"

// The rules. Distances are in bits of 256, from the recommendations of
// pdq/README.md of facebook/ThreatExchange and our own measurements of small
// pictures.
const (
	Radius     = 31 // farther values are no match
	Confident  = 20 // up to here a match is confident
	Reencoded  = 10 // up to here it is the same picture, encoded again
	MinQuality = 50 // of the picture; below it a hash says little
	WeakSide   = 32 // pictures with a smaller side match for review only
	MinSide    = 24 // pictures with a smaller side match by digest only
)

// Tier says what a match amounts to.
type Tier string

// The tiers, strongest first.
const (
	Exact    Tier = "exact"     // the same file
	Same     Tier = "reencoded" // the same picture in another file
	Likely   Tier = "confident" // most probably the same picture, edited
	ToReview Tier = "review"    // a person must look before anything rests on it
)

func (t Tier) rank() int { return slices.Index([]Tier{Exact, Same, Likely, ToReview}, t) }

// Subject is one item to be compared.
type Subject struct {
	Case   cases.ID
	Item   media.ID
	MD5    [16]byte
	SHA1   [20]byte
	SHA256 digest.ID
	Prints []Print // none for a file that is no picture
}

// Print is one perceptual hash of a subject, with the sides of the picture.
type Print struct {
	Variant       string // label of package picture: "ref512", "white-full", …
	Hash          pdq.Hash
	Quality       int
	Width, Height int
}

// SubjectOf puts an item and the fingerprints of its content together.
// Fingerprints that are no PDQ are left out.
func SubjectOf(i media.Item, fs []media.Fingerprint) Subject {
	s := Subject{Case: i.Case, Item: i.ID, MD5: i.MD5, SHA1: i.SHA1, SHA256: i.SHA256}
	for _, f := range fs {
		if h, err := pdq.FromBytes(f.Hash); err == nil && f.SHA256 == i.SHA256 {
			s.Prints = append(s.Prints, Print{f.Variant, h, f.Quality, f.Width, f.Height})
		}
	}
	return s
}

// Match is one entry of one list that an item corresponds to.
type Match struct {
	ID        string
	Case      cases.ID
	Item      media.ID
	List      hashlists.ID
	Version   string // of the list
	Number    int64  // of the entry in the list's document
	SourceID  string // of the entry
	Category  string // code as the list writes it
	Algorithm string // "sha256", "sha1", "md5" or "pdq"
	Variant   string // of the picture's hash; "" for digests
	Distance  int    // bits; 0 for digests
	Quality   int    // of the picture's hash; 0 for digests
	Tier      Tier
	Matcher   string // version of the rules
}

// matchID is stable, so that claims about a match survive a rebuild.
func matchID(siteRow []byte, m Match) string {
	return ids.Derive(siteRow, "match", string(m.Case), string(m.Item), string(m.List),
		strconv.FormatInt(m.Number, 10), m.Algorithm)
}

// Usable reports whether a perceptual hash may be compared at all.
func (p Print) Usable() bool {
	return p.Quality >= MinQuality && min(p.Width, p.Height) >= MinSide && p.Hash.Telling()
}

// careful reports whether a variant is one of a picture that had transparent
// parts, or that was made larger before it was hashed.
func careful(variant string) bool {
	return strings.HasPrefix(variant, "white-") || strings.HasSuffix(variant, "up512")
}

// Rule names the rule by which a PDQ match gets its tier.
type Rule string

// The rules, in the order in which they are asked.
const (
	SmallPicture   Rule = "small"     // smaller side below WeakSide: for review
	Far            Rule = "far"       // beyond Confident: for review
	Nearest        Rule = "reencoded" // up to Reencoded
	CarefulVariant Rule = "careful"   // transparent or made larger, beyond Reencoded: for review
	Near           Rule = "confident" // up to Confident
)

// RuleOf weighs a distance. Small pictures, and careful variants beyond the
// nearest tier, are for review: different pictures behind the same small
// outline come as near as 30 bits.
func RuleOf(p Print, distance int) Rule {
	switch {
	case min(p.Width, p.Height) < WeakSide:
		return SmallPicture
	case distance > Confident:
		return Far
	case distance <= Reencoded:
		return Nearest
	case careful(p.Variant):
		return CarefulVariant
	}
	return Near
}

func tierOf(p Print, distance int) Tier {
	switch RuleOf(p, distance) {
	case Nearest:
		return Same
	case Near:
		return Likely
	}
	return ToReview
}
