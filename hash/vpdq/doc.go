// Package vpdq fingerprints films by the PDQ hashes of their frames, as vPDQ of
// facebook/ThreatExchange (vpdq/) does, and compares two films. It promises the
// percentages of the reference for the same frames, and beside them the times
// that match in both films; it never decodes a film and never looks at who made
// it.
//
// The reference treats a film as a set of frames without order. Its two
// percentages answer two questions: how much of the query is in the other film,
// and how much of the other film is in the query. A short known clip in a long
// film shows in the second only, a long known film that was cut to pieces in the
// first. Rule asks both.
package vpdq
