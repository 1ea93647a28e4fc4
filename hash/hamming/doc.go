// Package hamming finds the stored 256-bit codes near a given one. It promises
// every code within the radius and no other; it never approximates.
//
// Search looks at all codes one after the other. A Segment is an immutable set
// of codes in one block of bytes, usually a mapped file, with tables that lead
// to all codes within 32 bits of a query by looking at some thousand places,
// whatever their number. [WriteSegment] makes one, [OpenSegment] verifies one
// before it is searched. docs/formats/hamming.md specifies the bytes and shows
// why nothing is missed.
//
// Where codes crowd, so that the tables lead to too many of them, a search
// looks at all codes instead: it costs at most about twice a plain scan.
package hamming
