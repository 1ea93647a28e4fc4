// Package pdq computes the perceptual hash PDQ of a picture, bit for bit as the
// C++ reference of facebook/ThreatExchange (pdq/cpp) does on the same pixels, on
// every processor. It promises the same 256 bits and the same quality for the
// same bytes; it never decodes files and never decides what a distance means.
//
// The order of every float32 operation is part of the algorithm. Products stand
// in explicit float32 conversions, because the Go compiler may otherwise fuse a
// product and a sum on processors that can.
package pdq
