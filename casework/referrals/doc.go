// Package referrals cuts one package for one country out of a case, has it
// approved by a second officer, seals it for the agency, and takes in the
// packages of others. It promises that a package holds the identifiers that an
// officer confirmed for the country, what they wrote and what they sent, and
// that the same state of the case gives the same bytes; it never tells one
// country of another, names a protected source, or seals without an approval.
package referrals
