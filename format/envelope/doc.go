// Package envelope seals a package for its recipients and signs the final
// bytes: OpenPGP as GnuPG 2.2 reads it or age for the encryption, SSHSIG for
// the signature (docs/formats/referral.md §5 and §8). It promises that bytes
// outside the grammar of a container, an armour or a signature are refused; it
// never looks for keys and never decides whom to trust.
package envelope

// Namespace is the SSHSIG namespace of everything that Tutela signs for other
// agencies.
const Namespace = "tutela-referral"
