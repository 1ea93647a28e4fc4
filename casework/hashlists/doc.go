// Package hashlists keeps authorised hash lists: where each came from, for which
// purpose and on what terms, and its entries. It promises that a list is
// imported whole or not at all and that an import can be repeated from the
// sealed document; it never lets a list of another purpose answer for a case.
//
// The row of a list is an item of the act that imports it; its entries are not,
// because there may be millions. They are covered all the same: the row carries
// the SHA-256 of the document, which is kept sealed, and the SHA-256 of the
// entries as they were read (Check compares it). A rebuild reads the entries from
// the document again (Refill).
package hashlists
