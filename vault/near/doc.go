// Package near keeps the codes of hash lists on disk so that the near ones of any
// code are found in well under a millisecond, at once after a start. It promises
// every code within the radius that was added and not withdrawn, and no other;
// what was applied is durable and visible when Apply returns. It never uses bytes
// that are not what was written: a damaged index is an error, and as it is derived
// from the lists' entries, its owner builds it again.
//
// An index is a directory: immutable segments (package hash/hamming), mapped, and
// a log of what was added and withdrawn since. docs/formats/hamming.md has every
// byte. One process at a time may write.
package near
