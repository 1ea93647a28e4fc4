// Package referral writes and verifies what one agency sends to another about
// one case and one country, byte for byte as docs/formats/referral.md says. It
// promises that the same Package gives the same bytes and that Verify notices
// every changed one; it never decides what may be disclosed: a Package already
// holds nothing else.
package referral

// Paths of a package.
const (
	pathReadme       = "README.txt"
	pathSigner       = "signer.pub"
	pathSignature    = "tagmanifest-sha512.txt.sig"
	pathGraph        = "data/case.jsonld"
	pathCoverageHTML = "data/coverage.html"
	pathCoverage     = "data/coverage.json"
	pathIdentifiers  = "data/identifiers.csv"
	pathReport       = "data/report.html"
	pathSummary      = "data/summary.txt"
	pathItems        = "data/items/"
	pathProofs       = "data/proofs/"
	pathProofTrust   = "data/proofs/trust.json"

	formatName = "referral/1"
	maxName    = 64 // bytes of a NAME
)

// Masked is what stands for a part of a text that concerns others.
const Masked = "▒▒▒▒"
