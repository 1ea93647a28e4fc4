// Package pdqtest holds what tests and measurements of hash/pdq compare with: the
// algorithm written down without any care for speed or memory, and pictures that
// are the same on every machine. It promises to share no code with hash/pdq but
// the types of its answers; it is never part of a program that serves a case.
package pdqtest
