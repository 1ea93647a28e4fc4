// Package matching compares what a case holds with the authorised hash lists. It
// promises every match by digest and every match within 31 bits of PDQ, each
// with list, version, algorithm, variant, distance and what they amount to; it
// never says that a match proves anything, and never asks a list of another
// purpose.
package matching
