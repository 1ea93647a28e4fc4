// Package persons keeps whom a case is about, and what is claimed of them. It
// promises that a person starts as category "other", that every claim has its
// basis and source, and that victims and possible minors appear by a random
// pseudonym in every output but a protected view; it never infers a person
// from a number, and never a category at all.
package persons
