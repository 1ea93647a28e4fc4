// Package media keeps the items found inside exhibits: every place of every
// file, its digests and fingerprints, what was wrong with it, and who looked
// at it. It promises that storage is shared by digest but occurrences never
// are: each place where a file was found stays; it never holds a file's bytes.
package media
