// Package identifiers keeps phone numbers, addresses, links and names: one
// normalised value, every spelling seen, and the relation in which each was
// found. It proposes countries with a reason; it promises that a proposal
// becomes a recipient only by an officer's decision, and it never invents a
// region, a person or a number that is not written.
package identifiers
